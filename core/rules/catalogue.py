"""The rows of a catalogue file: one run a row, with its course. Every problem of every row is reported at once."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.rules.expiry import end_of_day, start_of_day
from core.rules.text import clean_name, folded
from core.words import AccessModel, CourseKind

MANDATORY = ("course_code", "course_title", "kind", "model", "run_code", "starts")
OPTIONAL = (
    "partner", "provider_ukprn", "price", "course_uuid", "run_uuid", "run_title", "slug", "ends",
    "enrolment_opens", "enrolment_closes", "steps", "time_zone", "join_url",
)  # fmt: skip
_CODE = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class RowProblem:
    """``row`` is the line as a spreadsheet numbers it: the header is row 1."""

    row: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class CatalogueRow:
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


class _Reader:
    """Reads one row's cells, collecting problems instead of stopping at the first."""

    def __init__(self, row: int, cells: dict[str, str], default_zone: str) -> None:
        self.row = row
        self.cells = cells
        self.problems: list[RowProblem] = []
        self.zone = self._zone(cells.get("time_zone", "").strip() or default_zone)

    def problem(self, column: str, reason: str) -> None:
        self.problems.append(RowProblem(self.row, column, self.cells.get(column, "")[:80], reason))

    def text(self, column: str, limit: int = 200, *, default: str = "") -> str:
        """A value that is too long is a problem: cut, it might be another one's."""
        value = clean_name(self.cells.get(column, ""), limit + 1)
        if len(value) > limit:
            self.problem(column, f"it is longer than {limit} characters")
        return value or default

    def needed(self, column: str, limit: int = 200) -> str:
        value = self.text(column, limit)
        if not value:
            self.problem(column, "it is empty")
        return value

    def code(self, column: str) -> str:
        value = folded(self.needed(column))
        if value and not _CODE.fullmatch(value):
            self.problem(column, "a code has letters, digits, dots, hyphens and underscores, up to 64")
        return value

    def one_of(self, column: str, kinds: type[CourseKind] | type[AccessModel]) -> str:
        value = re.sub(r"[\s-]+", "_", folded(self.needed(column)))
        if value and value not in [kind.value for kind in kinds]:
            self.problem(column, f"write one of: {', '.join(kind.value for kind in kinds)}")
        return value

    def moment(self, column: str, at_day: Callable[[date, ZoneInfo], datetime]) -> datetime | None:
        """A date stands for its start or end in the run's zone; a date with a time is that moment."""
        value = self.cells.get(column, "").strip()
        if not value:
            return None
        try:
            moment = self._moment(value, at_day)
        except (ValueError, OverflowError):
            moment = None
        if moment is None or not 1900 <= moment.year < 3000:
            self.problem(column, "write a date like 2026-03-02, or 2026-03-02T09:00")
            return None
        return moment

    def _moment(self, value: str, at_day: Callable[[date, ZoneInfo], datetime]) -> datetime:
        try:
            return at_day(date.fromisoformat(value), self.zone)
        except ValueError:
            read = datetime.fromisoformat(value)
        return (read if read.tzinfo else read.replace(tzinfo=self.zone)).astimezone(UTC)

    def whole(self, column: str) -> int | None:
        value = self.cells.get(column, "").strip()
        if not value:
            return None
        if not value.isascii() or not value.isdigit() or len(value) > 6:
            self.problem(column, "write a whole number")
            return None
        return int(value)

    def pence(self, column: str) -> int:
        value = self.cells.get(column, "").strip().lstrip("£") or "0"
        try:
            pence = Decimal(value) * 100
        except ArithmeticError:
            pence = Decimal(-1)
        if not pence.is_finite() or pence < 0 or pence != pence.to_integral_value() or pence > 10**8:
            self.problem(column, "write pounds and pence like 24.50")
            return 0
        return int(pence)

    def link(self, column: str) -> str:
        value = self.text(column, 500)
        if value and not re.fullmatch(r"https?://\S+", value):
            self.problem(column, "write an address that begins with https://")
        return value

    def _zone(self, name: str) -> ZoneInfo:
        try:
            return ZoneInfo(name.strip())
        except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: “Europe” is a folder.
            self.problem("time_zone", "write a time zone like Europe/London")
            return ZoneInfo("UTC")


def read_catalogue(text: str, default_zone: str) -> tuple[list[CatalogueRow], list[RowProblem]]:
    """Comma, semicolon, tab or bar; columns by name in any order; unknown ones are ignored."""
    # Any kind of line end; without this the reader refuses a lone carriage return.
    table = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=None), delimiter=_delimiter(text))
    try:
        header, *lines = list(table) or [[]]
    except csv.Error:
        return [], [RowProblem(table.line_num, "", "", "a cell has no end: is there a single quotation mark?")]
    columns = [re.sub(r"[\s-]+", "_", folded(cell)) for cell in header]
    missing = [column for column in MANDATORY if column not in columns]
    if missing:
        return [], [RowProblem(1, column, "", "this column is missing") for column in missing]
    rows: list[CatalogueRow] = []
    problems: list[RowProblem] = []
    for number, cells in enumerate(lines, start=2):
        if any(cell.strip() for cell in cells):
            row, found = _read_row(number, dict(zip(columns, cells, strict=False)), default_zone)
            rows += [row] if row else []
            problems += found
    return rows, problems + _conflicts(rows)


def _read_row(number: int, cells: dict[str, str], default_zone: str) -> tuple[CatalogueRow | None, list[RowProblem]]:
    read = _Reader(number, cells, default_zone)
    values: dict[str, Any] = {
        "course_code": read.code("course_code"),
        "course_title": read.needed("course_title"),
        "partner": read.text("partner"),
        "provider_ukprn": read.text("provider_ukprn", 8),
        "course_uuid": read.text("course_uuid", 36),
        "run_uuid": read.text("run_uuid", 36),
        "kind": read.one_of("kind", CourseKind),
        "model": read.one_of("model", AccessModel),
        "run_code": read.code("run_code"),
        "starts_at": read.moment("starts", start_of_day),
        "ends_at": read.moment("ends", end_of_day),
        "enrolment_opens_at": read.moment("enrolment_opens", start_of_day),
        "enrolment_closes_at": read.moment("enrolment_closes", end_of_day),
        "step_count": read.whole("steps"),
        "price_pence": read.pence("price"),
        "join_url": read.link("join_url"),
    }
    values["run_title"] = read.text("run_title", default=values["course_title"])
    values["slug"] = read.text("slug", default=values["run_code"])
    if not cells.get("starts", "").strip():
        read.problem("starts", "it is empty")
    starts, ends = values["starts_at"], values["ends_at"]
    if isinstance(starts, datetime) and isinstance(ends, datetime) and ends <= starts:
        read.problem("ends", "the run ends before it starts")
    if read.problems:
        return None, read.problems
    return _row(read, values), []


def _row(read: _Reader, values: dict[str, Any]) -> CatalogueRow:
    return CatalogueRow(
        row=read.row,
        time_zone=read.zone.key,
        **{
            **values,
            "kind": CourseKind(values["kind"]),
            "model": AccessModel(values["model"]),
        },
    )


def _conflicts(rows: list[CatalogueRow]) -> list[RowProblem]:
    """The same run twice, or one course described in two ways."""
    problems: list[RowProblem] = []
    runs: dict[str, int] = {}
    courses: dict[str, CatalogueRow] = {}
    for row in rows:
        if row.run_code in runs:
            reason = f"row {runs[row.run_code]} has the same run"
            problems.append(RowProblem(row.row, "run_code", row.run_code, reason))
        runs.setdefault(row.run_code, row.row)
        first = courses.setdefault(row.course_code, row)
        for column in ("course_title", "kind", "model", "price_pence", "provider_ukprn"):
            if getattr(first, column) != getattr(row, column):
                reason = f"row {first.row} gives this course another {column.removesuffix('_pence')}"
                problems.append(RowProblem(row.row, "course_code", row.course_code, reason))
    return problems


def _delimiter(text: str) -> str:
    header = text.split("\n", 1)[0]
    return max(",;\t|", key=header.count)
