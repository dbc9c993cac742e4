"""After 30 days nothing of a report's file is left; what was merged is."""

import pytest

from core.errors import ReportClosed
from core.model import ProgressProblem, ProgressReport
from core.rules.policy import PROGRESS_LIFE
from core.usecases.progress.confirming import ConfirmReport, confirm_report
from core.usecases.progress.reports import ShowReport, show_report
from core.usecases.progress.retention import EraseReport, erase_report
from core.words import ReportState
from tests.core.usecases.acting import MATHS, clock_of, everything
from tests.core.usecases.progressing import enrol, line, progress_of, send, send_file
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
    for report in everything(app, ProgressReport):
        assert (report.content, report.reading, report.file_name) == (None, None, "")
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
