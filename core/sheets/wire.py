"""How rows come out of the limited child: as plain values, and beside them which of those stand for something else."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from math import inf
from typing import Any, Final

import msgspec

from core.rules import policy
from core.sheets.cells import Cell, CellFault, FaultyCell, FileKind, FileNote, Row
from core.sheets.faults import FileFault

ROWS_A_LINE: Final = 2000
# A line of long texts ends sooner.
CHARACTERS_A_LINE: Final = 2_000_000
_UNSAFE: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_EXACT: Final = float(2**53)
_NAME_CHARACTERS: Final = 100
_DATE, _MOMENT, _TIME, _LENGTH = "d", "m", "t", "l"


class WireRow(msgspec.Struct, array_like=True):
    """``kinds``: place -> what the text in that place stands for."""

    number: int
    cells: list[Any]
    kinds: dict[int, str] | None = None


class Line(msgspec.Struct, array_like=True):
    """Rows of a sheet, or one of the rest: begin anew with another reader, the end, a fault."""

    sheet: int = -1
    count: int = 0
    rows: list[WireRow] = msgspec.field(default_factory=list)
    restarts: bool = False
    end: "End | None" = None
    fault: FileFault | None = None
    detail: str = ""


class LineHead(msgspec.Struct, array_like=True):
    """A line whose rows stay packed."""

    sheet: int
    count: int
    rows: msgspec.Raw
    restarts: bool
    end: "End | None"
    fault: FileFault | None
    detail: str


class End(msgspec.Struct, array_like=True):
    kind: FileKind
    sheets: list[str]
    hidden: list[str]
    notes: list[FileNote]
    properties: dict[str, str]


class ReadRequest(msgspec.Struct, frozen=True):
    """``rows``: of each sheet so many of the first that are filled; None: all."""

    is_second_try: bool = False
    rows: int | None = None


def packed(number: int, cells: Sequence[Any]) -> tuple[WireRow | None, int]:
    """The row, or None where all cells are blank; and about how many characters it has."""
    values = list(cells)
    kinds: dict[int, str] = {}
    # Most cells are texts with nothing odd about them, which one look at all of them together shows.
    for place in [place for place, cell in enumerate(values) if type(cell) is not str]:
        values[place] = _plain(values[place], place, kinds)
    texts = [cell for cell in values if type(cell) is str]
    together = "".join(texts)
    if not together.isprintable() or len(together) > policy.SHEET_CELL_CHARACTERS or any(map(str.isspace, texts)):
        values = [_clean(cell, place, kinds) if type(cell) is str else cell for place, cell in enumerate(values)]
    # An error may show nothing and is one all the same.
    while values and values[-1] == "" and len(values) - 1 not in kinds:
        values.pop()
    if not values:
        return None, 0
    return WireRow(number, values, kinds or None), len(together) + 8 * len(values)


def _plain(cell: Any, place: int, kinds: dict[int, str]) -> Any:
    """Of what is no text."""
    kind = type(cell)
    if kind is float:
        return int(cell) if cell.is_integer() and -_EXACT < cell < _EXACT else cell
    if cell is None:
        return ""
    if kind is int:
        return cell if -_EXACT < cell < _EXACT else _as_float(cell)
    if kind is bool:
        return cell
    if kind is date:
        kinds[place] = _DATE
        return cell.isoformat()
    text, mark = _as_text(cell)
    if mark:
        kinds[place] = mark
    return text


def _clean(text: str, place: int, kinds: dict[int, str]) -> str:
    if not text.isprintable():
        text = _UNSAFE.sub("", text)
    if text.isspace():
        return ""
    if len(text) > policy.SHEET_CELL_CHARACTERS:
        kinds[place] = CellFault.TOO_LONG.value
        return text[:80]
    return text


def safe_name(name: str) -> str:
    """Of a sheet, for files of other programs may call them anything."""
    return _UNSAFE.sub("", name)[:_NAME_CHARACTERS]


def _as_float(cell: int) -> float:
    """As Excel keeps such a number."""
    try:
        return float(cell)
    except OverflowError:
        return inf


def _as_text(cell: object) -> tuple[str, str]:
    match cell:
        case FaultyCell():
            return cell.shown, cell.fault.value
        case datetime():
            if cell.time() == time() and cell.tzinfo is None:
                return cell.date().isoformat(), _DATE
            return cell.isoformat(), _MOMENT
        case date():
            return cell.isoformat(), _DATE
        case time():
            return cell.isoformat(), _TIME
        case timedelta():
            return str(cell.total_seconds()), _LENGTH
    return _UNSAFE.sub("", str(cell)), ""


def unpacked(row: WireRow) -> Row:
    cells: list[Cell] = row.cells
    if row.kinds:
        for place, mark in row.kinds.items():
            cells[place] = _of_text(str(cells[place]), mark)
    return Row(row.number, tuple(cells))


def _of_text(text: str, mark: str) -> Cell:
    if mark == _DATE:
        return date.fromisoformat(text)
    if mark == _MOMENT:
        return datetime.fromisoformat(text)
    if mark == _TIME:
        return time.fromisoformat(text)
    if mark == _LENGTH:
        return timedelta(seconds=float(text))
    return FaultyCell(CellFault(mark), text)
