"""Names and the lines of a postal address: any text that is one."""

from core.rules.policy import ADDRESS_LINE_CHARACTERS, NAME_CHARACTERS
from core.rules.ucas.cells import Checked, text_of
from core.rules.ucas.columns import Column
from core.rules.ucas.problems import NONE, Cell, Fault, problem


def first_name(cell: Cell) -> Checked[str]:
    return _name(cell, Column.FIRST_NAME)


def last_name(cell: Cell) -> Checked[str]:
    return _name(cell, Column.LAST_NAME)


def house(cell: Cell) -> Checked[str]:
    return _line(cell, Column.HOUSE)


def street(cell: Cell) -> Checked[str]:
    return _line(cell, Column.STREET)


def locality(cell: Cell) -> Checked[str]:
    return _line(cell, Column.LOCALITY)


def town(cell: Cell) -> Checked[str]:
    return _line(cell, Column.TOWN)


def _name(cell: Cell, column: Column) -> Checked[str]:
    # Of letters only: nothing to clean.
    if type(cell) is str and cell.isalpha() and cell.isascii() and len(cell) <= NAME_CHARACTERS:
        return cell, NONE
    text, problems = text_of(cell, column, NAME_CHARACTERS)
    if text and not any(map(str.isalpha, text)):
        return None, (problem(Fault.NAME_NO_LETTER, column, cell),)
    return text or None, problems


def _line(cell: Cell, column: Column) -> Checked[str]:
    text, problems = text_of(cell, column, ADDRESS_LINE_CHARACTERS)
    return text or None, problems
