"""What the rows of a catalogue sheet are to one another: the same run twice, one course described in two ways."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from core.rules.catalogue import CatalogueRow, CheckedRun
from core.rules.run_columns import RunColumn
from core.rules.ucas.problems import Fault, Problem, Problems, problem

# What two rows of one course must have in common, and as which column it is complained of.
_OF_COURSE: Final = {
    "course_title": RunColumn.COURSE_TITLE, "kind": RunColumn.KIND, "model": RunColumn.MODEL,
    "price_pence": RunColumn.PRICE, "provider_ukprn": RunColumn.PROVIDER,
}  # fmt: skip


class RunRelations(Struct, frozen=True):
    same_as: Mapping[int, int] = {}
    """Row -> the earlier row that it repeats."""
    problems: Mapping[int, Problems] = {}


class RelationFinder:
    """The same run twice, and one course described in two ways."""

    def __init__(self) -> None:
        self._runs: dict[str, CatalogueRow] = {}
        self._courses: dict[str, CatalogueRow] = {}
        self._same_as: dict[int, int] = {}
        self._problems: dict[int, Problems] = {}

    def add(self, checked: CheckedRun) -> None:
        row = checked.run
        if row is None:
            return
        first = self._runs.setdefault(row.run_code, row)
        if first is not row and replace(first, row=row.row) == row:
            self._same_as[row.row] = first.row
            return
        found: list[Problem] = []
        if first is not row:
            found.append(problem(Fault.RUN_TWICE, RunColumn.RUN_CODE, row.run_code, row=first.row))
        known = self._courses.setdefault(row.course_code, row)
        found += [
            problem(Fault.RUN_COURSE_DIFFERS, column, str(getattr(row, name)), row=known.row, what=column.lower())
            for name, column in _OF_COURSE.items()
            if getattr(known, name) != getattr(row, name)
        ]
        if found:
            self._problems[row.row] = tuple(found)

    def found(self) -> RunRelations:
        return RunRelations(self._same_as, self._problems)
