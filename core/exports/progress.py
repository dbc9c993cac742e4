"""Progress as a file: what the platform's own report has, column by column; what is not known is empty and never 0.

What it writes, ``progress`` reads in again and finds nothing new.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final
from zoneinfo import ZoneInfo

from core.rules.exports import PROGRESS_COLUMNS, SHARES
from core.sheets.cells import Cell
from core.sheets.lines import END, MARK, Cells, are_harmless, cell, line
from core.usecases.progress.rows import ProgressRows, RunValues
from core.words import ExportForm

_PERSON_IS_HARMLESS: Final = are_harmless(4)
_WIDTHS: Final = (12, 38, 32, 24, 40, 10, 10, 10, 22, 16, 16, 24, 32, 22, 22, 38, 38, 10)


def write_progress(into: BinaryIO, rows: ProgressRows, form: ExportForm) -> None:
    if form is ExportForm.CSV:
        write_csv(into, rows)
    else:
        write_workbook(into, rows)


def write_csv(into: BinaryIO, rows: ProgressRows) -> None:
    into.write((MARK + line(PROGRESS_COLUMNS)).encode())
    shared, codes = {run_id: _shared_text(run) for run_id, run in rows.runs.items()}, Cells()
    for piece in rows.pieces:
        into.write("".join(_lines(piece, shared, codes)).encode())


def _shared_text(run: RunValues) -> tuple[str, str, str]:
    """The cells of a run that stand together, as text."""
    start, slug, title, course_uuid, uuid = _shared(run)
    return start, f"{cell(slug)},{cell(title)}", f"{cell(course_uuid)},{cell(uuid)}"


def _shared(run: RunValues) -> tuple[str, str, str, str, str]:
    start = run.starts_at.astimezone(ZoneInfo(run.time_zone)).date()
    return start.isoformat(), run.slug, run.title, run.course_uuid, run.uuid


def _lines(piece: Sequence[Any], shared: Mapping[int, tuple[str, str, str]], codes: Cells) -> list[str]:
    """Without a call or an object more than a row needs: this is where an export spends its time."""
    shares = SHARES
    lines = []
    for (
        run_id, membership, email, first, last, url, steps, comments, score, left, course_code, run_code, last_step,
        last_comment, share,
    ) in piece:  # fmt: skip
        start, titles, uuids = shared[run_id]
        person = f"{membership or ''},{email or ''},{first} {last},{url or ''}"
        if not _PERSON_IS_HARMLESS(person):
            person = ",".join(map(cell, (membership, email, f"{first} {last}", url)))
        lines.append(
            f"{start},{person},{'' if steps is None else steps},{'' if comments is None else comments},"
            f"{shares[score]},{left or ''},{codes[course_code]},{codes[run_code]},{titles},{last_step or ''},"
            f"{last_comment or ''},{uuids},{shares[share]}{END}"
        )
    return lines


def write_workbook(into: BinaryIO, rows: ProgressRows) -> None:
    # The library takes longer to load than a small file to write.
    from core.sheets import export

    headings = [export.Heading(name, width) for name, width in zip(PROGRESS_COLUMNS, _WIDTHS, strict=True)]
    export.write_workbook(into, "Progress", headings, _cells(rows), {})


def _cells(rows: ProgressRows) -> Iterator[Sequence[Cell]]:
    shared = {run_id: _shared(run) for run_id, run in rows.runs.items()}
    for piece in rows.pieces:
        for (
            run_id, membership, email, first, last, url, steps, comments, score, left, course_code, run_code, last_step,
            last_comment, share,
        ) in piece:  # fmt: skip
            start, slug, title, course_uuid, uuid = shared[run_id]
            yield (
                start, membership or "", email or "", f"{first} {last}", url or "", _number(steps), _number(comments),
                SHARES[score], left or "", course_code or "", run_code or "", slug, title, last_step or "",
                last_comment or "", course_uuid, uuid, SHARES[share],
            )  # fmt: skip


def _number(count: int | None) -> int | str:
    return "" if count is None else count
