"""Reports of progress that a worker merges, because the door through which they came does not wait.

received --its job--> merged in its sender's name --> settled: whoever sent it is told (``progress.telling``)
   |                        |
   +------------------------+-- nobody has been at it for a while --swept--> a job once more; after a few tries,
                                settled as our mistake. What was merged stays. So, at once, what has no file: a pull of
                                a connector that died with it, for no worker can read on where nothing is kept
"""

from typing import ClassVar

from msgspec import Struct

from core import access
from core.context import Context, StaffActor
from core.model import ProgressReport
from core.rules.policy import IMPORT_ATTEMPTS
from core.usecases.leased import held_open, sender_of, take_forgotten
from core.usecases.progress.receiving import report_job
from core.usecases.progress.telling import tell_settled
from core.words import ReportReason, ReportState


class FindReporter(Struct, frozen=True):
    report_id: int


class ReporterFound(Struct, frozen=True):
    """In whose name it is merged. None: it is settled, or gone."""

    staff: StaffActor | None


def reporter_of(ctx: Context, command: FindReporter) -> ReporterFound:
    access.require_system(ctx)
    return ReporterFound(sender_of(ctx.session.get(ProgressReport, command.report_id)))


class GiveUpReport(Struct, frozen=True):
    """It cannot be finished: its sender may no longer send any, it failed several times, or its file is erased."""

    report_id: int


class ReportGivenUp(Struct, frozen=True):
    was_open: bool


def give_up_report(ctx: Context, command: GiveUpReport) -> ReportGivenUp:
    """By the worker: its sender may be no staff member any more. One that is settled stays as it is."""
    access.require_system(ctx)
    found = held_open(ctx, ProgressReport, command.report_id)
    if found is None:
        return ReportGivenUp(was_open=False)
    found.state, found.reason, found.settled_at = ReportState.REJECTED, ReportReason.OUR_MISTAKE, ctx.now
    tell_settled(ctx, found)
    return ReportGivenUp(was_open=True)


class SweepReports(Struct, frozen=True):
    is_routine: ClassVar = True


class ReportsSwept(Struct, frozen=True):
    """``hopeless`` are for whoever sweeps to give up."""

    enqueued: int
    hopeless: tuple[int, ...]


def sweep_reports(ctx: Context, command: SweepReports) -> ReportsSwept:
    """Those nobody is at get a job once more, the longest forgotten first."""
    access.require_system(ctx)
    forgotten = take_forgotten(ctx, ProgressReport)
    again = [each for each in forgotten if each.tries < IMPORT_ATTEMPTS and each.content is not None]
    hopeless = tuple(each.id for each in forgotten if each not in again)
    for each in forgotten:
        if each.state is ReportState.RECEIVED:
            # Whoever begins counts; what fails before that is counted here.
            each.tries += 1
    ctx.jobs.enqueue(ctx.session, [report_job(each.id, f"swept-{int(ctx.now.timestamp())}") for each in again])
    return ReportsSwept(len(again), hopeless)
