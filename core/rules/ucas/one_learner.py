"""One learner as somebody fills in a form: the same rules a column as for a sheet's row, with a form's own differences.

1. UM 5.1 asks for a provider, names, date of birth and year; the postcode, which a sheet must have, may be empty.
2. A form shows what is known, so an empty field erases; an empty cell of a sheet never does.
"""

from collections.abc import Mapping
from typing import Final

from core.rules.ucas.columns import LEARNER_COLUMNS, Column
from core.rules.ucas.headings import Headings
from core.rules.ucas.problems import Fault, Problem, Problems, problem
from core.rules.ucas.rows import RowChecker, Terms
from core.rules.ucas.values import LearnerValues, values_of

_ALWAYS: Final = (Column.UKPRN, Column.FIRST_NAME, Column.LAST_NAME)
_WHEN_CREATED: Final = (Column.DOB, Column.YEAR_GROUP)


def check_learner(
    typed: Mapping[Column, str], known: LearnerValues | None, terms: Terms
) -> tuple[LearnerValues, Problems]:
    """``known`` None: they are new. What the form does not have stays as it is."""
    columns = tuple(column for column in LEARNER_COLUMNS if column in typed)
    headings = Headings(1, {column: place for place, column in enumerate(columns)}, len(columns), (), ())
    checked = RowChecker(headings, terms).check(2, [typed[column] for column in columns])
    problems = tuple(each for each in checked.problems if each.fault is not Fault.CELL_REQUIRED) if checked else ()
    wanted = _ALWAYS if known is not None else (*_ALWAYS, *_WHEN_CREATED)
    missing = tuple(_missing(column) for column in wanted if column in typed and not typed[column].strip())
    if known is None:
        missing += tuple(_missing(column) for column in wanted if column not in typed)
    found = values_of(checked.learner) if checked else LearnerValues()
    return _joined(known or LearnerValues(), found, typed), (*missing, *problems)


def _missing(column: Column) -> Problem:
    return problem(Fault.CELL_REQUIRED, column, None)


def _joined(known: LearnerValues, found: LearnerValues, typed: Mapping[Column, str]) -> LearnerValues:
    # The columns end before how the year group was spelt.
    triples = zip(LEARNER_COLUMNS, known, found, strict=False)
    values = [new if column in typed else old for column, old, new in triples]
    return LearnerValues._make([*values, found.year_text if Column.YEAR_GROUP in typed else known.year_text])
