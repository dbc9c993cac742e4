"""Year groups of the four nations, and which age belongs to them."""

import re
from datetime import date, timedelta
from typing import Final, NamedTuple

from core.rules.policy import YEAR_GROUP_LEEWAY
from core.rules.text import folded
from core.rules.ucas.cells import Checked, text_of
from core.rules.ucas.columns import Column
from core.rules.ucas.problems import Cell, Fault, Problem, problem

_CHARACTERS: Final = 60
# After case and spaces are gone. “NCY” is the national curriculum year of management information systems.
_ENGLISH = re.compile(r"(?:year|yr|y|ncy)?(?:group)?0?([7-9]|1[0-4])")
_SCOTTISH = re.compile(r"(?:s|secondary)0?([1-6])")
_SIXTH_FORMS: Final = {
    "lowersixth": 12, "lowersixthform": 12, "lower6th": 12, "l6": 12, "uppersixth": 13, "uppersixthform": 13,
    "upper6th": 13, "u6": 13,
}  # fmt: skip
_MARKS = re.compile(r"[\s._-]+")
# UK comparison table of school years, April 2020: who turns 12 in a school year is in Year 7 or P7, and S1 comes next.
_AGE_BEFORE_YEAR_0: Final = 4
_SCOTTISH_AHEAD: Final = 7
_SCHOOL_YEAR_BEGINS: Final = 9


class YearGroup(NamedTuple):
    name: str
    """``Year 7`` to ``Year 14``, ``S1`` to ``S6``. Northern Ireland alone has a Year 14, and counts one ahead."""
    text: str
    """As the sheet has it."""


def year_group(cell: Cell) -> Checked[YearGroup]:
    text, problems = text_of(cell, Column.YEAR_GROUP, _CHARACTERS)
    if not text:
        return None, problems
    name = _named(_MARKS.sub("", folded(text)))
    if not name:
        return None, (problem(Fault.YEAR_UNKNOWN, Column.YEAR_GROUP, cell),)
    return YearGroup(name, text), problems


def _named(plain: str) -> str:
    if english := _ENGLISH.fullmatch(plain):
        return f"Year {english[1]}"
    if scottish := _SCOTTISH.fullmatch(plain):
        return f"S{scottish[1]}"
    return f"Year {_SIXTH_FORMS[plain]}" if plain in _SIXTH_FORMS else ""


_STEPS: Final = {f"Year {year}": year for year in range(7, 15)} | {f"S{s}": s + _SCOTTISH_AHEAD for s in range(1, 7)}

YEAR_GROUPS: Final = tuple(_STEPS)


def usual_births(today: date) -> dict[str, tuple[date, date]]:
    """By year group: the first and the last day on which its learners are born.

    A learner may be a year ahead or behind, and Northern Ireland counts one ahead.
    """
    school_year = today.year - (today.month < _SCHOOL_YEAR_BEGINS)
    births = {name: school_year - _AGE_BEFORE_YEAR_0 - step for name, step in _STEPS.items()}
    return {
        name: (
            date(year - YEAR_GROUP_LEEWAY - 1, _SCHOOL_YEAR_BEGINS, 1),
            date(year + YEAR_GROUP_LEEWAY, _SCHOOL_YEAR_BEGINS, 1) - timedelta(days=1),
        )
        for name, year in births.items()
    }


def unusual_year(year: YearGroup, born_on: date) -> Problem:
    return problem(Fault.DOB_YEAR_GROUP, Column.DOB, born_on, year=year.name)
