"""An attempt at a progress report: it is begun, goes on behind the last merged chunk, and is settled.

Who begins anew ends the attempt before: that process is told at its next chunk.
"""

from datetime import datetime
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from core import access
from core.access import Permission
from core.context import Context
from core.errors import ReportClosed
from core.model import Organisation, ProgressReport, StaffMember
from core.rules.policy import IMPORT_LEASE
from core.rules.progress.columns import ColumnMapping
from core.usecases.imports.values import hasher, keeper
from core.usecases.progress.confirming import known_mappings
from core.usecases.progress.reports import ReportReading, find_report, report_ref
from core.usecases.progress.telling import tell_settled
from core.words import FeedKind, ReportReason, ReportState


class BeginReport(Struct, frozen=True):
    is_routine: ClassVar = True

    report_id: int


class ReportBegun(Struct, frozen=True):
    """``content`` is None when nothing is left to do."""

    state: ReportState
    attempt: int
    content: bytes | None
    merged_to: int
    mappings: tuple[ColumnMapping, ...]
    run_code: str
    zone: ZoneInfo
    now: datetime


def begin_report(ctx: Context, command: BeginReport) -> ReportBegun:
    staff = access.require_staff(ctx, Permission.IMPORT)
    found = _own(ctx, staff, command.report_id)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    content = None
    if found.state in (ReportState.RECEIVED, ReportState.READING, ReportState.MERGING) and found.content is not None:
        # Here, so that the chunks need not.
        hasher(ctx, organisation)
        content = keeper(ctx).vault.decrypt_bytes(found.content, "report.content")
        found.state, found.attempt = ReportState.READING, found.attempt + 1
        found.tries, found.busy_until = found.tries + 1, ctx.now + IMPORT_LEASE
    return ReportBegun(
        state=found.state,
        attempt=found.attempt,
        content=content,
        merged_to=found.merged_to,
        mappings=known_mappings(ctx, staff),
        run_code=found.run_code,
        zone=ZoneInfo(organisation.time_zone),
        now=ctx.now,
    )


def _own(ctx: Context, staff: StaffMember, report_id: int) -> ProgressReport:
    """Its sender's grants decide what happens to it. Raises ReportNotFound or ReportClosed."""
    found = find_report(ctx, 0, report_id)
    if found.staff_id != staff.id:
        raise ReportClosed(number=report_ref(found.number), reason="a colleague sent it")
    return found


def in_attempt(ctx: Context, staff: StaffMember, report_id: int, attempt: int) -> ProgressReport:
    found = _own(ctx, staff, report_id)
    if found.state not in (ReportState.READING, ReportState.MERGING) or found.attempt != attempt:
        raise ReportClosed(number=report_ref(found.number), reason="another process has taken it up")
    return found


class SettleReport(Struct, frozen=True):
    """Everything is merged; or, with a reason, it waits for somebody or is rejected."""

    report_id: int
    attempt: int
    reading: ReportReading
    source: FeedKind
    reason: ReportReason | None = None


class ReportSettled(Struct, frozen=True):
    report_id: int
    state: ReportState


_WAITING: Final = frozenset({ReportReason.COLUMNS, ReportReason.RUN})


def settle_report(ctx: Context, command: SettleReport) -> ReportSettled:
    staff = access.require_staff(ctx, Permission.IMPORT)
    found = in_attempt(ctx, staff, command.report_id, command.attempt)
    found.reading = keeper(ctx).pack(command.reading, "report.reading")
    found.source, found.reason, found.settled_at = command.source, command.reason, ctx.now
    if command.reason is None:
        found.state = ReportState.MERGED
    else:
        found.state = ReportState.WAITING if command.reason in _WAITING else ReportState.REJECTED
    tell_settled(ctx, found)
    return ReportSettled(found.id, found.state)
