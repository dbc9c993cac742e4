"""After 30 days nothing of a report's file is left; what was merged is."""

import pytest
from msgspec.structs import replace

from core.context import Door
from core.errors import ReportClosed
from core.model import ProgressProblem, ProgressReport
from core.progressing import merge_in_background, sweep_progress
from core.rules.policy import PROGRESS_LIFE
from core.usecases.progress.attempts import BeginReport, begin_report
from core.usecases.progress.confirming import ConfirmReport, confirm_report
from core.usecases.progress.receiving import ReceiveProgress, receive_progress
from core.usecases.progress.reports import ShowReport, show_report
from core.usecases.progress.retention import EraseReport, erase_report
from core.words import ReportReason, ReportState
from tests.core.usecases.acting import MATHS, clock_of, everything
from tests.core.usecases.progressing import enrol, line, progress_of, report, send, send_file
from tests.factories import SYSTEM, School

ADA, NOBODY = "ada@example.org", "nobody@example.org"


def test_what_a_report_held_is_erased_after_its_life_and_its_figures_stay(school: School) -> None:
    app, clock = school.app, clock_of(school.app)
    enrol(school, ADA)
    send_file(school, b"Email,Progress\nada@example.org,7%\n", run=MATHS)
    sent = send(school, line(ADA, steps_completed="3"), line(NOBODY, steps_completed="4"))
    (problem,) = everything(app, ProgressProblem)
    assert problem.value is not None

    clock.advance(days=PROGRESS_LIFE.days - 1)
    assert app.run(erase_report, EraseReport(), SYSTEM).is_done
    clock.advance(days=1)
    assert [app.run(erase_report, EraseReport(), SYSTEM).is_done for _ in range(3)] == [False, False, True]

    (problem,) = everything(app, ProgressProblem)
    assert problem.value is None
    for each in everything(app, ProgressReport):
        assert (each.content, each.reading, each.file_name) == (None, None, "")
    shown = app.read(show_report, ShowReport(sent.card.number), school.owner)
    assert shown.card.counts == sent.card.counts
    assert progress_of(school, ADA).steps_completed == 3


def test_a_file_that_waited_too_long_can_be_sent_again(school: School) -> None:
    enrol(school, ADA)
    content = b"Email,Progress\nada@example.org,7%\n"
    waited = send_file(school, content, run=MATHS)

    clock_of(school.app).advance(days=PROGRESS_LIFE.days)
    assert not school.app.run(erase_report, EraseReport(), SYSTEM).is_done
    with pytest.raises(ReportClosed):
        school.app.run(confirm_report, ConfirmReport(waited.card.number), school.owner)
    again = send_file(school, content, run=MATHS)

    assert again.card.number != waited.card.number
    assert again.card.state is ReportState.WAITING


@pytest.mark.parametrize("is_begun", [True, False])
def test_one_that_nobody_finished_in_its_life_is_settled_and_not_taken_up_for_ever(
    school: School, is_begun: bool
) -> None:
    """As where no worker ran for a month."""
    app, clock = school.app, clock_of(school.app)
    by_mail = replace(school.owner, door=Door.MAIL)
    report_id = app.run(
        receive_progress, ReceiveProgress("report.csv", report(line(ADA, steps_completed="3")), MATHS), by_mail
    ).report_id
    if is_begun:
        app.run(begin_report, BeginReport(report_id), school.owner)

    clock.advance(days=PROGRESS_LIFE.days)
    while not app.run(erase_report, EraseReport(), SYSTEM).is_done:
        pass

    card = app.read(show_report, ShowReport(report_id=report_id), school.owner).card
    assert (card.state, card.reason) == (ReportState.REJECTED, ReportReason.OUR_MISTAKE)
    assert sweep_progress(app) == 0
    assert not merge_in_background(app, report_id)
