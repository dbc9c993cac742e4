"""Any spreadsheet to rows: whatever the file is, the answer is its rows or a named fault (notes, section 9).

    match read_sheets(content):
        case SheetFile() as file: ...
        case NotRead() as fault: ...      # fault.message, fault.hint
    read_headings(content)                # the same, of each sheet the rows only in which headings are looked for

1. Nothing of the file is parsed in this process, and no name or declared type is believed.
2. It comes back within the limits, whatever the bytes are.
3. Row numbers are the spreadsheet's own. Hidden sheets are named, not read.
4. Rows stay packed in memory until they are gone through: about 150 bytes a learner.

Raises Busy, if no child can be started.
"""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from core.limited import Done, Limits, Outcome, Stream
from core.rules import policy
from core.sheets.cells import Row, Sheet, SheetFile
from core.sheets.faults import FileFault, NotRead
from core.sheets.wire import End, Line, LineHead, ReadRequest, unpacked

LIMITS: Final = Limits(
    wall=policy.SHEET_READ_TIME.total_seconds(), cpu=policy.SHEET_READ_CPU_SECONDS, memory=policy.SHEET_READ_MEMORY
)
Reader = Callable[[bytes], SheetFile | NotRead]
"""What reads a file; but for tests of other things, ``read_sheets``."""
_WORK: Final = "core.sheets.child:read_lines"
_decode: Final = msgspec.msgpack.Decoder(Line).decode
_decode_head: Final = msgspec.msgpack.Decoder(LineHead).decode


def read_sheets(content: bytes, limits: Limits = LIMITS) -> SheetFile | NotRead:
    return _read(content, limits, None)


def read_headings(content: bytes) -> SheetFile | NotRead:
    return _read(content, LIMITS, policy.HEADING_ROWS)


def _read(content: bytes, limits: Limits, rows: int | None) -> SheetFile | NotRead:
    if not content:
        return NotRead(FileFault.EMPTY)
    if len(content) > policy.SHEET_BYTES:
        return NotRead(FileFault.TOO_BIG)
    answer = _try(content, limits, ReadRequest(rows=rows))
    if answer is None:
        answer = _try(content, limits, ReadRequest(is_second_try=True, rows=rows))
    return answer or NotRead(FileFault.TOO_HARD)


def _try(content: bytes, limits: Limits, request: ReadRequest) -> SheetFile | NotRead | None:
    """None: it was killed or took too long."""
    packed: list[bytes] = []
    size = 0
    with Stream(_WORK, msgspec.Raw, limits, request, source=content) as lines:
        for line in lines:
            packed.append(bytes(line))
            size += len(packed[-1])
            if size > policy.SHEET_ANSWER_BYTES:
                return NotRead(FileFault.TOO_BIG_INSIDE)
        return answer_of(packed, lines.outcome)


def answer_of(packed: list[bytes], outcome: Outcome[None] | None) -> SheetFile | NotRead | None:
    """None: the last line did not come."""
    if not isinstance(outcome, Done) or not packed:
        return None
    last = _decode_head(packed.pop())
    if last.fault is not None:
        return NotRead(last.fault, last.detail)
    return _as_file(last.end, packed) if last.end is not None else None


def _as_file(end: End, packed: list[bytes]) -> SheetFile:
    lines: dict[int, list[bytes]] = {}
    counts: dict[int, int] = {}
    for raw in packed:
        line = _decode_head(raw)
        if line.restarts:
            lines, counts = {}, {}
            continue
        lines.setdefault(line.sheet, []).append(raw)
        counts[line.sheet] = counts.get(line.sheet, 0) + line.count
    sheets = (
        Sheet(name, PackedRows(lines[place], counts[place])) for place, name in enumerate(end.sheets) if place in lines
    )
    return SheetFile(end.kind, tuple(sheets), tuple(end.hidden), frozenset(end.notes), end.properties)


class PackedRows:
    """Unpacked a line at a time, each time anew."""

    def __init__(self, lines: list[bytes], count: int) -> None:
        self._lines = lines
        self._count = count

    def __iter__(self) -> Iterator[Row]:
        for line in self._lines:
            yield from map(unpacked, _decode(line).rows)

    def __len__(self) -> int:
        return self._count
