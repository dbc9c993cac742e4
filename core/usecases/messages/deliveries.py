"""Handing messages over: claim a few, send them, mark them. What was left behind is for ``recovering``.

See ``core.model.messages`` for the states. What a worker does with a chunk:

    load_letters (a read, the whole chunk) -> [ turn_over: mark the last few, claim the next few -> send ]*

1. At most as many rows are ``sending`` as there are open connections: a kill leaves no more than these unsure.
2. A claim is a conditional UPDATE: of two workers, or a worker and a recall, one wins.
3. A suppressed address is never mailed: the claim looks.
4. A reminder or a nudge is neither sent nor tried again within its organisation's quiet hours, also if it was due
   before they began: it waits for their end.
5. Only a worker that still holds a row's lease says that it failed; that it was accepted is true whoever says it.

The statements that run for every few mails are built once: building them took half the time of a turn.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, ClassVar, Final, cast
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import Table, Update, bindparam, case, exists, literal, select, update

from core import access
from core.context import Context
from core.database import UtcDateTime
from core.jobs import Job, JobKind
from core.letters import Outcome, Verdict
from core.model import Organisation, OutboundMessage, Suppression
from core.outbox import touch_scoreboards
from core.rules.lanes import Lane
from core.rules.policy import (
    DEFERRAL_BASE,
    FAULT_PATIENCE,
    RETRY_BASE,
    RETRY_CAP,
    SCOREBOARD_INTERVAL,
    SENDING_ATTEMPTS,
    SENDING_LEASE,
)
from core.usecases.mailbox.bounces import mark_refused
from core.usecases.mailbox.suppressions import NOT_TO_BE_WRITTEN_TO
from core.usecases.messages.lanes import hold_up, lock_lanes, turn_in
from core.usecases.progress.nudges import release_nudges
from core.words import Channel, MessageKind, MessageState

_NEVER_IN_QUIET_HOURS: Final = (MessageKind.REMINDER, MessageKind.NUDGE)
_JOB_OF: Final = {Channel.EMAIL: JobKind.SEND_MAIL, Channel.SLACK: JobKind.SEND_SLACK}


class TurnOver(Struct, frozen=True):
    """``executor`` names the worker, so that what it held can be told from another's."""

    is_routine: ClassVar = True

    executor: str
    outcomes: tuple[Outcome, ...] = ()
    claim_ids: tuple[int, ...] = ()
    unworthy_ids: tuple[int, ...] = ()
    confirmation_ids: tuple[int, ...] = ()
    """Whose scoreboards are to be drawn anew: not with every turn, but with the last."""
    lanes: Mapping[int, tuple[Lane, ...]] = {}
    """By message id; most have none."""
    claimed_since: datetime | None = None
    """Set by who repeats this because its COMMIT got no answer: what it claimed since then is its own."""


class TurnedOver(Struct, frozen=True):
    claimed_ids: tuple[int, ...]
    """Now ``sending`` in this worker's name. The others were taken, recalled or suppressed meanwhile."""


# --- Turning over -----------------------------------------------------------------------------------------

# The table instead of the class saves a fifth. Nothing is lost: the worker's scope is every organisation.
_ROWS = cast(Table, OutboundMessage.__table__)
# As many places as a worker has connections at most, the unused ones empty: a list of any length is spelt out anew
# each time, which costs as much as the database's work.
_PLACES: Final = 8
_NAMES: Final = tuple(f"id{place}" for place in range(_PLACES))
_EMPTY: Final = dict.fromkeys(_NAMES)
_IDS = _ROWS.c.id.in_([bindparam(name, type_=_ROWS.c.id.type) for name in _NAMES])
_SUPPRESSED = exists().where(
    _ROWS.c.kind.in_((MessageKind.INVITATION, MessageKind.REMINDER, MessageKind.NUDGE)),
    Suppression.organisation_id == _ROWS.c.organisation_id,
    Suppression.address_key == _ROWS.c.recipient_key,
)
_CLAIM = (
    update(_ROWS)
    .where(_IDS, _ROWS.c.state == MessageState.PENDING, _ROWS.c.not_before <= bindparam("now"))
    .where(~_SUPPRESSED)
    .values(
        state=MessageState.SENDING,
        attempts=_ROWS.c.attempts + 1,
        lease_by=bindparam("executor"),
        lease_until=bindparam("lease_ends"),
    )
    .returning(_ROWS.c.id, _ROWS.c.kind)
)
_DROP = (
    update(_ROWS)
    .where(_IDS, _ROWS.c.state == MessageState.PENDING)
    .values(state=MessageState.DROPPED, problem=bindparam("why"))
)
_DROP_SUPPRESSED = _DROP.where(_SUPPRESSED)
_MARK_ACCEPTED = (
    update(_ROWS)
    # A report that it came back may be faster than this mark.
    .where(_IDS, _ROWS.c.state != MessageState.BOUNCED)
    .values(state=MessageState.SENT, sent_at=bindparam("now"), problem="", lease_until=None)
)


def turn_over(ctx: Context, command: TurnOver) -> TurnedOver:
    """One short transaction: marks what was sent, drops what is not worth saying, claims the next few."""
    access.require_system(ctx)
    lock_lanes(ctx, _lanes_of(command))
    if command.outcomes:
        _mark(ctx, command)
    if command.unworthy_ids:
        _execute(ctx, _DROP, command.unworthy_ids, why="no longer worth saying")
        release_nudges(ctx, command.unworthy_ids)
    claimed = _claim(ctx, command) if command.claim_ids else ()
    touch_scoreboards(ctx, command.confirmation_ids)
    return TurnedOver(claimed)


def _lanes_of(command: TurnOver) -> Iterator[Lane]:
    """Those that its marks hold up, and those that its claims enter."""
    yield from (each.lane for each in command.outcomes if each.lane is not None and each.retry_after is not None)
    yield from chain.from_iterable(command.lanes.values())


def _claim(ctx: Context, command: TurnOver) -> tuple[int, ...]:
    before = _claimed_before(ctx, command)
    claimed = _execute(
        ctx,
        _CLAIM,
        command.claim_ids,
        now=ctx.now,
        executor=command.executor,
        lease_ends=ctx.now + SENDING_LEASE,
    )
    ids = (*before, *(row.id for row in claimed))
    if len(ids) < len(command.claim_ids):
        _execute(ctx, _DROP_SUPPRESSED, command.claim_ids, why=NOT_TO_BE_WRITTEN_TO)
        release_nudges(ctx, command.claim_ids)
    waiting = _kept_for_the_morning(ctx, [row.id for row in claimed if row.kind in _NEVER_IN_QUIET_HOURS])
    ids = tuple(each for each in ids if each not in waiting)
    return tuple(each for each in ids if _may_go(ctx, each, command.lanes.get(each, ()))) if command.lanes else ids


def _kept_for_the_morning(ctx: Context, ids: Sequence[int]) -> set[int]:
    """Of these, claimed just now, those that quiet hours put off. The try does not count; the sweeper finds them."""
    waiting = set()
    for message in _kept_from_the_night(ctx, ids):
        at = _outside_quiet_hours(ctx, message, ctx.now)
        if at > ctx.now:
            message.attempts -= 1
            _postpone(ctx, message, at, message.problem)
            waiting.add(message.id)
    ctx.session.flush()
    return waiting


def _kept_from_the_night(ctx: Context, ids: Sequence[int]) -> Sequence[OutboundMessage]:
    """Those of them that quiet hours concern, as they are now, whatever this session has seen of them."""
    query = select(OutboundMessage).where(OutboundMessage.id.in_(ids), OutboundMessage.kind.in_(_NEVER_IN_QUIET_HOURS))
    return ctx.session.scalars(query, execution_options={"populate_existing": True}).all() if ids else ()


def _may_go(ctx: Context, message_id: int, lanes: Sequence[Lane]) -> bool:
    """Else it is put off: a wait in its claim's own transaction costs no call and no try."""
    wait = turn_in(ctx, lanes)
    if wait:
        message = ctx.session.get_one(OutboundMessage, message_id, populate_existing=True)
        _come_again(ctx, message, timedelta(seconds=wait), "Slack wants messages one by one")
        ctx.session.flush()
    return not wait


def _execute(ctx: Context, statement: Update, ids: Sequence[int], **given: object) -> list[Any]:
    """Gives id and kind of what was claimed."""
    returned: list[Any] = []
    for start in range(0, len(ids), _PLACES):
        some = dict(zip(_NAMES, ids[start : start + _PLACES], strict=False))
        result = ctx.session.execute(statement, {**_EMPTY, **some, **given})
        if statement is _CLAIM:
            returned += result.all()
    return returned


def _claimed_before(ctx: Context, command: TurnOver) -> tuple[int, ...]:
    """Else nobody would send them until their lease has run out, and codes would then be held though none had left."""
    if command.claimed_since is None:
        return ()
    query = select(OutboundMessage.id).where(
        OutboundMessage.id.in_(command.claim_ids),
        OutboundMessage.state == MessageState.SENDING,
        OutboundMessage.lease_by == command.executor,
        OutboundMessage.lease_until >= command.claimed_since + SENDING_LEASE,
    )
    return tuple(ctx.session.scalars(query))


# --- Marking ----------------------------------------------------------------------------------------------


def _mark(ctx: Context, command: TurnOver) -> None:
    accepted = [outcome for outcome in command.outcomes if outcome.verdict is Verdict.ACCEPTED]
    _mark_accepted(ctx, accepted)
    if len(accepted) == len(command.outcomes):
        return
    messages = _leased(ctx, command)
    for outcome in command.outcomes:
        if outcome.verdict is not Verdict.ACCEPTED and outcome.message_id in messages:
            _MARKERS[outcome.verdict](ctx, messages[outcome.message_id], outcome)
    ctx.session.flush()


def _leased(ctx: Context, command: TurnOver) -> dict[int, OutboundMessage]:
    """A worker that stood still for longer than its lease finds its rows in other hands."""
    query = select(OutboundMessage).where(
        OutboundMessage.id.in_([outcome.message_id for outcome in command.outcomes]),
        OutboundMessage.state == MessageState.SENDING,
        OutboundMessage.lease_by == command.executor,
    )
    return {message.id: message for message in ctx.session.scalars(query)}


def _mark_accepted(ctx: Context, outcomes: Sequence[Outcome]) -> None:
    plain = [outcome.message_id for outcome in outcomes if outcome.ref is None]
    if plain:
        _execute(ctx, _MARK_ACCEPTED, plain, now=ctx.now)
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
        _come_again(ctx, message, timedelta(seconds=outcome.retry_after) * _not_sooner(ctx), outcome.detail)
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
        pause = min(RETRY_CAP, DEFERRAL_BASE * doubled) * _not_sooner(ctx)
    else:
        pause = min(RETRY_CAP, RETRY_BASE * doubled) * ctx.tokens.jitter()
    _postpone(ctx, message, ctx.now + pause, outcome.detail)


def _come_again(ctx: Context, message: OutboundMessage, pause: timedelta, problem: str) -> None:
    """Nobody failed who was asked to come later: the try does not count. A job of its own comes when the time is up."""
    message.attempts = max(0, message.attempts - 1)
    message.generation += 1
    _postpone(ctx, message, ctx.now + pause, problem)
    kind, left = _JOB_OF[message.channel], message.not_before - ctx.now
    ctx.jobs.enqueue(ctx.session, [Job(kind, f"{kind}-{message.id}-{message.generation}", (message.id,), left)])


def _not_sooner(ctx: Context) -> float:
    """Between 1 and 1.5: they do not all come at once, and none comes before its time."""
    return 1 + abs(ctx.tokens.jitter() - 1)


def _postpone(ctx: Context, message: OutboundMessage, until: datetime, problem: str) -> None:
    message.state = MessageState.PENDING
    message.not_before = _outside_quiet_hours(ctx, message, until)
    message.problem = problem
    message.lease_until = None


def keep_quiet_hours(ctx: Context, ids: Sequence[int]) -> None:
    """Of what is pending again."""
    for message in _kept_from_the_night(ctx, ids):
        at = _outside_quiet_hours(ctx, message, ctx.now)
        if at > ctx.now:
            message.not_before = at
    ctx.session.flush()


def _outside_quiet_hours(ctx: Context, message: OutboundMessage, at: datetime) -> datetime:
    """Tries reach over hours: what was due in the evening would arrive at night."""
    if message.kind not in _NEVER_IN_QUIET_HOURS or message.organisation_id is None:
        return at
    organisation = ctx.session.get_one(Organisation, message.organisation_id)
    quiet = organisation.quiet_hours
    return quiet.wait_out(at, ZoneInfo(organisation.time_zone)) if quiet else at
