"""When a digest is due: a weekday and a time on the reader's own clock, every week, or in the first week of a month.

1. A time that the clock skips is the first moment after the jump; of one shown twice, the first.
2. A period has the name of the day it is due on: it stays the same whatever the clocks do.
"""

import calendar
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from core.rules.clocks import shown_at, wall_moment
from core.words import DigestRhythm

# Five weeks have every weekday of every month's first week.
_DAYS_AHEAD: Final = 40


class DigestTime(Struct, frozen=True):
    """``weekday``: Monday is 0; ``minute`` of the day."""

    rhythm: DigestRhythm
    weekday: int
    minute: int

    def fits(self, day: date) -> bool:
        return day.weekday() == self.weekday and (self.rhythm is DigestRhythm.WEEKLY or day.day <= 7)

    def next_after(self, moment: datetime, zone: ZoneInfo) -> "PlannedDigest":
        """The first one later than ``moment``, however many were missed before it."""
        first = shown_at(moment, zone).date() - timedelta(days=1)
        at = time(*divmod(self.minute, 60))
        for day in (first + timedelta(days=days) for days in range(_DAYS_AHEAD)):
            due = wall_moment(datetime.combine(day, at), zone)
            if self.fits(day) and due > moment:
                return PlannedDigest(due, day.isoformat())
        raise ValueError("No such day within forty.")

    def __str__(self) -> str:
        """As in "every Monday at 08:00"."""
        which = "every" if self.rhythm is DigestRhythm.WEEKLY else "every month's first"
        return f"{which} {calendar.day_name[self.weekday]} at {self.minute // 60:02d}:{self.minute % 60:02d}"


class PlannedDigest(Struct, frozen=True):
    at: datetime
    period: str
    """The day as the reader's calendar has it, as in 2026-03-30."""
