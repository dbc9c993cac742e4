"""The one writer of spreadsheets. What it writes is never a formula, whatever the values are.

1. In a workbook text is text by its type; what a person might turn into a formula by pressing Enter is marked as text.
2. In a CSV file, where cells have no type, an apostrophe stands before whatever would run (``core.sheets.formulas``).
3. What it writes, ``core.sheets.reader`` reads again with the same values.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from math import ceil
from typing import Any, BinaryIO, Final

from msgspec import Struct
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.packaging.custom import StringProperty
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from core.rules import policy
from core.sheets.cells import Cell, CellFault, FaultyCell
from core.sheets.formulas import guarded, is_like_formula, plain

_LINES_AT_ONCE: Final = 500
# Of a text that needs no look at its length.
_SHORT: Final = 1000
_FORMATS: Final = ((datetime, "yyyy-mm-dd hh:mm"), (date, "yyyy-mm-dd"), (time, "hh:mm"))
TEXT_FORMAT: Final = "@"
MONEY_FORMAT: Final = "0.00"
# With the name and size of the rest: where a font says neither, each program takes another one.
BOLD: Final = Font(name="Calibri", size=11, bold=True)
_BOLD_WIDTH: Final = 1.1
_LINE_POINTS: Final = 15
_A4: Final = "9"
# Of one page's width at about half of their size.
_PAGE_CHARACTERS: Final = 260
# More of them would leave no room for the rows.
_FROZEN_ROWS: Final = 5


class Heading(Struct, frozen=True):
    """``width`` in characters."""

    text: str
    width: int = 16
    is_text: bool = False
    """Identifiers: a number typed into such a column keeps its zeros."""
    is_money: bool = False
    """Numbers in it have two places: 45.60."""


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
    lay_out(sheet, headings)
    sheet.append([heading_cell(sheet, heading.text) for heading in headings])
    money = [place for place, heading in enumerate(headings) if heading.is_money]
    for row in rows:
        cells = [safe_value(sheet, cell) for cell in row]
        for place in money:
            cells[place] = safe_cell(sheet, row[place])
            cells[place].number_format = MONEY_FORMAT
        sheet.append(cells)
    set_properties(book, properties)
    book.save(into)


def set_widths(sheet: Any, headings: Sequence[Heading]) -> None:
    for place, heading in enumerate(headings, start=1):
        column = sheet.column_dimensions[get_column_letter(place)]
        column.width = heading.width
        if heading.is_text:
            column.number_format = TEXT_FORMAT


def lay_out(sheet: Any, headings: Sequence[Heading], row: int = 1) -> None:
    """``row``: in which the headings stand; they stay in sight, and are printed on each page."""
    set_widths(sheet, headings)
    set_pages(sheet, headings)
    sheet.print_title_rows = f"{row}:{row}"
    give_room(sheet, row, ((heading.text, heading.width / _BOLD_WIDTH) for heading in headings))
    if row <= _FROZEN_ROWS:
        sheet.freeze_panes = f"A{row + 1}"


def give_room(sheet: Any, row: int, texts: Iterable[tuple[str, float]]) -> None:
    """Of a row with ``texts`` in several lines, each in so many characters: not every program makes room by itself."""
    lines = max((sum(ceil(len(line) / width) or 1 for line in text.split("\n")) for text, width in texts), default=1)
    if lines > 1:
        told = sheet.row_dimensions[row]
        told.height = max(told.height or 0, _LINE_POINTS * lines)


def set_pages(sheet: Any, headings: Sequence[Heading]) -> None:
    """Printed across, as few pages wide as can be read."""
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", _A4
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    wide = sum(heading.width for heading in headings)
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = ceil(wide / _PAGE_CHARACTERS), 0


def heading_cell(sheet: Any, text: str) -> Any:
    """For a sheet that is written row by row."""
    cell = safe_cell(sheet, text, font=BOLD)
    cell.alignment = Alignment(wrap_text=True)
    return cell


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
