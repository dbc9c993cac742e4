"""Reports of progress that a worker merges (see ``leased``), because the door through which they came does not wait.

What was merged of one that is given up stays. Hopeless at once is one without a file: a pull of a connector that died
with it, for no worker can read on where nothing is kept.
"""

from typing import ClassVar

from msgspec import Struct

from core import access
from core.context import Context
from core.model import ProgressReport
from core.rules.policy import IMPORT_ATTEMPTS
from core.usecases.leased import SenderFound, Settled, Swept, go_on, held_open, sender_of, take_forgotten
from core.usecases.progress.receiving import report_job
from core.usecases.progress.telling import tell_settled
from core.words import ReportReason, ReportState


class FindReporter(Struct, frozen=True):
    report_id: int


def reporter_of(ctx: Context, command: FindReporter) -> SenderFound:
    access.require_system(ctx)
    return sender_of(ctx.session.get(ProgressReport, command.report_id))


class GiveUpReport(Struct, frozen=True):
    """It cannot be finished: its sender may no longer send any, it failed several times, or its file is erased."""

    report_id: int


def give_up_report(ctx: Context, command: GiveUpReport) -> Settled:
    """By the worker: its sender may be no staff member any more. One that is settled stays as it is."""
    access.require_system(ctx)
    found = held_open(ctx, ProgressReport, command.report_id)
    if found is None:
        return Settled(was_open=False)
    found.state, found.reason, found.settled_at = ReportState.REJECTED, ReportReason.OUR_MISTAKE, ctx.now
    tell_settled(ctx, found)
    return Settled(was_open=True)


class SweepReports(Struct, frozen=True):
    is_routine: ClassVar = True


def sweep_reports(ctx: Context, command: SweepReports) -> Swept:
    """Those nobody is at get a job once more, the longest forgotten first."""
    access.require_system(ctx)
    forgotten = take_forgotten(ctx, ProgressReport)
    swept = go_on(ctx, forgotten, _is_hopeless, report_job)
    for each in forgotten:
        if each.state is ReportState.RECEIVED:
            # Whoever begins counts; what fails before that is counted here.
            each.tries += 1
    return swept


def _is_hopeless(report: ProgressReport) -> bool:
    return report.tries >= IMPORT_ATTEMPTS or report.content is None
