"""What the cells of a progress report say: shares, counts, moments. What is not sure is left out, and told.

61 %, 61 and 0.61 are told apart by the whole column; an empty cell is unknown and never 0.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from core.rules.policy import PROBLEM_VALUE_CHARACTERS, SHARE_CUT
from core.rules.progress.faults import ProgressFault as Fault
from core.rules.progress.merging import WHOLE
from core.rules.text import clean_name

Read = tuple[Any, Fault | None]
"""The value, None where there is none; and what is to be said."""

_NOTHING: Final = frozenset({"", "-", "–", "—", "n/a", "na", "none", "null", "nan", "never"})
_NUMBER = re.compile(r"(-?)([0-9]{1,12})(?:[.,]([0-9]{1,17}))?\s*(%?)")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:[,. \u00a0][0-9]{3}){1,2}")
_OF = re.compile(r"([0-9]{1,9})\s*(?:/|of)\s*([0-9]{1,9})", re.IGNORECASE)
_CLOCK: Final = r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?"
_ISO = re.compile(
    rf"([0-9]{{4}})-([0-9]{{1,2}})-([0-9]{{1,2}})(?:[T ]+{_CLOCK})?\s*(UTC|GMT|Z|[+-][0-9]{{2}}:?[0-9]{{2}})?",
    re.IGNORECASE,
)
_SLASHED = re.compile(
    rf"([0-9]{{1,2}})[/.-]([0-9]{{1,2}})[/.-]([0-9]{{4}})(?:,?\s+{_CLOCK}\s*([ap]m)?)?", re.IGNORECASE
)
_NAMED = re.compile(
    r"(?:[a-z]{3,9},? )?([0-9]{1,2})(?:st|nd|rd|th)? ([a-z]{3,9}),? ([0-9]{4})"
    rf"(?:,?\s+{_CLOCK}\s*([ap]m)?)?\s*(UTC|GMT)?",
    re.IGNORECASE,
)
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_DAY_ZERO: Final = datetime(1899, 12, 30, tzinfo=UTC)
_SERIALS: Final = range(20_000, 60_001)
_TOLERANCE: Final = timedelta(days=1)
"""Between the platform's clock and zone, and ours."""


def is_nothing(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and cell.strip().casefold() in _NOTHING)


def shown(cell: object) -> str:
    text = cell.shown if hasattr(cell, "shown") else str(cell)
    return clean_name(str(text), PROBLEM_VALUE_CHARACTERS)


def text_in(cell: object) -> str:
    """Of names and codes. A number that a spreadsheet made of one is its digits again."""
    if is_nothing(cell) or hasattr(cell, "fault") or isinstance(cell, bool | date | time | timedelta):
        return ""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else ""
    return clean_name(str(cell), 254)


def share(cell: object, *, is_ratio: bool) -> Read:
    """Hundredths of a per cent. ``is_ratio``: 1 is all, unless the cell has a per cent sign."""
    if is_nothing(cell):
        return None, None
    if hasattr(cell, "fault"):
        return None, Fault.CELL_ERROR
    if isinstance(cell, str) and (parts := _OF.fullmatch(cell.strip())) and int(parts[2]):
        return _cut(int(parts[1]) * WHOLE / int(parts[2]))
    number, has_sign = _number(cell)
    if number is None:
        return None, Fault.FIGURE_UNREADABLE
    return _cut(number * (WHOLE if is_ratio and not has_sign else 100))


def _cut(hundredths: float) -> Read:
    if hundredths < 0:
        return None, Fault.FIGURE_NEGATIVE
    if hundredths > SHARE_CUT:
        return None, Fault.FIGURE_FAR_ABOVE
    # A third of a hundredth above comes of somebody's division.
    if hundredths > WHOLE + 1:
        return WHOLE, Fault.FIGURE_ABOVE
    return min(round(hundredths), WHOLE), None


def count(cell: object) -> Read:
    if is_nothing(cell):
        return None, None
    if hasattr(cell, "fault"):
        return None, Fault.CELL_ERROR
    if isinstance(cell, str) and _THOUSANDS.fullmatch(cell.strip()):
        return int("".join(filter(str.isdigit, cell))), None
    number, has_sign = _number(cell)
    if number is None or has_sign or number != int(number) or number > 10**8:
        return None, Fault.FIGURE_UNREADABLE
    return (None, Fault.FIGURE_NEGATIVE) if number < 0 else (int(number), None)


def _number(cell: object) -> tuple[float | None, bool]:
    if isinstance(cell, bool):
        return None, False
    if isinstance(cell, int | float):
        return (float(cell), False) if abs(cell) < 10**12 else (None, False)
    if not isinstance(cell, str) or not (found := _NUMBER.fullmatch(cell.strip().replace("\u00a0", " "))):
        return None, False
    sign, whole, decimals, mark = found.groups()
    return float(f"{sign}{whole}.{decimals or 0}"), bool(mark)


def has_sign(cell: object) -> bool:
    return isinstance(cell, str) and cell.rstrip().endswith("%")


def is_ratio_column(cells: Sequence[object]) -> bool | None:
    """Whether 1 is all. None: every number is 0 or 1, so nobody can tell."""
    numbers = [
        number
        for cell in cells
        if not is_nothing(cell) and not has_sign(cell) and (number := _number(cell)[0]) is not None
    ]
    if not numbers or any(number > 1 for number in numbers):
        return False
    return True if any(number not in (0, 1) for number in numbers) else None


def is_month_first_column(cells: Sequence[object]) -> bool | None:
    """None: every date can be read both ways."""
    found = [match for cell in cells if isinstance(cell, str) and (match := _SLASHED.fullmatch(cell.strip()))]
    if not found:
        return False
    if any(int(match[1]) > 12 for match in found):
        return False
    return True if any(int(match[2]) > 12 for match in found) else None


def has_slashes(cells: Sequence[object]) -> bool:
    return any(isinstance(cell, str) and _SLASHED.fullmatch(cell.strip()) for cell in cells)


def moment(cell: object, zone: ZoneInfo, now: datetime, *, is_month_first: bool = False) -> Read:
    """Aware, in UTC. Without a zone of its own it is meant in ``zone``; a bare day begins at midnight there."""
    if is_nothing(cell):
        return None, None
    if hasattr(cell, "fault"):
        return None, Fault.CELL_ERROR
    try:
        found = _moment(cell, zone, is_month_first=is_month_first)
    except (ValueError, OverflowError):
        return None, Fault.DATE_IMPOSSIBLE
    if found is None:
        return None, Fault.DATE_UNREADABLE
    if found.year < 2000:
        return None, Fault.DATE_IMPOSSIBLE
    return (None, Fault.DATE_FUTURE) if found > now + _TOLERANCE else (found, None)


def day(cell: object, *, is_month_first: bool = False) -> date | None:
    """Of a run's start, which may lie ahead, in whatever zone it was written."""
    if is_nothing(cell) or hasattr(cell, "fault"):
        return None
    try:
        found = _moment(cell, ZoneInfo("UTC"), is_month_first=is_month_first)
    except (ValueError, OverflowError):
        return None
    return found.date() if found else None


def _moment(cell: object, zone: ZoneInfo, *, is_month_first: bool) -> datetime | None:
    """Raises ValueError for a day that never was."""
    if isinstance(cell, datetime):
        return (cell if cell.tzinfo else cell.replace(tzinfo=zone)).astimezone(UTC)
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day, tzinfo=zone).astimezone(UTC)
    if isinstance(cell, int | float) and not isinstance(cell, bool) and int(cell) in _SERIALS:
        return (_DAY_ZERO + timedelta(days=float(cell))).replace(tzinfo=zone).astimezone(UTC)
    if not isinstance(cell, str):
        return None
    text = cell.strip()
    if found := _ISO.fullmatch(text):
        year, month, number, hour, minute, second, offset = found.groups()
        return _at((year, month, number), (hour, minute, second), _zone(offset, zone))
    if found := _SLASHED.fullmatch(text):
        first, other, year, hour, minute, second, half = found.groups()
        month, number = (first, other) if is_month_first else (other, first)
        return _at((year, month, number), (_hour(hour, half), minute, second), zone)
    if found := _NAMED.fullmatch(text):
        number, name, year, hour, minute, second, half, offset = found.groups()
        if name[:3].casefold() not in _MONTHS:
            return None
        known = str(_MONTHS[name[:3].casefold()])
        return _at((year, known, number), (_hour(hour, half), minute, second), _zone(offset, zone))
    return None


def _at(day_parts: tuple[str, str, str], time_parts: tuple[str | None, ...], zone: Any) -> datetime:
    year, month, number = map(int, day_parts)
    hour, minute, second = (int(part or 0) for part in time_parts)
    return datetime(year, month, number, hour, minute, second, tzinfo=zone).astimezone(UTC)


def _hour(hour: str | None, half: str | None) -> str | None:
    if hour is None or half is None:
        return hour
    return str(int(hour) % 12 + (12 if half.casefold() == "pm" else 0))


def _zone(offset: str | None, zone: ZoneInfo) -> Any:
    if offset is None:
        return zone
    if offset.upper() in ("UTC", "GMT", "Z"):
        return UTC
    return datetime.strptime(offset.replace(":", ""), "%z").tzinfo
