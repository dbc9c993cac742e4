"""How fast the house may speak, whoever speaks: one row for each thing that Slack counts, shared by all processes.

``free_from`` is when all that went would have gone, one call at a time; it runs ahead of now by at most the burst.

    look      whether a call may go, without a place for it
    enter     free_from = max(free_from, now) + interval, if it is not too far ahead; else so long is the wait
    hold up   free_from = as far ahead as makes the next call wait for so long
    queue     next_turn = max(next_turn, when one may go) + interval: whoever was too early comes again then

1. Whether a call may go is one conditional UPDATE: of two processes with one place left, one gets it.
2. The worker enters with its claim and holds up with its mark: no commit is added to those.
3. Who is killed has counted a call that it did not make, and holds nothing.
4. Of many that the worker puts off each has a moment of its own to come again: with one moment for all of them, all but
   one would come in vain each time. It is no claim: who comes between goes, and who finds the lane full queues anew.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Final

from msgspec import Struct
from sqlalchemy import BigInteger, bindparam, case, literal, select, update

from core import access
from core.context import Context
from core.model import SpeechLane
from core.rules.lanes import Lane

_NOW: Final = bindparam("now_ms", type_=BigInteger)
_ENTER: Final = (
    update(SpeechLane)
    .where(SpeechLane.key == bindparam("lane_key"), SpeechLane.free_from <= bindparam("latest"))
    .values(
        free_from=case((SpeechLane.free_from > _NOW, SpeechLane.free_from), else_=_NOW)
        + bindparam("interval", type_=BigInteger)
    )
    .returning(literal(1))
)
_OPENS: Final = bindparam("opens", type_=BigInteger)
_QUEUE: Final = (
    update(SpeechLane)
    .where(SpeechLane.key == bindparam("lane_key"))
    .values(
        next_turn=case((SpeechLane.next_turn > _OPENS, SpeechLane.next_turn), else_=_OPENS)
        + bindparam("interval", type_=BigInteger)
    )
    .returning(SpeechLane.next_turn)
)
_LOCK: Final = (
    select(SpeechLane.key)
    .where(SpeechLane.key.in_(bindparam("lane_keys", expanding=True)))
    .order_by(SpeechLane.key)
    .with_for_update()
)
_FREE_FROM: Final = select(SpeechLane.free_from).where(SpeechLane.key == bindparam("lane_key"))


class EnterLanes(Struct, frozen=True):
    """One call that takes a place in all of ``lanes``."""

    is_routine: ClassVar = True
    lanes: tuple[Lane, ...]


class LanesEntered(Struct, frozen=True):
    wait: float
    """Seconds until it is worth asking again; 0: the call may go now."""


class LookInLane(Struct, frozen=True):
    """For a call that takes no place."""

    lane: Lane


class HoldUpLane(Struct, frozen=True):
    """The other side wants to hear nothing in it for so many seconds."""

    is_routine: ClassVar = True
    lane: Lane
    seconds: float


class LaneHeldUp(Struct, frozen=True):
    pass


def enter_lanes(ctx: Context, command: EnterLanes) -> LanesEntered:
    access.require_system(ctx)
    lock_lanes(ctx, command.lanes)
    return LanesEntered(wait_in(ctx, command.lanes))


def look_in_lane(ctx: Context, command: LookInLane) -> LanesEntered:
    access.require_system(ctx)
    free_from = ctx.session.scalar(_FREE_FROM, {"lane_key": command.lane.key}) or 0
    return LanesEntered(max(0, free_from - _ms(ctx.now) - _ahead(command.lane)) / 1000)


def hold_up_lane(ctx: Context, command: HoldUpLane) -> LaneHeldUp:
    access.require_system(ctx)
    hold_up(ctx, command.lane, command.seconds)
    return LaneHeldUp()


def lock_lanes(ctx: Context, lanes: Iterable[Lane]) -> None:
    """All that a transaction will touch, in one order for everybody: else two would wait for each other.

    A lane that has no row yet has nobody to wait for.
    """
    keys = sorted({lane.key for lane in lanes})
    if len(keys) > 1 and not ctx.settings.is_sqlite:
        ctx.session.execute(_LOCK, {"lane_keys": keys}).all()


def wait_in(ctx: Context, lanes: Sequence[Lane]) -> float:
    """As ``LanesEntered.wait``. Places in the lanes before the one that is full stay taken: the next call is later."""
    return next((wait for lane in lanes if (wait := _wait_in(ctx, lane))), 0.0)


def turn_in(ctx: Context, lanes: Sequence[Lane]) -> float:
    """As ``wait_in``, for what can wait: nobody else is told the same moment."""
    return next((_turn_in(ctx, lane, wait) for lane in lanes if (wait := _wait_in(ctx, lane))), 0.0)


def _turn_in(ctx: Context, lane: Lane, wait: float) -> float:
    now, interval = _ms(ctx.now), _interval(lane)
    given = {"lane_key": lane.key, "opens": now + int(wait * 1000), "interval": interval}
    return float(ctx.session.execute(_QUEUE, given).scalar_one() - interval - now) / 1000


def _wait_in(ctx: Context, lane: Lane) -> float:
    now, latest = _ms(ctx.now), _ms(ctx.now) + _ahead(lane)
    given = {"lane_key": lane.key, "now_ms": now, "latest": latest, "interval": _interval(lane)}
    if ctx.session.execute(_ENTER, given).first():
        return 0.0
    free_from = _first_in(ctx, lane, now + _interval(lane))
    if free_from is not None and free_from <= latest:
        # The row was made after the first look had begun, by another process: there are places still.
        return _wait_in(ctx, lane)
    return 0.0 if free_from is None else (free_from - latest) / 1000


def hold_up(ctx: Context, lane: Lane, seconds: float) -> None:
    """When the time is over calls go one at a time. It is never shortened."""
    until = _ms(ctx.now) + int(seconds * 1000) + _ahead(lane)
    held = update(SpeechLane).where(SpeechLane.key == lane.key, SpeechLane.free_from < until).values(free_from=until)
    if not ctx.session.execute(held.returning(literal(1))).first():
        _first_in(ctx, lane, until)


def _first_in(ctx: Context, lane: Lane, free_from: int) -> int | None:
    """The row's own ``free_from``, or None when there was none and it was made with this one."""
    known = ctx.session.scalar(_FREE_FROM, {"lane_key": lane.key})
    if known is None:
        # Of two that are the first, the later one's INSERT fails, and its use case runs anew.
        ctx.session.execute(access.insert_into(SpeechLane), {"key": lane.key, "free_from": free_from, "next_turn": 0})
    return known


def _ahead(lane: Lane) -> int:
    return (lane.burst - 1) * _interval(lane)


def _interval(lane: Lane) -> int:
    return int(lane.interval / timedelta(milliseconds=1))


def _ms(moment: datetime) -> int:
    """Whole numbers, for the two databases add to moments each in its own way."""
    return int(moment.timestamp() * 1000)
