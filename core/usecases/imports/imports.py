"""Imports of learners, and of courses and runs: shown and listed.

How one goes: ``receiving`` stores it, ``checking`` reads it, ``applying`` decides and writes, ``undoing`` takes back;
``core.importing`` leads it through these.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct, field
from sqlalchemy import func, or_, select

from core import access
from core.access import Permission
from core.context import Context
from core.errors import ImportNotFound
from core.model import Import, ImportRow, StaffMember
from core.pages import page_within
from core.rules.policy import IMPORT_PROBLEMS_NAMED, IMPORT_ROWS_NAMED, PAGE_ROWS
from core.rules.ucas.buckets import Buckets
from core.rules.ucas.columns import TEMPLATE_HELP, TEMPLATE_LISTS
from core.rules.ucas.problems import Problem, Severity
from core.sheets.cells import FileNote
from core.sheets.faults import FileFault, NotRead, note_wording
from core.usecases.imports.offers import ImportOffers, offers_of
from core.usecases.imports.values import Keeper, Reading, keeper, problems_of, reading_of
from core.words import ImportPolicy, ImportReason, ImportState, ImportSubject


class ProblemCount(Struct, frozen=True):
    """One kind of problem and the rows that have it."""

    code: str
    column: str
    reason: str
    advice: str
    is_error: bool
    count: int
    rows: tuple[int, ...]
    """The first few."""


class ImportCard(Struct, frozen=True):
    import_id: int
    number: int
    file_name: str
    """Empty: erased, or not for whoever asks."""
    staff_name: str
    door: str
    policy: ImportPolicy
    state: ImportState
    reason: ImportReason | None
    buckets: Buckets
    received_at: datetime
    settled_at: datetime | None
    undone_at: datetime | None
    subject: ImportSubject = ImportSubject.LEARNERS


class ShowImport(Struct, frozen=True):
    """By number, or by id."""

    number: int = 0
    import_id: int = 0


class ImportShown(Struct, frozen=True):
    card: ImportCard
    sheet: str
    notes: tuple[str, ...]
    """In words: what is worth saying of the file, and of the whole sheet."""
    fault: str
    """Why it could not be used, in words; else empty."""
    hint: str
    problems: tuple[ProblemCount, ...]
    """The most frequent ones, errors first."""
    repeats: int | None
    """The number of the import that had the same rows."""
    rows_read: int = 0
    """How far checking has come, of ``row_count``; and of these, when it is settled, the filled ones."""
    row_count: int = 0
    headings: tuple[str, ...] = ()
    """Those that were seen, where the file could not be used for what they are."""
    corrects: int | None = None
    """The number of the earlier import that it corrects."""
    offers: ImportOffers = field(default_factory=ImportOffers)
    """What the asker can do with it."""


def show_import(ctx: Context, command: ShowImport) -> ImportShown:
    """Raises ImportNotFound."""
    staff = access.require_staff(ctx, Permission.VIEW)
    return import_shown(ctx, staff, find_import(ctx, command.number, command.import_id))


def import_shown(ctx: Context, staff: StaffMember, found: Import) -> ImportShown:
    """For somebody whom the caller has authorised."""
    kept, reading = keeper(ctx), reading_of(keeper(ctx), found)
    fault, hint = _fault_words(reading)
    repeats = ctx.session.get(Import, found.repeats_id) if found.repeats_id else None
    corrects = ctx.session.get(Import, found.corrects_id) if found.corrects_id else None
    return ImportShown(
        card=_card(kept, found, _names(ctx, [found]), staff),
        sheet=reading.sheet,
        notes=_notes(reading),
        fault=fault,
        hint=hint,
        problems=_counted(ctx, kept, found) if found.settled_at and may_see_rows(staff, found) else (),
        repeats=repeats.number if repeats else None,
        rows_read=found.rows_read,
        row_count=found.row_count,
        headings=reading.headings if may_see_rows(staff, found) else (),
        corrects=corrects.number if corrects else None,
        offers=offers_of(ctx, staff, found),
    )


def may_see_rows(staff: StaffMember, found: Import) -> bool:
    """A reason may name learners, and so may what stands where headings should: its sender may see them, and whoever
    may see everybody.
    """
    return (
        staff.id == found.staff_id or staff.all_providers or Permission.SET_RULES in access.ROLE_PERMISSIONS[staff.role]
    )


def find_import(ctx: Context, number: int, import_id: int = 0) -> Import:
    query = select(Import).where(Import.id == import_id if import_id else Import.number == number)
    found = ctx.session.scalars(query).one_or_none()
    if found is None:
        raise ImportNotFound(number=f"I-{number:04}" if number else "this")
    return found


def _fault_words(reading: Reading) -> tuple[str, str]:
    if reading.fault:
        unread = NotRead(FileFault(reading.fault), reading.detail)
        return unread.message, unread.hint
    errors = [each for each in problems_of(reading.problems) if each.severity is Severity.ERROR]
    if errors:
        return "; ".join(each.reason for each in errors), errors[0].advice
    return "", ""


def _notes(reading: Reading) -> tuple[str, ...]:
    files = [note_wording(FileNote(note)) for note in reading.notes]
    own = (TEMPLATE_LISTS, TEMPLATE_HELP)
    sheets = [f"The sheet “{name}” is hidden and was not read." for name in reading.hidden if name not in own]
    sheets += [_unread_sheet(name) for name in reading.other_sheets if name not in own]
    columns = [
        f"“{each.column}”: {each.reason}."
        for each in problems_of(reading.problems)
        if each.severity is Severity.WARNING
    ]
    return (*files, *sheets, *columns)


def _unread_sheet(name: str) -> str:
    return f"The sheet “{name}” was not read, for one sheet of a file is imported. Send it by itself if it is wanted."


def _counted(ctx: Context, kept: Keeper, found: Import) -> tuple[ProblemCount, ...]:
    with_problems = or_(ImportRow.problems.is_not(None), ImportRow.match_problem.is_not(None))
    rows = ctx.session.execute(
        select(ImportRow.number, ImportRow.problems, ImportRow.match_problem)
        .where(ImportRow.import_id == found.id, ImportRow.same_as.is_(None), with_problems)
        .order_by(ImportRow.number)
    )
    return count_problems(
        (row.number, problem) for row in rows for problem in (*kept.found(row.problems), *kept.found(row.match_problem))
    )


def count_problems(found: Iterable[tuple[int, Problem]]) -> tuple[ProblemCount, ...]:
    counts: Counter[tuple[str, str]] = Counter()
    firsts: dict[tuple[str, str], Problem] = {}
    rows: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for number, problem in found:
        kind = problem.code, problem.column
        counts[kind] += 1
        firsts.setdefault(kind, problem)
        if len(rows[kind]) < IMPORT_ROWS_NAMED:
            rows[kind].append(number)
    ranked = sorted(counts, key=lambda kind: (firsts[kind].severity is not Severity.ERROR, -counts[kind], kind))
    return tuple(
        ProblemCount(
            code=kind[0],
            column=kind[1],
            reason=firsts[kind].reason,
            advice=firsts[kind].advice,
            is_error=firsts[kind].severity is Severity.ERROR,
            count=counts[kind],
            rows=tuple(rows[kind]),
        )
        for kind in ranked[:IMPORT_PROBLEMS_NAMED]
    )


class ListImports(Struct, frozen=True):
    page: int = 1
    state: ImportState | None = None


class ImportsListed(Struct, frozen=True):
    """Newest first."""

    imports: tuple[ImportCard, ...]
    page: int
    page_count: int
    total: int
    state: ImportState | None = None


def list_imports(ctx: Context, command: ListImports) -> ImportsListed:
    staff = access.require_staff(ctx, Permission.VIEW)
    wanted = () if command.state is None else (Import.state == command.state,)
    total = ctx.session.scalar(select(func.count()).select_from(Import).where(*wanted)) or 0
    page, page_count = page_within(command.page, total)
    query = select(Import).where(*wanted).order_by(Import.number.desc()).limit(PAGE_ROWS).offset((page - 1) * PAGE_ROWS)
    rows = ctx.session.scalars(query).all()
    kept, names = keeper(ctx), _names(ctx, rows)
    return ImportsListed(tuple(_card(kept, row, names, staff) for row in rows), page, page_count, total, command.state)


def _names(ctx: Context, imports: Iterable[Import]) -> dict[int, str]:
    query = select(StaffMember).where(StaffMember.id.in_({each.staff_id for each in imports}))
    return {each.id: f"{each.first_name} {each.last_name}" for each in ctx.session.scalars(query)}


def _card(kept: Keeper, found: Import, names: dict[int, str], asker: StaffMember) -> ImportCard:
    """A file may be named after a learner."""
    is_named = bool(found.file_name) and may_see_rows(asker, found)
    return ImportCard(
        import_id=found.id,
        number=found.number,
        file_name=kept.vault.decrypt(found.file_name, "import.file_name") if is_named else "",
        staff_name=names.get(found.staff_id, ""),
        door=found.door.value,
        policy=found.policy,
        state=found.state,
        reason=found.reason,
        buckets=buckets_of(found),
        received_at=found.received_at,
        settled_at=found.settled_at,
        undone_at=found.undone_at,
        subject=found.subject,
    )


def buckets_of(found: Import) -> Buckets:
    return Buckets(
        created=found.created,
        updated=found.updated,
        unchanged=found.unchanged,
        duplicate=found.duplicate,
        problem=found.problem,
    )
