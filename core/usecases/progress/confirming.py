"""The columns of a report are said to be right, or put right; every file with these headings is then known."""

from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import delete, select

from core import access
from core.access import Permission
from core.context import Context, Door
from core.errors import ReportClosed, ReportRunMissing
from core.model import ProgressMapping, ProgressReport, StaffMember
from core.rules.policy import IMPORT_LEASE
from core.rules.progress.columns import ColumnMapping, column_named, fingerprint, same_heading
from core.usecases.one_at_a_time import lock_organisation
from core.usecases.progress.receiving import report_job, run_code_of
from core.usecases.progress.reports import ReportReading, find_report, reading_of, report_ref
from core.usecases.progress.telling import show_in_slack, tell_changed
from core.words import ReportState

_MAPPINGS: Final = 50
_HEADINGS_NAMED: Final = 20
_FIGURES: Final = "steps, progress, score, comments and last access"


class ConfirmReport(Struct, frozen=True):
    """The columns are right, but for ``columns``: (what it is, its heading), an empty heading leaves one out."""

    number: int
    run: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    are_fractions: bool | None = None
    """Of columns in which 1 could be 1 % or all. None: as it was shown."""
    is_month_first: bool | None = None
    inbound_id: int | None = None
    """The e-mail that says so, which is answered when it is merged."""
    runs_here: bool = False
    """The caller merges it; else a worker does."""


class ReportConfirmed(Struct, frozen=True):
    report_id: int
    number: int


def confirm_report(ctx: Context, command: ConfirmReport) -> ReportConfirmed:
    """The mapping is remembered for every file with these headings.

    Raises ReportClosed, ReportRunMissing, RunNotFound.
    """
    staff = access.require_staff(ctx, Permission.IMPORT)
    run_code = run_code_of(ctx, staff, command.run)
    lock_organisation(ctx, staff.organisation_id)
    found = find_report(ctx, command.number)
    if found.staff_id != staff.id:
        raise ReportClosed(number=report_ref(found.number), reason="a colleague sent it")
    if found.state is ReportState.REJECTED:
        raise ReportClosed(number=report_ref(found.number), reason="nothing of it could be stored")
    if found.state is not ReportState.WAITING:
        # Somebody pressed twice, or a process died after the first yes.
        return ReportConfirmed(found.id, found.number)
    if found.content is None:
        raise ReportClosed(number=report_ref(found.number), reason="its file has been erased")
    found.run_code = run_code or found.run_code
    reading = reading_of(ctx, found)
    if not (reading.names_runs or found.run_code):
        raise ReportRunMissing(number=report_ref(found.number))
    _remember(ctx, staff, reading, _settled(found, reading, command))
    found.state, found.reason, found.settled_at = ReportState.RECEIVED, None, None
    found.tries, found.busy_until, found.inbound_id = 0, ctx.now + IMPORT_LEASE, command.inbound_id
    if ctx.actor.door is Door.SLACK:
        show_in_slack(ctx, staff.id, found.id)
    else:
        tell_changed(ctx, found)
    if not command.runs_here:
        ctx.jobs.enqueue(ctx.session, [report_job(found.id, f"confirmed-{found.attempt}")])
    return ReportConfirmed(found.id, found.number)


def _settled(found: ProgressReport, reading: ReportReading, command: ConfirmReport) -> ColumnMapping:
    headings = {each.column: each.heading for each in reading.columns}
    for name, heading in command.columns:
        column = column_named(name)
        if column is None:
            raise ReportClosed(
                number=report_ref(found.number), reason=f"I know no figure called “{name[:40]}”, but {_FIGURES}"
            )
        headings.pop(column.value, None)
        if not heading:
            continue
        stands = next((each for each in reading.headings if each and same_heading(each, heading)), None)
        if stands is None:
            there = ", ".join(f"“{each[:40]}”" for each in reading.headings[:_HEADINGS_NAMED] if each)
            reason = f"it has no column headed “{heading[:40]}”, but {there}"
            raise ReportClosed(number=report_ref(found.number), reason=reason)
        headings = {column_: text for column_, text in headings.items() if text != stands} | {column.value: stands}
    ratios = {each.column for each in reading.columns if each.is_ratio}
    if command.are_fractions is not None:
        ratios = set(headings) if command.are_fractions else set()
    order = reading.is_month_first if command.is_month_first is None else command.is_month_first
    return ColumnMapping(headings, tuple(sorted(ratios)), order)


def _remember(ctx: Context, staff: StaffMember, reading: ReportReading, mapping: ColumnMapping) -> None:
    mark = fingerprint(reading.headings)
    ctx.session.execute(delete(ProgressMapping).where(ProgressMapping.fingerprint == mark))
    row = {
        "id": ctx.tokens.new_id(),
        "fingerprint": mark,
        "columns": msgspec.json.encode(mapping).decode(),
        "staff_id": staff.id,
        "confirmed_at": ctx.now,
    }
    access.insert_all(ctx, ProgressMapping, [row])


def known_mappings(ctx: Context, staff: StaffMember) -> tuple[ColumnMapping, ...]:
    """The sender's own first, then those with the most columns."""
    rows = ctx.session.execute(
        select(ProgressMapping.columns, ProgressMapping.staff_id)
        .order_by(ProgressMapping.confirmed_at.desc())
        .limit(_MAPPINGS)
    ).all()
    mappings = [(row.staff_id != staff.id, msgspec.json.decode(row.columns, type=ColumnMapping)) for row in rows]
    return tuple(mapping for _, mapping in sorted(mappings, key=lambda each: (each[0], -len(each[1].headings))))
