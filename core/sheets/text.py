"""Text files with one row a line: which encoding, which delimiter, which rows."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from core.rules import policy
from core.rules.run_columns import is_known_heading
from core.sheets.cells import FileNote
from core.sheets.faults import FileFault, Unreadable
from core.sheets.formulas import without_guard

DELIMITERS: Final = ",;\t|"
_BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_HEAD_BYTES: Final = 8192
_HEAD_ROWS: Final = 20
_NAMED: Final = re.compile(r"sep=([,;\t|])(?:\r\n?|\n|$)", re.IGNORECASE)
_CONTROL: Final = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_END: Final = "\x00end\x00"
_LONGEST_CELL: Final = 1 << 24


def take_long_cells() -> None:
    """For the whole process, thus for the child: the csv module's own limit of 131,072 would end the whole file.

    What is too long for a cell is told later.
    """
    csv.field_size_limit(_LONGEST_CELL)


class Decoded(Struct, frozen=True):
    text: str
    notes: frozenset[FileNote]


def decoded(content: bytes, declared: str | None = None) -> Decoded:
    """Byte order mark, the zeros of UTF-16, what the file declares, UTF-8 to the letter, else Windows-1252."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return _with_losses(content[len(mark) :], encoding)
    if said := _by_zeros(content[:_HEAD_BYTES]) or declared:
        return _with_losses(content, said)
    try:
        return Decoded(content.replace(b"\0", b"").decode("utf-8"), frozenset())
    except UnicodeDecodeError:
        read = _with_losses(content.replace(b"\0", b""), "cp1252")
        return Decoded(read.text, read.notes | {FileNote.ENCODING_GUESSED})


def _with_losses(content: bytes, encoding: str) -> Decoded:
    text = content.decode(encoding, "replace")
    lost = text.count("\ufffd") > content.decode(encoding, "ignore").count("\ufffd")
    return Decoded(text.replace("\0", ""), frozenset({FileNote.CHARACTERS_LOST} if lost else ()))


def _by_zeros(head: bytes) -> str | None:
    """Each Latin letter of UTF-16 has a zero beside it, always on the same side."""
    half = max(1, len(head) // 2)
    even, odd = head[0::2].count(0) / half, head[1::2].count(0) / half
    if odd > 0.4 and even < 0.1:
        return "utf-16-le"
    if even > 0.4 and odd < 0.1:
        return "utf-16-be"
    return None


def text_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the numbers that Excel would give them: a cell of several lines is one row, ``sep=`` none.

    Raises Unreadable for what is no text, and for a quotation mark that is never closed.
    """
    head = text[:_HEAD_BYTES]
    if len(_CONTROL.findall(head)) > max(3, len(head) // 50):
        raise Unreadable(FileFault.NOT_A_SHEET, "a file of a kind that I do not know")
    named = _NAMED.match(text)
    delimiter = named[1] if named else _delimiter(text)
    body = text[named.end() :] if named else text
    return _rows(body, delimiter)


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    # Inside an open quotation the csv module swallows all that follows, silently: then this line is not found again.
    ends_open = "" if text.endswith(("\r", "\n")) else "\n"
    table = csv.reader(io.StringIO(f"{text}{ends_open}{_END}", newline=""), delimiter=delimiter)
    number = 0
    cells: list[str] = []
    try:
        for number, cells in enumerate(table, start=1):
            if cells != [_END]:
                if cells and cells[-1].endswith(_END):
                    break
                yield number, [without_guard(cell) if cell[:1] == "'" else cell for cell in cells]
    except csv.Error as error:
        raise Unreadable(FileFault.DAMAGED) from error
    if cells != [_END]:
        raise Unreadable(FileFault.OPEN_QUOTE, str(number))


def _delimiter(text: str) -> str:
    """The one that finds most known headings in a row; then the one that parts most rows alike."""
    head = "".join(io.StringIO(text[: 16 * _HEAD_BYTES], newline="").readlines(1 << 15)[: _HEAD_ROWS * 5])
    return max(DELIMITERS, key=lambda delimiter: _score(head, delimiter))


def _score(head: str, delimiter: str) -> tuple[int, float, int]:
    rows = []
    try:
        for row in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter):
            rows.append(row)
            if len(rows) == _HEAD_ROWS:
                break
    except csv.Error:
        return 0, 0.0, 0
    filled = [row for row in rows if any(map(str.strip, row))]
    if not filled:
        # It has delimiters and nothing else.
        return 0, 2.0, 0
    known = max(sum(is_known_heading(cell) for cell in row[: policy.SHEET_COLUMNS]) for row in filled)
    widths = [len(row) for row in filled]
    usual = max(set(widths), key=lambda width: (widths.count(width), width))
    alike = widths.count(usual) / len(widths) if usual > 1 else 0.0
    return known if known > 1 else 0, round(alike, 1), usual
