"""Handing messages over: claim a few, send them, mark them (``marking``). What was left behind is for
``recovering``.

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

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import ClassVar

from msgspec import Struct
from sqlalchemy import bindparam, exists, select, update

from core import access
from core.context import Context
from core.letters import Outcome
from core.model import OutboundMessage, Suppression
from core.outbox import touch_scoreboards
from core.rules.lanes import Lane
from core.rules.policy import SENDING_LEASE
from core.usecases.mailbox.suppressions import NOT_TO_BE_WRITTEN_TO
from core.usecases.messages.few import IDS, ROWS, execute
from core.usecases.messages.lanes import lock_lanes, turn_in
from core.usecases.messages.marking import mark
from core.usecases.messages.postponing import (
    NEVER_IN_QUIET_HOURS,
    come_again,
    kept_from_the_night,
    outside_quiet_hours,
    postpone,
)
from core.usecases.progress.nudges import release_nudges
from core.words import MessageKind, MessageState


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


_SUPPRESSED = exists().where(
    ROWS.c.kind.in_((MessageKind.INVITATION, MessageKind.REMINDER, MessageKind.NUDGE)),
    Suppression.organisation_id == ROWS.c.organisation_id,
    Suppression.address_key == ROWS.c.recipient_key,
)
_CLAIM = (
    update(ROWS)
    .where(IDS, ROWS.c.state == MessageState.PENDING, ROWS.c.not_before <= bindparam("now"))
    .where(~_SUPPRESSED)
    .values(
        state=MessageState.SENDING,
        attempts=ROWS.c.attempts + 1,
        lease_by=bindparam("executor"),
        lease_until=bindparam("lease_ends"),
    )
    .returning(ROWS.c.id, ROWS.c.kind)
)
_DROP = (
    update(ROWS)
    .where(IDS, ROWS.c.state == MessageState.PENDING)
    .values(state=MessageState.DROPPED, problem=bindparam("why"))
)
_DROP_SUPPRESSED = _DROP.where(_SUPPRESSED)


def turn_over(ctx: Context, command: TurnOver) -> TurnedOver:
    """One short transaction: marks what was sent, drops what is not worth saying, claims the next few."""
    access.require_system(ctx)
    lock_lanes(ctx, _lanes_of(command))
    if command.outcomes:
        mark(ctx, command.executor, command.outcomes)
    if command.unworthy_ids:
        execute(ctx, _DROP, command.unworthy_ids, why="no longer worth saying")
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
    claimed = execute(
        ctx,
        _CLAIM,
        command.claim_ids,
        now=ctx.now,
        executor=command.executor,
        lease_ends=ctx.now + SENDING_LEASE,
    )
    ids = (*before, *(row.id for row in claimed))
    if len(ids) < len(command.claim_ids):
        execute(ctx, _DROP_SUPPRESSED, command.claim_ids, why=NOT_TO_BE_WRITTEN_TO)
        release_nudges(ctx, command.claim_ids)
    waiting = _kept_for_the_morning(ctx, [row.id for row in claimed if row.kind in NEVER_IN_QUIET_HOURS])
    ids = tuple(each for each in ids if each not in waiting)
    return tuple(each for each in ids if _may_go(ctx, each, command.lanes.get(each, ()))) if command.lanes else ids


def _kept_for_the_morning(ctx: Context, ids: Sequence[int]) -> set[int]:
    """Of these, claimed just now, those that quiet hours put off. The try does not count; the sweeper finds them."""
    waiting = set()
    for message in kept_from_the_night(ctx, ids):
        at = outside_quiet_hours(ctx, message, ctx.now)
        if at > ctx.now:
            message.attempts -= 1
            postpone(ctx, message, at, message.problem)
            waiting.add(message.id)
    ctx.session.flush()
    return waiting


def _may_go(ctx: Context, message_id: int, lanes: Sequence[Lane]) -> bool:
    """Else it is put off: a wait in its claim's own transaction costs no call and no try."""
    wait = turn_in(ctx, lanes)
    if wait:
        message = ctx.session.get_one(OutboundMessage, message_id, populate_existing=True)
        come_again(ctx, message, timedelta(seconds=wait), "Slack wants messages one by one")
        ctx.session.flush()
    return not wait


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
