"""A history as a file: one line a deed, newest first, in the same sentences as on the screen."""

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo

from core.sheets import export
from core.sheets.cells import Cell
from core.usecases.history.history import Deed
from core.wording.history import deed_words
from core.wording.results import batch_name
from core.words import ExportForm

HEADINGS: Final = (
    export.Heading("when", 18), export.Heading("what was done", 72), export.Heading("door", 10),
    export.Heading("run code", 20, is_text=True), export.Heading("batch", 18), export.Heading("import", 10),
)  # fmt: skip


def write_history(into: BinaryIO, pieces: Iterable[Sequence[Deed]], zone: ZoneInfo, form: ExportForm) -> None:
    if form is ExportForm.XLSX:
        export.write_workbook(into, "History", HEADINGS, _cells(pieces, zone), {})
        return
    for piece in export.csv_pieces([heading.text for heading in HEADINGS], _cells(pieces, zone)):
        into.write(piece)


def _cells(pieces: Iterable[Sequence[Deed]], zone: ZoneInfo) -> Iterator[Sequence[Cell]]:
    for piece in pieces:
        for deed in piece:
            told = deed.told
            yield (
                f"{deed.at.astimezone(zone):%Y-%m-%d %H:%M}", deed_words(deed), deed.door.value, told.run_code,
                batch_name(told.batches) if told.batches else "",
                f"I-{told.import_number:04d}" if told.import_number else "",
            )  # fmt: skip
