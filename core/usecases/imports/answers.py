"""What goes back to the sender of an import: their own workbook, marked."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import select

from core import access
from core.access import Permission
from core.context import Context
from core.errors import ImportClosed
from core.model import Import, ImportRow
from core.rules.ucas.buckets import Bucket
from core.rules.ucas.problems import Problem, Severity
from core.sheets.cells import FileKind
from core.sheets.marks import RowResult, SheetMarks
from core.usecases.imports.checking import own_import
from core.usecases.imports.imports import find_import
from core.usecases.imports.values import Reading, import_ref, keeper, reading_of
from core.words import ImportState

_DONE = {
    Bucket.CREATED: "New", Bucket.UPDATED: "Changed", Bucket.UNCHANGED: "Unchanged", Bucket.DUPLICATE: "Repeated",
    Bucket.PROBLEM: "Not imported",
}  # fmt: skip
_WAITING = {
    Bucket.CREATED: "Not yet: new", Bucket.UPDATED: "Not yet: changed", Bucket.UNCHANGED: "Unchanged",
    Bucket.DUPLICATE: "Repeated", Bucket.PROBLEM: "To correct",
}  # fmt: skip


class LoadMarks(Struct, frozen=True):
    """By number."""

    number: int


class MarksLoaded(Struct, frozen=True):
    """``marks`` is None for a file without checked rows: there is nothing to mark."""

    file_name: str
    content: bytes
    kind: FileKind | None
    marks: SheetMarks | None


def load_marks(ctx: Context, command: LoadMarks) -> MarksLoaded:
    """Raises ImportClosed when the file has been erased, or is a colleague's."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    found = own_import(ctx, staff, find_import(ctx, command.number).id)
    kept = keeper(ctx)
    if found.content is None:
        raise ImportClosed(number=import_ref(found.number), reason="its file has been erased")
    reading = reading_of(kept, found)
    results = _results(ctx, found, reading) if reading.header_row else ()
    marks = SheetMarks(
        sheet=reading.sheet,
        header_row=reading.header_row,
        columns=tuple(reading.places.values()),
        results=results,
        import_ref=import_ref(found.number),
    )
    return MarksLoaded(
        file_name=kept.vault.decrypt(found.file_name, "import.file_name"),
        content=kept.vault.decrypt_bytes(found.content, "import.content"),
        kind=reading.kind,
        marks=marks if results else None,
    )


def _results(ctx: Context, found: Import, reading: Reading) -> Sequence[RowResult]:
    kept = keeper(ctx)
    words = _DONE if found.state in (ImportState.APPLIED, ImportState.UNDONE) else _WAITING
    rows = ctx.session.execute(
        select(
            ImportRow.number, ImportRow.bucket, ImportRow.same_as, ImportRow.changes, ImportRow.problems,
            ImportRow.match_problem,
        )
        .where(ImportRow.import_id == found.id)
        .order_by(ImportRow.number)
    )  # fmt: skip
    return [
        _result(row, words[row.bucket], (*kept.found(row.problems), *kept.found(row.match_problem)), reading)
        for row in rows
    ]


def _result(row: Any, status: str, problems: Sequence[Problem], reading: Reading) -> RowResult:
    """``row`` has a number, a bucket, ``same_as`` and ``changes``."""
    number, bucket, same_as, changes = row.number, row.bucket, row.same_as, row.changes
    reasons = [f"{each.column}: {each.reason}. {each.advice}" for each in problems]
    if same_as is not None:
        reasons = [f"The same as row {same_as}."]
    elif changes:
        reasons.insert(0, f"Changed: {changes.replace(',', ', ')}.")
    cells: dict[int, str] = {}
    for each in problems:
        if (place := reading.places.get(each.column)) is not None:
            cells[place] = f"{cells[place]}\n{each.reason}" if place in cells else each.reason
    wrong = {reading.places.get(each.column) for each in problems if each.severity is Severity.ERROR}
    return RowResult(
        row=number,
        status=status,
        reason="\n".join(reasons),
        suggestion="\n".join(f"{each.column}: {each.suggestion}" for each in problems if each.suggestion),
        cells=cells if same_as is None else {},
        doubtful=tuple(place for place in cells if place not in wrong),
        is_faulty=bucket is Bucket.PROBLEM,
    )
