"""What reads a stranger's file, inside the limited child (``core.limited``): bytes in, lines of rows out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, BinaryIO, Final

from core.rules import policy
from core.sheets import package, wire, workbooks
from core.sheets.cells import FileKind, FileNote
from core.sheets.faults import FileFault, Unreadable
from core.sheets.sniff import OLE, sniffed
from core.sheets.wire import End, Line, ReadRequest

# What the nursery loads beforehand (``core.limited_nursery``); a fresh interpreter loads of it what a file needs.
WARM: Final = ("core.sheets.html", "core.sheets.text", "msoffcrypto", "openpyxl", "xlrd")
Sheets = Iterable[tuple[str, bool, Callable[[], Iterable[tuple[int, Sequence[Any]]]]]]


def read_lines(request: ReadRequest, source: BinaryIO) -> Iterator[Line]:
    """The last line is an end or a fault. Anything else that goes wrong is raised, or kills: the caller's to judge."""
    try:
        yield from _read_unlocked(source.read(), request)
    except Unreadable as refused:
        yield Line(fault=refused.answer.fault, detail=refused.answer.detail)


def _read_unlocked(content: bytes, request: ReadRequest) -> Iterator[Line]:
    try:
        yield from _read(content, request)
    except Unreadable as refused:
        unlocked = workbooks.unlocked(content) if refused.answer.fault is FileFault.PASSWORD else None
        if unlocked is None:
            raise
        yield from _read(unlocked, request)


def _read(content: bytes, request: ReadRequest) -> Iterator[Line]:
    sniff = sniffed(content)
    container = package.opened(content) if sniff is None else None
    kind = container.kind if container else sniff or FileKind.XLS
    if request.is_second_try and kind not in workbooks.SECOND_READERS:
        # What was too much for the one reader that there is will be so again.
        raise Unreadable(FileFault.TOO_HARD)
    if kind in (FileKind.CSV, FileKind.HTML):
        yield from _read_text(content, kind, request.rows)
        return
    notes = container.notes if container else workbooks.notes_of_xls(content)
    ours = container.properties() if container else {}
    has_rows = False
    if not request.is_second_try:
        try:
            for line in _lines(kind, workbooks.fast(content, container).sheets, notes, ours, request.rows):
                has_rows = has_rows or line.sheet >= 0
                yield line
            return
        except (Unreadable, MemoryError, GeneratorExit):
            raise
        except BaseException:
            # A panic of the fast reader is no Exception; whatever it was, the other reader may know better.
            if has_rows:
                yield Line(restarts=True)
    yield from _read_slowly(content, kind, notes, ours, request.rows)


def _read_slowly(
    content: bytes, kind: FileKind, notes: set[FileNote], ours: dict[str, str], most: int | None
) -> Iterator[Line]:
    try:
        yield from _lines(kind, workbooks.slow(content, kind).sheets, notes | {FileNote.SECOND_READER}, ours, most)
    except (Unreadable, MemoryError):
        raise
    except Exception as error:
        if content.startswith(OLE):
            raise workbooks.why_not(content) from error
        raise Unreadable(FileFault.DAMAGED) from error


def _read_text(content: bytes, kind: FileKind, most: int | None) -> Iterator[Line]:
    # Most files are workbooks, and a start costs what is loaded.
    from core.sheets import text

    if kind is FileKind.CSV:
        text.take_long_cells()
        read = text.decoded(content)
        yield from _lines(kind, [("", False, lambda: text.text_rows(read.text))], set(read.notes), {}, most)
        return
    from core.sheets import html  # lxml takes as long to load as a small file to read.

    read = text.decoded(content, html.declared_encoding(content))
    tables: Sheets = [(name, False, partial(iter, rows)) for name, rows in html.tables(read.text)]
    yield from _lines(kind, tables, set(read.notes), {}, most)


def _lines(
    kind: FileKind, sheets: Sheets, notes: set[FileNote], ours: dict[str, str], most: int | None
) -> Iterator[Line]:
    """``most``: rows of a sheet."""
    shown = [(name, rows) for name, is_hidden, rows in sheets if not is_hidden]
    left = policy.SHEET_ROWS
    is_filled = False
    for place, (_, rows) in enumerate(shown):
        for line in _lines_of_sheet(place, rows(), notes, most):
            left -= line.count
            if left < 0:
                raise Unreadable(FileFault.TOO_MANY_ROWS)
            is_filled = True
            yield line
    if not is_filled:
        raise Unreadable(FileFault.NO_ROWS)
    hidden = [wire.safe_name(name) for name, is_hidden, _ in sheets if is_hidden]
    yield Line(end=End(kind, [wire.safe_name(name) for name, _ in shown], hidden, sorted(notes), ours))


def _lines_of_sheet(
    place: int, rows: Iterable[tuple[int, Sequence[Any]]], notes: set[FileNote], most: int | None
) -> Iterator[Line]:
    kept: list[wire.WireRow] = []
    characters = 0
    for number, cells in rows:
        if len(cells) > policy.SHEET_COLUMNS:
            if any(cells[policy.SHEET_COLUMNS :]):
                notes.add(FileNote.COLUMNS_LEFT_OUT)
            cells = cells[: policy.SHEET_COLUMNS]
        row, size = wire.packed(number, cells)
        if row is None:
            continue
        kept.append(row)
        characters += size
        if len(kept) == most:
            break
        if len(kept) == wire.ROWS_A_LINE or characters > wire.CHARACTERS_A_LINE:
            yield Line(place, len(kept), kept)
            kept, characters = [], 0
    if kept:
        yield Line(place, len(kept), kept)
