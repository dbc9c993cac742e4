"""The rows of a catalogue sheet: one run a row, with its course. Every problem of every row is reported at once."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from core.rules.expiry import end_of_day, start_of_day
from core.rules.run_columns import NEEDED, RunColumn
from core.rules.text import clean_name, folded
from core.rules.ucas.cells import faulty
from core.rules.ucas.headings import Headings
from core.rules.ucas.problems import Cell, Fault, Problem, Problems, is_refused, problem, shown, with_choices
from core.rules.ucas.suggestions import nearest
from core.words import AccessModel, CourseKind

_CODE: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_DAY_FIRST: Final = re.compile(r"([0-9]{1,2})[/. -]([0-9]{1,2})[/. -]([0-9]{4})")
_KINDS: Final = tuple(kind.value for kind in CourseKind)
_MODELS: Final = tuple(model.value for model in AccessModel)
_LINK: Final = re.compile(r"https?://\S+")


class CatalogueRow(Struct, frozen=True):
    row: int
    course_code: str
    course_title: str
    kind: CourseKind
    model: AccessModel
    partner: str
    provider_ukprn: str
    price_pence: int
    course_uuid: str
    run_code: str
    run_title: str
    run_uuid: str
    slug: str
    starts_at: datetime
    ends_at: datetime | None
    enrolment_opens_at: datetime | None
    enrolment_closes_at: datetime | None
    step_count: int | None
    time_zone: str
    join_url: str


class CheckedRun(NamedTuple):
    number: int
    """The spreadsheet's own."""
    run: CatalogueRow | None
    """None: there is an error."""
    problems: Problems


class CatalogueTerms(Struct, frozen=True):
    time_zone: str
    """The organisation's: a run without one has it."""
    ukprns: frozenset[str] | None = None
    """Of its providers. None: not looked at."""


class RunChecker:
    def __init__(self, headings: Headings, terms: CatalogueTerms) -> None:
        self._places: Mapping[RunColumn, int] = headings.places
        self._terms = terms

    def check(self, number: int, cells: Sequence[Cell]) -> CheckedRun | None:
        """None for a row in which all of the catalogue's columns are blank."""
        known = {column: cells[place] for column, place in self._places.items() if place < len(cells)}
        if not any(map(shown, known.values())):
            return None
        read = _Reader(number, known, self._terms)
        run = read.run()
        return CheckedRun(number, run, tuple(read.problems))


class _Reader:
    """Reads one row's cells, collecting problems instead of stopping at the first."""

    def __init__(self, row: int, cells: Mapping[RunColumn, Cell], terms: CatalogueTerms) -> None:
        self.problems: list[Problem] = []
        self._row, self._cells, self._terms = row, cells, terms
        self._zone = self._read_zone()

    def run(self) -> CatalogueRow | None:
        values: dict[str, Any] = {
            "course_code": self._code(RunColumn.COURSE_CODE),
            "course_title": self._text(RunColumn.COURSE_TITLE),
            "partner": self._text(RunColumn.PARTNER),
            "provider_ukprn": self._ukprn(),
            "course_uuid": self._text(RunColumn.COURSE_UUID, 36),
            "run_uuid": self._text(RunColumn.RUN_UUID, 36),
            "kind": self._one_of(RunColumn.KIND, _KINDS),
            "model": self._one_of(RunColumn.MODEL, _MODELS),
            "run_code": self._code(RunColumn.RUN_CODE),
            "starts_at": self._moment(RunColumn.STARTS, start_of_day),
            "ends_at": self._moment(RunColumn.ENDS, end_of_day),
            "enrolment_opens_at": self._moment(RunColumn.ENROLMENT_OPENS, start_of_day),
            "enrolment_closes_at": self._moment(RunColumn.ENROLMENT_CLOSES, end_of_day),
            "step_count": self._whole(RunColumn.STEPS),
            "price_pence": self._pence(RunColumn.PRICE),
            "join_url": self._link(RunColumn.JOIN_URL),
        }
        values["run_title"] = self._text(RunColumn.RUN_TITLE) or values["course_title"]
        values["slug"] = self._text(RunColumn.SLUG) or values["run_code"]
        starts, ends = values["starts_at"], values["ends_at"]
        if isinstance(starts, datetime) and isinstance(ends, datetime) and ends <= starts:
            self._problem(Fault.RUN_ORDER, RunColumn.ENDS)
        if is_refused(self.problems):
            return None
        values |= {"kind": CourseKind(values["kind"]), "model": AccessModel(values["model"])}
        return CatalogueRow(row=self._row, time_zone=self._zone.key, **values)

    def _problem(self, fault: Fault, column: RunColumn, suggestion: str = "", **words: object) -> None:
        self.problems.append(problem(fault, column, self._cells.get(column), suggestion, **words))

    def _text(self, column: RunColumn, limit: int = 200) -> str:
        """A value that is too long is a problem: cut, it might be another one's."""
        value = clean_name(self._typed(column), limit + 1)
        if len(value) > limit:
            self._problem(Fault.CELL_TOO_LONG, column, limit=limit)
            return ""
        if not value and column in NEEDED and not self._has_problem(column):
            self._problem(Fault.CELL_REQUIRED, column)
        return value

    def _has_problem(self, column: RunColumn) -> bool:
        return any(each.column == column for each in self.problems)

    def _typed(self, column: RunColumn) -> str:
        """As somebody would type it. What Excel made something else of is a problem, never guessed back."""
        cell = self._cells.get(column)
        if cell is None or isinstance(cell, str):
            return cell or ""
        if isinstance(cell, bool):
            self._problem(Fault.CELL_BOOLEAN, column)
        elif isinstance(cell, int | float):
            if abs(cell) < 2**53 and cell == cell:
                return str(int(cell)) if cell == int(cell) else repr(cell)
            self._problem(Fault.NUMBER_DAMAGED, column)
        elif isinstance(cell, date | time | timedelta):
            self._problem(Fault.CELL_DATE, column)
        else:
            self.problems.append(faulty(cell, column))
        return ""

    def _code(self, column: RunColumn) -> str:
        value = folded(self._text(column))
        if value and not _CODE.fullmatch(value):
            made = re.sub(r"[^a-z0-9._-]+", "-", value).strip("-._")
            self._problem(Fault.RUN_CODE, column, made if _CODE.fullmatch(made) else "")
        return value

    def _ukprn(self) -> str:
        value = self._text(RunColumn.PROVIDER, 8)
        if value and self._terms.ukprns is not None and value not in self._terms.ukprns:
            self._problem(Fault.UKPRN_UNKNOWN, RunColumn.PROVIDER, nearest(value, tuple(sorted(self._terms.ukprns))))
        return value

    def _one_of(self, column: RunColumn, choices: tuple[str, ...]) -> str:
        value = re.sub(r"[\s-]+", "_", folded(self._text(column)))
        if value and value not in choices:
            suggestion = nearest(value, choices)
            self._problem(Fault.RUN_CHOICE, column, suggestion, choices=", ".join(choices))
            self.problems[-1] = with_choices(self.problems[-1], () if suggestion else choices)
        return value

    def _moment(self, column: RunColumn, at_day: Callable[[date, ZoneInfo], datetime]) -> datetime | None:
        """A date stands for its start or end in the run's zone; a date with a time is that moment."""
        cell = self._cells.get(column)
        try:
            moment = self._read_moment(cell, column, at_day)
        except (ValueError, OverflowError):
            moment = None
        if moment is not None and 1900 <= moment.year < 3000:
            return moment
        if (isinstance(cell, str) and cell.strip()) or moment is not None:
            self._problem(Fault.RUN_DATE, column, _likely_day(cell))
        elif not shown(cell) and column in NEEDED:
            self._problem(Fault.CELL_REQUIRED, column)
        return None

    def _read_moment(
        self, cell: Cell, column: RunColumn, at_day: Callable[[date, ZoneInfo], datetime]
    ) -> datetime | None:
        if isinstance(cell, datetime):
            return self._in_zone(cell)
        if isinstance(cell, date):
            return at_day(cell, self._zone)
        if not isinstance(cell, str):
            if shown(cell):
                self._not_a_date(cell, column)
            return None
        value = cell.strip()
        try:
            return at_day(date.fromisoformat(value), self._zone) if value else None
        except ValueError:
            return self._in_zone(datetime.fromisoformat(value))

    def _not_a_date(self, cell: Cell, column: RunColumn) -> None:
        if isinstance(cell, int | float | time | timedelta):
            self._problem(Fault.RUN_DATE, column)
        elif cell is not None and not isinstance(cell, str | date):
            self.problems.append(faulty(cell, column))

    def _in_zone(self, moment: datetime) -> datetime:
        return (moment if moment.tzinfo else moment.replace(tzinfo=self._zone)).astimezone(UTC)

    def _whole(self, column: RunColumn) -> int | None:
        value = self._typed(column).strip()
        if not value:
            return None
        if not value.isascii() or not value.isdigit() or len(value) > 6:
            self._problem(Fault.RUN_NUMBER, column)
            return None
        return int(value)

    def _pence(self, column: RunColumn) -> int:
        value = self._typed(column).strip().lstrip("£") or "0"
        try:
            pence = Decimal(value) * 100
        except ArithmeticError:
            pence = Decimal(-1)
        if not pence.is_finite() or pence < 0 or pence != pence.to_integral_value() or pence > 10**8:
            self._problem(Fault.RUN_PRICE, column)
            return 0
        return int(pence)

    def _link(self, column: RunColumn) -> str:
        value = self._text(column, 500)
        if value and not _LINK.fullmatch(value):
            self._problem(Fault.RUN_LINK, column)
        return value

    def _read_zone(self) -> ZoneInfo:
        name = self._typed(RunColumn.TIME_ZONE).strip() or self._terms.time_zone
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: “Europe” is a folder.
            self._problem(Fault.RUN_TIME_ZONE, RunColumn.TIME_ZONE)
            return ZoneInfo("UTC")


def _likely_day(cell: Cell) -> str:
    """16/03/2026: the day before the month, where there is such a day."""
    match = _DAY_FIRST.fullmatch(cell.strip()) if isinstance(cell, str) else None
    if match is None:
        return ""
    day, month, year = map(int, match.groups())
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""
