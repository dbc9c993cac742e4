"""Reports of progress: what became of one, and the list of all.

How one goes on: ``progress.receiving`` takes it in, ``progress.merging`` merges it, ``progress.confirming`` hears that
its columns are right; ``core.progressing`` leads it there.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import func, select

from core import access
from core.access import Permission
from core.context import Context
from core.errors import ReportNotFound
from core.model import ProgressProblem, ProgressReport, StaffMember
from core.pages import page_within
from core.rules.policy import PAGE_ROWS, PROGRESS_PROBLEMS_NAMED, PROGRESS_VALUES_NAMED
from core.rules.progress.faults import REFUSING, WORDS, ProgressFault
from core.usecases.imports.values import keeper
from core.words import FeedKind, ReportReason, ReportState


class ColumnShown(msgspec.Struct, frozen=True):
    """One column of a file, what it is taken for, and what stands in it first."""

    column: str
    heading: str
    example: str
    is_ratio: bool = False
    """1 is 100 %."""


class ReportReading(msgspec.Struct):
    """What a report's file turned out to be."""

    sheet: str = ""
    columns: tuple[ColumnShown, ...] = ()
    headings: tuple[str, ...] = ()
    """All of them, as they stand."""
    unsure: tuple[str, ...] = ()
    """Columns of which nobody can tell how they are meant."""
    is_month_first: bool = False
    names_runs: bool = True
    fault: str = ""
    """Why it cannot be used, in words."""
    hint: str = ""


class ReportCounts(Struct, frozen=True):
    """All but ``flagged`` add up to the rows of the file."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    outdated: int = 0
    duplicate: int = 0
    problem: int = 0
    flagged: int = 0

    @property
    def rows(self) -> int:
        return self.created + self.updated + self.unchanged + self.outdated + self.duplicate + self.problem


class ReportCard(Struct, frozen=True):
    report_id: int
    number: int
    file_name: str
    """Empty: erased."""
    staff_name: str
    door: str
    source: FeedKind
    state: ReportState
    reason: ReportReason | None
    run_code: str
    counts: ReportCounts
    as_of: datetime
    received_at: datetime
    settled_at: datetime | None
    row_count: int = 0
    """All rows of its sheet, while they are being merged."""


class RowProblemCount(Struct, frozen=True):
    """One kind of problem, and some of the values that have it: unknown learners and runs by the feed's own names."""

    fault: ProgressFault
    column: str
    reason: str
    advice: str
    is_refused: bool
    """The rows did not land; else a cell was left out or cut."""
    count: int
    rows: tuple[int, ...]
    values: tuple[str, ...]


class ReportInThread(Struct, frozen=True):
    """A report of which somebody was told by e-mail, and what their reply may settle."""

    number: int
    needs_run: bool
    """It waits, and nobody knows of which run it is."""
    is_sure: bool
    """Of each of its columns it can be told how it is meant."""


class ShowReport(Struct, frozen=True):
    """By number, or by id."""

    number: int = 0
    report_id: int = 0
    is_repeat: bool = False


class ReportShown(Struct, frozen=True):
    card: ReportCard
    reading: ReportReading
    problems: tuple[RowProblemCount, ...]
    """Refused rows first, then the most frequent."""
    is_repeat: bool = False
    """It was sent once more just now, and nothing was done."""


def show_report(ctx: Context, command: ShowReport) -> ReportShown:
    """Raises ReportNotFound. What stands in its rows is shown to its sender, and to whoever may see everybody."""
    staff = access.require_staff(ctx, Permission.VIEW)
    return report_shown(ctx, staff, find_report(ctx, command.number, command.report_id), is_repeat=command.is_repeat)


def report_shown(ctx: Context, staff: StaffMember, found: ProgressReport, *, is_repeat: bool = False) -> ReportShown:
    """For somebody whom the caller has authorised."""
    names = _names(ctx, [found])
    may_see = (
        staff.id == found.staff_id or staff.all_providers or Permission.SET_RULES in access.ROLE_PERMISSIONS[staff.role]
    )
    return ReportShown(
        card=_card(ctx, found, names),
        reading=reading_of(ctx, found) if may_see else ReportReading(),
        problems=_counted(ctx, found) if may_see else (),
        is_repeat=is_repeat,
    )


def find_report(ctx: Context, number: int, report_id: int = 0) -> ProgressReport:
    wanted = ProgressReport.id == report_id if report_id else ProgressReport.number == number
    found = ctx.session.scalars(select(ProgressReport).where(wanted)).one_or_none()
    if found is None:
        raise ReportNotFound(number=report_ref(number) if number else "this")
    return found


def report_ref(number: int) -> str:
    return f"P-{number:04}"


def reports_in_thread(ctx: Context, numbers: Iterable[int]) -> tuple[ReportInThread, ...]:
    query = select(ProgressReport).where(ProgressReport.number.in_(set(numbers))).order_by(ProgressReport.number)
    return tuple(_in_thread(ctx, found) for found in ctx.session.scalars(query))


def _in_thread(ctx: Context, found: ProgressReport) -> ReportInThread:
    reading = reading_of(ctx, found)
    is_waiting = found.state is ReportState.WAITING
    needs_run = is_waiting and not (reading.names_runs or found.run_code)
    return ReportInThread(found.number, needs_run, is_sure=not reading.unsure)


def reading_of(ctx: Context, found: ProgressReport) -> ReportReading:
    if found.reading is None:
        return ReportReading()
    reading: ReportReading = keeper(ctx).unpack(found.reading, "report.reading", ReportReading)
    return reading


def _card(ctx: Context, found: ProgressReport, names: dict[int, str]) -> ReportCard:
    name = keeper(ctx).vault.decrypt(found.file_name, "report.file_name") if found.file_name else ""
    counts = ReportCounts(
        found.created, found.updated, found.unchanged, found.outdated, found.duplicate, found.problem, found.flagged
    )
    return ReportCard(
        report_id=found.id,
        number=found.number,
        file_name=name,
        staff_name=names.get(found.staff_id, ""),
        door=found.door.value,
        source=found.source,
        state=found.state,
        reason=found.reason,
        run_code=found.run_code,
        counts=counts,
        as_of=found.as_of,
        received_at=found.received_at,
        settled_at=found.settled_at,
        row_count=found.row_count,
    )


def _names(ctx: Context, reports: Iterable[ProgressReport]) -> dict[int, str]:
    query = select(StaffMember).where(StaffMember.id.in_({each.staff_id for each in reports}))
    return {each.id: f"{each.first_name} {each.last_name}" for each in ctx.session.scalars(query)}


def _counted(ctx: Context, found: ProgressReport) -> tuple[RowProblemCount, ...]:
    """Counted in SQL, and a few rows of each kind: a file may have a hundred thousand."""
    kinds = ctx.session.execute(
        select(ProgressProblem.fault, ProgressProblem.column, func.count().label("rows"))
        .where(ProgressProblem.report_id == found.id)
        .group_by(ProgressProblem.fault, ProgressProblem.column)
    ).all()
    ranked = sorted(kinds, key=lambda kind: (kind.fault not in REFUSING, -kind.rows, kind.fault, kind.column))
    first = _first_rows(ctx, found)
    return tuple(
        _kind(ctx, kind, first.get((kind.fault, kind.column), [])) for kind in ranked[:PROGRESS_PROBLEMS_NAMED]
    )


def _first_rows(ctx: Context, found: ProgressReport) -> dict[tuple[ProgressFault, str], list[Any]]:
    place = func.row_number().over(
        partition_by=(ProgressProblem.fault, ProgressProblem.column), order_by=ProgressProblem.number
    )
    ranked = (
        select(
            ProgressProblem.fault, ProgressProblem.column, ProgressProblem.number, ProgressProblem.value,
            place.label("place"),
        )
        .where(ProgressProblem.report_id == found.id)
        .subquery()
    )  # fmt: skip
    rows: dict[tuple[ProgressFault, str], list[Any]] = {}
    query = select(ranked).where(ranked.c.place <= PROGRESS_VALUES_NAMED).order_by(ranked.c.number)
    for row in ctx.session.execute(query):
        rows.setdefault((row.fault, row.column), []).append(row)
    return rows


def _kind(ctx: Context, kind: Any, rows: list[Any]) -> RowProblemCount:
    vault = keeper(ctx).vault
    reason, advice = WORDS[kind.fault]
    values = dict.fromkeys(vault.decrypt_bytes(row.value, "report.value").decode() for row in rows if row.value)
    return RowProblemCount(
        fault=kind.fault,
        column=kind.column,
        reason=reason,
        advice=advice,
        is_refused=kind.fault in REFUSING,
        count=kind.rows,
        rows=tuple(row.number for row in rows),
        values=tuple(values),
    )


class ListReports(Struct, frozen=True):
    page: int = 1


class ReportsListed(Struct, frozen=True):
    """Newest first."""

    reports: tuple[ReportCard, ...]
    page: int
    page_count: int
    total: int


def list_reports(ctx: Context, command: ListReports) -> ReportsListed:
    access.require_staff(ctx, Permission.VIEW)
    total = ctx.session.scalar(select(func.count()).select_from(ProgressReport)) or 0
    page, page_count = page_within(command.page, total)
    rows = ctx.session.scalars(
        select(ProgressReport).order_by(ProgressReport.number.desc()).limit(PAGE_ROWS).offset((page - 1) * PAGE_ROWS)
    ).all()
    names = _names(ctx, rows)
    return ReportsListed(tuple(_card(ctx, row, names) for row in rows), page, page_count, total)
