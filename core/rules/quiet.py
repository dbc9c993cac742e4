"""Quiet hours: nobody wants a reminder at night. A moment in them waits for their end."""

import re
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from core.rules.clocks import second_showing, shown_at, wall_moment
from core.rules.moments import read_time

_BETWEEN: Final = re.compile(r"\s*(?:-|–|—|\bto\b|\buntil\b)\s*")


class QuietHours(Struct, frozen=True):
    """Minutes of the day as the clock on the wall shows them; never equal. They may reach over midnight."""

    from_minute: int
    until_minute: int

    def covers(self, moment: datetime, zone: ZoneInfo) -> bool:
        shown = shown_at(moment, zone)
        minute = shown.hour * 60 + shown.minute
        if self.from_minute < self.until_minute:
            return self.from_minute <= minute < self.until_minute
        return minute >= self.from_minute or minute < self.until_minute

    def wait_out(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """The moment itself outside of them, else their end. Never earlier than ``moment``."""
        while self.covers(moment, zone):
            moment = self._end_after(moment, zone)
        return moment

    def _end_after(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """The next end of quiet time; where clocks change, quiet time may begin again at once."""
        today = shown_at(moment, zone).date()
        end = time(*divmod(self.until_minute, 60))
        # Where a day is skipped, the end of that day is the first moment of the one after it: three days suffice.
        walls = [datetime.combine(today + timedelta(days=days), end) for days in range(3)]
        ends = [find(wall, zone) for wall in walls for find in (wall_moment, second_showing)]
        return min(each for each in ends if each > moment)


def read_quiet(words: str) -> QuietHours | None:
    """``20:00-07:00``, ``8pm to 7am``. None for anything else, and for hours that never end."""
    parts = _BETWEEN.split(words.strip().lower())
    if len(parts) != 2:
        return None
    begins, ends = read_time(parts[0]), read_time(parts[1])
    if begins is None or ends is None or begins == ends:
        return None
    return QuietHours(begins.hour * 60 + begins.minute, ends.hour * 60 + ends.minute)
