"""Results back to the sender: in their own workbook where that can be done, else in a fresh one.

1. The sender's file is opened in a child process with limits and a folder of its own, which is gone afterwards.
2. Their sheets, widths, formats and order stay. Added are three columns, colours and comments on the cells meant.
3. There is always an answer: if their own workbook cannot be written within the limits, a fresh one is.
"""

import re
import tempfile
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from core.limited import Done, Limits, Stream
from core.rules import policy
from core.sheets.cells import FileKind
from core.sheets.marks import Form, MarkRequest, SheetMarks

LIMITS: Final = Limits(
    wall=policy.SHEET_WRITE_TIME.total_seconds(),
    cpu=policy.SHEET_WRITE_CPU_SECONDS,
    memory=policy.SHEET_READ_MEMORY,
    files=policy.SHEET_UNPACKED_BYTES,
)
_WORK: Final = "core.sheets.marking:marked"
_NAME_CHARACTERS: Final = 80


class MarkedFile(Struct, frozen=True):
    name: str
    form: Form
    content: bytes


def marked_files(content: bytes, kind: FileKind, name: str, marks: SheetMarks) -> tuple[MarkedFile, ...]:
    """``name``: the sender's. Empty only if not even a fresh workbook could be written. Raises Busy."""
    if len(marks.results) > policy.OWN_WORKBOOK_ROWS:
        return _files(content, name, marks, (Form.FAULTY,))
    return full_copies(content, kind, name, marks)


def full_copies(content: bytes, kind: FileKind, name: str, marks: SheetMarks) -> tuple[MarkedFile, ...]:
    """All rows, however many: 10,000 take about eight seconds. Raises Busy."""
    if kind is FileKind.XLSX:
        own = _files(content, name, marks, (Form.OWN,))
        return own or _files(content, name, marks, (Form.FRESH,))
    return _files(content, name, marks, (Form.FRESH, Form.CSV) if kind is FileKind.CSV else (Form.FRESH,))


def _files(content: bytes, name: str, marks: SheetMarks, forms: Sequence[Form]) -> tuple[MarkedFile, ...]:
    written = ((form, _written(content, marks, form)) for form in forms)
    return tuple(MarkedFile(_named(name, form), form, file) for form, file in written if file is not None)


def _written(content: bytes, marks: SheetMarks, form: Form) -> bytes | None:
    with tempfile.TemporaryDirectory(prefix="usher-") as folder:
        request = MarkRequest(folder, form, marks)
        with Stream(_WORK, bytes, LIMITS, request, source=content) as pieces:
            file = b"".join(pieces)
            return file if isinstance(pieces.outcome, Done) and file else None


def _named(name: str, form: Form) -> str:
    """Of the sender's name what every system takes, with what we made of it."""
    stem = re.sub(r"\.\w{1,5}$", "", re.split(r"[/\\]", name)[-1])
    stem = re.sub(r"[^\w .,()+&'-]", "", stem)[:_NAME_CHARACTERS].strip(" .") or "import"
    stem = re.sub(r"(?: \((?:checked|rows to correct)\))+$", "", stem)
    what = "rows to correct" if form is Form.FAULTY else "checked"
    return f"{stem} ({what}).{'csv' if form is Form.CSV else 'xlsx'}"
