"""What was left behind: messages of a worker that died or stops, and due ones whose job was lost.

    sending --its worker is silent--> pending (in Slack for a little later), or held where a second time would confuse
    pending and due, without a job --swept--> a job of the next sweep

All of it is conditional: what several workers do here at once is done once.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from msgspec import Struct
from sqlalchemy import Row, case, literal, or_, select, update

from core import access
from core.context import Context
from core.database import UtcDateTime
from core.jobs import Job, JobKind
from core.model import IS_OPEN, OutboundMessage
from core.rules.policy import CHUNK_MESSAGES, SENDING_ATTEMPTS
from core.usecases.messages.postponing import keep_quiet_hours
from core.words import Channel, MessageKind, MessageState

_SAFE_KINDS = tuple(kind for kind in MessageKind if kind.is_safe_twice)
_SWEPT_AT_ONCE = 5000
_HANDED_BACK_FOR = timedelta(seconds=1)
# As long as Slack mostly asks for.
_ANSWER_UNHEARD = timedelta(seconds=30)


class ReleaseLeases(Struct, frozen=True):
    """What these executors were sending when they died. None: whatever lease has run out."""

    is_routine: ClassVar = True

    executor: str | None


class LeasesReleased(Struct, frozen=True):
    again: int
    held: int


class HandBack(Struct, frozen=True):
    """What a worker that stops had taken on and not begun. ``ids`` is not empty."""

    is_routine: ClassVar = True

    kind: JobKind
    ids: tuple[int, ...]


class SweepDue(Struct, frozen=True):
    """``grace``: rows due less long than this have a job of their own that will come. ``kinds`` empty: all."""

    is_routine: ClassVar = True

    grace: timedelta
    kinds: tuple[MessageKind, ...] = ()


class DueSwept(Struct, frozen=True):
    enqueued: int


def release_leases(ctx: Context, command: ReleaseLeases) -> LeasesReleased:
    """What a dead worker was sending: safe kinds go out again at once, the others are held for a person.

    So is what was tried often enough: perhaps it is this message that ends the workers. In Slack safe kinds wait first:
    perhaps Slack's last answer was that we should, and nobody lived to write it down.
    """
    access.require_system(ctx)
    theirs = (
        OutboundMessage.lease_by == command.executor
        if command.executor is not None
        else OutboundMessage.lease_until < ctx.now
    )
    sending = update(OutboundMessage).where(IS_OPEN, OutboundMessage.state == MessageState.SENDING, theirs)
    held = ctx.session.execute(
        sending.where(or_(OutboundMessage.kind.not_in(_SAFE_KINDS), OutboundMessage.attempts >= SENDING_ATTEMPTS))
        .values(
            state=MessageState.HELD, problem="The worker stopped while sending: it may have arrived.", lease_until=None
        )
        .returning(OutboundMessage.id)
    ).all()
    # Where not_before stands as it was the sweeper finds them due.
    later = literal(ctx.now + _ANSWER_UNHEARD, UtcDateTime())
    not_before = case((OutboundMessage.channel == Channel.SLACK, later), else_=OutboundMessage.not_before)
    again = ctx.session.scalars(
        sending.values(state=MessageState.PENDING, lease_until=None, not_before=not_before).returning(
            OutboundMessage.id
        )
    ).all()
    keep_quiet_hours(ctx, again)
    return LeasesReleased(len(again), len(held))


def hand_back(ctx: Context, command: HandBack) -> None:
    """A new job for them, in a moment, when the stopping worker takes no more."""
    access.require_system(ctx)
    key = f"{command.kind}-{command.ids[0]}-back-{ctx.tokens.new_id()}"
    ctx.jobs.enqueue(ctx.session, [Job(command.kind, key, command.ids, _HANDED_BACK_FOR)])


def sweep_due(ctx: Context, command: SweepDue) -> DueSwept:
    """Due rows get a new job with the next generation. Old and young take turns by how long they are due."""
    access.require_system(ctx)
    rows = ctx.session.execute(
        select(OutboundMessage.id, OutboundMessage.channel, OutboundMessage.generation)
        .where(
            IS_OPEN,
            OutboundMessage.state == MessageState.PENDING,
            OutboundMessage.not_before <= ctx.now - command.grace,
            or_(OutboundMessage.lease_until.is_(None), OutboundMessage.lease_until <= ctx.now),
            *((OutboundMessage.kind.in_(command.kinds),) if command.kinds else ()),
        )
        .order_by(OutboundMessage.not_before, OutboundMessage.id)
        .limit(_SWEPT_AT_ONCE)
    ).all()
    jobs = [
        Job(kind, f"{kind}-{chunk[0].id}-swept-{int(ctx.now.timestamp())}", tuple(row.id for row in chunk))
        for channel, kind in ((Channel.EMAIL, JobKind.SEND_MAIL), (Channel.SLACK, JobKind.SEND_SLACK))
        for chunk in _chunks([row for row in rows if row.channel is channel])
    ]
    ctx.jobs.enqueue(ctx.session, jobs)
    if rows:
        # Until the new jobs have had their turn, the next sweep leaves these alone.
        ctx.session.execute(
            update(OutboundMessage)
            .where(OutboundMessage.id.in_([row.id for row in rows]), OutboundMessage.state == MessageState.PENDING)
            .values(lease_until=ctx.now + timedelta(seconds=60))
        )
    return DueSwept(len(rows))


def _chunks(rows: Sequence[Row[*tuple[Any, ...]]]) -> Iterator[Sequence[Row[*tuple[Any, ...]]]]:
    return (rows[start : start + CHUNK_MESSAGES] for start in range(0, len(rows), CHUNK_MESSAGES))
