"""A corrected file: the import that it corrects, and what need not be done again.

After a partly applied import only rows that differ are run. After a held one all are; when they are applied, the held
one is closed, so that nobody releases its older values by mistake.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import bindparam, select, update

from core import access
from core.access import Permission
from core.context import Context
from core.errors import ImportClosed
from core.model import Import, ImportRow, OutboundMessage, StaffMember
from core.rules.policy import IMPORT_CHUNK
from core.rules.ucas.buckets import Bucket
from core.usecases.imports.telling import tell_changed
from core.usecases.imports.values import import_ref
from core.words import ImportReason, ImportState, ImportSubject, MessageKind

_ABOUT_IMPORTS: Final = (MessageKind.IMPORT, MessageKind.IMPORT_COPY, MessageKind.IMPORT_FULL_COPY)
_APPLIED: Final = (Bucket.CREATED, Bucket.UPDATED, Bucket.UNCHANGED)
_LEFT_OUT: Final = (
    update(ImportRow)
    .where(ImportRow.import_id == bindparam("of_import"), ImportRow.number == bindparam("row"))
    .values(bucket=Bucket.UNCHANGED, learner_id=bindparam("whose"))
)


class FindCorrected(Struct, frozen=True):
    """``ref``: ``channel/ts`` of a message in Slack to which somebody replied with a file."""

    ref: str


class CorrectedFound(Struct, frozen=True):
    number: int | None
    """None: the message was about no import, or not for the caller."""


def find_corrected(ctx: Context, command: FindCorrected) -> CorrectedFound:
    staff = access.require_staff(ctx, Permission.IMPORT)
    query = (
        select(Import.number)
        .join(OutboundMessage, OutboundMessage.about_id == Import.id)
        .where(
            OutboundMessage.recipient_key == f"staff:{staff.id}",
            OutboundMessage.kind.in_(_ABOUT_IMPORTS),
            OutboundMessage.message_ref == command.ref,
        )
    )
    return CorrectedFound(ctx.session.scalars(query).first())


def require_correctable(staff: StaffMember, found: Import) -> None:
    """By its sender, or an owner. Raises ImportClosed."""
    is_owner = Permission.SET_RULES in access.ROLE_PERMISSIONS[staff.role]
    if found.staff_id != staff.id and not is_owner:
        raise ImportClosed(number=import_ref(found.number), reason="a colleague sent it")


def note_corrected(ctx: Context, staff: StaffMember, found: Import, number: int) -> None:
    """Where nobody said which import the file corrects, the document itself may. Anybody can have written that."""
    if found.corrects_id is not None:
        _forget_other_subject(ctx, found)
        return
    if not 0 < number < found.number:
        return
    named = ctx.session.scalars(select(Import).where(Import.number == number)).one_or_none()
    if named is not None and named.staff_id == staff.id and named.subject is found.subject:
        found.corrects_id = named.id


def _forget_other_subject(ctx: Context, found: Import) -> None:
    """A sheet of courses in reply to an import of learners corrects nothing."""
    if ctx.session.get_one(Import, found.corrects_id).subject is not found.subject:
        found.corrects_id = None


def leave_out_applied(ctx: Context, found: Import) -> None:
    """Rows that the import which this one corrects has applied are unchanged, whatever became of their learners since.

    Of rows whose match is not decided yet. They keep their learner, so that another row cannot claim them.
    """
    base = _applied_base(ctx, found)
    if base is None:
        return
    applied = _applied_rows(ctx, base)
    last = 0
    while rows := _undecided(ctx, found, last):
        left_out = [
            {"of_import": found.id, "row": row.number, "whose": applied[row.row_hash]}
            for row in rows
            if row.row_hash in applied
        ]  # fmt: skip
        access.update_each(ctx, _LEFT_OUT, left_out)
        last = rows[-1].number


def _applied_rows(ctx: Context, base: Import) -> dict[bytes, int | None]:
    """Learners by what their rows said. In memory, for no index finds a row by what it says."""
    query = select(ImportRow.row_hash, ImportRow.learner_id).where(
        ImportRow.import_id == base.id, ImportRow.bucket.in_(_APPLIED)
    )
    return {row.row_hash: row.learner_id for row in ctx.session.execute(query)}


def _undecided(ctx: Context, found: Import, after: int) -> Sequence[Any]:
    return ctx.session.execute(
        select(ImportRow.number, ImportRow.row_hash)
        .where(ImportRow.import_id == found.id, ImportRow.number > after, ImportRow.bucket == Bucket.CREATED)
        .order_by(ImportRow.number)
        .limit(IMPORT_CHUNK)
    ).all()


def close_corrected(ctx: Context, found: Import) -> None:
    """What this applied import corrects waits no longer, and offers no more to be corrected."""
    for each in _corrected(ctx, found):
        if each.state is ImportState.HELD:
            each.state, each.reason = ImportState.REJECTED, ImportReason.CORRECTED
        tell_changed(ctx, each)


def _applied_base(ctx: Context, found: Import) -> Import | None:
    """The nearest one that is applied: corrections are corrected too."""
    return next((each for each in _corrected(ctx, found) if each.state is ImportState.APPLIED), None)


def _corrected(ctx: Context, found: Import) -> Iterator[Import]:
    """Nearest first. An import corrects an earlier one, so there is an end."""
    while found.corrects_id is not None:
        found = ctx.session.get_one(Import, found.corrects_id)
        yield found


def count_differing(ctx: Context, found: Import) -> int | None:
    """Rows that the applied import which this one corrects has not applied as they are. None: it corrects none.

    Nor of courses and runs: all of their rows are looked at anew.
    """
    base = _applied_base(ctx, found)
    if base is None or found.subject is not ImportSubject.LEARNERS:
        return None
    applied = _applied_rows(ctx, base)
    hashes = ctx.session.scalars(select(ImportRow.row_hash).where(ImportRow.import_id == found.id))
    return sum(1 for row_hash in hashes if row_hash not in applied)
