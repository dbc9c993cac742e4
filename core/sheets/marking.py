"""Writes results into a copy of a stranger's file, inside the limited child (``core.limited``)."""

import io
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from typing import Any, BinaryIO, Final

import openpyxl
from openpyxl.cell import MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from core.rules import policy
from core.rules.ucas.columns import ROW_COLUMN, STATUS_COLUMNS
from core.sheets import export
from core.sheets.cells import Cell, FaultyCell, Row
from core.sheets.child import read_lines
from core.sheets.formulas import plain
from core.sheets.marks import IMPORT_PROPERTY, Form, MarkRequest, RowResult, SheetMarks
from core.sheets.wire import Line, ReadRequest, unpacked

_PIECE: Final = 1 << 20
# The colours that Excel itself gives to what is wrong and to what is neutral; comment and reason say it in words.
_WRONG: Final = PatternFill("solid", fgColor="FFFFC7CE")
_DOUBTFUL: Final = PatternFill("solid", fgColor="FFFFEB9C")
_HEADINGS: Final = tuple(zip(STATUS_COLUMNS, (14, 60, 30), strict=True))
_COMMENT_CHARACTERS: Final = 2000
# What we say in a comment begins so; what stands before it is the sender's.
_OURS: Final = "Usher: "
# A file with one cell a million rows down is not copied row for row.
_GAPS: Final = 2000
_LAST_PLACE: Final = 16_384


def marked(request: MarkRequest, source: BinaryIO) -> Iterator[bytes]:
    """The new file in pieces. Whatever goes wrong is raised, or kills: then the caller tries another form."""
    tempfile.tempdir = request.folder
    content = source.read()
    rows = _rows(content, request.marks.sheet)
    if request.form is Form.CSV:
        yield from export.csv_pieces((), _all_lines(rows, request.marks))
        return
    book = _own(content, rows, request.marks) if request.form is Form.OWN else _fresh(rows, request)
    export.set_properties(book, {IMPORT_PROPERTY: request.marks.import_ref})
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece


def _rows(content: bytes, sheet: str) -> list[Row]:
    """Read a second time rather than handed over: it takes a fraction of what writing takes."""
    lines: list[Line] = []
    for line in read_lines(ReadRequest(), io.BytesIO(content)):
        if line.restarts:
            lines.clear()
        lines.append(line)
    end = lines[-1].end
    if end is None:
        raise ValueError("it cannot be read again")
    place = end.sheets.index(sheet)
    return [unpacked(row) for line in lines if line.sheet == place for row in line.rows]


def _own(content: bytes, rows: list[Row], marks: SheetMarks) -> openpyxl.Workbook:
    book = openpyxl.load_workbook(io.BytesIO(content), keep_vba=False, keep_links=False)
    sheet: Any = book[marks.sheet]
    _put_values_back(sheet, rows, marks)
    columns = _own_columns(sheet, marks.header_row)
    bold = _bold(sheet, marks.header_row)
    for column, (heading, width) in zip(columns, _HEADINGS, strict=True):
        cell = sheet.cell(marks.header_row, column)
        export.put(cell, heading)
        cell.font = bold
        sheet.column_dimensions[get_column_letter(column)].width = width
    wrapped = _style_of(sheet, columns[0])
    for result in marks.results:
        _give_room(sheet, result.row, result)
        for column, words in zip(columns, (result.status, result.reason, result.suggestion), strict=True):
            cell = sheet.cell(result.row, column)
            if words or cell.value is not None:
                # Found once and copied: to find it again for each cell takes a third of all the time.
                cell._style = copy(wrapped)
                export.put(cell, words)
        for place, comment in result.cells.items():
            _mark(_whole(sheet, sheet.cell(result.row, place + 1)), comment, _colour(result, place))
    return book


def _give_room(sheet: Any, row: int, result: RowResult) -> None:
    if result.reason:
        export.give_room(sheet, row, ((result.reason, _HEADINGS[1][1]), (result.suggestion, _HEADINGS[2][1])))


def _bold(sheet: Any, header_row: int) -> Font:
    """As their own headings, only bold."""
    font: Font = copy(next((cell.font for cell in sheet[header_row] if cell.value is not None), export.BOLD))
    font.b = True
    return font


def _style_of(sheet: Any, column: int) -> Any:
    """Of text in several lines; by way of a cell that is not there afterwards."""
    place = sheet.max_row + 1, column
    cell = sheet.cell(*place)
    # At the bottom, as what stands left of it does in most sheets.
    cell.alignment = Alignment(wrap_text=True)
    del sheet._cells[place]
    return cell._style


def _put_values_back(sheet: Any, rows: list[Row], marks: SheetMarks) -> None:
    """Loading a workbook loses what its formulas came to, and our copy must be readable before anybody opens it."""
    for row in rows:
        for place in marks.columns:
            if place < len(row.cells) and not isinstance(row.cells[place], FaultyCell):
                cell = sheet.cell(row.number, place + 1)
                if cell.data_type == "f":
                    kept = cell.number_format
                    export.put(cell, row.cells[place])
                    cell.number_format = kept


def _own_columns(sheet: Any, header_row: int) -> tuple[int, int, int]:
    """Where they stand already, in a workbook that comes back corrected; else right of all that is filled."""
    headings = {str(cell.value): cell.column for cell in sheet[header_row] if cell.value is not None}
    if all(heading in headings for heading, _ in _HEADINGS):
        _forget_earlier_marks(sheet)
        status, reason, suggestion = (headings[heading] for heading in STATUS_COLUMNS)
        return status, reason, suggestion
    first = sheet.max_column + 1
    if first > policy.SHEET_COLUMNS:
        first = max((cell.column for cell in sheet[header_row] if cell.value is not None), default=0) + 1
        _check_room(sheet, header_row, first)
    return first, first + 1, first + 2


def _check_room(sheet: Any, header_row: int, first: int) -> None:
    taken = sheet.iter_rows(header_row, min_col=first, max_col=min(first + 2, _LAST_PLACE), values_only=True)
    if first + 2 > _LAST_PLACE or any(value is not None for row in taken for value in row):
        raise ValueError("there is no room for three columns")


def _whole(sheet: Any, cell: Any) -> Any:
    """Of a merged cell the one that holds its value."""
    if not isinstance(cell, MergedCell):
        return cell
    area = next(area for area in sheet.merged_cells.ranges if cell.coordinate in area)
    return sheet.cell(area.min_row, area.min_col)


def _colour(result: RowResult, place: int) -> PatternFill:
    return _DOUBTFUL if place in result.doubtful else _WRONG


def _mark(cell: Any, words: str, colour: PatternFill) -> None:
    cell.fill = colour
    theirs = _without_ours(cell.comment.text) if cell.comment else ""
    text = f"{theirs}\n{_OURS}{words}" if theirs else f"{_OURS}{words}"
    _comment(cell, plain(text)[:_COMMENT_CHARACTERS])


def _comment(cell: Any, text: str) -> None:
    comment = Comment(text, "Usher")
    comment.width, comment.height = 320, 40 + 18 * (len(text) // 45 + text.count("\n"))
    cell.comment = comment


def _forget_earlier_marks(sheet: Any) -> None:
    """In a workbook that comes back corrected: what was said then may no longer be so."""
    for row in sheet.iter_rows():
        for cell in row:
            if not isinstance(cell, MergedCell) and cell.comment and _OURS in cell.comment.text:
                theirs = _without_ours(cell.comment.text)
                cell.comment = None
                if theirs:
                    _comment(cell, theirs)
                if cell.fill.fgColor.rgb in (_WRONG.fgColor.rgb, _DOUBTFUL.fgColor.rgb):
                    cell.fill = PatternFill()


def _without_ours(text: str) -> str:
    return text.partition(_OURS)[0].rstrip("\n")


def _fresh(rows: list[Row], request: MarkRequest) -> openpyxl.Workbook:
    marks = request.marks
    results = {result.row: result for result in marks.results}
    header = next((row.cells for row in rows if row.number == marks.header_row), ())
    is_faulty = request.form is Form.FAULTY
    has_numbers = is_faulty or _has_gaps(rows)
    chosen = [row for row in rows if row.number in results and (results[row.number].is_faulty or not is_faulty)]
    width = max((len(row.cells) for row in [*chosen, Row(0, header)]), default=0)

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(_title(marks.sheet))
    left = [export.Heading(ROW_COLUMN, 14)] if has_numbers else []
    middle = [export.Heading(str(cell), 18) for cell in _filled_up(header, width)]
    headings = [*left, *middle, *(export.Heading(text, size) for text, size in _HEADINGS)]
    export.lay_out(sheet, headings, 1 if has_numbers else marks.header_row)
    if has_numbers:
        sheet.append([export.heading_cell(sheet, heading.text) for heading in headings])
        for place, row in enumerate(chosen, start=2):
            _give_room(sheet, place, results[row.number])
            sheet.append([row.number, *_marked_cells(sheet, row, width, results)])
        return book
    for row in _with_blank_rows(rows):
        if row.number in results:
            _give_room(sheet, row.number, results[row.number])
        if row.number == marks.header_row:
            sheet.append([export.heading_cell(sheet, heading.text) for heading in headings])
        else:
            sheet.append(_marked_cells(sheet, row, width, results))
    return book


def _marked_cells(sheet: Any, row: Row, width: int, results: Mapping[int, RowResult]) -> list[Any]:
    result = results.get(row.number)
    values = _filled_up(row.cells, width)
    if result is None:
        return [export.safe_value(sheet, value) for value in values]
    cells = [
        *(export.safe_value(sheet, value) for value in values),
        *(_told(sheet, words) for words in (result.status, result.reason, result.suggestion)),
    ]
    for place, words in result.cells.items():
        if place < width:
            cells[place] = export.safe_cell(sheet, values[place])
            _mark(cells[place], words, _colour(result, place))
    return cells


def _told(sheet: Any, words: str) -> Any:
    """In several lines, where it needs them."""
    if len(words) < _HEADINGS[0][1]:
        return export.safe_value(sheet, words)
    cell = export.safe_cell(sheet, words)
    cell.alignment = Alignment(wrap_text=True)
    return cell


def _all_lines(rows: list[Row], marks: SheetMarks) -> Iterator[list[Cell]]:
    results = {result.row: result for result in marks.results}
    width = max((len(row.cells) for row in rows), default=0)
    for row in rows if _has_gaps(rows) else _with_blank_rows(rows):
        cells = _filled_up(row.cells, width)
        if row.number == marks.header_row:
            yield [*cells, *STATUS_COLUMNS]
        elif result := results.get(row.number):
            yield [*cells, result.status, result.reason, result.suggestion]
        else:
            yield cells


def _filled_up(cells: tuple[Cell, ...], width: int) -> list[Cell]:
    return [*cells, *[""] * (width - len(cells))]


def _has_gaps(rows: list[Row]) -> bool:
    return bool(rows) and rows[-1].number > 2 * len(rows) + _GAPS


def _with_blank_rows(rows: Iterable[Row]) -> Iterator[Row]:
    """Each row stands where it stood, so that the numbers in our answer are the copy's as well."""
    expected = 1
    for row in rows:
        yield from (Row(number, ()) for number in range(expected, row.number))
        yield row
        expected = row.number + 1


def _title(name: str) -> str:
    kept = "".join(character for character in name if character not in "[]:*?/\\")[:31].strip("'")
    return plain(kept) or "Learners"
