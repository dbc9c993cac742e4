"""From what a clock on the wall shows to the moment, where clocks jump forward, back, or over a whole day."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def wall_moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """In UTC. A time that the clock skips is the first moment after the jump; of one shown twice, the first."""
    first, second = (_utc(wall, zone, fold) for fold in (0, 1))
    if shown_at(first, zone) == wall:
        return first
    # In a gap the later offset gives the earlier moment: the jump lies between the two.
    return _jump_between(second, first, zone)


def second_showing(wall: datetime, zone: ZoneInfo) -> datetime:
    """Of a time that the clock shows twice, the second; else as ``wall_moment``."""
    second = _utc(wall, zone, 1)
    return second if shown_at(second, zone) == wall else wall_moment(wall, zone)


def shown_at(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the clock shows, without a zone."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _utc(wall: datetime, zone: ZoneInfo, fold: int) -> datetime:
    return wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _jump_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first whole second with the offset of ``after``; ``before`` has another one."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
