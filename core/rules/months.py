"""A month as people write it: "2026-11", "11/2026", "november", "nov 2025", "last month"."""

import calendar
import re
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from core.rules.text import folded

_NAMES: Final = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_SHORT: Final = {name[:length]: number for name, number in _NAMES.items() for length in (3, 4)}
_YEAR_FIRST: Final = re.compile(r"([0-9]{4})\s*[-/.]\s*([0-9]{1,2})")
_YEAR_LAST: Final = re.compile(r"([0-9]{1,2})\s*[-/.]\s*([0-9]{4})")
_NAMED: Final = re.compile(r"([a-z]{3,9})\.?(?:\s+([0-9]{4}))?")


class Month(Struct, frozen=True, order=True):
    """``number`` from 1. Written as ``2026-11``."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def words(self) -> str:
        return f"{calendar.month_name[self.number]} {self.year}"

    def moved(self, months: int) -> "Month":
        """Later, or earlier with a negative number."""
        year, number = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(year, number + 1)

    def starts(self, zone: ZoneInfo) -> datetime:
        """UTC."""
        return datetime(self.year, self.number, 1, tzinfo=zone).astimezone(UTC)


def month_of(day: date) -> Month:
    return Month(day.year, day.month)


def read_month(words: str, today: date) -> Month | None:
    """None: it is no month. A name without a year is the latest such month that has begun."""
    text, this = folded(words).strip(" ,.:"), month_of(today)
    if text in ("", "this month", "month", "now"):
        return this
    if text in ("last month", "last", "previous month"):
        return this.moved(-1)
    if found := _YEAR_FIRST.fullmatch(text):
        return _checked(int(found[1]), int(found[2]))
    if found := _YEAR_LAST.fullmatch(text):
        return _checked(int(found[2]), int(found[1]))
    return _named(text, this)


def _named(text: str, this: Month) -> Month | None:
    found = _NAMED.fullmatch(text)
    number = (_NAMES.get(found[1]) or _SHORT.get(found[1])) if found else None
    if found is None or number is None:
        return None
    if found[2]:
        return _checked(int(found[2]), number)
    return Month(this.year - (number > this.number), number)


def _checked(year: int, number: int) -> Month | None:
    return Month(year, number) if 2000 <= year <= 2100 and 1 <= number <= 12 else None
