"""Reports of progress: taken in and stored before anything is read, shown, listed, their columns confirmed.

How one goes on: ``progress_merging`` merges it; ``core.progressing`` leads it there.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import delete, func, or_, select, update

from core import access
from core.access import Permission
from core.context import Context
from core.errors import ReportClosed, ReportNotFound
from core.model import Organisation, ProgressMapping, ProgressProblem, ProgressReport, StaffMember
from core.pages import page_within
from core.rules.policy import (
    IMPORT_FILE_NAME_CHARACTERS,
    PAGE_ROWS,
    PROGRESS_LIFE,
    PROGRESS_PROBLEMS_NAMED,
    PROGRESS_VALUES_NAMED,
)
from core.rules.progress.columns import ColumnMapping, column_named, fingerprint, same_heading
from core.rules.progress.faults import REFUSING, WORDS, ProgressFault
from core.rules.text import clean_name
from core.usecases.imports.imports import lock_organisation
from core.usecases.imports.values import keeper
from core.words import FeedKind, ReportReason, ReportState

_QUIET: Final = {"synchronize_session": False}


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


@dataclass(frozen=True, slots=True)
class ReceiveProgress:
    """``run``: of which run it is, where no column says so. ``as_of``: of the figures; None: of now."""

    file_name: str
    content: bytes
    run: str = ""
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProgressReceived:
    report_id: int
    number: int
    is_repeat: bool
    """The same file is here already; nothing is done again."""


def receive_progress(ctx: Context, command: ReceiveProgress) -> ProgressReceived:
    """Stored before it is looked at. A rejected file is taken in anew. Raises RunNotFound, ProviderNotGranted."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    run_code = _run_code(ctx, staff, command.run)
    file_hash = hashlib.sha256(command.content).hexdigest()
    # The row's lock: of the same file twice at a moment, the second finds the first.
    lock_organisation(ctx, staff.organisation_id)
    known = _same_file(ctx, file_hash, run_code)
    if known is not None:
        return ProgressReceived(known.id, known.number, is_repeat=True)
    vault = keeper(ctx).vault
    report_id, number = ctx.tokens.new_id(), _next_number(ctx, staff.organisation_id)
    row = {
        "id": report_id,
        "number": number,
        "staff_id": staff.id,
        "door": ctx.actor.door,
        "source": FeedKind.MAPPED_SHEET,
        "state": ReportState.RECEIVED,
        "file_name": vault.encrypt(clean_name(command.file_name, IMPORT_FILE_NAME_CHARACTERS), "report.file_name"),
        "content": vault.encrypt_bytes(command.content, "report.content"),
        "file_hash": file_hash,
        "run_code": run_code,
        # Nobody knows today what will be true tomorrow.
        "as_of": min(command.as_of or ctx.now, ctx.now),
        "received_at": ctx.now,
        "ends_at": ctx.now + PROGRESS_LIFE,
    }
    access.insert_all(ctx, ProgressReport, [row])
    return ProgressReceived(report_id, number, is_repeat=False)


def _run_code(ctx: Context, staff: StaffMember, code: str) -> str:
    if not code:
        return ""
    run = access.invited_run_by_code(ctx, staff.organisation_id, code)
    access.require_provider(ctx, staff, run)
    return run.code


def _next_number(ctx: Context, organisation_id: int) -> int:
    return ctx.session.execute(
        update(Organisation)
        .where(Organisation.id == organisation_id)
        .values(report_count=Organisation.report_count + 1)
        .returning(Organisation.report_count),
        execution_options=_QUIET,
    ).scalar_one()


def _same_file(ctx: Context, file_hash: str, run_code: str) -> ProgressReport | None:
    """Not one with rows that did not land: what stood in their way may be mended since. Nor one erased as it waited."""
    return ctx.session.scalars(
        select(ProgressReport)
        .where(
            ProgressReport.file_hash == file_hash,
            ProgressReport.run_code == run_code,
            ProgressReport.state != ReportState.REJECTED,
            ProgressReport.problem == 0,
            or_(ProgressReport.content.is_not(None), ProgressReport.state == ReportState.MERGED),
        )
        .order_by(ProgressReport.number.desc())
        .limit(1)
    ).one_or_none()


# --- Shown ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReportCounts:
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


@dataclass(frozen=True, slots=True)
class ReportCard:
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


@dataclass(frozen=True, slots=True)
class RowProblemCount:
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


@dataclass(frozen=True, slots=True)
class ShowReport:
    """By number, or by id."""

    number: int = 0
    report_id: int = 0
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class ReportShown:
    card: ReportCard
    reading: ReportReading
    problems: tuple[RowProblemCount, ...]
    """Refused rows first, then the most frequent."""
    is_repeat: bool = False
    """It was sent once more just now, and nothing was done."""


def show_report(ctx: Context, command: ShowReport) -> ReportShown:
    """Raises ReportNotFound. What stands in its rows is shown to its sender, and to whoever may see everybody."""
    staff = access.require_staff(ctx, Permission.VIEW)
    found = find_report(ctx, command.number, command.report_id)
    names = _names(ctx, [found])
    may_see = (
        staff.id == found.staff_id or staff.all_providers or Permission.SET_RULES in access.ROLE_PERMISSIONS[staff.role]
    )
    return ReportShown(
        card=_card(ctx, found, names),
        reading=reading_of(ctx, found) if may_see else ReportReading(),
        problems=_counted(ctx, found) if may_see else (),
        is_repeat=command.is_repeat,
    )


def find_report(ctx: Context, number: int, report_id: int = 0) -> ProgressReport:
    wanted = ProgressReport.id == report_id if report_id else ProgressReport.number == number
    found = ctx.session.scalars(select(ProgressReport).where(wanted)).one_or_none()
    if found is None:
        raise ReportNotFound(number=report_ref(number) if number else "this")
    return found


def report_ref(number: int) -> str:
    return f"P-{number:04}"


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


@dataclass(frozen=True, slots=True)
class ListReports:
    page: int = 1


@dataclass(frozen=True, slots=True)
class ReportsListed:
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


# --- Confirmed --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConfirmReport:
    """The columns are right, but for ``columns``: (what it is, its heading), an empty heading leaves one out."""

    number: int
    run: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    are_fractions: bool | None = None
    """Of columns in which 1 could be 1 % or all. None: as it was shown."""
    is_month_first: bool | None = None


@dataclass(frozen=True, slots=True)
class ReportConfirmed:
    report_id: int
    number: int


def confirm_report(ctx: Context, command: ConfirmReport) -> ReportConfirmed:
    """The mapping is remembered for every file with these headings. Raises ReportClosed, RunNotFound."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    run_code = _run_code(ctx, staff, command.run)
    lock_organisation(ctx, staff.organisation_id)
    found = find_report(ctx, command.number)
    if found.staff_id != staff.id:
        raise ReportClosed(number=report_ref(found.number), reason="a colleague sent it")
    if found.state is ReportState.REJECTED:
        raise ReportClosed(number=report_ref(found.number), reason="it is rejected and does not wait")
    if found.state is not ReportState.WAITING:
        # Somebody pressed twice, or a process died after the first yes.
        return ReportConfirmed(found.id, found.number)
    if found.content is None:
        raise ReportClosed(number=report_ref(found.number), reason="its file has been erased")
    found.run_code = run_code or found.run_code
    reading = reading_of(ctx, found)
    if not (reading.names_runs or found.run_code):
        raise ReportClosed(number=report_ref(found.number), reason="nobody has said of which run it is")
    _remember(ctx, staff, reading, _settled(found, reading, command))
    found.state, found.reason = ReportState.RECEIVED, None
    return ReportConfirmed(found.id, found.number)


def _settled(found: ProgressReport, reading: ReportReading, command: ConfirmReport) -> ColumnMapping:
    headings = {each.column: each.heading for each in reading.columns}
    for name, heading in command.columns:
        column = column_named(name)
        if column is None:
            raise ReportClosed(number=report_ref(found.number), reason=f"I know no figure called “{name[:40]}”")
        headings.pop(column.value, None)
        if not heading:
            continue
        stands = next((each for each in reading.headings if each and same_heading(each, heading)), None)
        if stands is None:
            raise ReportClosed(number=report_ref(found.number), reason=f"it has no column headed “{heading[:40]}”")
        headings = {column_: text for column_, text in headings.items() if text != stands} | {column.value: stands}
    ratios = {each.column for each in reading.columns if each.is_ratio}
    if command.are_fractions is not None:
        ratios = set(headings) if command.are_fractions else set()
    order = reading.is_month_first if command.is_month_first is None else command.is_month_first
    return ColumnMapping(headings, tuple(sorted(ratios)), order)


def _remember(ctx: Context, staff: StaffMember, reading: ReportReading, mapping: ColumnMapping) -> None:
    mark = fingerprint(reading.headings)
    ctx.session.execute(delete(ProgressMapping).where(ProgressMapping.fingerprint == mark), execution_options=_QUIET)
    row = {
        "id": ctx.tokens.new_id(),
        "fingerprint": mark,
        "columns": msgspec.json.encode(mapping).decode(),
        "staff_id": staff.id,
        "confirmed_at": ctx.now,
    }
    access.insert_all(ctx, ProgressMapping, [row])


def known_mappings(ctx: Context, staff: StaffMember, limit: int = 50) -> tuple[ColumnMapping, ...]:
    """The sender's own first, then those with the most columns."""
    rows = ctx.session.execute(
        select(ProgressMapping.columns, ProgressMapping.staff_id)
        .order_by(ProgressMapping.confirmed_at.desc())
        .limit(limit)
    ).all()
    mappings = [(row.staff_id != staff.id, msgspec.json.decode(row.columns, type=ColumnMapping)) for row in rows]
    return tuple(mapping for _, mapping in sorted(mappings, key=lambda each: (each[0], -len(each[1].headings))))
