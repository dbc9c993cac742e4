"""A corrected file: the import that it corrects, and what need not be done again.

After a partly applied import only rows that differ are run. After a held one all are; when they are applied, the held
one is closed, so that nobody releases its older values by mistake.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import aliased

from core import access
from core.access import Permission
from core.context import Context
from core.errors import ImportClosed
from core.model import Import, ImportRow, OutboundMessage, StaffMember
from core.rules.ucas.buckets import Bucket
from core.usecases.import_telling import tell_changed
from core.usecases.import_values import import_ref
from core.words import ImportReason, ImportState, MessageKind

_ABOUT_IMPORTS: Final = (MessageKind.IMPORT, MessageKind.IMPORT_COPY, MessageKind.IMPORT_FULL_COPY)
_APPLIED: Final = (Bucket.CREATED, Bucket.UPDATED, Bucket.UNCHANGED)


@dataclass(frozen=True, slots=True)
class FindCorrected:
    """``ref``: ``channel/ts`` of a message in Slack to which somebody replied with a file."""

    ref: str


@dataclass(frozen=True, slots=True)
class CorrectedFound:
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
    if found.corrects_id is not None or not 0 < number < found.number:
        return
    named = ctx.session.scalars(select(Import).where(Import.number == number)).one_or_none()
    if named is not None and named.staff_id == staff.id:
        found.corrects_id = named.id


def leave_out_applied(ctx: Context, found: Import) -> None:
    """Rows that the import which this one corrects has applied are unchanged, whatever became of their learners since.

    Of rows whose match is not decided yet. They keep their learner, so that another row cannot claim them.
    """
    base = _applied_base(ctx, found)
    if base is None:
        return
    earlier = aliased(ImportRow)
    same = and_(
        earlier.import_id == base.id, earlier.row_hash == ImportRow.row_hash, earlier.bucket.in_(_APPLIED)
    )  # fmt: skip
    whose = select(func.min(earlier.learner_id)).where(same).correlate(ImportRow).scalar_subquery()
    is_applied = select(earlier.id).where(same).correlate(ImportRow).exists()
    ctx.session.execute(
        update(ImportRow)
        .where(ImportRow.import_id == found.id, ImportRow.bucket == Bucket.CREATED, is_applied)
        .values(bucket=Bucket.UNCHANGED, learner_id=whose),
        execution_options={"synchronize_session": False},
    )


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
    """Rows that the applied import which this one corrects has not applied as they are. None: it corrects none."""
    base = _applied_base(ctx, found)
    if base is None:
        return None
    earlier = aliased(ImportRow)
    is_applied = (
        select(earlier.id)
        .where(earlier.import_id == base.id, earlier.row_hash == ImportRow.row_hash, earlier.bucket.in_(_APPLIED))
        .correlate(ImportRow)
        .exists()
    )
    query = select(func.count()).select_from(ImportRow).where(ImportRow.import_id == found.id, ~is_applied)
    return ctx.session.scalar(query) or 0
