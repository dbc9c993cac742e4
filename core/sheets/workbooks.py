"""Workbooks to rows: the fast reader, and for each family of files a slower one that fails in other ways."""

import io
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from msgspec import Struct
from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from core.rules import policy
from core.sheets import package
from core.sheets.cells import CellFault, FaultyCell, FileKind, FileNote
from core.sheets.faults import FileFault, Unreadable

Rows = Iterator[tuple[int, Sequence[Any]]]
# An error or a formula's error in the records of an .xls: the fast reader gives a blank for it.
_XLS_ERROR: Final = b"\x05\x02\x08\x00"
_XLS_FORMULA: Final = b"\x06\x00"
# [MS-OFFCRYPTO] 2.4.2.3: Excel's own for files that may be read by anybody.
_OPEN_TO_ALL: Final = "VelvetSweatshop"


class Opened(Struct, frozen=True):
    """``sheets``: name, hidden, and what reads its rows; nothing is read before that is called."""

    sheets: tuple[tuple[str, bool, Callable[[], Rows]], ...]


class NeedsSecondReader(Exception):
    """The fast reader would lose something, or take more room than there is."""


def fast(content: bytes, container: package.Package | None) -> Opened:
    """Raises Unreadable for a password, NeedsSecondReader and CalamineError; a panic is a BaseException."""
    if container is None and _has_xls_errors(content):
        raise NeedsSecondReader
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    except PasswordError as error:
        raise Unreadable(FileFault.PASSWORD) from error
    sheets = []
    for place, sheet in enumerate(book.sheets_metadata):
        if sheet.typ is SheetTypeEnum.WorkSheet:
            is_hidden = sheet.visible is not SheetVisibleEnum.Visible
            sheets.append((sheet.name, is_hidden, partial(_fast_rows, book, place, container)))
    return Opened(tuple(sheets))


def _fast_rows(book: CalamineWorkbook, place: int, container: package.Package | None) -> Rows:
    scan = container.scan(book.sheets_metadata[place].name) if container else None
    if scan and scan.rows * scan.columns > policy.SHEET_RECTANGLE:
        raise NeedsSecondReader
    sheet = book.get_sheet_by_index(place)
    # The reader leaves out blank columns before the first filled one, though not blank rows.
    left = [""] * (sheet.start[1] if sheet.start else 0)
    rows: Rows = ((number, left + row if left else row) for number, row in enumerate(sheet.iter_rows(), start=1))
    return _with_faulty(rows, scan.faulty) if scan and scan.faulty else rows


def _with_faulty(rows: Rows, faulty: dict[int, dict[int, FaultyCell]]) -> Rows:
    waiting = sorted(faulty, reverse=True)
    for number, cells in rows:
        while waiting and waiting[-1] < number:
            missed = waiting.pop()
            yield missed, _laid_over([], faulty[missed])
        if waiting and waiting[-1] == number:
            cells = _laid_over(cells, faulty[waiting.pop()])
        yield number, cells
    for missed in reversed(waiting):
        yield missed, _laid_over([], faulty[missed])


def _laid_over(cells: Sequence[Any], faulty: dict[int, FaultyCell]) -> list[Any]:
    """Only where nothing was read: a value is better than its fault."""
    laid = [*cells, *[""] * (max(faulty) + 1 - len(cells))]
    for place, cell in faulty.items():
        if laid[place] == "":
            laid[place] = cell
    return laid


def slow(content: bytes, kind: FileKind) -> Opened:
    """Raises Unreadable where there is no second reader, and whatever the reader raises."""
    if kind not in SECOND_READERS:
        raise Unreadable(FileFault.DAMAGED)
    return SECOND_READERS[kind](content)


def _by_openpyxl(content: bytes) -> Opened:
    import openpyxl  # A quarter of a second that only the few files pay which need it.
    from openpyxl.chartsheet import Chartsheet

    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    sheets = [sheet for sheet in book.worksheets if not isinstance(sheet, Chartsheet)]
    return Opened(
        tuple((sheet.title, sheet.sheet_state != "visible", partial(_openpyxl_rows, sheet)) for sheet in sheets)
    )


def _openpyxl_rows(sheet: Any) -> Rows:
    # What a file says of its own extent may be wrong, and then the rest of it would be lost silently.
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(), start=1):
        if row:
            yield number, [_of_openpyxl(cell) for cell in row]


def _of_openpyxl(cell: Any) -> Any:
    value = cell.value
    if value is None:
        return ""
    return FaultyCell(CellFault.ERROR, str(value)) if cell.data_type == "e" else value


def _by_xlrd(content: bytes) -> Opened:
    import xlrd  # type: ignore[import-untyped]  # As above; it has no types.

    book = xlrd.open_workbook(file_contents=content, logfile=io.StringIO(), on_demand=True, ragged_rows=True)
    return Opened(
        tuple(
            (
                book.sheet_names()[place],
                bool(getattr(book, "_sheet_visibility", [0] * book.nsheets)[place]),
                partial(_xlrd_rows, book, place),
            )
            for place in range(book.nsheets)
        )
    )


def _xlrd_rows(book: Any, place: int) -> Rows:
    sheet = book.sheet_by_index(place)
    for number in range(sheet.nrows):
        if cells := sheet.row(number):
            yield number + 1, [_of_xlrd(cell, book.datemode) for cell in cells]


def _of_xlrd(cell: Any, datemode: int) -> Any:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_ERROR:
        return FaultyCell(CellFault.ERROR, xlrd.error_text_from_code.get(cell.value, "#ERROR"))
    if cell.ctype == xlrd.XL_CELL_DATE:
        return _moment(cell.value, datemode)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    return cell.value


def _moment(serial: float, datemode: int) -> Any:
    import xlrd

    try:
        moment = xlrd.xldate_as_datetime(serial, datemode)
    except (ValueError, OverflowError):
        return serial
    return moment.time() if serial < 1 else moment


SECOND_READERS: Final = {FileKind.XLSX: _by_openpyxl, FileKind.XLS: _by_xlrd}


def _has_xls_errors(content: bytes) -> bool:
    if _XLS_ERROR in content:
        return True
    # A formula record is 6, its length, row, column and format, then eight bytes of result: 2 and a code for an error.
    place = content.find(b"\xff\xff")
    while place != -1:
        if content[place - 6 : place - 5] == b"\x02" and content[place - 16 : place - 14] == _XLS_FORMULA:
            return True
        place = content.find(b"\xff\xff", place + 1)
    return False


def notes_of_xls(content: bytes) -> set[FileNote]:
    return {FileNote.MACROS} if "_VBA_PROJECT".encode("utf-16-le") in content else set()


def why_not(content: bytes) -> Unreadable:
    """Of a container of old office files that cannot be read as a workbook."""
    for stream, fault, detail in _OLE_STREAMS:
        if stream.encode("utf-16-le") in content:
            return Unreadable(fault, detail)
    return Unreadable(FileFault.PASSWORD) if _is_encrypted(content) else Unreadable(FileFault.DAMAGED)


_OLE_STREAMS: Final = (
    ("EncryptedPackage", FileFault.PASSWORD, ""),
    ("WordDocument", FileFault.NOT_A_SHEET, "a text document"),
    ("PowerPoint Document", FileFault.NOT_A_SHEET, "a presentation"),
    ("__properties_version1.0", FileFault.NOT_A_SHEET, "an e-mail"),
)


def unlocked(content: bytes) -> bytes | None:
    """Of a file that is locked against changes only: Excel encrypts it with a password that everybody knows."""
    import msoffcrypto  # type: ignore[import-untyped]  # As above; it has no types.

    file = io.BytesIO()
    try:
        locked = msoffcrypto.OfficeFile(io.BytesIO(content))
        locked.load_key(password=_OPEN_TO_ALL)
        locked.decrypt(file)
    except Exception:
        # Another password, or no such file; see below.
        return None
    return file.getvalue()


def _is_encrypted(content: bytes) -> bool:
    import msoffcrypto  # As above.

    try:
        return bool(msoffcrypto.OfficeFile(io.BytesIO(content)).is_encrypted())
    except Exception:
        # It knows many ways to say that it does not know such a file.
        return False
