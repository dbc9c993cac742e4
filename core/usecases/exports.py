"""Exports: a file of progress, of costs or of a history, for whoever asked for it and nobody else.

Asking keeps the wish and no file; the file is made when it is fetched, of what its asker may see at that moment.
Progress is of learners, so it comes as a download behind the sign-in, unless somebody says “file” and it is small.
Costs name no learner: they come as a file at once. Nothing is ever posted into a channel.
"""

from datetime import datetime
from typing import BinaryIO

from msgspec import Struct

from core import access
from core.access import Permission
from core.context import Context, Door, StaffActor
from core.errors import ExportEnded, ExportNotFound, ExportTooLarge, MonthUnclear, NothingToExport
from core.exports.progress import write_progress
from core.model import Course, CourseRun, Export, Organisation, StaffMember
from core.rules.exports import file_name
from core.rules.months import Month, month_of, read_month
from core.rules.policy import EXPORT_FILE_ROWS, EXPORT_LIFE, EXPORT_WORKBOOK_ROWS
from core.rules.zones import zone_named
from core.usecases.costs.rows import cost_rows, count_cost_rows
from core.usecases.history.history import all_deeds, count_deeds
from core.usecases.history.subjects import Meant, meant
from core.usecases.imports.telling import say_file
from core.usecases.progress.rows import count_progress_rows, progress_rows
from core.words import ExportForm, ExportKind, MessageKind, Subject


class ExportProgress(Struct, frozen=True):
    """``run`` empty: of all runs. ``is_file``: no download, where it is small enough."""

    run: str = ""
    form: ExportForm = ExportForm.CSV
    is_file: bool = False
    most_in_workbook: int = EXPORT_WORKBOOK_ROWS


class ExportCosts(Struct, frozen=True):
    """``month`` as typed, in the organisation's zone; empty: this one."""

    month: str = ""
    form: ExportForm = ExportForm.CSV


class ExportHistory(Struct, frozen=True):
    """Of what is meant by its ``name`` as typed, or by its id."""

    kind: Subject
    name: str = ""
    form: ExportForm = ExportForm.CSV
    subject_id: int = 0


class ExportOrdered(Struct, frozen=True):
    """``is_file``: it comes by itself, beside this answer; else from the page at ``url``."""

    export_id: int
    kind: ExportKind
    form: ExportForm
    subject: str
    """What it is of, in words."""
    rows: int
    is_file: bool
    url: str
    """No secret: the page asks who is there."""
    ends_at: datetime
    time_zone: str


def export_progress(ctx: Context, command: ExportProgress) -> ExportOrdered:
    """Raises RunNotFound, ProviderNotGranted, NothingToExport, ExportTooLarge."""
    staff = access.require_staff(ctx, Permission.VIEW)
    subject, run_id = "all runs", None
    if command.run:
        run = access.invited_run_by_code(ctx, staff.organisation_id, command.run)
        access.require_provider(ctx, staff, run)
        subject, run_id = f"{run.course.title} ({run.code})", run.id
    rows = count_progress_rows(ctx, staff, run_id)
    if not rows:
        raise NothingToExport(what="nobody whom you may see is enrolled")
    _require_room(command.form, rows, command.most_in_workbook)
    if run_id is not None:
        ctx.within(Subject.RUN, run_id)
    export = _order(ctx, staff, ExportKind.PROGRESS, command.form, run_id=run_id)
    return _ordered(ctx, staff, export, subject, rows, is_file=command.is_file and rows <= EXPORT_FILE_ROWS)


def export_costs(ctx: Context, command: ExportCosts) -> ExportOrdered:
    """Raises MonthUnclear, NothingToExport, ExportTooLarge."""
    staff = access.require_staff(ctx, Permission.VIEW)
    zone = zone_named(ctx.session.get_one(Organisation, staff.organisation_id).time_zone)
    today = ctx.now.astimezone(zone).date()
    month = read_month(command.month, today)
    if month is None:
        raise MonthUnclear(words=command.month[:40], example=str(month_of(today).moved(-1)))
    rows = count_cost_rows(ctx, month, zone)
    if not rows:
        raise NothingToExport(what=f"nobody was enrolled in {month.words}")
    _require_room(command.form, rows, EXPORT_WORKBOOK_ROWS)
    export = _order(ctx, staff, ExportKind.COSTS, command.form, month=str(month))
    return _ordered(ctx, staff, export, month.words, rows, is_file=rows <= EXPORT_FILE_ROWS)


def export_history(ctx: Context, command: ExportHistory) -> ExportOrdered:
    """Raises NothingToExport, ExportTooLarge, and as ``show_history`` does."""
    staff = access.require_staff(ctx, Permission.VIEW)
    whose = meant(ctx, staff, command.kind, command.name, command.subject_id)
    rows = count_deeds(ctx, whose, None)
    if not rows:
        raise NothingToExport(what="nothing is noted yet")
    _require_room(command.form, rows, EXPORT_WORKBOOK_ROWS)
    export = _order(ctx, staff, ExportKind.HISTORY, command.form)
    export.about, export.about_id = whose.kind, whose.subject_id
    return _ordered(ctx, staff, export, whose.name, rows, is_file=False)


def _require_room(form: ExportForm, rows: int, most: int) -> None:
    if form is ExportForm.XLSX and rows > most:
        raise ExportTooLarge(count=f"{rows:,}", limit=f"{most:,}")


def _order(
    ctx: Context, staff: StaffMember, kind: ExportKind, form: ExportForm, *, run_id: int | None = None, month: str = ""
) -> Export:
    export = Export(
        id=ctx.tokens.new_id(),
        organisation_id=staff.organisation_id,
        staff_id=staff.id,
        kind=kind,
        form=form,
        run_id=run_id,
        month=month,
        created_at=ctx.now,
        ends_at=ctx.now + EXPORT_LIFE,
    )
    ctx.session.add(export)
    return export


def _ordered(
    ctx: Context, staff: StaffMember, export: Export, subject: str, rows: int, *, is_file: bool
) -> ExportOrdered:
    if is_file and ctx.actor.door is Door.SLACK:
        say_file(ctx, MessageKind.EXPORT, staff.id, export.id, "ordered")
    return ExportOrdered(
        export_id=export.id,
        kind=export.kind,
        form=export.form,
        subject=subject,
        rows=rows,
        is_file=is_file,
        url=f"{ctx.settings.base_url}/exports/{export.id:x}",
        ends_at=export.ends_at,
        time_zone=ctx.session.get_one(Organisation, staff.organisation_id).time_zone,
    )


# --- Fetching it ------------------------------------------------------------------------------------------


class ShowExport(Struct, frozen=True):
    """For nobody but the staff member who asked for it."""

    export_id: int


class ExportShown(Struct, frozen=True):
    organisation: str
    kind: ExportKind
    form: ExportForm
    subject: str
    ends_at: datetime
    time_zone: str


class FetchExport(Struct, frozen=True):
    export_id: int


class ExportFetched(Struct, frozen=True):
    """The file is made next, by ``write_export``."""

    export_id: int
    file_name: str
    form: ExportForm


class WriteExport(Struct, frozen=True):
    """Into a file of the caller's, from its begin."""

    export_id: int
    into: BinaryIO


class ExportWritten(Struct, frozen=True):
    size: int
    """Bytes."""


class ExportCopy(Struct, frozen=True):
    """What a file in Slack is made of: fetched in its receiver's name."""

    export_id: int
    receiver: StaffActor


def show_export(ctx: Context, command: ShowExport) -> ExportShown:
    """Raises ExportNotFound, ExportEnded, and what keeps the asker from seeing the run."""
    staff = access.require_staff(ctx, Permission.VIEW)
    export = _found(ctx, staff, command.export_id)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    return ExportShown(
        organisation=organisation.name,
        kind=export.kind,
        form=export.form,
        subject=_subject(ctx, staff, export),
        ends_at=export.ends_at,
        time_zone=organisation.time_zone,
    )


def fetch_export(ctx: Context, command: FetchExport) -> ExportFetched:
    """Run, not read: the audit notes who took what. Raises as ``show_export`` does."""
    staff = access.require_staff(ctx, Permission.VIEW)
    export = _found(ctx, staff, command.export_id)
    zone = zone_named(ctx.session.get_one(Organisation, staff.organisation_id).time_zone)
    subject = export.month
    if export.kind is ExportKind.PROGRESS:
        subject = _run_of(ctx, export.run_id)[0].code if export.run_id is not None else "all"
    elif export.kind is ExportKind.HISTORY:
        # No name of a person in the name of a file.
        subject = str(export.about)
    name = file_name(f"{export.kind}-{subject}", ctx.now.astimezone(zone).date(), export.form)
    return ExportFetched(export.id, name, export.form)


def write_export(ctx: Context, command: WriteExport) -> ExportWritten:
    """In one snapshot, row by row. Raises as ``fetch_export`` does."""
    staff = access.require_staff(ctx, Permission.VIEW)
    export = _found(ctx, staff, command.export_id)
    into = command.into
    # A read that lost its connection is done again.
    into.seek(0)
    into.truncate()
    zone = zone_named(ctx.session.get_one(Organisation, staff.organisation_id).time_zone)
    # The other two load the library for workbooks: a tenth of a second, which every start would wait for.
    match export.kind:
        case ExportKind.PROGRESS:
            write_progress(into, progress_rows(ctx, staff, export.run_id), export.form)
        case ExportKind.COSTS:
            from core.exports.costs import write_costs

            write_costs(into, cost_rows(ctx, _month(export), zone), export.form)
        case ExportKind.HISTORY:
            from core.exports.history import write_history

            write_history(into, all_deeds(ctx, staff, _whose(ctx, staff, export)), zone, export.form)
    return ExportWritten(into.tell())


def _found(ctx: Context, staff: StaffMember, export_id: int) -> Export:
    export = ctx.session.get(Export, export_id)
    if export is None or export.organisation_id != staff.organisation_id or export.staff_id != staff.id:
        raise ExportNotFound
    if export.ends_at <= ctx.now:
        raise ExportEnded(hours=int(EXPORT_LIFE.total_seconds() // 3600))
    if export.run_id is not None:
        run, course = _run_of(ctx, export.run_id)
        access.require_provider_of(ctx, staff, course, run.code)
    return export


def _whose(ctx: Context, staff: StaffMember, export: Export) -> Meant:
    """Somebody may have been removed or erased since, or a grant taken away. Raises as ``export_history`` does."""
    if export.about is None or export.about_id is None:
        raise ExportNotFound
    return meant(ctx, staff, export.about, "", export.about_id)


def _run_of(ctx: Context, run_id: int) -> tuple[CourseRun, Course]:
    run = access.joined_run(ctx, run_id)
    return run, run.course


def _subject(ctx: Context, staff: StaffMember, export: Export) -> str:
    if export.kind is ExportKind.HISTORY:
        return _whose(ctx, staff, export).name
    if export.kind is ExportKind.COSTS:
        return _month(export).words
    if export.run_id is None:
        return "all runs"
    run, course = _run_of(ctx, export.run_id)
    return f"{course.title} ({run.code})"


def _month(export: Export) -> Month:
    year, _, number = export.month.partition("-")
    return Month(int(year), int(number))


def export_copy(ctx: Context, export_id: int) -> ExportCopy:
    """The caller has authorised."""
    export = ctx.session.get_one(Export, export_id)
    return ExportCopy(export.id, StaffActor(export.organisation_id, export.staff_id, Door.SLACK))
