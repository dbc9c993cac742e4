"""A few broken rows, cell by cell in a form: what is wrong stands beside each, and nothing is corrected by itself."""

from typing import Final

from bot.blocks.controls import Form
from bot.blocks.parts import Block, input_of, modal, plain, said, section, shortened
from bot.blocks.words import counted
from core.rules.ucas.choices import GENDERS
from core.rules.ucas.columns import MANDATORY, Column
from core.rules.ucas.years import YEAR_GROUPS
from core.usecases.imports.fixing import BrokenCell, BrokenRow, BrokenRowsShown, RowsCorrected
from core.wording.imports import import_name

_TITLE: Final = "Correct rows"
_CELL: Final = "cell"
_CELL_CHARACTERS: Final = 300
_OPTION_CHARACTERS: Final = 75
_CHOICES: Final = {Column.GENDER: GENDERS, Column.YEAR_GROUP: YEAR_GROUPS}


def correction_view(shown: BrokenRowsShown) -> Block:
    """Only the import's number is kept in the form."""
    blocks = [section(_introduction(shown))]
    for row in shown.rows:
        blocks.append(section(f"*Row {row.number:,}* · {said(row.name, 100) or 'no name'}"))
        blocks += [_input(row, cell) for cell in row.cells]
    view = modal(Form.IMPORT_CORRECT, _TITLE, blocks, submit="Import")
    return {**view, "private_metadata": str(shown.number)}


def _introduction(shown: BrokenRowsShown) -> str:
    rows = counted(sum(len(row.cells) for row in shown.rows), "cell")
    waits = f" The other {counted(shown.waiting, 'row')} will be imported with them." if shown.waiting else ""
    return f"*{import_name(shown.number)}*: {rows} to correct. Nothing is imported before all are right.{waits}"


def _input(row: BrokenRow, cell: BrokenCell) -> Block:
    hint = f"{cell.reason[:1].upper()}{cell.reason[1:]}. {cell.advice}"
    if cell.suggestion:
        hint = f"Perhaps “{shortened(cell.suggestion, 60)}”? {hint}"
    is_needed = cell.column in MANDATORY
    return input_of(block_of(row.number, cell.column), cell.column, _element(cell), hint=hint, optional=not is_needed)


def _element(cell: BrokenCell) -> Block:
    choices = cell.choices or _CHOICES.get(Column(cell.column), ())
    if choices and all(len(choice) <= _OPTION_CHARACTERS for choice in choices):
        options = [{"text": plain(choice), "value": choice} for choice in choices]
        return {"type": "static_select", "action_id": _CELL, "options": options, "placeholder": plain("Choose", 150)}
    element: Block = {"type": "plain_text_input", "action_id": _CELL, "max_length": _CELL_CHARACTERS}
    return {**element, "initial_value": value} if (value := shortened(cell.value, _CELL_CHARACTERS)) else element


def block_of(row: int, column: str) -> str:
    return f"{_CELL}:{row}:{column}"


def entered_cells(view: Block) -> dict[tuple[int, str], str]:
    """By row and column."""
    cells: dict[tuple[int, str], str] = {}
    for block_id, state in view["state"]["values"].items():
        name, row, column = block_id.split(":", 2)
        if name == _CELL:
            chosen = (state[_CELL].get("selected_option") or {}).get("value")
            cells[int(row), column] = chosen or state[_CELL].get("value") or ""
    return cells


def errors_of(done: RowsCorrected, cells: dict[tuple[int, str], str]) -> dict[str, str]:
    """Under the cell that is wrong, or the first of its row where the form does not have it."""
    errors: dict[str, str] = {}
    for each in done.refused:
        own = (each.row, each.column)
        place = own if own in cells else next((cell for cell in cells if cell[0] == each.row), next(iter(cells)))
        about = "" if place == own else f"{each.column}: "
        reason = f"{about}{each.reason}. {each.advice}"
        errors.setdefault(block_of(*place), shortened(reason[:1].upper() + reason[1:], 300))
    return errors


def corrected_view(done: RowsCorrected) -> Block:
    name = import_name(done.received or 0)
    words = f"*These rows are correct*, and imported as {name}.\nWhat became of them stands in our direct messages."
    return modal(Form.NOTHING, _TITLE, [section(words)])
