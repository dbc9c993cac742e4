"""Checks the rows of a sheet: all problems of a row at once, a hundred thousand clean rows a second.

The columns of a sheet are matched with their rules once; what is measured to pay is kept by value: the columns in
which few values come again and again. Elsewhere a memo costs more than the rule.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Final, NamedTuple

from core.rules.ucas.choices import ethnicity, gender
from core.rules.ucas.columns import LEARNER_COLUMNS, Column
from core.rules.ucas.contacts import email, telephone
from core.rules.ucas.dates import dob
from core.rules.ucas.headings import Headings
from core.rules.ucas.identifiers import Providers, ccis, ukprn, uln, upn
from core.rules.ucas.names import first_name, house, last_name, locality, street, town
from core.rules.ucas.postcodes import postcode
from core.rules.ucas.problems import NONE, Cell, Fault, Problems, is_refused, problem, shown
from core.rules.ucas.years import YearGroup, year_group, year_group_problems

# Of any type: each column's function has its own, and the row's type says which.
Check = Callable[[Cell], tuple[Any, Problems]]
_REMEMBERED: Final = frozenset({Column.UKPRN, Column.YEAR_GROUP, Column.POSTCODE, Column.GENDER, Column.ETHNICITY})
_MEMO_VALUES: Final = 20_000
_NOTHING: Final = (None,) * len(LEARNER_COLUMNS)
_YEAR_GROUP: Final = LEARNER_COLUMNS.index(Column.YEAR_GROUP)
_DOB: Final = LEARNER_COLUMNS.index(Column.DOB)


# A named tuple, for making a frozen dataclass of 17 fields costs a fifth of all checking.
class LearnerRow(NamedTuple):
    """A learner as the row has them, in the order of the template. None: blank, in error, or no such column."""

    ukprn: str | None
    year_group: YearGroup | None
    first_name: str | None
    last_name: str | None
    email: str | None
    house: str | None
    street: str | None
    locality: str | None
    town: str | None
    postcode: str | None
    telephone: str | None
    uln: str | None
    upn: str | None
    ccis: str | None
    dob: date | None
    gender: str | None
    ethnicity: str | None


class CheckedRow(NamedTuple):
    number: int
    """The spreadsheet's own."""
    learner: LearnerRow
    problems: Problems

    @property
    def is_refused(self) -> bool:
        return is_refused(self.problems)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the rules need to know beside the cells."""

    today: date
    """Where the organisation is."""
    providers: Providers
    not_stored: frozenset[Column] = frozenset({Column.ETHNICITY})
    """Columns whose values the organisation does not keep: they are not read at all."""
    is_date_1904: bool = False


class RowChecker:
    def __init__(self, headings: Headings, terms: Terms) -> None:
        self._today = terms.today
        stored = {column: place for column, place in headings.places.items() if column not in terms.not_stored}
        checks = _checks(terms)
        self._plan = [(LEARNER_COLUMNS.index(column), place, checks[column]) for column, place in stored.items()]
        self._width = 1 + max(stored.values(), default=-1)
        self._padding = (None,) * self._width
        self.problems: Problems = tuple(
            problem(Fault.SHEET_NOT_STORED, column, None) for column in headings.places if column not in stored
        )
        """Of the whole sheet: columns that are not stored, once each."""

    def check(self, number: int, cells: Sequence[Cell]) -> CheckedRow | None:
        """None for a row in which all of the import's columns are blank."""
        if len(cells) < self._width:
            cells = (*cells, *self._padding)
        values: list[Any] = list(_NOTHING)
        problems = NONE
        for index, place, check in self._plan:
            value, found = check(cells[place])
            if value is not None:
                values[index] = value
            if found:
                problems += found
        if problems and self._is_blank(cells):
            return None
        year, born_on = values[_YEAR_GROUP], values[_DOB]
        if year is not None and born_on is not None:
            problems += year_group_problems(year, born_on, self._today)
        return CheckedRow(number, LearnerRow._make(values), problems)

    def _is_blank(self, cells: Sequence[Cell]) -> bool:
        # Zero and False are something.
        return not any(shown(cells[place]) for _, place, _ in self._plan)


def _checks(terms: Terms) -> dict[Column, Check]:
    checks: dict[Column, Check] = {
        Column.UKPRN: partial(ukprn, providers=terms.providers),
        Column.YEAR_GROUP: year_group,
        Column.FIRST_NAME: first_name,
        Column.LAST_NAME: last_name,
        Column.EMAIL: email,
        Column.HOUSE: house,
        Column.STREET: street,
        Column.LOCALITY: locality,
        Column.TOWN: town,
        Column.POSTCODE: postcode,
        Column.TELEPHONE: telephone,
        Column.ULN: uln,
        Column.UPN: upn,
        Column.CCIS: ccis,
        Column.DOB: partial(dob, today=terms.today, is_date_1904=terms.is_date_1904),
        Column.GENDER: gender,
        Column.ETHNICITY: ethnicity,
    }
    return {column: _Memo(check).__getitem__ if column in _REMEMBERED else check for column, check in checks.items()}


class _Memo(dict[Cell, tuple[Any, Problems]]):
    """Answers by value, found without a call where the value is known."""

    def __init__(self, check: Check) -> None:
        super().__init__()
        self._check = check

    def __missing__(self, cell: Cell) -> tuple[Any, Problems]:
        answer = self._check(cell)
        # Not of 0 and 1, which are equal to False and True, and not without end.
        if len(self) < _MEMO_VALUES and (isinstance(cell, str) or (isinstance(cell, int | float) and cell > 1)):
            self[cell] = answer
        return answer
