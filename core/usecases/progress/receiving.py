"""Reports of progress are taken in, and stored before anything is read.

By Slack and by e-mail a worker merges them (``progress.jobs``); from the command line whoever sends one does.
"""

import hashlib
from datetime import datetime

from msgspec import Struct
from sqlalchemy import or_, select, update

from core import access
from core.access import Permission
from core.context import Context, Door
from core.jobs import Job, JobKind
from core.model import Organisation, ProgressReport, StaffMember
from core.rules.policy import IMPORT_FILE_NAME_CHARACTERS, IMPORT_LEASE, PROGRESS_LIFE
from core.rules.text import clean_name
from core.usecases.imports.values import keeper
from core.usecases.one_at_a_time import lock_organisation
from core.usecases.progress.telling import show_in_slack
from core.words import FeedKind, ReportState


class ReceiveProgress(Struct, frozen=True):
    """``run``: of which run it is, where no column says so. ``as_of``: of the figures; None: of now."""

    file_name: str
    content: bytes
    run: str = ""
    as_of: datetime | None = None
    inbound_id: int | None = None
    """The e-mail that brought it."""
    runs_here: bool = False
    """The caller merges it; else a worker does."""


class ProgressReceived(Struct, frozen=True):
    report_id: int
    number: int
    is_repeat: bool
    """The same file is here already; nothing is done again."""


def receive_progress(ctx: Context, command: ReceiveProgress) -> ProgressReceived:
    """Stored before it is looked at. A rejected file is taken in anew. Raises RunNotFound, ProviderNotGranted."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    run_code = run_code_of(ctx, staff, command.run)
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
        "inbound_id": command.inbound_id,
        # Nobody knows today what will be true tomorrow.
        "as_of": min(command.as_of or ctx.now, ctx.now),
        "received_at": ctx.now,
        "busy_until": ctx.now + IMPORT_LEASE,
        "ends_at": ctx.now + PROGRESS_LIFE,
    }
    access.insert_all(ctx, ProgressReport, [row])
    if ctx.actor.door is Door.SLACK:
        show_in_slack(ctx, staff.id, report_id)
    if not command.runs_here:
        ctx.jobs.enqueue(ctx.session, [report_job(report_id, "0")])
    return ProgressReceived(report_id, number, is_repeat=False)


def report_job(report_id: int, generation: str) -> Job:
    return Job(JobKind.RUN_REPORT, f"{JobKind.RUN_REPORT}-{report_id}-{generation}", (report_id,))


def run_code_of(ctx: Context, staff: StaffMember, code: str) -> str:
    """Raises RunNotFound, ProviderNotGranted."""
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
        .returning(Organisation.report_count)
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
