"""A file of addresses, made into text. ``core.given_files`` reads workbooks, and tells what a file is for.

A .txt is taken as it stands. Of a .csv and of a workbook only the cells with an address count; a first row without any
is a heading, and any other row without one is passed on whole, so that the preview can name it: nobody is dropped
silently. Of a learner import its e-mail column counts, and no other: there may be a parent's address in a row of
details.
"""

import codecs
import contextlib
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from msgspec import Struct

from core.errors import NotReadable
from core.rules.learner_sheets import LearnerSheet, recognised_sheet, together
from core.rules.policy import SHEET_BYTES, SHEET_MEGABYTES

# Archives and office files; PDF and RTF, in which text stands among much else.
_NO_TEXT: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF-", b"{\\rtf")
_HEAD: Final = 64 * 1024
# Far more than ten thousand addresses with names, or a thousand screens of a sheet: reading more would take seconds.
_CHARACTERS: Final = 2_000_000
_CELLS: Final = 400_000
_BYTE_ORDERS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class FileContent(Struct, frozen=True):
    name: str
    text: str
    """Addresses, in any shape that the preview reads."""
    sheet: LearnerSheet | None = None
    """Set when the file looks like the learner import."""


def content_of(name: str, content: bytes, *, is_csv: bool) -> FileContent:
    """Of a text file. Raises NotReadable."""
    require_size(name, content)
    text = _decoded(content)
    if content.startswith(_NO_TEXT) or "\x00" in text:
        raise unreadable(name, "it is not a text file")
    if not is_csv:
        return FileContent(name, _bounded(name, text))
    try:
        rows = list(_limited(name, _rows(text)))
    except csv.Error as error:
        raise unreadable(name, "its rows cannot be told apart") from error
    return _content(name, [rows])


def content_of_sheets(name: str, sheets: Iterable[Iterable[Sequence[str]]]) -> FileContent:
    """Each by itself: an import's headings may stand behind a sheet of instructions. Raises NotReadable."""
    known = [list(_limited(name, rows)) for rows in sheets]
    if sum(len(row) or 1 for rows in known for row in rows) > _CELLS:
        raise _too_many_cells(name)
    return _content(name, known)


def _content(name: str, sheets: Sequence[Sequence[Sequence[str]]]) -> FileContent:
    imports = [found for rows in sheets if (found := recognised_sheet(rows))]
    listed = (each.emails or () for each in imports) if imports else map(_cells, sheets)
    text = _bounded(name, "\n".join(chain.from_iterable(listed)))
    return FileContent(name, text, together(imports) if imports else None)


def require_size(name: str, content: bytes) -> None:
    """Raises NotReadable."""
    if len(content) > SHEET_BYTES:
        raise too_large(name)


def first_rows(content: bytes) -> list[list[str]]:
    """Of a text file; none where its rows cannot be told apart."""
    # Half a character at the end is replaced; what is left of the last line is not looked at.
    text = _decoded_head(content[:_HEAD])
    if len(content) > _HEAD:
        text = text.rpartition("\n")[0]
    with contextlib.suppress(csv.Error):
        return list(csv.reader(io.StringIO(text.replace("\x00", ""), newline=""), delimiter=_delimiter(text)))
    return []


def is_address_list(rows: Sequence[Sequence[str]]) -> bool:
    """An address in each row, but for a heading."""
    filled = [row for row in rows if any(map(str.strip, row))]
    return any(map(_has_address, filled)) and all(map(_has_address, filled[1:]))


def _has_address(row: Sequence[str]) -> bool:
    return any("@" in cell for cell in row)


def _decoded_head(head: bytes) -> str:
    if head.startswith(_BYTE_ORDERS):
        return head.decode("utf-16", errors="replace")
    return head.decode("utf-8-sig", errors="replace")


def _bounded(name: str, text: str) -> str:
    if len(text) > _CHARACTERS:
        raise unreadable(name, "it is too long for a list of addresses")
    return text


def _decoded(content: bytes) -> str:
    if content.startswith(_BYTE_ORDERS):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What spreadsheet programs on Windows write by default.
        return content.decode("cp1252", errors="replace")


def _rows(text: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))


def _limited(name: str, rows: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
    cells = 0
    for row in rows:
        cells += len(row) or 1
        if cells > _CELLS:
            raise _too_many_cells(name)
        yield row


def _too_many_cells(name: str) -> NotReadable:
    return unreadable(name, f"it has more than {_CELLS:,} cells")


def _cells(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    filled = [cells for row in rows if (cells := [cell.strip() for cell in row if cell.strip()])]
    for number, cells in enumerate(filled):
        found = [cell for cell in cells if "@" in cell]
        if found:
            yield from (_one_entry(cell) for cell in found)
        elif number > 0:
            yield _one_entry(" ".join(cells))


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t|", key=first.count)


def _one_entry(cell: str) -> str:
    """A comma inside a cell is part of it: "Young, Bo <bo@example.org>"."""
    return " ".join(cell.replace(",", " ").replace(";", " ").split()) if "<" in cell else cell


def too_large(name: str) -> NotReadable:
    return unreadable(name, f"it is larger than {SHEET_MEGABYTES} MB")


def unreadable(name: str, reason: str) -> NotReadable:
    return NotReadable(name=name[:100], reason=reason, limit_mb=SHEET_MEGABYTES)
