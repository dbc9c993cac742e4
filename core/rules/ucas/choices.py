"""The closed lists, by alias: gender and ethnicity. Both are special or sensitive, so nothing is guessed."""

import re
from typing import Final

from core.rules.text import folded
from core.rules.ucas.cells import Checked, text_of
from core.rules.ucas.columns import Column
from core.rules.ucas.problems import Cell, Fault, Problem, problem, with_choices
from core.rules.ucas.suggestions import nearest

_CHARACTERS: Final = 200

GENDERS: Final = ("Female", "Male", "Not known", "Not specified")
"""UM 7.4."""
_GENDER_ALIASES: Final = {
    "f": "Female", "girl": "Female", "woman": "Female",
    "m": "Male", "boy": "Male", "man": "Male",
    "u": "Not known", "n k": "Not known", "nk": "Not known", "unknown": "Not known",
    "n s": "Not specified", "ns": "Not specified", "unspecified": "Not specified",
}  # fmt: skip

ETHNICITIES: Final = (
    "English / Welsh / Scottish / Northern Irish / British",
    "Not provided",
    "Irish",
    "Gypsy or Irish Traveller",
    "Any other white background",
    "White and Black Caribbean",
    "White and Black African",
    "White and Asian",
    "Any other mixed / multiple ethnic background",
    "Indian",
    "Pakistani",
    "Bangladeshi",
    "Chinese",
    "Any other Asian background",
    "African",
    "Caribbean",
    "Any other Black African /Caribbean background",
    "Arab",
    "Any other ethnic group",
)
"""UM 7.4, in its spelling and order."""
# The school census's codes, as management information systems export them. Not its WROM, for the list has no Roma.
_CENSUS_CODES: Final = {
    "wbri": 0, "nobt": 1, "refu": 1, "wiri": 2, "wirt": 3, "woth": 4, "mwbc": 5, "mwba": 6, "mwas": 7, "moth": 8,
    "aind": 9, "apkn": 10, "aban": 11, "chne": 12, "aoth": 13, "bafr": 14, "bcrb": 15, "both": 16, "ooth": 18,
}  # fmt: skip
# gov.uk writes “A, B or C” where UM writes “A / B / C”: words that only join say nothing.
_JOINTS = re.compile(r"[/,]|\b(?:and|or)\b")
_MARKS = re.compile(r"[/._-]")
# “Any other Black background” is near “Any other Asian background”: what tells them apart must be the same.
_SAYS_NOTHING: Final = frozenset({"any", "other", "background", "ethnic", "group", "multiple"})


def _plain_gender(text: str) -> str:
    return " ".join(_MARKS.sub(" ", folded(text)).split())


def _plain_ethnicity(text: str) -> str:
    return " ".join(_JOINTS.sub(" ", folded(text)).split())


_GENDER_OF: Final = {_plain_gender(gender): gender for gender in GENDERS} | _GENDER_ALIASES
_ETHNICITY_OF: Final = {_plain_ethnicity(ethnicity): ethnicity for ethnicity in ETHNICITIES}
_ETHNICITY_BY_CODE: Final = {code: ETHNICITIES[place] for code, place in _CENSUS_CODES.items()}
_PLAIN_GENDERS: Final = tuple(map(_plain_gender, GENDERS))
_PLAIN_ETHNICITIES: Final = tuple(_ETHNICITY_OF)


def gender(cell: Cell) -> Checked[str]:
    text, problems = text_of(cell, Column.GENDER, _CHARACTERS)
    if not text:
        return None, problems
    plain = _plain_gender(text)
    if found := _GENDER_OF.get(plain):
        return found, problems
    suggestion = _GENDER_OF.get(nearest(plain, _PLAIN_GENDERS), "")
    return None, (_unknown(Fault.GENDER_UNKNOWN, Column.GENDER, cell, suggestion, GENDERS),)


def ethnicity(cell: Cell) -> Checked[str]:
    """UM 7.4; compared without case, ``/``, commas, “and” and “or”, so that gov.uk's spellings are known too."""
    text, problems = text_of(cell, Column.ETHNICITY, _CHARACTERS)
    if not text:
        return None, problems
    plain = _plain_ethnicity(text)
    if found := _ETHNICITY_OF.get(plain) or _ETHNICITY_BY_CODE.get(plain):
        return found, problems
    suggestion = _ETHNICITY_OF.get(_nearest_ethnicity(plain), "")
    return None, (_unknown(Fault.ETHNICITY_UNKNOWN, Column.ETHNICITY, cell, suggestion, ETHNICITIES),)


def _nearest_ethnicity(plain: str) -> str:
    found = nearest(plain, _PLAIN_ETHNICITIES)
    words = set(found.split())
    telling = words - _SAYS_NOTHING
    return found if words == telling or telling <= set(plain.split()) else ""


def _unknown(fault: Fault, column: Column, cell: Cell, suggestion: str, choices: tuple[str, ...]) -> Problem:
    """With the list only where nothing is suggested."""
    found = problem(fault, column, cell, suggestion)
    return found if suggestion else with_choices(found, choices)
