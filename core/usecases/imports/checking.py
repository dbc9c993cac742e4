"""An import from its file to checked rows: begun, stored chunk by chunk, finished. Each in a short transaction.

The file itself is read between these, by ``core.importing``: no transaction waits for a child process. Begun again
after a crash, it starts anew, and what an earlier process still wants to store is refused.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple

from msgspec import Struct
from sqlalchemy import bindparam, delete, select, update

from core import access
from core.access import Permission
from core.context import Context
from core.errors import ImportClosed
from core.model import Import, ImportRow, Organisation, StaffMember
from core.rules.catalogue import CatalogueTerms
from core.rules.policy import IMPORT_CHUNK, IMPORT_LEASE, IMPORT_RULES_VERSION
from core.rules.ucas.buckets import Bucket
from core.rules.ucas.matching import Keys
from core.rules.ucas.problems import Problem, Problems, is_refused
from core.rules.ucas.rows import Terms
from core.rules.ucas.values import LearnerValues
from core.sheets.faults import NotRead
from core.usecases.imports.corrections import note_corrected
from core.usecases.imports.imports import find_import
from core.usecases.imports.telling import tell_changed, tell_settled
from core.usecases.imports.values import Reading, hasher, import_ref, keeper, not_stored, reach_of, today, year_of
from core.words import ImportReason, ImportState, ImportSubject, Subject

_STAGED: Final = (
    "number", "content", "problems", "is_refused", "bucket", "learner_id", "ukprn", "row_hash", "applied_hash",
    *Keys._fields,
)  # fmt: skip
_BEFORE_CHECKED = (ImportState.RECEIVED, ImportState.READING)


class BeginImport(Struct, frozen=True):
    is_routine: ClassVar = True

    import_id: int


class ImportBegun(Struct, frozen=True):
    """``content`` is None when the rows are checked already, and only applying remains, if that."""

    state: ImportState
    attempt: int
    content: bytes | None
    terms: Terms
    runs: CatalogueTerms
    may_import_runs: bool


def begin_import(ctx: Context, command: BeginImport) -> ImportBegun:
    """Raises ImportClosed when its file has been erased."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    found = own_import(ctx, staff, command.import_id)
    # Two who begin at the same moment count two attempts, so that one of them can store nothing.
    ctx.session.refresh(found, with_for_update=True)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    reach = reach_of(ctx, staff)
    terms = Terms(today(ctx, organisation), reach.providers, not_stored(organisation))
    runs = CatalogueTerms(organisation.time_zone, terms.providers.known)
    may = Permission.SET_RULES in access.ROLE_PERMISSIONS[staff.role]
    if found.state not in _BEFORE_CHECKED:
        return ImportBegun(found.state, found.attempt, None, terms, runs, may)
    if found.content is None:
        raise ImportClosed(number=import_ref(found.number), reason="its file has been erased")
    # Here, so that the chunks need not.
    hasher(ctx, organisation)
    ctx.session.execute(delete(ImportRow).where(ImportRow.import_id == found.id))
    found.state, found.subject = ImportState.READING, ImportSubject.LEARNERS
    found.attempt, found.reach_hash = found.attempt + 1, reach.digest
    found.rows_read, found.busy_until = 0, ctx.now + IMPORT_LEASE
    content = keeper(ctx).vault.decrypt_bytes(found.content, "import.content")
    return ImportBegun(found.state, found.attempt, content, terms, runs, may)


def own_import(ctx: Context, staff: StaffMember, import_id: int) -> Import:
    """The caller's own: what happens to it is decided by their grants. Raises ImportNotFound or ImportClosed."""
    found = find_import(ctx, 0, import_id)
    if found.staff_id != staff.id:
        raise ImportClosed(number=import_ref(found.number), reason="a colleague sent it")
    return found


class StagedRow(NamedTuple):
    number: int
    values: LearnerValues
    problems: Problems


class StageRows(Struct, frozen=True):
    is_routine: ClassVar = True

    import_id: int
    attempt: int
    rows: Sequence[StagedRow]
    total: int = 0
    """All rows of the sheet, blank ones too."""


class RowsStaged(Struct, frozen=True):
    count: int


def stage_rows(ctx: Context, command: StageRows) -> RowsStaged:
    """Raises ImportClosed when somebody began anew."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    found = in_attempt(ctx, staff, command.import_id, command.attempt)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    kept, hashes, year = keeper(ctx), hasher(ctx, organisation), year_of(found, organisation)
    rows: list[tuple[Any, ...]] = []
    contents = kept.contents([row.values for row in command.rows])
    # As if nobody were known: then applying them leaves these rows as they are, which is a tenth of an import.
    ids = ctx.tokens.new_ids(len(command.rows))
    for (number, values, problems), content, new_id in zip(command.rows, contents, ids, strict=True):
        refused = bool(problems) and is_refused(problems)
        bucket, learner_id = (Bucket.PROBLEM, None) if refused else (Bucket.CREATED, new_id)
        row_hash = hashes.content(values, year)
        row = number, content, kept.problems(problems), refused, bucket.value, learner_id, values.ukprn
        rows.append((*row, row_hash, row_hash, *hashes.keys(values)))
    access.insert_plain(ctx, ImportRow, _STAGED, rows, import_id=found.id, changes="")
    note_progress(ctx, found, len(rows), command.total)
    return RowsStaged(len(rows))


def note_progress(ctx: Context, found: Import, count: int, total: int) -> None:
    found.rows_read, found.row_count = found.rows_read + count, total
    found.busy_until = ctx.now + IMPORT_LEASE
    tell_changed(ctx, found)


def in_attempt(ctx: Context, staff: StaffMember, import_id: int, attempt: int) -> Import:
    found = own_import(ctx, staff, import_id)
    if found.state is not ImportState.READING or found.attempt != attempt:
        raise ImportClosed(number=import_ref(found.number), reason="another process has taken it up")
    return found


class FinishChecking(Struct, frozen=True):
    """``content_digest`` is of all rows as they were read; see ``core.importing``."""

    import_id: int
    attempt: int
    reading: Reading
    content_digest: bytes = b""
    same_as: Mapping[int, int] = {}
    problems: Mapping[int, tuple[Problem, ...]] = {}
    """With other rows of the file, by row."""
    row_count: int = 0
    subject: ImportSubject = ImportSubject.LEARNERS


class CheckingFinished(Struct, frozen=True):
    state: ImportState
    reason: ImportReason | None


def finish_checking(ctx: Context, command: FinishChecking) -> CheckingFinished:
    """Of a file that could not be used nothing but the reason is kept."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    found = in_attempt(ctx, staff, command.import_id, command.attempt)
    found.subject = command.subject
    found.reading = keeper(ctx).pack(command.reading, "import.reading")
    reason = _why_not(ctx, staff, found, command)
    if reason is not None:
        ctx.session.execute(delete(ImportRow).where(ImportRow.import_id == found.id))
        found.state, found.reason, found.settled_at = ImportState.REJECTED, reason, ctx.now
        tell_settled(ctx, found)
        ctx.about(Subject.IMPORT, found.id)
        return CheckingFinished(found.state, reason)
    _note_relations(ctx, found, command)
    note_corrected(ctx, staff, found, command.reading.corrects)
    found.state, found.busy_until = ImportState.CHECKED, ctx.now + IMPORT_LEASE
    return CheckingFinished(found.state, None)


def _why_not(ctx: Context, staff: StaffMember, found: Import, command: FinishChecking) -> ImportReason | None:
    if command.reading.fault:
        return ImportReason.FILE
    if not command.content_digest:
        return ImportReason.SHEET
    if not command.row_count:
        return ImportReason.NO_ROWS
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    key = hasher(ctx, organisation).key
    found.content_hash = hmac.new(key, command.content_digest, hashlib.sha256).hexdigest()
    # Of courses and runs the buckets say it: what another file changed since can be brought back by this one.
    found.repeats_id = _same_rows(ctx, found) if found.subject is ImportSubject.LEARNERS else None
    return ImportReason.REPEATED if found.repeats_id else None


def _same_rows(ctx: Context, found: Import) -> int | None:
    """The import that applied the same rows and was not undone."""
    return ctx.session.scalars(
        select(Import.id)
        .where(
            Import.content_hash == found.content_hash,
            Import.rules_version == IMPORT_RULES_VERSION,
            Import.state == ImportState.APPLIED,
            # Where some rows were left out, somebody may have mended what stood in their way since.
            Import.problem == 0,
        )
        .order_by(Import.number.desc())
        .limit(1)
    ).one_or_none()


def _note_relations(ctx: Context, found: Import, command: FinishChecking) -> None:
    """Duplicates, and rows that clash with others: few, as a rule."""
    same = [{"row_number": number, "first": first} for number, first in command.same_as.items()]
    access.update_each(
        ctx,
        _row_update(found).values(same_as=bindparam("first"), bucket=Bucket.DUPLICATE, learner_id=None),
        same,
    )
    kept = keeper(ctx)
    numbers = list(command.problems)
    for begin in range(0, len(numbers), IMPORT_CHUNK):
        part = numbers[begin : begin + IMPORT_CHUNK]
        known = ctx.session.execute(
            select(ImportRow.number, ImportRow.problems).where(
                ImportRow.import_id == found.id, ImportRow.number.in_(part)
            )
        )
        changed = [_clashing(kept.problems, row.number, kept.found(row.problems), command) for row in known]
        for is_error in (True, False):
            values: dict[str, Any] = {"problems": bindparam("found")}
            if is_error:
                values |= {"is_refused": True, "bucket": Bucket.PROBLEM, "learner_id": None}
            rows = [row for row, refused in changed if refused is is_error]
            access.update_each(ctx, _row_update(found).values(**values), rows)


def _clashing(packed: Any, number: int, own: Problems, command: FinishChecking) -> tuple[dict[str, Any], bool]:
    problems = own + tuple(command.problems[number])
    return {"row_number": number, "found": packed(problems)}, is_refused(problems)


def _row_update(found: Import) -> Any:
    return update(ImportRow).where(ImportRow.import_id == found.id, ImportRow.number == bindparam("row_number"))


def unread(fault: NotRead) -> Reading:
    return Reading(fault=fault.fault.value, detail=fault.detail)
