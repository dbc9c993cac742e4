"""What is said about each row of a file, and in which form it goes back."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

IMPORT_PROPERTY: Final = "UsherImport"
TEMPLATE_PROPERTY: Final = "UsherTemplate"
"""Names in the document's properties. What they hold is a hint: anybody can write it."""


class RowResult(Struct, frozen=True):
    """``row`` is the spreadsheet's own number; ``cells``: place of the column (0 is the first) -> comment."""

    row: int
    status: str
    reason: str = ""
    suggestion: str = ""
    cells: Mapping[int, str] = {}
    doubtful: Sequence[int] = ()
    """Those of the cells that need not be corrected, only looked at."""
    is_faulty: bool = False


class SheetMarks(Struct, frozen=True):
    """``columns``: the places of those that Usher knows; only there are formulas replaced by what was read."""

    sheet: str
    header_row: int
    columns: Sequence[int]
    results: Sequence[RowResult]
    import_ref: str


class Form(StrEnum):
    OWN = "own"
    """The sender's own workbook, marked."""
    FRESH = "fresh"
    """A new workbook with all rows where they were."""
    FAULTY = "faulty"
    """A new workbook with the faulty rows and their numbers."""
    CSV = "csv"
    """All rows as CSV."""


class MarkRequest(msgspec.Struct):
    """To the child that writes. ``folder``: for temporary files."""

    folder: str
    form: Form
    marks: SheetMarks
