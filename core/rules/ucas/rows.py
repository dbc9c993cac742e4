"""Checks the rows of a sheet: all problems of a row at once, a hundred thousand clean rows a second.

The columns of a sheet are matched with their rules once; what is measured to pay is kept by value: the columns in
which few values come again and again. Elsewhere a memo costs more than the rule.
"""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from itertools import chain, compress
from operator import call, itemgetter
from typing import Any, Final, NamedTuple

from msgspec import Struct

from core.rules.ucas.cells import BLANK
from core.rules.ucas.choices import ethnicity, gender
from core.rules.ucas.columns import LEARNER_COLUMNS, Column
from core.rules.ucas.contacts import email, telephone
from core.rules.ucas.dates import dob_check
from core.rules.ucas.headings import Headings
from core.rules.ucas.identifiers import Providers, ccis, ukprn, uln, upn
from core.rules.ucas.names import first_name, house, last_name, locality, street, town
from core.rules.ucas.postcodes import postcode
from core.rules.ucas.problems import NONE, Cell, Fault, Problems, is_refused, problem, shown
from core.rules.ucas.years import YearGroup, unusual_year, usual_births, year_group

# Of any type: each column's function has its own, and the row's type says which.
Check = Callable[[Cell], tuple[Any, Problems]]
_REMEMBERED: Final = frozenset({
    Column.UKPRN, Column.YEAR_GROUP, Column.FIRST_NAME, Column.STREET, Column.TOWN, Column.POSTCODE, Column.GENDER,
    Column.ETHNICITY,
})  # fmt: skip
_MEMO_VALUES: Final = 20_000
_MEMO_CHARACTERS: Final = 100


# A named tuple, for it is made of what the checks gave without a call.
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


class Terms(Struct, frozen=True):
    """What the rules need to know beside the cells."""

    today: date
    """Where the organisation is."""
    providers: Providers
    not_stored: frozenset[Column] = frozenset({Column.ETHNICITY})
    """Columns whose values the organisation does not keep: nothing is noted but whether there is one at all."""
    is_date_1904: bool = False


class RowChecker:
    """The loops over a row's columns run in the interpreter's own code: written out they double the price of a row."""

    def __init__(self, headings: Headings, terms: Terms) -> None:
        self._births = usual_births(terms.today)
        places = headings.places
        self._left = {column: _Left() for column in places if column in terms.not_stored}
        checks = _checks(terms) | {column: left.check for column, left in self._left.items()}
        self._checks = [checks[column] if column in places else _absent for column in LEARNER_COLUMNS]
        self._pick = itemgetter(*(places.get(column, 0) for column in LEARNER_COLUMNS))
        self._shown = [column in places and column not in self._left for column in LEARNER_COLUMNS]
        self._width = 1 + max(places.values(), default=0)
        self._padding = (None,) * self._width

    @property
    def problems(self) -> Problems:
        """Of the whole sheet, once its rows are checked: columns that are not stored, each in which anything stood."""
        return tuple(
            problem(Fault.SHEET_NOT_STORED, column, None) for column, left in self._left.items() if left.is_filled
        )

    def check(self, number: int, cells: Sequence[Cell]) -> CheckedRow | None:
        """None for a row in which all of the import's columns are blank."""
        if len(cells) < self._width:
            cells = tuple(cells) + self._padding
        picked = self._pick(cells)
        values, found = zip(*map(call, self._checks, picked), strict=False)
        problems: Problems = NONE
        if any(found):
            if not any(map(shown, compress(picked, self._shown))):
                return None
            problems = tuple(chain.from_iterable(found))
        # As LearnerRow(*values) does, at a third of its price; the same below.
        learner = tuple.__new__(LearnerRow, values)
        year, born_on = learner.year_group, learner.dob
        if year is not None and born_on is not None:
            first, last = self._births[year.name]
            if not first <= born_on <= last:
                problems += (unusual_year(year, born_on),)
        return tuple.__new__(CheckedRow, (number, learner, problems))


class _Left:
    """Of a column that is not stored: whether anything stood in it, and nothing else."""

    def __init__(self) -> None:
        self.is_filled = False

    def check(self, cell: Cell) -> tuple[None, Problems]:
        if not self.is_filled and cell is not None and cell != "":
            self.is_filled = bool(shown(cell))
        return BLANK


def _absent(_cell: Cell) -> tuple[None, Problems]:
    return BLANK


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
        Column.DOB: dob_check(terms.today, is_date_1904=terms.is_date_1904),
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
        # Not of 0 and 1, which are equal to False and True; not of long texts, and not without end.
        is_short_text = isinstance(cell, str) and len(cell) <= _MEMO_CHARACTERS
        is_number = isinstance(cell, int | float) and cell > 1
        if (is_short_text or is_number) and len(self) < _MEMO_VALUES:
            self[cell] = answer
        return answer
