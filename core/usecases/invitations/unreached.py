"""Whoever invited hears in Slack of learners whom e-mail does not reach, or who want none: one message a confirmation.

It is posted ten minutes after the first of them, and edited ever after: edits make no sound.
"""

from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, case, func, or_, select

from core.cards import RunCard
from core.context import Context
from core.model import Invitation, InvitationBatch, OutboundMessage, Suppression
from core.outbox import say, slack_row, touch, unreached_key
from core.rules.addresses import guess_typo
from core.rules.policy import UNREACHED_PAUSE
from core.usecases.invitations.scoreboards import batch_progress
from core.words import InvitationState, MessageKind, MessageState, SuppressReason

_SHOWN: Final = 5


class UnreachedLearner(Struct, frozen=True):
    """``guess``: the address that was probably meant, where nobody is at this one; else empty."""

    address: str
    why: SuppressReason
    problem: str
    guess: str


class UnreachedShown(Struct, frozen=True):
    """Each invitation is counted once: what a person wants before what a mail server said."""

    confirmation_id: int
    numbers: tuple[int, ...]
    run: RunCard
    bounced: int
    complained: int
    asked: int
    learners: tuple[UnreachedLearner, ...]
    """At most five."""
    as_of: datetime

    @property
    def total(self) -> int:
        return self.bounced + self.complained + self.asked


def tell_of_unreached(ctx: Context, batch: InvitationBatch) -> None:
    key = unreached_key(batch.confirmation_id)
    if ctx.session.scalar(select(OutboundMessage.id).where(OutboundMessage.idempotency_key == key)) is not None:
        touch(ctx, [key], after=UNREACHED_PAUSE)
        return
    note = slack_row(
        ctx, MessageKind.UNREACHED, staff_id=batch.staff_id, about_id=batch.confirmation_id, key=key
    )  # fmt: skip
    due = ctx.now + UNREACHED_PAUSE
    say(ctx, [{**note, "organisation_id": batch.organisation_id, "not_before": due}])


def unreached(ctx: Context, confirmation_id: int) -> UnreachedShown:
    """The caller has authorised."""
    progress = batch_progress(ctx, confirmation_id)
    counts = _counts(ctx, confirmation_id)
    return UnreachedShown(
        confirmation_id=confirmation_id,
        numbers=progress.numbers,
        run=progress.run,
        bounced=counts.get(SuppressReason.BOUNCED, 0),
        complained=counts.get(SuppressReason.COMPLAINED, 0),
        asked=counts.get(SuppressReason.ASKED, 0),
        learners=_learners(ctx, confirmation_id),
        as_of=ctx.now,
    )


_SAID_NO = Suppression.reason != SuppressReason.BOUNCED
# What has bounced is written in no suppression where the mailbox was only full.
_WHY = case((_SAID_NO, Suppression.reason), else_=SuppressReason.BOUNCED.value)
_NOT_DELIVERED = and_(
    Invitation.state == InvitationState.PENDING,
    OutboundMessage.state.in_((MessageState.BOUNCED, MessageState.DROPPED)),
)


def _from_all(query: Any, confirmation_id: int) -> Any:
    """Of a query's many columns nobody would want the types written out."""
    theirs: ColumnElement[bool] = and_(
        Suppression.organisation_id == Invitation.organisation_id,
        Suppression.address_key == Invitation.address_key,
        Suppression.suppressed_at >= Invitation.created_at,
    )
    return (
        query.select_from(Invitation)
        .join(InvitationBatch, InvitationBatch.id == Invitation.batch_id)
        .join(OutboundMessage, OutboundMessage.id == Invitation.message_id)
        .outerjoin(Suppression, theirs)
        .where(InvitationBatch.confirmation_id == confirmation_id, Invitation.replaced_at.is_(None))
        .where(or_(_SAID_NO, _NOT_DELIVERED))
    )


def _counts(ctx: Context, confirmation_id: int) -> dict[SuppressReason, int]:
    query = _from_all(select(_WHY.label("why"), func.count().label("n")), confirmation_id).group_by(_WHY)
    return {SuppressReason(row.why): row.n for row in ctx.session.execute(query)}


def _learners(ctx: Context, confirmation_id: int) -> tuple[UnreachedLearner, ...]:
    columns = select(Invitation.address, _WHY.label("why"), OutboundMessage.problem)
    query = _from_all(columns, confirmation_id).order_by(Invitation.address_key).limit(_SHOWN)
    return tuple(_learner(row) for row in ctx.session.execute(query))


def _learner(row: Any) -> UnreachedLearner:
    why = SuppressReason(row.why)
    is_bounced = why is SuppressReason.BOUNCED
    return UnreachedLearner(
        address=row.address,
        why=why,
        problem=row.problem if is_bounced else "",
        guess=(guess_typo(row.address) or "") if is_bounced else "",
    )
