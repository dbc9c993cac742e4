"""What progress reports held is erased in time; that they came, what became of their rows, and the figures stay."""

from typing import ClassVar

from msgspec import Struct
from sqlalchemy import select, update

from core import access
from core.context import Context
from core.model import ProgressProblem, ProgressReport
from core.rules.policy import PROGRESS_CHUNK
from core.usecases.progress.jobs import GiveUpReport, give_up_report


class EraseReport(Struct, frozen=True):
    """The one that ended first, by a bounded number of its rows."""

    is_routine: ClassVar = True


class ReportErased(Struct, frozen=True):
    is_done: bool
    """No other has ended, and nothing is left of this one."""


def erase_report(ctx: Context, command: EraseReport) -> ReportErased:
    access.require_system(ctx)
    found = ctx.session.scalars(
        select(ProgressReport)
        .where(ProgressReport.ends_at <= ctx.now, ProgressReport.content.is_not(None))
        .order_by(ProgressReport.ends_at, ProgressReport.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if found is None:
        return ReportErased(is_done=True)
    if _erase_values(ctx, found.id) < PROGRESS_CHUNK:
        # Nobody has finished it, and without its file nobody can: else it would be taken up for ever.
        give_up_report(ctx, GiveUpReport(found.id))
        # The file last: with it goes the sign that something is to be erased.
        found.content, found.reading, found.file_name = None, None, ""
    return ReportErased(is_done=False)


def _erase_values(ctx: Context, report_id: int) -> int:
    some = (
        select(ProgressProblem.id)
        .where(ProgressProblem.report_id == report_id, ProgressProblem.value.is_not(None))
        .limit(PROGRESS_CHUNK)
    )
    erased = ctx.session.execute(
        update(ProgressProblem).where(ProgressProblem.id.in_(some)).values(value=None).returning(ProgressProblem.id)
    )
    return len(erased.all())
