"""A catalogue sheet as text, or as rows of cells, read in one go: where a person waits at a terminal."""

import csv
import io
from collections.abc import Iterable, Sequence

from msgspec import Struct

from core.rules.catalogue import CatalogueRow, CatalogueTerms, RunChecker
from core.rules.run_columns import NEEDED, RUNS
from core.rules.run_relations import RelationFinder
from core.rules.ucas.headings import find_headings
from core.rules.ucas.problems import Cell, Fault, Problem, is_refused, problem


class CatalogueRead(Struct, frozen=True):
    """``rows`` can be read, each run once. With problems nobody may import them."""

    rows: list[CatalogueRow]
    problems: list[tuple[int, Problem]]
    """Errors with the row's number; 0 is the whole sheet."""


def read_rows(rows: Iterable[tuple[int, Sequence[Cell]]], terms: CatalogueTerms) -> CatalogueRead:
    """Of one sheet, whose headings stand somewhere in its first rows."""
    listed = list(rows)
    headings = find_headings(listed, RUNS)
    if headings is None:
        return CatalogueRead([], [(0, _all_missing())])
    if not headings.is_usable:
        return CatalogueRead([], [(0, each) for each in headings.problems if is_refused((each,))])
    checker, finder = RunChecker(headings, terms), RelationFinder()
    checked = [
        found
        for number, cells in listed
        if number > headings.row and (found := checker.check(number, cells)) is not None
    ]
    for each in checked:
        finder.add(each)
    relations = finder.found()
    return CatalogueRead(
        [each.run for each in checked if each.run is not None and each.number not in relations.same_as],
        [
            (each.number, found)
            for each in checked
            for found in (*each.problems, *relations.problems.get(each.number, ()))
        ],
    )


def read_catalogue(text: str, terms: CatalogueTerms) -> CatalogueRead:
    """Comma, semicolon, tab or bar; columns by name in any order; unknown ones are ignored."""
    # Any kind of line end; without this the reader refuses a lone carriage return.
    table = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=None), delimiter=_delimiter(text))
    try:
        lines = list(table)
    except csv.Error:
        return CatalogueRead([], [(table.line_num, problem(Fault.CELL_TOO_LONG, "", None, limit="131,072"))])
    return read_rows(enumerate(lines, start=1), terms)


def _all_missing() -> Problem:
    return problem(Fault.SHEET_MISSING_COLUMNS, "", None, columns=", ".join(NEEDED))


def _delimiter(text: str) -> str:
    header = text.split("\n", 1)[0]
    return max(",;\t|", key=header.count)
