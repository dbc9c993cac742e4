"""Taking a batch back: whole until sending starts, afterwards whatever nobody has answered.

Against a worker that claims at the same moment, or a learner who answers, whoever is first wins: all of them ask for
``pending`` in their UPDATE.
"""

from dataclasses import dataclass

from sqlalchemy import func, select, update

from core import access
from core.access import Permission
from core.context import Context
from core.deeds import about_batches
from core.errors import BatchNotFound
from core.model import Invitation, InvitationBatch, OutboundMessage
from core.outbox import is_first_invitation, touch_scoreboards
from core.usecases.invitations.batch_rows import batches_of
from core.words import CancelReason, InvitationState, MessageState


@dataclass(frozen=True, slots=True)
class RecallBatch:
    """By the confirmation's id (a button), or by any of its batch numbers (typed)."""

    confirmation_id: int | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class BatchRecalled:
    numbers: tuple[int, ...]
    unsent: int
    """Never left the house."""
    withdrawn: int
    """Had left; their links now say that the invitation was withdrawn."""
    answered: int
    """Accepted or declined before: these stay."""


def recall_batch(ctx: Context, command: RecallBatch) -> BatchRecalled:
    """Cancels what nobody has answered; pressing it again finds nothing left and says so with zeros."""
    staff = access.require_staff(ctx, Permission.INVITE)
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
        .returning(OutboundMessage.attempts, OutboundMessage.idempotency_key),
        execution_options={"synchronize_session": False},
    )
    return sum(row.attempts == 0 and is_first_invitation(row.idempotency_key) for row in dropped)


def _withdraw(ctx: Context, batch_ids: list[int]) -> int:
    cancelled = ctx.session.execute(
        update(Invitation)
        .where(Invitation.batch_id.in_(batch_ids), Invitation.state == InvitationState.PENDING)
        .values(state=InvitationState.CANCELLED, cancel_reason=CancelReason.RECALLED, answered_at=ctx.now)
        .returning(Invitation.id),
        execution_options={"synchronize_session": False},
    )
    return len(cancelled.all())
