"""Recognising the learner import (UM 7) before anything is imported: how big it is, and whom it could invite."""

from collections.abc import Sequence
from itertools import chain

from msgspec import Struct

from core.rules.ucas.columns import MANDATORY, Column
from core.rules.ucas.headings import find_headings


class LearnerSheet(Struct, frozen=True):
    columns: int
    rows: int
    """Learners: filled rows below the headings."""
    emails: tuple[str, ...] | None
    """The filled cells of the e-mail column; None where there is no such column."""


def recognised_sheet(rows: Sequence[Sequence[str]]) -> LearnerSheet | None:
    """A sheet is the import when it has a row of headings with all mandatory ones, in any order or company."""
    headings = find_headings(enumerate(rows))
    if headings is None or not headings.places.keys() >= set(MANDATORY):
        return None
    filled = [learner for learner in rows[headings.row + 1 :] if any(map(str.strip, learner))]
    return LearnerSheet(headings.filled, len(filled), _emails(headings.places.get(Column.EMAIL), filled))


def together(sheets: Sequence[LearnerSheet]) -> LearnerSheet:
    """Those of one workbook, as one."""
    emails = [each.emails for each in sheets if each.emails is not None]
    rows = sum(each.rows for each in sheets)
    return LearnerSheet(sheets[0].columns, rows, tuple(chain.from_iterable(emails)) if emails else None)


def _emails(place: int | None, rows: Sequence[Sequence[str]]) -> tuple[str, ...] | None:
    if place is None:
        return None
    return tuple(row[place].strip() for row in rows if len(row) > place and row[place].strip())
