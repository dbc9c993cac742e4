"""A moment in the words that people type after "at": ``Mon 09:00``, ``tomorrow 9am``, ``1 Dec 09:00``.

Reading the words needs no clock; the moment they mean depends on when and where they are said: see ``WantedMoment.on``.
"""

import re
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from core.rules.clocks import shown_at, wall_moment
from core.rules.text import folded

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_AT: Final = re.compile(r"(?:^|(?<=[\s,;>]))at(?=\s)", re.IGNORECASE)
_TIME: Final = re.compile(
    r"(?<![\w:.-])(?:(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?::00)?(?:\s?(?P<half>[ap])\.?m\.?)?"
    r"|(?P<bare>\d{1,2})\s?(?P<bare_half>[ap])\.?m\.?|(?P<noon>noon))(?![\w:])"
)
_ISO: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_DAY_AND_MONTH: Final = re.compile(r"(\d{1,2})(?:[nrst][dht])?(?: of)? ([a-z]{3,9})\.?(?: (\d{4}))?")
_MONTH_AND_DAY: Final = re.compile(r"([a-z]{3,9})\.? (\d{1,2})(?:[nrst][dht])?(?: (\d{4}))?")
# Words that say nothing of their own, in "on Monday at 9".
_FILLING: Final = frozenset({"on", "at", "the"})


class Unread(StrEnum):
    """Why words are no moment."""

    NO_TIME = "no_time"
    NO_DAY = "no_day"


class WantedMoment(Struct, frozen=True):
    """At most one of ``weekday`` (Monday is 0), ``in_days`` and ``day`` is set. ``year`` None: the next such day."""

    at: time
    weekday: int | None = None
    in_days: int | None = None
    day: tuple[int, int] | None = None
    """Month and day, as they are in some year."""
    year: int | None = None

    def on(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """In UTC. Without a day the next time the clock shows it; None for a date that does not come."""
        today = shown_at(now, zone).date()
        for day in self._days(today):
            moment = wall_moment(datetime.combine(day, self.at), zone)
            if moment > now or self.in_days is not None or self.year is not None:
                return moment
        return None

    def _days(self, today: date) -> tuple[date, ...]:
        """Those that fit, soonest first."""
        if self.in_days is not None:
            return (today + timedelta(days=self.in_days),)
        if self.weekday is not None:
            first = today + timedelta(days=(self.weekday - today.weekday()) % 7)
            return (first, first + timedelta(days=7))
        if self.day is None:
            # A day that the clocks skip is followed by one that they show.
            return tuple(today + timedelta(days=days) for days in range(3))
        month, day = self.day
        years = (self.year,) if self.year is not None else (today.year, today.year + 1)
        return tuple(date(year, month, day) for year in years if _is_date(year, month, day))


def split_moment(text: str) -> tuple[str, str]:
    """(addresses, words after a last "at"). What stands after it has no @, so it is no address."""
    # From the last address on: looked for everywhere, a long text of "at"s would take quadratic time.
    start = text.rfind("@") + 1
    match = _AT.search(text, start)
    if match is None or match.start() == start > 0:
        return text, ""
    return text[: match.start()].rstrip(" ,;\t\r\n"), text[match.end() :].strip()


def read_moment(words: str) -> WantedMoment | Unread:
    plain = re.sub(r"(?<=\d{2})t(?=\d{2}:)", " ", " ".join(folded(words).replace(",", " ").split()))
    found = _TIME.search(plain)
    at = read_time(found.group(0)) if found else None
    if found is None or at is None:
        return Unread.NO_TIME
    rest = f"{plain[: found.start()]} {plain[found.end() :]}"
    return _with_day(at, " ".join(word for word in rest.split() if word not in _FILLING))


def read_time(words: str) -> time | None:
    """``09:00``, ``9.30``, ``9am``, ``12:30 pm``, ``noon``."""
    match = _TIME.fullmatch(folded(words))
    if match is None:
        return None
    if match["noon"]:
        return time(12)
    hour, minute = int(match["hour"] or match["bare"]), int(match["minute"] or 0)
    half = match["half"] or match["bare_half"]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _with_day(at: time, words: str) -> WantedMoment | Unread:
    if words in ("", "today", "tomorrow"):
        return WantedMoment(at, in_days={"today": 0, "tomorrow": 1}.get(words))
    weekday = _named(words.removeprefix("next "), _WEEKDAYS, shortest=2)
    if weekday is not None:
        return WantedMoment(at, weekday=weekday)
    return _on_date(at, words)


def _on_date(at: time, words: str) -> WantedMoment | Unread:
    # A weekday before a date is for the reader.
    first, _, rest = words.partition(" ")
    words = rest if rest and _named(first, _WEEKDAYS, shortest=2) is not None else words
    if match := _ISO.fullmatch(words):
        year, month, day = (int(part) for part in match.groups())
        return WantedMoment(at, day=(month, day), year=year) if _is_date(year, month, day) else Unread.NO_DAY
    if match := _DAY_AND_MONTH.fullmatch(words):
        return _in_month(at, match[2], int(match[1]), match[3])
    if match := _MONTH_AND_DAY.fullmatch(words):
        return _in_month(at, match[1], int(match[2]), match[3])
    return Unread.NO_DAY


def _in_month(at: time, name: str, day: int, year: str | None) -> WantedMoment | Unread:
    month = _named(name, _MONTHS, shortest=3)
    # 29 February is a day of some year.
    if month is None or not _is_date(int(year) if year else 2000, month + 1, day):
        return Unread.NO_DAY
    return WantedMoment(at, day=(month + 1, day), year=int(year) if year else None)


def _named(word: str, names: tuple[str, ...], *, shortest: int) -> int | None:
    """The only name that begins so."""
    word = word.rstrip(".")
    fitting = [place for place, name in enumerate(names) if name.startswith(word)] if len(word) >= shortest else []
    return fitting[0] if len(fitting) == 1 else None


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return 2000 <= year < 2200
