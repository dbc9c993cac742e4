"""Reports of progress that a worker merges: taken up once, taken up again after a death, given up with words."""

import pytest
from msgspec.structs import replace

from core.context import Door
from core.jobs import Job, JobKind
from core.model import ProgressReport, StaffMember
from core.progressing import merge_in_background, sweep_progress
from core.rules.policy import IMPORT_ATTEMPTS, IMPORT_LEASE
from core.rules.progress.records import Batch
from core.usecases.progress.attempts import BeginReport, begin_report
from core.usecases.progress.confirming import ConfirmReport, confirm_report
from core.usecases.progress.merging import MergeRows, merge_rows
from core.usecases.progress.receiving import ReceiveProgress, receive_progress
from core.usecases.progress.reports import ReportShown, ShowReport, show_report
from core.words import FeedKind, ReportReason, ReportState
from tests.core.usecases.acting import MATHS, change, clock_of, everything, jobs_of
from tests.core.usecases.progressing import enrol, line, report
from tests.factories import School

ADA, BO = "ada@example.org", "bo@example.org"


def receive(school: School, content: bytes) -> int:
    staff = replace(school.owner, door=Door.MAIL)
    return school.app.run(receive_progress, ReceiveProgress("report.csv", content, MATHS), staff).report_id


@pytest.fixture
def received(school: School) -> int:
    enrol(school, ADA, BO)
    return receive(school, report(line(ADA, steps_completed="61%"), line(BO, steps_completed="5%")))


def reports_queued(school: School) -> list[Job]:
    return [job for job in jobs_of(school.app).jobs if job.kind is JobKind.RUN_REPORT]


def pass_time(school: School) -> None:
    clock_of(school.app).advance(seconds=IMPORT_LEASE.total_seconds() + 1)


def shown(school: School) -> ReportShown:
    return school.app.read(show_report, ShowReport(1), school.owner)


def test_a_report_is_stored_at_once_and_merged_by_a_worker(school: School, received: int) -> None:
    before, (job,) = shown(school).card, reports_queued(school)

    was_settled = merge_in_background(school.app, job.ids[0])

    done = shown(school).card
    assert (before.state, before.settled_at) == (ReportState.RECEIVED, None)
    assert was_settled
    assert (done.state, done.counts.created, done.row_count) == (ReportState.MERGED, 2, 2)
    assert not merge_in_background(school.app, received), "A job that comes twice does nothing."


def test_one_that_a_process_left_behind_is_taken_up_again_and_no_row_counts_twice(
    school: School, received: int
) -> None:
    begun = school.app.run(begin_report, BeginReport(received), school.owner)
    half = MergeRows(received, begun.attempt, FeedKind.PLATFORM_REPORT, Batch(()), {}, 2)
    school.app.run(merge_rows, half, school.owner)
    too_soon = sweep_progress(school.app)
    pass_time(school)

    swept = (sweep_progress(school.app), sweep_progress(school.app))
    merge_in_background(school.app, reports_queued(school)[-1].ids[0])

    assert (too_soon, swept) == (0, (1, 0))
    assert len({job.key for job in reports_queued(school)}) == 2
    assert shown(school).card.counts.rows == 2


@pytest.mark.parametrize("is_begun", [True, False])
def test_one_that_is_never_finished_is_given_up_with_words(school: School, received: int, is_begun: bool) -> None:
    told: list[int] = []
    for _ in range(IMPORT_ATTEMPTS + 1):
        if is_begun and len(told) < IMPORT_ATTEMPTS:
            school.app.run(begin_report, BeginReport(received), school.owner)
        pass_time(school)
        told.append(sweep_progress(school.app))

    card = shown(school).card
    assert sum(told) == IMPORT_ATTEMPTS - is_begun
    assert (card.state, card.reason) == (ReportState.REJECTED, ReportReason.OUR_MISTAKE)
    again = receive(school, report(line(ADA, steps_completed="61%"), line(BO, steps_completed="5%")))
    assert again != received, "The same file may be sent once more."


@pytest.mark.parametrize("state", [ReportState.RECEIVED, ReportState.READING, ReportState.MERGING])
def test_what_a_connector_left_behind_has_no_file_to_go_on_with_and_is_not_swept_for_ever(
    school: School, received: int, state: ReportState
) -> None:
    change(school.app, ProgressReport, received, content=None, state=state)
    pass_time(school)

    assert sweep_progress(school.app) == 0
    assert (shown(school).card.state, shown(school).card.reason) == (ReportState.REJECTED, ReportReason.OUR_MISTAKE)
    pass_time(school)
    assert sweep_progress(school.app) == 0


def test_a_yes_counts_its_tries_anew(school: School) -> None:
    enrol(school, ADA)
    report_id = receive(school, f"User,Email,Progress\n1,{ADA},61%\n".encode())
    merge_in_background(school.app, report_id)
    waiting = shown(school).card

    school.app.run(confirm_report, ConfirmReport(1), school.owner)
    (row,) = everything(school.app, ProgressReport)
    merge_in_background(school.app, reports_queued(school)[-1].ids[0])

    assert (waiting.state, waiting.reason) == (ReportState.WAITING, ReportReason.COLUMNS)
    assert (row.tries, row.settled_at) == (0, None)
    assert shown(school).card.counts.created == 1


def test_the_report_of_somebody_who_has_left_is_not_merged(school: School, received: int) -> None:
    change(school.app, StaffMember, school.owner.staff_id, disabled_at=school.app.clock())

    merge_in_background(school.app, received)

    (row,) = everything(school.app, ProgressReport)
    assert (row.reason, row.created) == (ReportReason.OUR_MISTAKE, 0)
