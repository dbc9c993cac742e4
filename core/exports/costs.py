"""Costs as a file: every charge of a month on a line of its own, so that “to invoice” adds up to what “costs” says."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, Final

from core.sheets import export
from core.sheets.cells import Cell
from core.usecases.costs.rows import CostLine
from core.wording.results import WAYS_TO_JOIN
from core.words import ExportForm

HEADINGS: Final = (
    export.Heading("date", 12), export.Heading("course code", 18, is_text=True), export.Heading("course", 36),
    export.Heading("run", 20, is_text=True), export.Heading("price in pounds", 14, is_money=True),
    export.Heading("to invoice in pounds", 18, is_money=True), export.Heading("paid how", 12),
    export.Heading("reason", 36), export.Heading("joined", 20), export.Heading("agreement with", 28),
)  # fmt: skip


def write_costs(into: BinaryIO, pieces: Iterable[Sequence[CostLine]], form: ExportForm) -> None:
    if form is ExportForm.XLSX:
        export.write_workbook(into, "Costs", HEADINGS, _cells(pieces, _number), {})
        return
    for piece in export.csv_pieces([heading.text for heading in HEADINGS], _cells(pieces, _decimal)):
        into.write(piece)


def _cells(pieces: Iterable[Sequence[CostLine]], amount: Callable[[int], Cell]) -> Iterator[Sequence[Cell]]:
    for piece in pieces:
        for line in piece:
            yield (
                line.day, line.course_code, line.course_title, line.run_code, amount(line.price_pence),
                amount(_due(line)), _standing(line), line.reason, WAYS_TO_JOIN[line.joined_by], line.owner,
            )  # fmt: skip


def _due(line: CostLine) -> int:
    return 0 if line.is_prepaid or line.is_waived else line.price_pence


def _standing(line: CostLine) -> str:
    if line.is_waived:
        return "waived"
    return "prepaid" if line.is_prepaid else "to invoice"


def _decimal(pence: int) -> str:
    return f"{pence // 100}.{pence % 100:02d}"


def _number(pence: int) -> float:
    return pence / 100
