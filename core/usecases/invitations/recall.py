"""Taking a batch back: whole until sending starts, afterwards whatever nobody has answered.

Against a worker that claims at the same moment, or a learner who answers, whoever is first wins: all of them ask for
``pending`` in their UPDATE.
"""

from datetime import timedelta
from typing import Final

from msgspec import Struct
from sqlalchemy import func, select, update

from core import access
from core.access import Permission
from core.context import Context
from core.deeds import about_batches
from core.errors import BatchNotChosen, BatchNotFound
from core.model import Import, Invitation, InvitationBatch, OutboundMessage, StaffMember
from core.outbox import is_first_invitation, touch_scoreboards
from core.usecases.invitations.batch_rows import batches_of
from core.words import CancelReason, ImportState, InvitationState, MessageState

_LATELY: Final = timedelta(days=1)


class RecallBatch(Struct, frozen=True):
    """By the confirmation's id (a button), or by any of its batch numbers (typed); with neither nothing is done."""

    confirmation_id: int | None = None
    number: int | None = None


class BatchRecalled(Struct, frozen=True):
    numbers: tuple[int, ...]
    unsent: int
    """Never left the house."""
    withdrawn: int
    """Had left; their links now say that the invitation was withdrawn."""
    answered: int
    """Accepted or declined before: these stay."""


def recall_batch(ctx: Context, command: RecallBatch) -> BatchRecalled:
    """Cancels what nobody has answered; pressing it again finds nothing left and says so with zeros.

    Raises BatchNotChosen, with what they did last.
    """
    staff = access.require_staff(ctx, Permission.INVITE)
    if command == RecallBatch():
        raise BatchNotChosen(nearest=_latest(ctx, staff))
    batches = _batches_to_recall(ctx, command)
    access.require_provider(ctx, staff, access.run_of_invitation(ctx, batches[0]))
    ids = [batch.id for batch in batches]
    answered = _answered(ctx, ids)
    unsent = _drop_unsent(ctx, ids)
    withdrawn = _withdraw(ctx, ids) - unsent
    for batch in batches:
        batch.recalled_at = batch.recalled_at or ctx.now
    touch_scoreboards(ctx, {batch.confirmation_id for batch in batches})
    if unsent + withdrawn:
        about_batches(ctx, batches, unsent + withdrawn)
    return BatchRecalled(tuple(batch.number for batch in batches), unsent, withdrawn, answered)


def _batches_to_recall(ctx: Context, command: RecallBatch) -> list[InvitationBatch]:
    confirmation_id = command.confirmation_id
    if confirmation_id is None:
        found = select(InvitationBatch.confirmation_id).where(InvitationBatch.number == command.number)
        confirmation_id = ctx.session.scalars(found).one_or_none()
    batches = batches_of(ctx, confirmation_id) if confirmation_id is not None else []
    if not batches:
        raise BatchNotFound(number=f"B-{command.number or 0:04d}")
    return batches


def _latest(ctx: Context, staff: StaffMember) -> tuple[str, ...]:
    """Their own newest batch and import of the last day, the later one first."""
    since = ctx.now - _LATELY
    batch = select(InvitationBatch.created_at, InvitationBatch.number).where(
        InvitationBatch.staff_id == staff.id, InvitationBatch.created_at > since, InvitationBatch.recalled_at.is_(None)
    )
    imported = select(Import.settled_at, Import.number).where(
        Import.staff_id == staff.id, Import.settled_at > since, Import.state == ImportState.APPLIED
    )
    found = [
        (row[0], name.format(row.number))
        for name, query in (("B-{:04d}", batch), ("I-{:04d}", imported))
        if (row := ctx.session.execute(query.order_by(*(each.desc() for each in query.selected_columns))).first())
    ]
    return tuple(name for _, name in sorted(found, reverse=True))


def _answered(ctx: Context, batch_ids: list[int]) -> int:
    return (
        ctx.session.scalar(
            select(func.count())
            .select_from(Invitation)
            .where(
                Invitation.batch_id.in_(batch_ids),
                Invitation.state.in_((InvitationState.ACCEPTED, InvitationState.DECLINED)),
            )
        )
        or 0
    )


def _drop_unsent(ctx: Context, batch_ids: list[int]) -> int:
    """Drops what waits; how many of them had never been tried. Against a worker that claims at the same moment,
    whoever is first wins: both ask for ``pending``.
    """
    theirs = select(Invitation.message_id).where(
        Invitation.batch_id.in_(batch_ids), Invitation.state == InvitationState.PENDING
    )
    dropped = ctx.session.execute(
        update(OutboundMessage)
        .where(OutboundMessage.id.in_(theirs), OutboundMessage.state == MessageState.PENDING)
        .values(state=MessageState.DROPPED, problem="recalled")
        .returning(OutboundMessage.attempts, OutboundMessage.idempotency_key)
    )
    return sum(row.attempts == 0 and is_first_invitation(row.idempotency_key) for row in dropped)


def _withdraw(ctx: Context, batch_ids: list[int]) -> int:
    cancelled = ctx.session.execute(
        update(Invitation)
        .where(Invitation.batch_id.in_(batch_ids), Invitation.state == InvitationState.PENDING)
        .values(state=InvitationState.CANCELLED, cancel_reason=CancelReason.RECALLED, answered_at=ctx.now)
        .returning(Invitation.id)
    )
    return len(cancelled.all())
