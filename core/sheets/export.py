"""The one writer of spreadsheets. What it writes is never a formula, whatever the values are.

1. In a workbook text is text by its type; what a person might turn into a formula by pressing Enter is marked as text.
2. In a CSV file, where cells have no type, an apostrophe stands before whatever would run (``core.sheets.formulas``).
3. What it writes, ``core.sheets.reader`` reads again with the same values.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.packaging.custom import StringProperty
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from core.rules import policy
from core.sheets.cells import Cell, CellFault, FaultyCell
from core.sheets.formulas import guarded, is_like_formula, plain

_LINES_AT_ONCE: Final = 500
# Of a text that needs no look at its length.
_SHORT: Final = 1000
_FORMATS: Final = ((datetime, "yyyy-mm-dd hh:mm"), (date, "yyyy-mm-dd"), (time, "hh:mm"))
TEXT_FORMAT: Final = "@"


@dataclass(frozen=True, slots=True)
class Heading:
    """``width`` in characters."""

    text: str
    width: int = 16
    is_text: bool = False
    """Identifiers: a number typed into such a column keeps its zeros."""


def csv_pieces(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """UTF-8 with the mark that Excel wants, a few hundred rows a piece."""
    piece = io.StringIO(newline="")
    writer = csv.writer(piece)
    piece.write("\ufeff")
    lines: Iterable[Sequence[Cell]] = [headings] if headings else []
    for place, row in enumerate((row for part in (lines, rows) for row in part), start=1):
        # A blank line is a row; the csv module would write quotation marks for a single blank cell.
        filled = [_csv_value(cell) for cell in row]
        writer.writerow(filled if any(cell != "" for cell in filled) else [])
        if place % _LINES_AT_ONCE == 0:
            yield piece.getvalue().encode()
            piece.seek(0)
            piece.truncate()
    yield piece.getvalue().encode()


def _csv_value(cell: Cell) -> str | int | float:
    if isinstance(cell, str | FaultyCell):
        return guarded(plain(_text_of(cell)))
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell) if isinstance(cell, timedelta) else cell


def write_workbook(
    into: BinaryIO,
    title: str,
    headings: Sequence[Heading],
    rows: Iterable[Sequence[Cell]],
    properties: Mapping[str, str],
) -> None:
    """One sheet, row by row: not all of it is ever in memory."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    set_widths(sheet, headings)
    sheet.freeze_panes = "A2"
    sheet.append([safe_cell(sheet, heading.text, font=Font(bold=True)) for heading in headings])
    for row in rows:
        sheet.append([safe_value(sheet, cell) for cell in row])
    set_properties(book, properties)
    book.save(into)


def set_widths(sheet: Any, headings: Sequence[Heading]) -> None:
    for place, heading in enumerate(headings, start=1):
        column = sheet.column_dimensions[get_column_letter(place)]
        column.width = heading.width
        if heading.is_text:
            column.number_format = TEXT_FORMAT


def safe_value(sheet: Any, value: Cell) -> Any:
    """For a sheet that is written row by row: as it is, where the library cannot take it for anything else."""
    if isinstance(value, str):
        is_plain = value[:1].isalnum() and value.isprintable() and len(value) < _SHORT
    else:
        is_plain = isinstance(value, int | float)
    return value if is_plain else safe_cell(sheet, value)


def safe_cell(sheet: Any, value: Cell | None, font: Font | None = None) -> Any:
    """A cell for a sheet that is written row by row."""
    cell = WriteOnlyCell(sheet)
    put(cell, value)
    if font is not None:
        cell.font = font
    return cell


def put(cell: Any, value: Cell | None) -> None:
    """Into a cell of any kind of sheet; the only place where a value that is not ours meets a workbook."""
    if value is None or value == "":
        cell.value = None
        return
    if isinstance(value, str | FaultyCell):
        text = plain(_text_of(value))[: policy.SHEET_CELL_CHARACTERS]
        cell.value = text
        # The library has its own idea of what begins with “=” or looks like “#N/A”.
        cell.data_type = "s"
        if is_like_formula(text):
            cell.quotePrefix = True
        return
    cell.value = value
    for kind, number_format in _FORMATS:
        if isinstance(value, kind):
            cell.number_format = number_format
            break


def _text_of(cell: str | FaultyCell) -> str:
    if isinstance(cell, str):
        return cell
    return "" if cell.fault is CellFault.NOT_CALCULATED else cell.shown


def set_properties(book: Workbook, properties: Mapping[str, str]) -> None:
    """Values in the document's own properties, which survive when somebody edits and saves it."""
    ours: Any = book.custom_doc_props  # type: ignore[attr-defined]  # The stubs do not know it.
    for name, value in properties.items():
        if name in ours.names:
            del ours[name]
        ours.append(StringProperty(name=name, value=value))
