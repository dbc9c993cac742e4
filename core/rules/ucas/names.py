"""Names and the lines of a postal address: any text that is one."""

from collections.abc import Callable
from unicodedata import is_normalized

from core.rules.policy import ADDRESS_LINE_CHARACTERS, NAME_CHARACTERS
from core.rules.ucas.cells import BLANK, Checked, is_clean_line, text_of
from core.rules.ucas.columns import Column
from core.rules.ucas.problems import NONE, Cell, Fault, problem


def _name(column: Column) -> Callable[[Cell], Checked[str]]:
    def check(cell: Cell) -> Checked[str]:
        # Of letters only: nothing to clean.
        if type(cell) is str and cell.isalpha() and len(cell) <= NAME_CHARACTERS and is_normalized("NFC", cell):
            return cell, NONE
        if type(cell) is str and is_clean_line(cell) and cell[0].isalpha():
            return cell, NONE
        text, problems = text_of(cell, column, NAME_CHARACTERS)
        if text and not any(map(str.isalpha, text)):
            return None, (problem(Fault.NAME_NO_LETTER, column, cell),)
        return text or None, problems

    return check


def _line(column: Column) -> Callable[[Cell], Checked[str]]:
    def check(cell: Cell) -> Checked[str]:
        if cell is None or cell == "":
            return BLANK
        if type(cell) is str and is_clean_line(cell):
            return cell, NONE
        text, problems = text_of(cell, column, ADDRESS_LINE_CHARACTERS)
        return text or None, problems

    return check


first_name = _name(Column.FIRST_NAME)
last_name = _name(Column.LAST_NAME)
house = _line(Column.HOUSE)
street = _line(Column.STREET)
locality = _line(Column.LOCALITY)
town = _line(Column.TOWN)
