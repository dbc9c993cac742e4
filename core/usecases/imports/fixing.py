"""A few broken rows of an import, corrected cell by cell in a form.

    broken cells --shown--> filled in --checked by the columns' rules--> still broken: shown again
                                              +-> right: a file of its own, taken in as a correction

What was corrected goes through the same engine as any file: its rows keep their numbers, and are matched, counted and
undone like others. After a partly applied import it holds the corrected rows; where all wait for these, all of them.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import or_, select

from core import access
from core.access import Permission
from core.context import Context
from core.errors import ImportClosed
from core.model import Import, ImportRow, Organisation, StaffMember
from core.rules.ucas.buckets import Bucket
from core.rules.ucas.columns import LEARNER_COLUMNS, MANDATORY, Column
from core.rules.ucas.headings import Headings
from core.rules.ucas.problems import Problem, Severity
from core.rules.ucas.rows import RowChecker, Terms
from core.rules.ucas.values import LearnerValues
from core.usecases.imports.checking import own_import
from core.usecases.imports.imports import find_import
from core.usecases.imports.offers import is_correctable
from core.usecases.imports.receiving import ReceiveImport, receive_import
from core.usecases.imports.values import Keeper, import_ref, keeper, reach_of, today
from core.words import ImportState, Subject

_NAME_CHARACTERS: Final = 100
Corrections = Mapping[tuple[int, str], str]
"""By row and column."""


class ShowBrokenRows(Struct, frozen=True):
    """Of the caller's own import, by number."""

    number: int


class BrokenCell(Struct, frozen=True):
    column: str
    value: str
    """As it was read, cut short."""
    reason: str
    advice: str
    suggestion: str
    choices: tuple[str, ...]
    """All that may be written, where that is a short list."""


class BrokenRow(Struct, frozen=True):
    number: int
    name: str
    cells: tuple[BrokenCell, ...]


class BrokenRowsShown(Struct, frozen=True):
    number: int
    rows: tuple[BrokenRow, ...]
    waiting: int
    """Rows that wait for these; 0 after a partly applied import."""


class CorrectRows(Struct, frozen=True):
    number: int
    values: Corrections


class CellRefused(Struct, frozen=True):
    row: int
    column: str
    reason: str
    advice: str


class RowsCorrected(Struct, frozen=True):
    """``refused``: what is still wrong, and then nothing was done; else ``received`` is the correction's number."""

    number: int
    received: int | None
    refused: tuple[CellRefused, ...] = ()


def show_broken_rows(ctx: Context, command: ShowBrokenRows) -> BrokenRowsShown:
    """Raises ImportNotFound or ImportClosed."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    found = _correctable(ctx, staff, command.number)
    kept = keeper(ctx)
    rows = tuple(_broken(kept, row) for row in _broken_rows(ctx, found))
    is_applied = found.state is ImportState.APPLIED
    return BrokenRowsShown(found.number, rows, 0 if is_applied else found.created + found.updated + found.unchanged)


def correct_rows(ctx: Context, command: CorrectRows) -> RowsCorrected:
    """Raises ImportNotFound or ImportClosed."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    found = _correctable(ctx, staff, command.number)
    kept = keeper(ctx)
    broken = {row.number: row for row in _broken_rows(ctx, found)}
    corrected = {number: _corrected(kept, row, command.values) for number, row in broken.items()}
    refused = _still_wrong(ctx, staff, {number: corrected[number] for number in sorted(corrected)})
    if refused:
        return RowsCorrected(found.number, None, refused)
    ctx.about(Subject.IMPORT, found.id)
    others = () if found.state is ImportState.APPLIED else _other_rows(ctx, kept, found, set(broken))
    content = _file({**dict(others), **corrected})
    name = f"{import_ref(found.number)} corrected.csv"
    received = receive_import(
        ctx, ReceiveImport(name, content, found.policy, runs_later=True, corrects=found.number)
    )  # fmt: skip
    return RowsCorrected(found.number, received.number)


def _correctable(ctx: Context, staff: StaffMember, number: int) -> Import:
    found = own_import(ctx, staff, find_import(ctx, number).id)
    if found.content is None or found.ends_at <= ctx.now:
        raise ImportClosed(number=import_ref(found.number), reason="its rows have been erased")
    if not is_correctable(found):
        raise ImportClosed(number=import_ref(found.number), reason="it has no few rows to correct one by one")
    return found


def _broken_rows(ctx: Context, found: Import) -> Sequence[ImportRow]:
    query = select(ImportRow).where(ImportRow.import_id == found.id, ImportRow.bucket == Bucket.PROBLEM)
    return ctx.session.scalars(query.order_by(ImportRow.number)).all()


def _errors(kept: Keeper, row: ImportRow) -> Sequence[Problem]:
    problems = (*kept.found(row.problems), *kept.found(row.match_problem))
    return [each for each in problems if each.severity is Severity.ERROR]


def _broken(kept: Keeper, row: ImportRow) -> BrokenRow:
    values = kept.row_values(row.content)
    by_column: dict[str, Problem] = {}
    for each in _errors(kept, row):
        by_column.setdefault(each.column, each)
    known = _cells(values)
    cells = tuple(
        BrokenCell(
            column=column,
            value=each.value or known.get(Column(column), ""),
            reason=each.reason,
            advice=each.advice,
            suggestion=each.suggestion,
            choices=each.choices,
        )
        for column, each in by_column.items()
    )
    name = " ".join(filter(None, (values.first_name, values.last_name)))
    return BrokenRow(row.number, name[:_NAME_CHARACTERS], cells)


def _corrected(kept: Keeper, row: ImportRow, values: Corrections) -> dict[Column, str]:
    """A broken cell that nobody filled in is empty."""
    cells = _cells(kept.row_values(row.content))
    for each in _errors(kept, row):
        cells[Column(each.column)] = values.get((row.number, each.column), "").strip()
    return cells


def _cells(values: LearnerValues) -> dict[Column, str]:
    """As somebody would write them, in the order of the template."""
    cells = {column: value or "" for column, value in zip(LEARNER_COLUMNS, values, strict=False)}
    cells[Column.YEAR_GROUP] = values.year_text or values.year_group or ""
    return cells


def _still_wrong(ctx: Context, staff: StaffMember, rows: Mapping[int, Mapping[Column, str]]) -> tuple[CellRefused, ...]:
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    places = {column: place for place, column in enumerate(LEARNER_COLUMNS)}
    headings = Headings(1, places, len(places), (), ())
    checker = RowChecker(headings, Terms(today(ctx, organisation), reach_of(ctx, staff).providers))
    found: list[CellRefused] = []
    for number, cells in rows.items():
        checked = checker.check(number, [cells[column] for column in LEARNER_COLUMNS])
        problems = checked.problems if checked is not None else ()
        found += [
            CellRefused(number, each.column, each.reason, each.advice)
            for each in problems
            if each.severity is Severity.ERROR
        ]
    return tuple(found)


def _other_rows(ctx: Context, kept: Keeper, found: Import, broken: set[int]) -> Iterable[tuple[int, dict[Column, str]]]:
    query = select(ImportRow.number, ImportRow.content).where(
        ImportRow.import_id == found.id, or_(ImportRow.bucket != Bucket.PROBLEM, ImportRow.number.not_in(broken))
    )
    return [(row.number, _cells(kept.row_values(row.content))) for row in ctx.session.execute(query)]


def _file(rows: Mapping[int, Mapping[Column, str]]) -> bytes:
    """Each row has the number that it had: the lines between them stay empty, and its headings stand in the first."""
    text = io.StringIO()
    writer: Any = csv.writer(text, lineterminator="\r\n")
    filled = {column for cells in rows.values() for column, value in cells.items() if value}
    columns = [column for column in LEARNER_COLUMNS if column in filled or column in MANDATORY]
    writer.writerow(columns)
    line = 1
    for number in sorted(rows):
        text.write("\r\n" * (number - line - 1))
        writer.writerow([rows[number][column] for column in columns])
        line = number
    return text.getvalue().encode()
