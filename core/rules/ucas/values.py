"""A learner's values as they are kept: the columns of the template as text, merged and compared.

Blank never erases: a cell that is empty says nothing about what is known already.
"""

from datetime import date
from typing import Final, NamedTuple

from core.rules.policy import ACADEMIC_YEAR_BEGINS
from core.rules.ucas.columns import LEARNER_COLUMNS, Column
from core.rules.ucas.rows import LearnerRow


class LearnerValues(NamedTuple):
    """In the order of the template, and the year group as the sheet had it. None: not known."""

    ukprn: str | None = None
    year_group: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    house: str | None = None
    street: str | None = None
    locality: str | None = None
    town: str | None = None
    postcode: str | None = None
    telephone: str | None = None
    uln: str | None = None
    upn: str | None = None
    ccis: str | None = None
    dob: str | None = None
    """ISO."""
    gender: str | None = None
    ethnicity: str | None = None
    year_text: str | None = None


FIRST_SECRET: Final = 5
"""From here on a learner's values are stored encrypted."""


def values_of(row: LearnerRow) -> LearnerValues:
    ukprn, year, *others, born_on, gender, ethnicity = row
    return LearnerValues._make((
        ukprn, year and year.name, *others, born_on and born_on.isoformat(), gender, ethnicity, year and year.text,
    ))  # fmt: skip


def merged(known: LearnerValues, row: LearnerValues) -> LearnerValues:
    return LearnerValues._make(new or old for old, new in zip(known, row, strict=True))


def differences(before: LearnerValues, after: LearnerValues) -> tuple[Column, ...]:
    """How a year group was spelt makes no difference."""
    # The columns end before it.
    pairs = zip(LEARNER_COLUMNS, before, after, strict=False)
    return tuple(column for column, old, new in pairs if old != new)


def academic_year(today: date) -> int:
    """The year in which it began."""
    return today.year - (today.month < ACADEMIC_YEAR_BEGINS)
