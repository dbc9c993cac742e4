"""The first two feeds of progress: the platform's own report, and any other platform's sheet by a confirmed mapping.

Both are files that ``core.sheets.read_sheets`` has read. What is not sure is asked and never guessed: the columns of a
sheet that nobody has confirmed, a column of nothing but 0 and 1, dates that can be read both ways.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from core.rules.policy import PROGRESS_CHUNK, PROGRESS_SAMPLE_ROWS
from core.rules.progress import cells as read
from core.rules.progress.columns import (
    DATE_COLUMNS,
    RUN_COLUMNS,
    SHARE_COLUMNS,
    ColumnMapping,
    Headings,
    ProgressColumn,
    find_headings,
    headings_with,
)
from core.rules.progress.faults import ProgressFault
from core.rules.progress.records import Batch, CellProblem, LearnerKey, ProgressRecord, ReadRow, RunKey
from core.sheets.cells import Row, Sheet, SheetFile
from core.words import FeedKind

C = ProgressColumn
_LIMITS: Final = {C.PROFILE_URL: 500, C.PARTNER_COURSE_CODE: 64, C.PARTNER_RUN_CODE: 64, C.MEMBERSHIP: 64}

_REMEMBERED: Final = 4096


class Units(Struct, frozen=True):
    """How a column's numbers and dates are meant, found from all of its cells."""

    ratios: frozenset[ProgressColumn]
    shares: frozenset[ProgressColumn]
    """Columns that hold shares; the number of steps is among them where it has per cent signs."""
    is_month_first: bool
    unsure: frozenset[ProgressColumn]
    """Nobody can tell."""


class SheetFound(Struct, frozen=True):
    """Where the progress stands in a file, and what its columns are taken for."""

    sheet: Sheet
    headings: Headings
    mapping: ColumnMapping
    units: Units
    is_known: bool
    """The platform's own, or confirmed before."""
    examples: Mapping[str, str]
    """Column -> the first filled cell."""

    @property
    def must_ask(self) -> bool:
        return not self.is_known or bool(self.units.unsure)

    @property
    def names_runs(self) -> bool:
        return not RUN_COLUMNS.isdisjoint(self.headings.places)


def find_sheet(file: SheetFile, known: Sequence[ColumnMapping]) -> SheetFound | None:
    """``known``: the mappings that were confirmed, the likeliest first. None: no sheet of it is progress."""
    for mapping in known:
        for sheet in file.sheets:
            if headings := headings_with(sheet.rows, mapping):
                return _found(sheet, headings, mapping, is_known=True)
    found = [(sheet, headings) for sheet in file.sheets if (headings := find_headings(sheet.rows))]
    if not found:
        return None
    sheet, headings = max(found, key=lambda each: len(each[1].places))
    mapping = ColumnMapping({column.value: headings.texts[place] for column, place in headings.places.items()})
    return _found(sheet, headings, mapping, is_known=headings.is_platform_report)


def _found(sheet: Sheet, headings: Headings, mapping: ColumnMapping, *, is_known: bool) -> SheetFound:
    units = _units(sheet, headings, mapping, is_confirmed=is_known and not headings.is_platform_report)
    ratios = tuple(sorted(column.value for column in units.ratios))
    settled = replace(mapping, ratios=ratios, is_month_first=units.is_month_first)
    return SheetFound(sheet, headings, settled, units, is_known, _examples(sheet, headings))


def _units(sheet: Sheet, headings: Headings, mapping: ColumnMapping, *, is_confirmed: bool) -> Units:
    columns = _columns(sheet, headings)
    shares = set[ProgressColumn](SHARE_COLUMNS - {C.STEPS_COMPLETED}).intersection(columns)
    ratios, unsure = set[ProgressColumn](), set[ProgressColumn]()
    steps = columns.get(C.STEPS_COMPLETED, [])
    if any(map(read.has_sign, steps)) or (read.is_ratio_column(steps) and C.STEPS_COMPLETED in columns):
        shares.add(C.STEPS_COMPLETED)
    for column in shares:
        is_ratio = read.is_ratio_column(columns[column])
        if is_ratio is None and not is_confirmed:
            unsure.add(column)
        if is_ratio or (is_ratio is None and column.value in mapping.ratios):
            ratios.add(column)
    orders = {read.is_month_first_column(columns[column]) for column in DATE_COLUMNS if column in columns}
    is_month_first = True in orders or (None in orders and mapping.is_month_first)
    if None in orders and True not in orders and False not in _slashed_orders(columns) and not is_confirmed:
        unsure |= {
            each for each in DATE_COLUMNS if each in columns and read.is_month_first_column(columns[each]) is None
        }
    return Units(frozenset(ratios), frozenset(shares), is_month_first, frozenset(unsure))


def _slashed_orders(columns: Mapping[ProgressColumn, list[object]]) -> set[bool | None]:
    """Of the columns that do have such dates: one that is certain decides for all."""
    return {
        read.is_month_first_column(columns[column])
        for column in DATE_COLUMNS
        if column in columns and read.has_slashes(columns[column])
    }


def _columns(sheet: Sheet, headings: Headings) -> dict[ProgressColumn, list[object]]:
    places = {column: place for column, place in headings.places.items() if column in SHARE_COLUMNS | DATE_COLUMNS}
    columns: dict[ProgressColumn, list[object]] = {column: [] for column in places}
    for number, cells in sheet.rows:
        if number > headings.row:
            for column, place in places.items():
                if place < len(cells) and cells[place] != "":
                    columns[column].append(cells[place])
    return columns


def _examples(sheet: Sheet, headings: Headings) -> dict[str, str]:
    examples: dict[str, str] = {}
    for number, cells in islice(sheet.rows, PROGRESS_SAMPLE_ROWS):
        if number <= headings.row:
            continue
        for column, place in headings.places.items():
            if place < len(cells) and column.value not in examples and not read.is_nothing(cells[place]):
                examples[column.value] = read.shown(cells[place])
        if len(examples) == len(headings.places):
            break
    return examples


class SheetSource:
    """A ``ProgressSource``: a sheet of which all is known that must be."""

    def __init__(self, found: SheetFound, zone: ZoneInfo, now: datetime) -> None:
        self._found = found
        # A number, share or moment is one of few in most columns, and reading one costs as much as ten look-ups.
        self._count = _remembered(read.count)
        self._shares = [_remembered(partial(read.share, is_ratio=is_ratio)) for is_ratio in (False, True)]
        is_month_first = found.units.is_month_first
        self._read_moment = _remembered(partial(read.moment, zone=zone, now=now, is_month_first=is_month_first))

    @property
    def kind(self) -> FeedKind:
        is_platform = self._found.headings.is_platform_report
        return FeedKind.PLATFORM_REPORT if is_platform else FeedKind.MAPPED_SHEET

    def batches(self, since: str) -> Iterator[Batch]:
        """``since``: the number of the last row that is merged."""
        first = max(self._found.headings.row, int(since or 0))
        rows = (row for row in self._found.sheet.rows if row.number > first)
        while chunk := list(islice(rows, PROGRESS_CHUNK)):
            read_rows = [self._read(row) for row in chunk]
            yield Batch(read_rows, str(read_rows[-1].number))

    def _read(self, row: Row) -> ReadRow:
        given = {
            column: row.cells[place]
            for column, place in self._found.headings.places.items()
            if place < len(row.cells) and row.cells[place] != ""
        }
        problems: list[CellProblem] = []
        steps = self._steps(given, problems)
        record = ProgressRecord(
            learner=_learner(given),
            run=self._run(given),
            as_of=self._moment(given, C.AS_OF, problems),
            attempt=_taken(given, C.ATTEMPT, self._count, problems) or None,
            average_test_score=self._share(given, C.SCORE, problems),
            comments_posted=_taken(given, C.COMMENTS, self._count, problems),
            last_step_at=self._moment(given, C.LAST_STEP_AT, problems),
            last_comment_at=self._moment(given, C.LAST_COMMENT_AT, problems),
            left_at=self._moment(given, C.LEFT_AT, problems),
            profile_url=_text(given, C.PROFILE_URL),
            partner_course_code=_text(given, C.PARTNER_COURSE_CODE),
            partner_run_code=_text(given, C.PARTNER_RUN_CODE),
            **steps,
        )
        return ReadRow(row.number, record, tuple(problems))

    def _steps(self, given: Mapping[ProgressColumn, Any], problems: list[CellProblem]) -> dict[str, int | None]:
        total = _taken(given, C.STEPS_TOTAL, self._count, problems)
        percentage = self._share(given, C.STEP_PERCENTAGE, problems)
        if C.STEPS_COMPLETED in self._found.units.shares:
            completed, of_steps = None, self._share(given, C.STEPS_COMPLETED, problems)
            percentage = of_steps if percentage is None else percentage
        else:
            completed = _taken(given, C.STEPS_COMPLETED, self._count, problems)
        if completed is not None and total and completed > total:
            problems.append(CellProblem(ProgressFault.FIGURE_ABOVE, C.STEPS_COMPLETED.value, f"{completed} of {total}"))
            completed = total
        return {"steps_completed": completed, "steps_total": total or None, "step_percentage": percentage}

    def _share(
        self, given: Mapping[ProgressColumn, Any], column: ProgressColumn, problems: list[CellProblem]
    ) -> int | None:
        found: int | None = _taken(given, column, self._shares[column in self._found.units.ratios], problems)
        return found

    def _moment(
        self, given: Mapping[ProgressColumn, Any], column: ProgressColumn, problems: list[CellProblem]
    ) -> datetime | None:
        found: datetime | None = _taken(given, column, self._read_moment, problems)
        return found

    def _run(self, given: Mapping[ProgressColumn, Any]) -> RunKey:
        def text(column: ProgressColumn) -> str:
            return read.text_in(given[column]) if column in given else ""

        start = given.get(C.RUN_START)
        return RunKey(
            uuid=text(C.RUN_UUID),
            slug=text(C.RUN_SLUG),
            code=text(C.RUN_CODE) or text(C.PARTNER_RUN_CODE),
            title=text(C.RUN_TITLE),
            course_uuid=text(C.COURSE_UUID),
            course_code=text(C.COURSE_CODE) or text(C.PARTNER_COURSE_CODE),
            starts_on=read.day(start, is_month_first=self._found.units.is_month_first) if start is not None else None,
        )


def _remembered(reader: Callable[..., Any]) -> Callable[[Any], Any]:
    """1, 1.0 and True are equal, and different cells."""
    return lru_cache(_REMEMBERED, typed=True)(reader)


def _learner(given: Mapping[ProgressColumn, Any]) -> LearnerKey:
    texts = {column: read.text_in(given[column]) for column in (C.MEMBERSHIP, C.IDENTIFIER, C.EMAIL) if column in given}
    return LearnerKey(texts.get(C.MEMBERSHIP, "")[:64], texts.get(C.IDENTIFIER, ""), texts.get(C.EMAIL, ""))


def _text(given: Mapping[ProgressColumn, Any], column: ProgressColumn) -> str | None:
    return (read.text_in(given[column])[: _LIMITS[column]] or None) if column in given else None


def _taken(
    given: Mapping[ProgressColumn, Any], column: ProgressColumn, reader: Any, problems: list[CellProblem]
) -> Any:
    if column not in given:
        return None
    value, fault = reader(given[column])
    if fault is not None:
        problems.append(CellProblem(fault, column.value, read.shown(given[column])))
    return value
