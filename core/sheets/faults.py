"""Why a file could not be read, and what is worth saying of one that was: stable codes, worded once.

docs/spreadsheets.md lists them; a test compares.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from core.rules import policy
from core.sheets.cells import FileNote


class FileFault(StrEnum):
    EMPTY = "file.empty"
    TOO_BIG = "file.too_big"
    TOO_BIG_INSIDE = "file.too_big_inside"
    TOO_MANY_ROWS = "file.too_many_rows"
    TOO_HARD = "file.too_hard"
    PASSWORD = "file.password"  # noqa: S105 - a code, not a password
    NOT_A_SHEET = "file.not_a_sheet"
    OLD_XML = "file.old_xml"
    DAMAGED = "file.damaged"
    OPEN_QUOTE = "file.open_quote"
    NO_ROWS = "file.no_rows"


_WORDS: Final[dict[FileFault, tuple[str, str]]] = {
    FileFault.EMPTY: ("The file is empty: it has no bytes at all.", "Save it once more and send it again."),
    FileFault.TOO_BIG: (
        f"The file is larger than {policy.SHEET_MEGABYTES} MB.",
        "Keep only the sheet that is needed, without pictures, or split it into several files.",
    ),
    FileFault.TOO_BIG_INSIDE: (
        "The file unpacks to far more than its size, mostly because rows far below the last one are formatted.",
        "Select and delete all rows below your last one and all columns right of it, save and send it again.",
    ),
    FileFault.TOO_MANY_ROWS: (
        f"The file has more than {policy.SHEET_ROWS:,} filled rows.",
        "Split it into several files.",
    ),
    FileFault.TOO_HARD: (
        "The file could not be read within the time and memory that one file may take.",
        "Copy the filled cells into a new workbook, or save it as .csv, and send that.",
    ),
    FileFault.PASSWORD: (
        "The file is protected with a password, so it cannot be read.",
        "Remove the password in Excel (File, Info, Protect Workbook) and send it again. Never send me the password.",
    ),
    FileFault.NOT_A_SHEET: (
        "This is no spreadsheet but {detail}.",
        "Send an Excel workbook (.xlsx), an OpenDocument spreadsheet (.ods) or a .csv file.",
    ),
    FileFault.OLD_XML: (
        "The file is a workbook in the XML form of Excel 2003, which cannot be read.",
        "Open it in Excel, save it as .xlsx and send that.",
    ),
    FileFault.DAMAGED: (
        "The file is damaged or was cut short on its way.",
        "Open it in Excel, save it under a new name as .xlsx and send that.",
    ),
    FileFault.OPEN_QUOTE: (
        "A quotation mark that opens in row {detail} is never closed, so the rows after it cannot be told apart.",
        "Remove or double that quotation mark and send the file again.",
    ),
    FileFault.NO_ROWS: (
        "There is nothing in the file's visible sheets.",
        "Fill the sheet, or unhide the one with the learners, and send it again.",
    ),
}

_NOTES: Final[dict[FileNote, str]] = {
    FileNote.MACROS: "The file has macros. They were not run, and the answer does not have them.",
    FileNote.EXTERNAL_LINKS: "The file points to other files. These were not opened.",
    FileNote.DATES_1904: "The file counts its days from 1904, as Excel for Mac once did. Formatted dates are right.",
    FileNote.COLUMNS_LEFT_OUT: f"The sheet has more than {policy.SHEET_COLUMNS} columns. The others were left out.",
    FileNote.ENCODING_GUESSED: "The file does not say how its letters are stored. Look at names with accents.",
    FileNote.CHARACTERS_LOST: "Some characters could not be read and are shown as \ufffd.",
    FileNote.SECOND_READER: "The file is unusual, so a slower reader read it.",
}


class NotRead(Struct, frozen=True):
    """The answer for a file that gives no rows. ``detail`` is ours, never the sender's text."""

    fault: FileFault
    detail: str = ""

    @property
    def message(self) -> str:
        return wording(self.fault).format(detail=self.detail)

    @property
    def hint(self) -> str:
        return advice(self.fault)


class Unreadable(Exception):
    """Raised while reading, in the child only."""

    def __init__(self, fault: FileFault, detail: str = "") -> None:
        super().__init__(fault.value)
        self.answer = NotRead(fault, detail)


def wording(fault: FileFault) -> str:
    return _WORDS[fault][0]


def advice(fault: FileFault) -> str:
    return _WORDS[fault][1]


def note_wording(note: FileNote) -> str:
    return _NOTES[note]
