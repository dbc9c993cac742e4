"""Handing messages over: claim a few, send them, mark them; sweep up what was left behind.

See ``core.model.messages`` for the states. What a worker does with a chunk:

    load_letters (a read, the whole chunk) -> [ turn_over: mark the last few, claim the next few -> send ]*

1. At most as many rows are ``sending`` as there are open connections: a kill leaves no more than these unsure.
2. A claim is a conditional UPDATE: of two workers, or a worker and a recall, one wins.
3. A suppressed address is never mailed: the claim looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import case, exists, or_, select, update

from core import access
from core.context import Context
from core.jobs import Job, JobKind
from core.letters import Outcome, Verdict
from core.model import OutboundMessage, Suppression
from core.outbox import touch_scoreboards
from core.rules.policy import CHUNK_MESSAGES, RETRY_BASE, RETRY_CAP, SENDING_ATTEMPTS, SENDING_LEASE
from core.usecases.answers import suppress
from core.words import Channel, MessageKind, MessageState, SuppressReason

_QUIET = {"synchronize_session": False}
_SAFE_KINDS = tuple(kind for kind in MessageKind if kind.is_safe_twice)
_SWEPT_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class TurnOver:
    """``executor`` names the worker, so that what it held can be told from another's."""

    executor: str
    outcomes: tuple[Outcome, ...] = ()
    claim_ids: tuple[int, ...] = ()
    unworthy_ids: tuple[int, ...] = ()
    confirmation_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TurnedOver:
    claimed_ids: tuple[int, ...]
    """Now ``sending`` in this worker's name. The others were taken, recalled or suppressed meanwhile."""


@dataclass(frozen=True, slots=True)
class ReleaseLeases:
    """What these executors were sending when they died. None: whatever lease has run out."""

    executor: str | None


@dataclass(frozen=True, slots=True)
class LeasesReleased:
    again: int
    held: int


@dataclass(frozen=True, slots=True)
class SweepDue:
    """``grace``: rows due less long than this have a job of their own that will come."""

    grace: timedelta


@dataclass(frozen=True, slots=True)
class DueSwept:
    enqueued: int


def turn_over(ctx: Context, command: TurnOver) -> TurnedOver:
    """One short transaction: marks what was sent, drops what is not worth saying, claims the next few."""
    access.require_system(ctx)
    for verdict in Verdict:
        outcomes = [outcome for outcome in command.outcomes if outcome.verdict is verdict]
        if outcomes:
            _MARKERS[verdict](ctx, outcomes)
    if command.unworthy_ids:
        _drop(ctx, command.unworthy_ids, "no longer worth saying")
    claimed = _claim(ctx, command) if command.claim_ids else ()
    if command.outcomes or command.unworthy_ids:
        touch_scoreboards(ctx, command.confirmation_ids)
    return TurnedOver(claimed)


def _claim(ctx: Context, command: TurnOver) -> tuple[int, ...]:
    suppressed = exists().where(
        Suppression.organisation_id == OutboundMessage.organisation_id,
        Suppression.address_key == OutboundMessage.recipient_key,
    )
    waiting = (
        update(OutboundMessage)
        .where(OutboundMessage.id.in_(command.claim_ids))
        .where(OutboundMessage.state == MessageState.PENDING, OutboundMessage.not_before <= ctx.now)
    )
    claimed = ctx.session.execute(
        waiting.where(or_(~suppressed, OutboundMessage.kind != MessageKind.INVITATION))
        .values(
            state=MessageState.SENDING,
            attempts=OutboundMessage.attempts + 1,
            lease_by=command.executor,
            lease_until=ctx.now + SENDING_LEASE,
        )
        .returning(OutboundMessage.id),
        execution_options=_QUIET,
    )
    ids = tuple(claimed.scalars())
    if len(ids) < len(command.claim_ids):
        _drop_suppressed(ctx, command.claim_ids)
    return ids


def _drop_suppressed(ctx: Context, ids: Sequence[int]) -> None:
    suppressed = exists().where(
        Suppression.organisation_id == OutboundMessage.organisation_id,
        Suppression.address_key == OutboundMessage.recipient_key,
    )
    ctx.session.execute(
        update(OutboundMessage)
        .where(OutboundMessage.id.in_(ids), OutboundMessage.state == MessageState.PENDING, suppressed)
        .values(state=MessageState.DROPPED, problem="this address must not be written to"),
        execution_options=_QUIET,
    )


# --- Marking ----------------------------------------------------------------------------------------------


def _mark_accepted(ctx: Context, outcomes: Sequence[Outcome]) -> None:
    plain = [outcome.message_id for outcome in outcomes if outcome.ref is None]
    if plain:
        ctx.session.execute(
            update(OutboundMessage)
            .where(OutboundMessage.id.in_(plain))
            .values(state=MessageState.SENT, sent_at=ctx.now, problem="", lease_until=None),
            execution_options=_QUIET,
        )
    for outcome in outcomes:
        if outcome.ref is not None:
            _mark_posted(ctx, outcome)


def _mark_posted(ctx: Context, outcome: Outcome) -> None:
    """``ref`` is ``channel/ts#generation``: events after that generation was drawn want another edit."""
    ref, _, drawn = (outcome.ref or "").partition("#")
    changed = OutboundMessage.generation != int(drawn or 0)
    ctx.session.execute(
        update(OutboundMessage)
        .where(OutboundMessage.id == outcome.message_id)
        .values(
            state=case((changed, MessageState.PENDING.value), else_=MessageState.SENT.value),
            message_ref=ref,
            attempts=0,
            sent_at=ctx.now,
            problem="",
            lease_until=None,
        ),
        execution_options=_QUIET,
    )


def _mark_refused(ctx: Context, outcomes: Sequence[Outcome]) -> None:
    """One hard bounce suppresses the address in that organisation."""
    for outcome in outcomes:
        message = ctx.session.get(OutboundMessage, outcome.message_id)
        if message is None:
            continue
        _finish(ctx, message, MessageState.BOUNCED, outcome.detail)
        if message.channel is Channel.EMAIL:
            suppress(ctx, message.organisation_id, message.recipient_key, SuppressReason.BOUNCED)


def _mark_later(ctx: Context, outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        message = ctx.session.get(OutboundMessage, outcome.message_id)
        if message is None:
            continue
        if message.attempts >= SENDING_ATTEMPTS:
            _give_up(ctx, message, outcome.detail)
        else:
            _wait(ctx, message, outcome, message.attempts)


def _mark_unsure(ctx: Context, outcomes: Sequence[Outcome]) -> None:
    safe: list[Outcome] = []
    for outcome in outcomes:
        message = ctx.session.get(OutboundMessage, outcome.message_id)
        if message is None:
            continue
        if message.kind.is_safe_twice:
            safe.append(outcome)
        else:
            _finish(ctx, message, MessageState.HELD, f"It may have arrived: {outcome.detail}")
    _mark_later(ctx, safe)


def _mark_our_fault(ctx: Context, outcomes: Sequence[Outcome]) -> None:
    """Not the recipient's doing: the try does not count, and nobody bounces however long it lasts."""
    for outcome in outcomes:
        message = ctx.session.get(OutboundMessage, outcome.message_id)
        if message is not None:
            message.attempts = max(0, message.attempts - 1)
            _wait(ctx, message, outcome, message.attempts)


_MARKERS = {
    Verdict.ACCEPTED: _mark_accepted,
    Verdict.REFUSED: _mark_refused,
    Verdict.LATER: _mark_later,
    Verdict.UNSURE: _mark_unsure,
    Verdict.OUR_FAULT: _mark_our_fault,
}


def _finish(ctx: Context, message: OutboundMessage, state: MessageState, problem: str) -> None:
    message.state = state
    message.problem = problem
    message.lease_until = None
    ctx.session.flush()


def _give_up(ctx: Context, message: OutboundMessage, detail: str) -> None:
    """Staff see a learner's mail as bounced, with the reason, and may send it again; the address stays allowed."""
    state = MessageState.BOUNCED if message.channel is Channel.EMAIL else MessageState.HELD
    _finish(ctx, message, state, f"Given up after {message.attempts} tries: {detail}")


def _wait(ctx: Context, message: OutboundMessage, outcome: Outcome, attempts: int) -> None:
    backoff = min(RETRY_CAP, RETRY_BASE * 2 ** max(0, attempts - 1)) * ctx.tokens.jitter()
    asked_for = timedelta(seconds=outcome.retry_after or 0)
    message.state = MessageState.PENDING
    message.not_before = ctx.now + max(backoff, asked_for)
    message.problem = outcome.detail
    message.lease_until = None
    ctx.session.flush()


def _drop(ctx: Context, ids: Sequence[int], problem: str) -> None:
    ctx.session.execute(
        update(OutboundMessage)
        .where(OutboundMessage.id.in_(ids), OutboundMessage.state == MessageState.PENDING)
        .values(state=MessageState.DROPPED, problem=problem),
        execution_options=_QUIET,
    )


# --- Recovering -------------------------------------------------------------------------------------------


def release_leases(ctx: Context, command: ReleaseLeases) -> LeasesReleased:
    """What a dead worker was sending: safe kinds go out again at once, the others are held for a person."""
    access.require_system(ctx)
    theirs = (
        OutboundMessage.lease_by == command.executor
        if command.executor is not None
        else OutboundMessage.lease_until < ctx.now
    )
    sending = update(OutboundMessage).where(OutboundMessage.state == MessageState.SENDING, theirs)
    held = ctx.session.execute(
        sending.where(OutboundMessage.kind.not_in(_SAFE_KINDS))
        .values(
            state=MessageState.HELD, problem="The worker stopped while sending: it may have arrived.", lease_until=None
        )
        .returning(OutboundMessage.id),
        execution_options=_QUIET,
    ).all()
    # not_before stands as it was, so the sweeper finds them due.
    again = ctx.session.execute(
        sending.values(state=MessageState.PENDING, lease_until=None).returning(OutboundMessage.id),
        execution_options=_QUIET,
    ).all()
    return LeasesReleased(len(again), len(held))


def sweep_due(ctx: Context, command: SweepDue) -> DueSwept:
    """Due rows get a new job with the next generation. Old and young take turns by how long they are due."""
    access.require_system(ctx)
    rows = ctx.session.execute(
        select(OutboundMessage.id, OutboundMessage.channel, OutboundMessage.generation)
        .where(
            OutboundMessage.state == MessageState.PENDING,
            OutboundMessage.not_before <= ctx.now - command.grace,
            or_(OutboundMessage.lease_until.is_(None), OutboundMessage.lease_until <= ctx.now),
        )
        .order_by(OutboundMessage.not_before, OutboundMessage.id)
        .limit(_SWEPT_AT_ONCE)
    ).all()
    for channel, kind in ((Channel.EMAIL, JobKind.SEND_MAIL), (Channel.SLACK, JobKind.SEND_SLACK)):
        of_channel = [row for row in rows if row.channel is channel]
        for start in range(0, len(of_channel), CHUNK_MESSAGES):
            chunk = of_channel[start : start + CHUNK_MESSAGES]
            key = f"{kind}-{chunk[0].id}-swept-{int(ctx.now.timestamp())}"
            ctx.jobs.enqueue(ctx.session, [Job(kind, key, tuple(row.id for row in chunk))])
    if rows:
        # Until the new jobs have had their turn, the next sweep leaves these alone.
        ctx.session.execute(
            update(OutboundMessage)
            .where(OutboundMessage.id.in_([row.id for row in rows]), OutboundMessage.state == MessageState.PENDING)
            .values(lease_until=ctx.now + timedelta(seconds=60)),
            execution_options=_QUIET,
        )
    return DueSwept(len(rows))
