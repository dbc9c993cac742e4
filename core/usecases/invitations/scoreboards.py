"""The one message of a confirmation that stays true: what became of every invitation in it."""

from collections import Counter
from datetime import datetime

from msgspec import Struct
from sqlalchemy import func, select

from core import access
from core.access import Permission
from core.cards import RunCard, run_card
from core.context import Context
from core.errors import BatchNotFound
from core.model import CourseRun, Invitation, InvitationBatch, OutboundMessage, StaffMember
from core.words import InvitationState, MessageState

_BOUNCES_SHOWN = 5


class ShowBatch(Struct, frozen=True):
    """By any of the batch numbers, as typed, or by the confirmation's id."""

    number: int | None = None
    confirmation_id: int | None = None


class BatchCounts(Struct, frozen=True):
    """Each invitation is counted once, in the first that fits; together they are ``total``."""

    total: int
    accepted: int
    declined: int
    cancelled: int
    bounced: int
    queued: int
    sent: int
    """Handed over and not answered yet."""


class BatchProgress(Struct, frozen=True):
    confirmation_id: int
    numbers: tuple[int, ...]
    run: RunCard
    staff: str
    counts: BatchCounts
    bounces: tuple[tuple[str, str], ...]
    """At most five (address, reason)."""
    sends_at: datetime
    as_of: datetime
    is_recalled: bool
    is_scheduled: bool = False

    @property
    def is_sending(self) -> bool:
        return self.counts.queued > 0

    @property
    def can_undo(self) -> bool:
        return not self.is_recalled and self.counts.queued + self.counts.sent + self.counts.bounced > 0


def show_batch(ctx: Context, command: ShowBatch) -> BatchProgress:
    staff = access.require_staff(ctx, Permission.VIEW)
    query = select(InvitationBatch).order_by(InvitationBatch.number).limit(1)
    if command.number is not None:
        query = query.where(InvitationBatch.number == command.number)
    else:
        query = query.where(InvitationBatch.confirmation_id == command.confirmation_id)
    batch = ctx.session.scalars(query).one_or_none()
    if batch is None:
        raise BatchNotFound(number=f"B-{command.number or 0:04d}")
    access.require_provider(ctx, staff, access.run_of_invitation(ctx, batch))
    return batch_progress(ctx, batch.confirmation_id)


def batch_progress(ctx: Context, confirmation_id: int) -> BatchProgress:
    """Four queries, whatever the size. The caller has authorised."""
    batches = ctx.session.scalars(
        select(InvitationBatch)
        .where(InvitationBatch.confirmation_id == confirmation_id)
        .order_by(InvitationBatch.number)
    ).all()
    run, staff = ctx.session.execute(
        select(CourseRun, StaffMember)
        .join(CourseRun.course)
        .join(StaffMember, StaffMember.id == batches[0].staff_id)
        .options(access.with_course())
        .where(CourseRun.id == batches[0].run_id)
    ).one()
    ids = [batch.id for batch in batches]
    return BatchProgress(
        confirmation_id=confirmation_id,
        numbers=tuple(batch.number for batch in batches),
        run=run_card(run),
        staff=staff.name,
        counts=_counts(ctx, ids),
        bounces=_bounces(ctx, ids),
        sends_at=batches[0].sends_at,
        as_of=ctx.now,
        is_recalled=batches[0].recalled_at is not None,
        is_scheduled=batches[0].is_scheduled,
    )


def _counts(ctx: Context, batch_ids: list[int]) -> BatchCounts:
    rows = ctx.session.execute(
        select(Invitation.state, OutboundMessage.state.label("delivery"), func.count().label("number"))
        .join(OutboundMessage, OutboundMessage.id == Invitation.message_id)
        .where(Invitation.batch_id.in_(batch_ids))
        .group_by(Invitation.state, OutboundMessage.state)
    )
    totals: Counter[str] = Counter()
    for row in rows:
        totals[_place(row.state, row.delivery)] += row.number
    return BatchCounts(
        total=totals.total(),
        accepted=totals["accepted"],
        declined=totals["declined"],
        cancelled=totals["cancelled"],
        bounced=totals["bounced"],
        queued=totals["queued"],
        sent=totals["sent"],
    )


def _place(state: InvitationState, delivery: MessageState) -> str:
    if state is not InvitationState.PENDING:
        return state.value
    if delivery in (MessageState.BOUNCED, MessageState.DROPPED):
        # Dropped though still pending: the address was suppressed before it was sent.
        return "bounced"
    return "sent" if delivery is MessageState.SENT else "queued"


def _bounces(ctx: Context, batch_ids: list[int]) -> tuple[tuple[str, str], ...]:
    query = (
        select(Invitation.address, OutboundMessage.problem)
        .join(OutboundMessage, OutboundMessage.id == Invitation.message_id)
        .where(
            Invitation.batch_id.in_(batch_ids),
            Invitation.state == InvitationState.PENDING,
            OutboundMessage.state.in_((MessageState.BOUNCED, MessageState.DROPPED)),
        )
        .order_by(Invitation.address_key)
        .limit(_BOUNCES_SHOWN)
    )
    return tuple((row.address, row.problem) for row in ctx.session.execute(query))
