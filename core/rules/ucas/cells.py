"""From a cell to text: what Excel changes on the way is named, never guessed back."""

import re
from datetime import date, time, timedelta
from typing import Final, TypeVar

from core.rules.text import clean_name
from core.rules.ucas.columns import MANDATORY, Column
from core.rules.ucas.problems import NONE, Cell, Fault, FaultyCell, Problem, Problems, problem

Value = TypeVar("Value")
Checked = tuple[Value | None, Problems]
"""A value without problems, one with warnings, or none: then the cell was blank, or an error says why."""

BLANK: Final[tuple[None, Problems]] = (None, NONE)
# From here on a float has lost digits.
_WHOLE_LIMIT: Final = 2**53
_EXCEL_ERROR = re.compile(
    r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|GETTING_DATA|#+)", re.IGNORECASE
)
# 9.27631E+09, as Excel writes a long number into a CSV file.
_SHORTENED = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]*)?[Ee]\+?[0-9]{1,3}")
_FRACTION = re.compile(r"([0-9]+)[.,]([0-9]+)")
_SPACES = re.compile(r"\s+")
# Our own files, and other careful ones, put a mark before what a spreadsheet would take for a formula.
_GUARDED = re.compile(r"'[=+\-@]")
_NOTHING: Final = frozenset({"-", "--", "n/a", "na", "none", "nil", "null", "not known", "unknown", "tbc", "?", "."})
# Not names: people are called Null and Na. The lists have values of their own for “unknown”.
_MAY_SAY_NOTHING: Final = frozenset({
    Column.EMAIL, Column.HOUSE, Column.STREET, Column.LOCALITY, Column.TOWN, Column.TELEPHONE, Column.ULN, Column.UPN,
    Column.CCIS, Column.DOB,
})  # fmt: skip
_LONGEST_NOTHING: Final = max(map(len, _NOTHING))
# As short as the shortest limit.
_LONGEST_CLEAN: Final = 40
# A cell's text before it is cleaned: whatever is longer is too long for each of the columns.
_RAW_CHARACTERS: Final = 2000
_FAULTS: Final = {"not_calculated": Fault.CELL_NOT_CALCULATED, "too_long": Fault.CELL_TOO_LONG}
_LONGEST_CELL: Final = 32_767


def is_clean_line(text: str) -> bool:
    """Whether ``text_of`` would leave it as it is, found at a fifth of its price. It says no when in doubt."""
    return (
        text.isascii()
        and text.isprintable()
        and text[:1].isalnum()
        and text[-1] != " "
        and "  " not in text
        and len(text) <= _LONGEST_CLEAN
        and (len(text) > _LONGEST_NOTHING or text.lower() not in _NOTHING)
    )


def text_of(cell: Cell, column: Column, limit: int) -> tuple[str, Problems]:
    """On one line, in NFC. Blank: an empty text, with a problem where the column is mandatory.

    The text is empty whenever there is an error.
    """
    if isinstance(cell, str):
        text, problems = _cleaned(cell, column, limit)
    elif cell is None:
        text, problems = "", NONE
    else:
        text, problems = _converted(cell, column)
    if not text and not problems and column in MANDATORY:
        problems = (problem(Fault.CELL_REQUIRED, column, cell),)
    return text, problems


def number_of(cell: Cell, column: Column) -> tuple[str, Problems]:
    """As ``text_of``, of a number that is a name: no digit may be missing. Spaces between its digits go."""
    text, problems = text_of(cell, column, 40)
    if not text:
        return text, problems
    if _SHORTENED.fullmatch(text):
        return "", (problem(Fault.NUMBER_DAMAGED, column, cell),)
    if fraction := _FRACTION.fullmatch(text):
        whole = fraction[1] if not fraction[2].strip("0") else ""
        return "", (problem(Fault.NUMBER_FRACTION, column, cell, whole),)
    return _SPACES.sub("", text), problems


def _cleaned(cell: str, column: Column, limit: int) -> tuple[str, Problems]:
    if len(cell) > _RAW_CHARACTERS and len(cell.strip()) > _RAW_CHARACTERS:
        return "", (problem(Fault.CELL_TOO_LONG, column, cell, limit=limit),)
    text = clean_name(cell.strip(), limit + 1)
    if len(text) > limit:
        return "", (problem(Fault.CELL_TOO_LONG, column, cell, limit=limit),)
    if _GUARDED.match(text):
        text = text[1:]
    if _EXCEL_ERROR.fullmatch(text):
        return "", (problem(Fault.CELL_ERROR, column, cell),)
    if column in _MAY_SAY_NOTHING and text.casefold() in _NOTHING:
        return "", (problem(Fault.CELL_PLACEHOLDER, column, cell),)
    return text, NONE


def _converted(cell: int | float | date | time | timedelta | FaultyCell, column: Column) -> tuple[str, Problems]:
    if isinstance(cell, bool):
        return "", (problem(Fault.CELL_BOOLEAN, column, cell),)
    if isinstance(cell, int | float):
        return _digits(cell, column)
    if isinstance(cell, date | time | timedelta):
        return "", (problem(Fault.CELL_DATE, column, cell),)
    return "", (faulty(cell, column),)


def _digits(cell: int | float, column: Column) -> tuple[str, Problems]:
    if abs(cell) >= _WHOLE_LIMIT or cell != cell:
        return "", (problem(Fault.NUMBER_DAMAGED, column, cell),)
    return str(int(cell) if cell == int(cell) else cell), NONE


def faulty(cell: FaultyCell, column: str) -> Problem:
    return problem(_FAULTS.get(cell.fault, Fault.CELL_ERROR), column, cell, limit=_LONGEST_CELL)
