"""An applied import is taken back: whatever nobody changed since; the rest is listed, with the reason."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import delete, func, select

from core import access
from core.access import Permission
from core.context import Context
from core.errors import ImportClosed, UndoOver
from core.model import Enrolment, Import, ImportRow, Learner, LearnerAddress, Organisation, StaffMember
from core.rules.policy import IMPORT_CHUNK, IMPORT_KEPT_NAMED
from core.rules.ucas.buckets import Bucket
from core.rules.ucas.values import LearnerValues
from core.usecases.imports.applying import CHANGE_LEARNER, as_new, forget_addresses
from core.usecases.imports.imports import find_import
from core.usecases.imports.runs import sort_back, take_back
from core.usecases.imports.telling import tell_changed
from core.usecases.imports.values import (
    LEARNER_COLUMNS,
    Before,
    Reach,
    as_stored,
    hasher,
    import_ref,
    keeper,
    learner_row,
    reach_of,
    standing,
)
from core.usecases.one_at_a_time import lock_organisation
from core.words import ImportState, ImportSubject, KeptReason, Subject

NOTHING: Final = {
    "email": None, "year_group": None, "academic_year": None, "details": None, "detail_hash": None, "uln_hash": None,
    "upn_hash": None, "ccis_hash": None, "email_key": None, "person_hash": None,
}  # fmt: skip


class UndoImport(Struct, frozen=True):
    number: int


class PreviewUndo(Struct, frozen=True):
    number: int


class KeptRow(Struct, frozen=True):
    row: int
    name: str
    """The learner's, or the run's; empty where the caller may not see them, or they are removed or gone."""
    reason: KeptReason


class ImportUndone(Struct, frozen=True):
    number: int
    removed: int
    restored: int
    kept: tuple[KeptRow, ...]
    """The first few of those that stay as they are."""
    kept_total: int
    subject: ImportSubject = ImportSubject.LEARNERS


class UndoPreviewed(Struct, frozen=True):
    """What ``UndoImport`` would do now. Nothing is changed."""

    number: int
    removed: int
    restored: int
    kept: tuple[KeptRow, ...]
    kept_total: int
    until: datetime
    """Later it cannot be undone."""
    subject: ImportSubject = ImportSubject.LEARNERS


def preview_undo(ctx: Context, command: PreviewUndo) -> UndoPreviewed:
    """By its sender, or an owner. Raises ImportClosed or UndoOver."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    found = find_import(ctx, command.number)
    require_undoable(ctx, staff, found)
    if found.subject is ImportSubject.CATALOGUE:
        return _previewed_runs(ctx, found)
    undoing = _Undoing(ctx, found, organisation, reach_of(ctx, staff))
    for rows in _chunks(ctx, found):
        undoing.sort(rows)
    kept = tuple(undoing.kept[:IMPORT_KEPT_NAMED])
    return UndoPreviewed(found.number, undoing.removed, undoing.restored, kept, len(undoing.kept), found.ends_at)


def undo_import(ctx: Context, command: UndoImport) -> ImportUndone:
    """By its sender, or an owner. Raises ImportClosed or UndoOver."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    organisation = lock_organisation(ctx, staff.organisation_id)
    found = find_import(ctx, command.number)
    require_undoable(ctx, staff, found)
    if found.subject is ImportSubject.CATALOGUE:
        return _undone_runs(ctx, found, staff)
    undoing = _Undoing(ctx, found, organisation, reach_of(ctx, staff))
    for rows in _chunks(ctx, found):
        undoing.take_back(rows)
    _note_undone(ctx, found, staff)
    return ImportUndone(
        found.number, undoing.removed, undoing.restored, tuple(undoing.kept[:IMPORT_KEPT_NAMED]), len(undoing.kept)
    )


def _previewed_runs(ctx: Context, found: Import) -> UndoPreviewed:
    would = sort_back(ctx, found)
    kept = tuple(KeptRow(*each) for each in would.kept)
    return UndoPreviewed(
        found.number, len(would.removed), len(would.restored), kept[:IMPORT_KEPT_NAMED], len(kept), found.ends_at,
        ImportSubject.CATALOGUE,
    )  # fmt: skip


def _undone_runs(ctx: Context, found: Import, staff: StaffMember) -> ImportUndone:
    done = take_back(ctx, found)
    _note_undone(ctx, found, staff)
    kept = tuple(KeptRow(*each) for each in done.kept)
    return ImportUndone(
        found.number,
        len(done.removed),
        len(done.restored),
        kept[:IMPORT_KEPT_NAMED],
        len(kept),
        ImportSubject.CATALOGUE,
    )


def _note_undone(ctx: Context, found: Import, staff: StaffMember) -> None:
    ctx.about(Subject.IMPORT, found.id)
    found.state, found.undone_at, found.undone_by = ImportState.UNDONE, ctx.now, staff.id
    tell_changed(ctx, found)


def require_undoable(ctx: Context, staff: StaffMember, found: Import) -> None:
    """Raises ImportClosed or UndoOver."""
    is_owner = Permission.SET_RULES in access.ROLE_PERMISSIONS[staff.role]
    if found.staff_id != staff.id and not is_owner:
        raise ImportClosed(number=import_ref(found.number), reason="a colleague sent it")
    if found.state is not ImportState.APPLIED:
        raise ImportClosed(number=import_ref(found.number), reason=standing(found))
    if found.ends_at <= ctx.now:
        raise UndoOver(
            reason=f"Import {import_ref(found.number)} can no longer be undone: what it replaced has been erased.",
            next_step="Send a file with the right values.",
        )


def _chunks(ctx: Context, found: Import) -> Iterator[Sequence[Any]]:
    last = 0
    while rows := _touched_rows(ctx, found, last):
        yield rows
        last = rows[-1].number


def _touched_rows(ctx: Context, found: Import, after: int) -> Sequence[Any]:
    return ctx.session.execute(
        select(
            ImportRow.number, ImportRow.bucket, ImportRow.learner_id, ImportRow.before, ImportRow.applied_hash
        )
        .where(
            ImportRow.import_id == found.id,
            ImportRow.number > after,
            ImportRow.bucket.in_((Bucket.CREATED, Bucket.UPDATED)),
        )
        .order_by(ImportRow.number)
        .limit(IMPORT_CHUNK)
    ).all()  # fmt: skip


class _Undoing:
    def __init__(self, ctx: Context, found: Import, organisation: Organisation, reach: Reach) -> None:
        self.removed = self.restored = 0
        self.kept: list[KeptRow] = []
        self._ctx, self._organisation, self._reach = ctx, organisation, reach
        self._keeper, self._hashes = keeper(ctx), hasher(ctx, organisation)
        self._settled_at = found.settled_at or found.received_at

    def take_back(self, rows: Sequence[Any]) -> None:
        removed, restored = self.sort(rows)
        self._remove([row.learner_id for row in removed])
        earlier = [(learner, self._before(row)) for row, learner in restored]
        access.update_each(self._ctx, CHANGE_LEARNER, [self._as_before(learner, before) for learner, before in earlier])
        forget_addresses(self._ctx, [(learner.id, before.gained) for learner, before in earlier])

    def sort(self, rows: Sequence[Any]) -> tuple[list[Any], list[tuple[Any, Any]]]:
        """Rows whose learners go, and those whose learners (beside them) are put back; they are counted."""
        ids = [row.learner_id for row in rows]
        query = select(*LEARNER_COLUMNS, Learner.access_code, Learner.access_code_used_at).where(Learner.id.in_(ids))
        learners = {each.id: each for each in self._ctx.session.execute(query)}
        latest = select(Enrolment.learner_id, func.max(Enrolment.enrolled_at).label("at")).where(
            Enrolment.learner_id.in_(ids)
        )
        joined = {row.learner_id: row.at for row in self._ctx.session.execute(latest.group_by(Enrolment.learner_id))}
        removed: list[Any] = []
        restored: list[tuple[Any, Any]] = []
        for row in rows:
            learner = learners.get(row.learner_id)
            reason = self._why_kept(row, learner, joined)
            if reason is not None:
                is_seen = learner is not None and learner.removed_at is None and reason is not KeptReason.NOT_GRANTED
                name = f"{learner.first_name} {learner.last_name}" if learner is not None and is_seen else ""
                self.kept.append(KeptRow(row.number, name, reason))
            elif row.bucket is Bucket.CREATED:
                removed.append(row)
            else:
                restored.append((row, learner))
        self.removed += len(removed)
        self.restored += len(restored)
        return removed, restored

    def _why_kept(self, row: Any, learner: Any, joined: Mapping[int, datetime]) -> KeptReason | None:
        if learner is None:
            return KeptReason.GONE
        if learner.provider_id is not None and learner.provider_id not in self._reach.granted_ids:
            return KeptReason.NOT_GRANTED
        if row.bucket is Bucket.UPDATED and not self._may_restore(row):
            return KeptReason.NOT_GRANTED
        if learner.detail_hash != row.applied_hash or learner.removed_at is not None:
            return KeptReason.CHANGED
        if row.bucket is Bucket.CREATED:
            return KeptReason.JOINED if learner.id in joined or learner.access_code_used_at is not None else None
        has_joined_since = learner.id in joined and joined[learner.id] > self._settled_at
        # Joining brings back who was removed, and so they would be removed from what they have joined.
        return KeptReason.JOINED if has_joined_since and self._before(row).removed_at is not None else None

    def _may_restore(self, row: Any) -> bool:
        """Nobody moves a learner to a provider that they may not manage, not even back."""
        provider_id = self._before(row).provider_id
        return provider_id is None or provider_id in self._reach.granted_ids

    def _before(self, row: Any) -> Before:
        before: Before = self._keeper.unpack(row.before, "import_row.before", Before)
        return before

    def _as_before(self, learner: Any, before: Before) -> dict[str, Any]:
        values = as_stored(self._organisation, LearnerValues._make(before.values))
        written = learner_row(self._keeper, self._hashes, values, before.provider_id, before.academic_year)
        if not before.had_details:
            # They came by an invitation, and no import knew of them.
            written |= NOTHING
        is_used = learner.access_code_used_at is not None
        keeps_account = before.had_details or is_used
        account = (learner.username, learner.access_code) if keeps_account else (None, None)
        whole = {**written, "username": account[0], "access_code": account[1], "removed_at": before.removed_at}
        return {"learner": learner.id, **as_new(whole)}

    def _remove(self, ids: Sequence[int]) -> None:
        session = self._ctx.session
        session.execute(delete(LearnerAddress).where(LearnerAddress.learner_id.in_(ids)))
        session.execute(delete(Learner).where(Learner.id.in_(ids)))
