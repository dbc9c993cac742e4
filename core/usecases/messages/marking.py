"""What became of what was sent: accepted, refused, wanted later, unsure, or stopped by a fault of our own."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import bindparam, case, literal, select, update

from core.context import Context
from core.database import UtcDateTime
from core.jobs import Job, JobKind
from core.letters import Outcome, Verdict
from core.model import OutboundMessage
from core.rules.policy import (
    DEFERRAL_BASE,
    FAULT_PATIENCE,
    RETRY_BASE,
    RETRY_CAP,
    SCOREBOARD_INTERVAL,
    SENDING_ATTEMPTS,
)
from core.usecases.mailbox.bounces import mark_refused
from core.usecases.messages.few import IDS, ROWS, execute
from core.usecases.messages.lanes import hold_up
from core.usecases.messages.postponing import come_again, not_sooner, postpone
from core.words import Channel, MessageState

_MARK_ACCEPTED = (
    update(ROWS)
    # A report that it came back may be faster than this mark.
    .where(IDS, ROWS.c.state != MessageState.BOUNCED)
    .values(state=MessageState.SENT, sent_at=bindparam("now"), problem="", lease_until=None)
)


def mark(ctx: Context, executor: str, outcomes: Sequence[Outcome]) -> None:
    """``executor`` says so of what it has been sending."""
    accepted = [outcome for outcome in outcomes if outcome.verdict is Verdict.ACCEPTED]
    _mark_accepted(ctx, accepted)
    if len(accepted) == len(outcomes):
        return
    messages = _leased(ctx, executor, outcomes)
    for outcome in outcomes:
        if outcome.verdict is not Verdict.ACCEPTED and outcome.message_id in messages:
            _MARKERS[outcome.verdict](ctx, messages[outcome.message_id], outcome)
    ctx.session.flush()


def _leased(ctx: Context, executor: str, outcomes: Sequence[Outcome]) -> dict[int, OutboundMessage]:
    """A worker that stood still for longer than its lease finds its rows in other hands."""
    query = select(OutboundMessage).where(
        OutboundMessage.id.in_([outcome.message_id for outcome in outcomes]),
        OutboundMessage.state == MessageState.SENDING,
        OutboundMessage.lease_by == executor,
    )
    return {message.id: message for message in ctx.session.scalars(query)}


def _mark_accepted(ctx: Context, outcomes: Sequence[Outcome]) -> None:
    plain = [outcome.message_id for outcome in outcomes if outcome.ref is None]
    if plain:
        execute(ctx, _MARK_ACCEPTED, plain, now=ctx.now)
    for outcome in outcomes:
        if outcome.ref is not None:
            _mark_posted(ctx, outcome)


def _mark_posted(ctx: Context, outcome: Outcome) -> None:
    """``ref`` is ``channel/ts#generation``: events after that generation was drawn want another edit."""
    ref, _, drawn = (outcome.ref or "").partition("#")
    changed = OutboundMessage.generation != int(drawn or 0)
    soon = literal(ctx.now + SCOREBOARD_INTERVAL, UtcDateTime())
    posted = ctx.session.execute(
        update(OutboundMessage)
        .where(OutboundMessage.id == outcome.message_id)
        .values(
            state=case((changed, MessageState.PENDING.value), else_=MessageState.SENT.value),
            # Else it stays before the moment of drawing: by that a home's later news are known.
            not_before=case((changed, soon), else_=OutboundMessage.not_before),
            message_ref=ref,
            attempts=0,
            sent_at=ctx.now,
            problem="",
            lease_until=None,
        )
        .returning(OutboundMessage.id, OutboundMessage.generation, OutboundMessage.state)
    ).one_or_none()
    if posted is not None and posted.state is MessageState.PENDING:
        key = f"{JobKind.SEND_SLACK}-{posted.id}-{posted.generation}"
        ctx.jobs.enqueue(ctx.session, [Job(JobKind.SEND_SLACK, key, (posted.id,), SCOREBOARD_INTERVAL)])


def _mark_refused(ctx: Context, message: OutboundMessage, outcome: Outcome) -> None:
    _finish(message, MessageState.BOUNCED, outcome.detail)
    mark_refused(ctx, message, outcome.detail, is_no_mailbox=outcome.is_no_mailbox)


def _mark_later(ctx: Context, message: OutboundMessage, outcome: Outcome) -> None:
    if outcome.retry_after is not None:
        if outcome.lane is not None:
            hold_up(ctx, outcome.lane, outcome.retry_after)
        come_again(ctx, message, timedelta(seconds=outcome.retry_after) * not_sooner(ctx), outcome.detail)
    elif message.attempts >= SENDING_ATTEMPTS:
        _give_up(message, outcome.detail)
    else:
        _wait(ctx, message, outcome)


def _mark_unsure(ctx: Context, message: OutboundMessage, outcome: Outcome) -> None:
    if message.kind.is_safe_twice:
        _mark_later(ctx, message, outcome)
    else:
        _finish(message, MessageState.HELD, f"It may have arrived: {outcome.detail}")


def _mark_our_fault(ctx: Context, message: OutboundMessage, outcome: Outcome) -> None:
    """Not the recipient's doing: the try does not count, and nobody bounces. What is too old waits for a person."""
    message.attempts = max(0, message.attempts - 1)
    # A scoreboard is one message for months: its age says nothing.
    if message.channel is Channel.EMAIL and ctx.now - message.created_at >= FAULT_PATIENCE:
        hint = "Mend it, then “usher held retry --all”."
        _finish(message, MessageState.HELD, f"Not sent for {FAULT_PATIENCE.days} days: {outcome.detail}. {hint}")
        return
    _wait(ctx, message, outcome)


_MARKERS: dict[Verdict, Callable[[Context, OutboundMessage, Outcome], None]] = {
    Verdict.REFUSED: _mark_refused,
    Verdict.LATER: _mark_later,
    Verdict.UNSURE: _mark_unsure,
    Verdict.OUR_FAULT: _mark_our_fault,
}


def _finish(message: OutboundMessage, state: MessageState, problem: str) -> None:
    message.state = state
    message.problem = problem
    message.lease_until = None


def _give_up(message: OutboundMessage, detail: str) -> None:
    """Staff see a learner's mail as bounced, with the reason, and may send it again; the address stays allowed."""
    state = MessageState.BOUNCED if message.channel is Channel.EMAIL else MessageState.HELD
    _finish(message, state, f"Given up after {message.attempts} tries: {detail}")


def _wait(ctx: Context, message: OutboundMessage, outcome: Outcome) -> None:
    doubled = 2 ** max(0, message.attempts - 1)
    if outcome.is_deferral:
        pause = min(RETRY_CAP, DEFERRAL_BASE * doubled) * not_sooner(ctx)
    else:
        pause = min(RETRY_CAP, RETRY_BASE * doubled) * ctx.tokens.jitter()
    postpone(ctx, message, ctx.now + pause, outcome.detail)
