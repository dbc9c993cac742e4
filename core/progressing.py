"""Leads a progress report from stored file to merged figures: in a worker, or where somebody sits and waits.

1. The file is read in a child process with limits, between transactions.
2. Its rows are merged chunk by chunk, so that nobody else waits for long.
3. It can be killed at any moment and called again: what is merged already is not merged twice.
"""

from datetime import datetime
from itertools import takewhile
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from core.app import App
from core.context import Actor, Door, System
from core.errors import NotAllowed, ReportClosed
from core.progress_files import SheetFound, SheetSource, find_sheet
from core.rules.policy import HEADING_ROWS
from core.rules.progress.records import ProgressSource
from core.sheets.cells import SheetFile
from core.sheets.faults import NotRead
from core.sheets.reader import Reader, read_sheets
from core.usecases.progress.attempts import BeginReport, ReportBegun, SettleReport, begin_report, settle_report
from core.usecases.progress.confirming import ConfirmReport, confirm_report
from core.usecases.progress.jobs import (
    FindReporter,
    GiveUpReport,
    SweepReports,
    give_up_report,
    reporter_of,
    sweep_reports,
)
from core.usecases.progress.merging import MergeRows, merge_rows
from core.usecases.progress.receiving import ReceiveProgress, receive_progress
from core.usecases.progress.reports import ColumnShown, ReportReading, ReportShown, ShowReport, show_report
from core.words import FeedKind, ReportReason

_WORKER: Final = System(Door.WORKER)


class ProgressFile(Struct, frozen=True):
    """A file that is to be taken in. ``run``: the code, where the sender said it."""

    file_name: str
    content: bytes
    run: str = ""
    as_of: datetime | None = None


def take_progress(app: App, actor: Actor, file: ProgressFile, *, read: Reader = read_sheets) -> ReportShown:
    """Takes a file in and merges it. Raises UsherError."""
    command = ReceiveProgress(file.file_name, file.content, file.run, file.as_of, runs_here=True)
    received = app.run(receive_progress, command, actor)
    run_progress(app, received.report_id, actor, read)
    return app.read(show_report, ShowReport(report_id=received.report_id, is_repeat=received.is_repeat), actor)


def go_on(app: App, actor: Actor, command: ConfirmReport) -> ReportShown:
    """The columns are right: the report that waited is merged at once. Raises UsherError."""
    confirmed = app.run(confirm_report, replace(command, runs_here=True), actor)
    run_progress(app, confirmed.report_id, actor)
    return app.read(show_report, ShowReport(report_id=confirmed.report_id), actor)


def merge_in_background(app: App, report_id: int) -> bool:
    """In its sender's name. Whether this process settled it. Raises Unavailable, and then it is taken up again."""
    staff = app.read(reporter_of, FindReporter(report_id), _WORKER).staff
    if staff is None:
        return False
    try:
        run_progress(app, report_id, staff)
    except ReportClosed:
        # Somebody else has taken it up.
        return False
    except NotAllowed:
        return app.run(give_up_report, GiveUpReport(report_id), _WORKER).was_open
    return True


def sweep_progress(app: App) -> int:
    """Reports that nobody is at go on. How many."""
    swept = app.run(sweep_reports, SweepReports(), _WORKER)
    for report_id in swept.hopeless:
        app.run(give_up_report, GiveUpReport(report_id), _WORKER)
    return swept.enqueued


def run_progress(app: App, report_id: int, actor: Actor, read: Reader = read_sheets) -> None:
    """Raises ReportClosed when another process has taken it up, Busy."""
    begun = app.run(begin_report, BeginReport(report_id), actor)
    if begun.content is None:
        return
    file = read(begun.content)
    if isinstance(file, NotRead):
        reading = ReportReading(fault=file.message, hint=file.hint)
        _settle(app, actor, report_id, begun, reading, FeedKind.MAPPED_SHEET, ReportReason.FILE)
        return
    found = find_sheet(file, begun.mappings)
    if found is None:
        reading = ReportReading(fault=_no_sheet(file), hint=_HINT)
        _settle(app, actor, report_id, begun, reading, FeedKind.MAPPED_SHEET, ReportReason.SHEET)
        return
    source = SheetSource(found, begun.zone, begun.now)
    reading, reason = _reading(found), _question(found, begun)
    rows = found.sheet.rows
    total = len(rows) - sum(1 for _ in takewhile(lambda row: row.number <= found.headings.row, rows))
    if not total:
        reason = ReportReason.NO_ROWS
    if reason is None:
        _merge(app, actor, report_id, begun, source, total)
    _settle(app, actor, report_id, begun, reading, source.kind, reason)


_HINT = (
    "It needs a heading for the learner (e-mail address, learner identifier or membership id) and one for a figure, "
    "such as steps completed, progress or average test score."
)


def _no_sheet(file: SheetFile) -> str:
    # A text file's one sheet has no name.
    names = ", ".join(f"“{sheet.name}”" for sheet in file.sheets if sheet.name) or "the file"
    return f"none of the first {HEADING_ROWS} rows of {names} has the headings of a progress report"


def _question(found: SheetFound, begun: ReportBegun) -> ReportReason | None:
    if found.must_ask:
        return ReportReason.COLUMNS
    return None if found.names_runs or begun.run_code else ReportReason.RUN


def _merge(app: App, actor: Actor, report_id: int, begun: ReportBegun, source: ProgressSource, total: int) -> None:
    """``total``: how many rows there are, as the person who waits is told."""
    seen: dict[tuple[int, int, int], tuple[int, int]] = {}
    for batch in source.batches(str(begun.merged_to)):
        merge = MergeRows(report_id, begun.attempt, source.kind, batch, seen, total)
        seen.update(app.run(merge_rows, merge, actor).seen)


def _settle(
    app: App,
    actor: Actor,
    report_id: int,
    begun: ReportBegun,
    reading: ReportReading,
    kind: FeedKind,
    reason: ReportReason | None,
) -> None:
    app.run(settle_report, SettleReport(report_id, begun.attempt, reading, kind, reason), actor)


def _reading(found: SheetFound) -> ReportReading:
    return ReportReading(
        sheet=found.sheet.name,
        columns=tuple(
            ColumnShown(column, heading, found.examples.get(column, ""), column in found.mapping.ratios)
            for column, heading in found.mapping.headings.items()
        ),
        headings=found.headings.texts,
        unsure=tuple(sorted(column.value for column in found.units.unsure)),
        is_month_first=found.units.is_month_first,
        names_runs=found.names_runs,
    )
