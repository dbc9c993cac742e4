"""Recognising the learner import (UM 7): a sheet with a row of headings and a learner in each row below it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.rules.text import folded

# The template's columns, in its order (UM 7).
LEARNER_COLUMNS: Final = (
    "UKPRN", "Learner year group", "First name", "Last name", "Email address", "House name or number", "Street",
    "Locality", "Town", "Postcode", "Telephone", "ULN", "UPN", "CCIS", "Dob", "Gender", "Ethnicity",
)  # fmt: skip
_MANDATORY: Final = frozenset({"ukprn", "firstname", "lastname", "postcode"})
_EMAIL: Final = frozenset({"email", "emailaddress", "mail", "mailaddress"})
# People put a title or a note above the headings, never a page of it.
_HEADING_ROWS: Final = 10


@dataclass(frozen=True, slots=True)
class LearnerSheet:
    columns: int
    rows: int
    """Learners: filled rows below the headings."""
    emails: tuple[str, ...] | None
    """The filled cells of the e-mail column; None where there is no such column."""


def recognised_sheet(rows: Sequence[Sequence[str]]) -> LearnerSheet | None:
    """A sheet is the import when all mandatory headings stand in one row, in any order, spelling or company."""
    for number, row in enumerate(rows[:_HEADING_ROWS]):
        headings = [_plain(cell) for cell in row]
        if set(headings) >= _MANDATORY:
            filled = [learner for learner in rows[number + 1 :] if any(map(str.strip, learner))]
            return LearnerSheet(sum(map(bool, headings)), len(filled), _emails(headings, filled))
    return None


def _plain(heading: str) -> str:
    """``E-mail address*`` and ``email_address`` alike."""
    return "".join(character for character in folded(heading) if character.isalnum())


def _emails(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[str, ...] | None:
    place = next((place for place, heading in enumerate(headings) if heading in _EMAIL), None)
    if place is None:
        return None
    return tuple(row[place].strip() for row in rows if len(row) > place and row[place].strip())
