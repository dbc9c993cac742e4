"""Dates of birth, in every shape that people and Excel write. Days come before months, always.

Certain: a date cell, and 2010-03-31. Anything else is read with a warning that says how, or refused.
"""

import functools
import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Final

from dateutil.relativedelta import relativedelta

from core.rules.policy import OLDEST_LEARNER, USUAL_AGES, YOUNGEST_LEARNER
from core.rules.ucas.cells import BLANK, Checked, text_of
from core.rules.ucas.columns import Column
from core.rules.ucas.problems import NONE, Cell, Fault, Problem, Problems, problem

_CHARACTERS: Final = 60
_TIME = r"(?:[t ]+(?P<time>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?) ?(?P<rest>[ap]m|z|[+-][0-9:]{2,6})?)?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}[,.]? )?"
_YEAR_FIRST = re.compile(rf"(?P<y>[0-9]{{4}})(?P<s>[-/.])(?P<m>[0-9]{{1,2}})(?P=s)(?P<d>[0-9]{{1,2}}){_TIME}")
_DAY_FIRST = re.compile(
    rf"(?P<d>[0-9]{{1,2}}) ?(?P<s>[-/. ]) ?(?P<m>[0-9]{{1,2}}) ?(?P=s) ?(?P<y>[0-9]{{4}}|[0-9]{{2}}){_TIME}"
)
_DAY_MONTH = re.compile(
    rf"{_WEEKDAY}(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?(?: of)?[ ./-]?(?P<m>[a-z]{{3,9}})[ ./,-]{{0,2}}"
    rf"(?P<y>[0-9]{{4}}|[0-9]{{2}}){_TIME}"
)
_MONTH_DAY = re.compile(
    rf"{_WEEKDAY}(?P<m>[a-z]{{3,9}})[ .]{{1,2}}(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?,? (?P<y>[0-9]{{4}}){_TIME}"
)
_SHAPES: Final = (_YEAR_FIRST, _DAY_FIRST, _DAY_MONTH, _MONTH_DAY)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[t ]+00:00(?::00(?:\.0+)?)?)?")
_MIDNIGHT = re.compile(r"[0:.]+")
_NAMES: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTHS: Final = (
    {name: number for number, name in enumerate(_NAMES, start=1)}
    | {name[:3]: number for number, name in enumerate(_NAMES, start=1)}
    | {"sept": 9}
)
# Excel's day 0; it counts a 29 February 1900 that never was, which all later days are shifted by.
_DAY_ZERO: Final = date(1899, 12, 30)
_SERIALS: Final = range(20_000, 60_001)
_SERIAL = re.compile(r"[0-9]{5}(?:\.0+)?")
_COMPACT = re.compile(r"(?:19|20)[0-9]{6}")


def dob_check(today: date, *, is_date_1904: bool = False) -> Callable[[Cell], Checked[date]]:
    """``dob`` for a whole sheet: most learners have a usual age, which needs no call."""
    bounds = _bounds(today)
    oldest, youngest = bounds.usual_oldest, bounds.usual_youngest

    def check(cell: Cell) -> Checked[date]:
        if type(cell) is date and oldest < cell <= youngest:
            return cell, NONE
        return dob(cell, today, is_date_1904=is_date_1904)

    return check


def dob(cell: Cell, today: date, *, is_date_1904: bool = False) -> Checked[date]:
    """UM 1 and 7.4. ``is_date_1904``: of the workbook, where bare numbers count from another day."""
    if type(cell) is date:
        return _of_age(cell, cell, today)
    if cell is None or cell == "":
        return BLANK
    if isinstance(cell, datetime):
        if cell.time() != time():
            return _refused(Fault.DOB_TIME, cell)
        return _of_age(cell, cell.date(), today)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _numbered(cell, float(cell) if abs(cell) < 10**9 else 0.0, today, is_date_1904=is_date_1904)
    if isinstance(cell, time | timedelta):
        return _refused(Fault.DOB_UNREADABLE, cell)
    if isinstance(cell, str) and len(cell) == 10 and cell[4] == cell[7] == "-" and (plain := _iso_day(cell)):
        return _of_age(cell, plain, today)
    text, problems = text_of(cell, Column.DOB, _CHARACTERS)
    if not text:
        return None, problems
    if _SERIAL.fullmatch(text) or _COMPACT.fullmatch(text):
        return _numbered(cell, float(text), today, is_date_1904=is_date_1904)
    return _written(cell, text.casefold(), today)


def _refused(fault: Fault, cell: Cell, suggestion: str = "") -> tuple[None, Problems]:
    return None, (problem(fault, Column.DOB, cell, suggestion),)


def _numbered(cell: Cell, number: float, today: date, *, is_date_1904: bool) -> Checked[date]:
    if not number.is_integer():
        return _refused(Fault.DOB_TIME if int(number) in _SERIALS else Fault.DOB_UNREADABLE, cell)
    if int(number) not in _SERIALS:
        return _refused(Fault.DOB_UNREADABLE, cell, _compact(str(int(number)), today))
    if is_date_1904:
        return _refused(Fault.DOB_SERIAL_1904, cell)
    read = _DAY_ZERO + timedelta(days=number)
    return _of_age(cell, read, today, problem(Fault.DOB_SERIAL, Column.DOB, cell, read.isoformat(), date=_said(read)))


def _compact(digits: str, today: date) -> str:
    """20100331 is probably a date, but nothing says so."""
    if not _COMPACT.fullmatch(digits):
        return ""
    return _likely(int(digits[:4]), int(digits[4:6]), int(digits[6:]), today)


def _written(cell: Cell, text: str, today: date) -> Checked[date]:
    found = next((match for shape in _SHAPES if (match := shape.fullmatch(text))), None)
    if found is None:
        return _refused(Fault.DOB_UNREADABLE, cell)
    month = int(found["m"]) if found["m"].isdigit() else _MONTHS.get(found["m"])
    if month is None:
        return _refused(Fault.DOB_UNREADABLE, cell)
    if found["rest"] or (found["time"] and not _MIDNIGHT.fullmatch(found["time"])):
        return _refused(Fault.DOB_TIME, cell)
    day, year = int(found["d"]), int(found["y"])
    if len(found["y"]) == 2:
        guesses = [guess for century in (1900, 2000) if (guess := _likely(century + year, month, day, today))]
        return _refused(Fault.DOB_TWO_DIGIT_YEAR, cell, guesses[0] if len(guesses) == 1 else "")
    read = _day(year, month, day)
    if read is None:
        return _refused(Fault.DOB_IMPOSSIBLE, cell, _likely(year, day, month, today))
    if _ISO.fullmatch(text):
        return _of_age(cell, read, today)
    return _of_age(cell, read, today, problem(Fault.DOB_READ_AS, Column.DOB, cell, read.isoformat(), date=_said(read)))


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _iso_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _likely(year: int, month: int, day: int, today: date) -> str:
    """For a suggestion: the day, where there is one and a learner may be born on it."""
    found = _day(year, month, day)
    bounds = _bounds(today)
    return found.isoformat() if found and bounds.oldest < found <= bounds.youngest else ""


class _Bounds:
    """Who is born after ``oldest`` and up to ``youngest`` has an age that is taken; the same for the usual ages."""

    __slots__ = ("oldest", "usual_oldest", "usual_youngest", "youngest")

    def __init__(self, today: date) -> None:
        self.oldest = today - relativedelta(years=OLDEST_LEARNER + 1)
        self.youngest = today - relativedelta(years=YOUNGEST_LEARNER)
        self.usual_oldest = today - relativedelta(years=USUAL_AGES[1] + 1)
        self.usual_youngest = today - relativedelta(years=USUAL_AGES[0])


_bounds = functools.lru_cache(maxsize=4)(_Bounds)


def _of_age(cell: Cell, read: date, today: date, *warnings: Problem) -> Checked[date]:
    bounds = _bounds(today)
    if bounds.usual_oldest < read <= bounds.usual_youngest:
        return read, warnings
    if not bounds.oldest < read <= bounds.youngest:
        fault = Fault.DOB_FUTURE if read > today else Fault.DOB_AGE
        return None, (problem(fault, Column.DOB, cell, age=_age(read, today)),)
    return read, (*warnings, problem(Fault.DOB_UNUSUAL_AGE, Column.DOB, cell, age=_age(read, today)))


def _age(born_on: date, today: date) -> str:
    years = today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))
    return f"{years} years old" if years != 1 else "1 year old"


def _said(day: date) -> str:
    return f"{day.day} {_NAMES[day.month - 1].title()} {day.year}"
