"""Files that people give, through whatever door: what each is for, and the addresses in it.

    headings of the learner import, or of courses and runs ----> IMPORT
    headings of a report of progress --------------------------> PROGRESS
    no such headings, but addresses ---------------------------> ADDRESSES
    any other spreadsheet -------------------------------------> IMPORT, whose answer names what is missing
    anything else ---------------------------------------------> OTHER

The bytes decide; a name counts only where bytes cannot tell. Workbooks are read in a child process with limits.
Raises Busy, if no child can be started.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

from core.rules.address_files import (
    FileContent,
    content_of,
    content_of_sheets,
    first_rows,
    is_address_list,
    require_size,
    unreadable,
)
from core.rules.progress.columns import find_headings as find_progress
from core.rules.run_columns import RUNS
from core.rules.ucas.headings import LEARNERS, find_headings
from core.sheets.cells import Cell, FaultyCell, FileKind, SheetFile
from core.sheets.faults import NotRead, Unreadable
from core.sheets.reader import read_headings, read_sheets
from core.sheets.sniff import sniffed

_SHEET_NAMES: Final = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".csv", ".tsv")
_Rows = Sequence[Sequence[Cell]]


class FileUse(StrEnum):
    IMPORT = "import"
    PROGRESS = "progress"
    ADDRESSES = "addresses"
    OTHER = "other"


_BY_HEADINGS: Final = (FileUse.IMPORT, FileUse.PROGRESS)


def use_of(name: str, content: bytes) -> FileUse:
    """What it is for, where nobody said it."""
    is_named = name.lower().endswith(_SHEET_NAMES)
    try:
        kind = sniffed(content)
    except Unreadable:
        return FileUse.IMPORT if is_named else FileUse.OTHER
    if kind is FileKind.CSV:
        return _by_rows(first_rows(content)) or _use_of_odd_text(name, content)
    file = read_headings(content)
    use = _use_of_sheets(file) if isinstance(file, SheetFile) else None
    # Any web page may have an address in it, and any archive may be something else than a workbook.
    is_book = kind is FileKind.XLS or (isinstance(file, SheetFile) and kind is not FileKind.HTML)
    if is_named or is_book:
        return use or FileUse.IMPORT
    return use if use in _BY_HEADINGS else FileUse.OTHER


def addresses_in(name: str, content: bytes, *, is_csv: bool) -> FileContent:
    """Of a workbook those on all its visible sheets. Raises NotReadable."""
    require_size(name, content)
    if not _is_workbook(content):
        return content_of(name, content, is_csv=is_csv)
    file = read_sheets(content)
    if isinstance(file, NotRead):
        message = f"{file.message[0].lower()}{file.message[1:]} {file.hint}"
        raise unreadable(name, message.removesuffix("."))
    return content_of_sheets(name, _texts(file))


def _use_of_odd_text(name: str, content: bytes) -> FileUse:
    """The reader knows more shapes: other separators, a title above the headings."""
    is_named = name.lower().endswith(_SHEET_NAMES)
    if is_named or name.lower().endswith(".txt"):
        file = read_headings(content)
        if isinstance(file, SheetFile) and (use := _use_of_sheets(file)):
            return use
    return FileUse.IMPORT if is_named else FileUse.OTHER


def _use_of_sheets(file: SheetFile) -> FileUse | None:
    sheets = [[row.cells for row in sheet.rows] for sheet in file.sheets]
    found = {use for rows in sheets if (use := _by_headings(rows))}
    if found:
        return FileUse.IMPORT if FileUse.IMPORT in found else FileUse.PROGRESS
    has_addresses = any(isinstance(cell, str) and "@" in cell for rows in sheets for row in rows for cell in row)
    return FileUse.ADDRESSES if has_addresses else None


def _by_headings(rows: _Rows) -> FileUse | None:
    """A report of progress names learners as the import does; only an import has all that the import needs."""
    found = [(table, headings) for table in (LEARNERS, RUNS) if (headings := find_headings(enumerate(rows), table))]
    if any(headings.places.keys() >= set(table.mandatory) for table, headings in found):
        return FileUse.IMPORT
    if find_progress(enumerate(rows)) is not None:
        return FileUse.PROGRESS
    return FileUse.IMPORT if found else None


def _by_rows(rows: Sequence[Sequence[str]]) -> FileUse | None:
    return _by_headings(rows) or (FileUse.ADDRESSES if is_address_list(rows) else None)


def _is_workbook(content: bytes) -> bool:
    try:
        return sniffed(content) is not FileKind.CSV
    except Unreadable:
        return False


def _texts(file: SheetFile) -> Iterator[Iterator[list[str]]]:
    return (([_text(cell) for cell in row.cells] for row in sheet.rows) for sheet in file.sheets)


def _text(cell: Cell) -> str:
    return cell.shown if isinstance(cell, FaultyCell) else str(cell)
