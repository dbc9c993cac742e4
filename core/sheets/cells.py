"""What a file holds, once it has been read: sheets of rows of plain values, whatever its sender sent."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from msgspec import Struct


class FileKind(StrEnum):
    """Found from the bytes, never from the name."""

    XLSX = "xlsx"
    XLSB = "xlsb"
    XLS = "xls"
    ODS = "ods"
    CSV = "csv"
    HTML = "html"


class FileNote(StrEnum):
    """The file was read; this is worth saying all the same. docs/spreadsheets.md words each."""

    MACROS = "note.macros"
    EXTERNAL_LINKS = "note.external_links"
    DATES_1904 = "note.dates_1904"
    """A number in a column of dates that is not formatted as a date counts from 1904, not 1900."""
    COLUMNS_LEFT_OUT = "note.columns_left_out"
    ENCODING_GUESSED = "note.encoding_guessed"
    CHARACTERS_LOST = "note.characters_lost"
    SECOND_READER = "note.second_reader"


class CellFault(StrEnum):
    """Why a cell that is not empty has no value."""

    ERROR = "error"
    """Excel shows an error in it, like ``#N/A``."""
    NOT_CALCULATED = "not_calculated"
    """A formula whose result was not saved with the file."""
    TOO_LONG = "too_long"
    """More characters than Excel's 32,767."""


class FaultyCell(Struct, frozen=True):
    fault: CellFault
    shown: str
    """What Excel shows, like ``#N/A``, or the beginning of what is too long."""


# A blank cell is an empty string. Numbers without a fraction are whole; those beyond 2**53, which have lost digits,
# stay floats. Midnight is a date.
Cell = str | int | float | date | datetime | time | timedelta | FaultyCell


class Row(NamedTuple):
    """``number`` is the spreadsheet's own; ``cells`` end with the last one that is filled."""

    number: int
    cells: tuple[Cell, ...]


class Rows(Protocol):
    """Those with a filled cell, in order; can be gone through again and again."""

    def __iter__(self) -> Iterator[Row]: ...

    def __len__(self) -> int: ...


class Sheet(Struct, frozen=True):
    name: str
    rows: Rows


class SheetFile(Struct, frozen=True):
    kind: FileKind
    sheets: tuple[Sheet, ...]
    """The visible ones with rows, in the file's order."""
    hidden: tuple[str, ...]
    """Names of the sheets that were not read."""
    notes: frozenset[FileNote]
    properties: Mapping[str, str]
    """Those of ``core.sheets.marks`` that the document carries: a hint, for anybody can write them."""
