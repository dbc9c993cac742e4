"""A progress report from the file to merged figures: every row lands or is explained, and nothing known is lost."""

from datetime import UTC, datetime, timedelta

import pytest

from core.app import App
from core.errors import ReportClosed, ReportRunMissing, RoleMissing
from core.model import Progress, ProgressChange
from core.progressing import go_on, run_progress
from core.rules.progress.faults import ProgressFault as Fault
from core.rules.progress.records import Batch
from core.usecases.progress.attempts import BeginReport, begin_report
from core.usecases.progress.confirming import ConfirmReport
from core.usecases.progress.merging import MergeRows, merge_rows
from core.usecases.progress.naming import NameInFeed, name_in_feed
from core.usecases.progress.receiving import ReceiveProgress, receive_progress
from core.usecases.progress.reports import ListReports, ReportCounts, ReportShown, list_reports
from core.wording.progress import column_words, next_steps
from core.words import FeedKind, ReportReason, ReportState
from tests.core.usecases.acting import MATHS, POETRY, change, clock_of, everything
from tests.core.usecases.progressing import enrol, learner_of, line, progress_of, report, send, send_file
from tests.factories import NOW, School, counted_queries

ADA, BO, CY = "ada@example.org", "bo@example.org", "cy@example.org"
WEEK = timedelta(days=7)


def faults(shown: ReportShown) -> dict[Fault, tuple[str, ...]]:
    return {each.fault: each.values for each in shown.problems}


def test_the_platforms_report_lands_and_every_row_is_accounted_for(school: School) -> None:
    enrol(school, ADA, BO)
    ada = line(ADA.upper(), membership_id="m-1", steps_completed="61%", comments_posted="3", avg_test_score="75.5%")
    bo = line(BO, steps_completed="0%", left_at="2026-03-01 10:45:45 UTC", fl_profile_url="https://example.org/bo")

    done = send(school, ada, bo, line("who@example.org", steps_completed="5%"), ada, line("", steps_completed="1%"))

    assert done.card.state is ReportState.MERGED
    assert done.card.source is FeedKind.PLATFORM_REPORT
    assert done.card.counts == ReportCounts(created=2, duplicate=1, problem=2)
    assert done.card.counts.rows == 5
    assert faults(done) == {Fault.LEARNER_UNKNOWN: ("who@example.org",), Fault.LEARNER_MISSING: ()}
    known = progress_of(school, ADA)
    # Forty steps in the catalogue do not make a number of a share: only what was told is stored.
    assert (known.step_percentage, known.steps_completed, known.comments_posted) == (6100, None, 3)
    assert (known.average_test_score, known.membership_id, known.left_at) == (7550, "m-1", None)
    assert (known.steps_as_of, known.steps_source) == (clock_of(school.app)(), FeedKind.PLATFORM_REPORT)
    bos = progress_of(school, BO)
    assert (bos.step_percentage, bos.average_test_score, bos.comments_posted, bos.score_as_of) == (0, None, None, None)
    assert bos.left_at == datetime(2026, 3, 1, 10, 45, 45, tzinfo=UTC)


def test_the_same_file_twice_changes_nothing_and_a_resaved_one_only_its_date(school: School) -> None:
    enrol(school, ADA)
    first = send(school, line(ADA, steps_completed="61%"))
    before = progress_of(school, ADA).steps_as_of

    clock_of(school.app).advance(days=7)
    again = send(school, line(ADA, steps_completed="61%"))
    resaved = send_file(school, report(line(ADA, steps_completed="61.0%")), run=MATHS)

    assert (again.is_repeat, again.card.number, again.card.counts) == (True, first.card.number, first.card.counts)
    assert resaved.card.counts == ReportCounts(unchanged=1)
    assert before is not None
    assert progress_of(school, ADA).steps_as_of == before + WEEK
    assert len(everything(school.app, ProgressChange)) == 1


def test_a_gap_never_erases_and_an_older_report_never_overwrites(school: School) -> None:
    enrol(school, ADA)
    now = clock_of(school.app)()
    send(school, line(ADA, steps_completed="61%", comments_posted="3", avg_test_score="80%"))

    gap = send(school, line(ADA, steps_completed="64%"), as_of=now)
    older = send(school, line(ADA, steps_completed="20%", avg_test_score="10%"), as_of=now - WEEK)

    assert gap.card.counts == ReportCounts(updated=1)
    assert older.card.counts == ReportCounts(outdated=1)
    known = progress_of(school, ADA)
    assert (known.step_percentage, known.comments_posted, known.average_test_score) == (6400, 3, 8000)
    (first, second) = sorted(everything(school.app, ProgressChange), key=lambda each: each.step_percentage or 0)
    assert (first.is_first, first.was_step_percentage) == (True, None)
    assert (second.is_first, second.was_step_percentage, second.step_percentage) == (False, 6100, 6400)


def test_figures_come_by_different_feeds_and_each_keeps_its_own_date(school: School) -> None:
    enrol(school, ADA)
    now = clock_of(school.app)()
    send(school, line(ADA, steps_completed="61%"), as_of=now)

    older = send(school, line(ADA, steps_completed="20%", avg_test_score="70%"), as_of=now - WEEK)

    assert older.card.counts == ReportCounts(updated=1)
    known = progress_of(school, ADA)
    assert (known.step_percentage, known.steps_as_of) == (6100, now)
    assert (known.average_test_score, known.score_as_of) == (7000, now - WEEK)


def test_what_cannot_be_is_flagged_and_the_rest_of_the_row_lands(school: School) -> None:
    enrol(school, ADA, BO)
    ada = line(ADA, steps_completed="103%", avg_test_score="400%", left_at="31/02/2026", comments_posted="-2")
    bo = line(BO, steps_completed="often", comments_posted="2", left_at="2031-01-01")

    done = send(school, ada, bo)

    assert done.card.counts == ReportCounts(created=2, flagged=2)
    assert faults(done) == {
        Fault.FIGURE_ABOVE: ("103%",),
        Fault.FIGURE_FAR_ABOVE: ("400%",),
        Fault.DATE_IMPOSSIBLE: ("31/02/2026",),
        Fault.FIGURE_NEGATIVE: ("-2",),
        Fault.FIGURE_UNREADABLE: ("often",),
        Fault.DATE_FUTURE: ("2031-01-01",),
    }
    assert (progress_of(school, ADA).step_percentage, progress_of(school, ADA).average_test_score) == (10_000, None)
    assert (progress_of(school, BO).step_percentage, progress_of(school, BO).comments_posted) == (None, 2)


def test_more_steps_than_the_run_has_are_no_share_of_it(school: School) -> None:
    enrol(school, ADA, BO)

    done = send(school, line(ADA, steps_completed="42"), line(BO, steps_completed="97", comments_posted="2"))

    assert done.card.counts == ReportCounts(created=2, flagged=2)
    assert faults(done) == {Fault.FIGURE_ABOVE: ("42 of 40",), Fault.FIGURE_FAR_ABOVE: ("97 of 40",)}
    assert progress_of(school, ADA).step_percentage == 10_000
    assert (progress_of(school, BO).step_percentage, progress_of(school, BO).comments_posted) == (None, 2)


def test_one_learner_twice_with_other_figures_counts_once(school: School) -> None:
    enrol(school, ADA)
    send(school, line(ADA, membership_id="m-1", steps_completed="10%"))

    done = send(school, line(ADA, steps_completed="61%"), line("m-1", steps_completed="20%"))

    assert done.card.counts == ReportCounts(updated=1, problem=1)
    assert faults(done) == {Fault.ROW_CONTRADICTS: ("m-1",)}
    assert progress_of(school, ADA).step_percentage == 6100


def test_nobody_is_enrolled_by_a_report_nor_seen_without_a_grant(school: School) -> None:
    enrol(school, ADA)
    enrol(school, BO, run=POETRY)
    change(school.app, type(learner_of(school, BO)), learner_of(school, BO).id, removed_at=NOW)

    done = send(school, line(ADA, steps_completed="5%"), line(BO, steps_completed="9%"))
    elsewhere = send(school, line(ADA, steps_completed="7%"), run=POETRY)

    assert faults(done) == {Fault.LEARNER_UNKNOWN: (BO,)}
    # Its start says that it is no row of poetry's run.
    assert elsewhere.card.counts == ReportCounts(problem=1)
    with pytest.raises(RoleMissing):
        send(school, line(ADA, steps_completed="5%"), by=school.viewer)
    foreign = send_file(school, report(line(ADA, steps_completed="9%")), by=school.other_owner, run=POETRY)
    assert faults(foreign) == {Fault.LEARNER_UNKNOWN: (ADA,)}
    assert progress_of(school, ADA).step_percentage == 500


def test_runs_are_found_by_what_the_report_calls_them(school: School) -> None:
    enrol(school, ADA)
    enrol(school, ADA, run=POETRY)
    headings = ("Email address", "Number of steps completed", "Average test score", "Run slug", "Start date of the Run",
                "Partner Course code")  # fmt: skip
    rows = [
        f"{ADA},10%,,,16/03/2026,maths",
        f"{ADA},20%,,poetry-2026-03,,",
        f"{ADA},30%,,,12/01/2026,maths",
        f"{ADA},40%,,nothing-like-it,,",
        f"{ADA},50%,,,,",
    ]

    done = send_file(school, "\n".join([",".join(headings), *rows]).encode("utf-16"))

    assert done.card.counts == ReportCounts(created=2, problem=3)
    assert faults(done) == {
        Fault.NOT_ENROLLED: (ADA,),
        Fault.RUN_UNKNOWN: ("nothing-like-it",),
        Fault.RUN_MISSING: (),
    }
    assert sorted(each.step_percentage or 0 for each in everything(school.app, Progress)) == [1000, 2000]


def test_unknown_names_are_told_once_and_known_for_ever(school: School) -> None:
    enrol(school, ADA)
    first = send(school, line("ext-77", steps_completed="10%"))

    school.app.run(name_in_feed, NameInFeed("EXT-77", ADA), school.owner)
    again = send(school, line("ext-77", steps_completed="10%"))

    assert faults(first) == {Fault.LEARNER_UNKNOWN: ("ext-77",)}
    assert again.card.number == first.card.number + 1
    assert again.card.counts == ReportCounts(created=1)


def test_another_platforms_sheet_is_asked_about_once(school: School) -> None:
    enrol(school, ADA, BO)
    sheet = f"User;Email;Progress;Grade;Last access;Team\nada1;{ADA};0,61;8/10;01.03.2026 09:30;A\nbo1;{BO};1;;;B\n"

    asked = send_file(school, sheet.encode("cp1252"))
    shown = {each.column: (each.heading, each.example, each.is_ratio) for each in asked.reading.columns}
    with pytest.raises(ReportRunMissing, match="of which run progress report P-0001 is"):
        go_on(school.app, school.owner, ConfirmReport(asked.card.number))
    merged = go_on(school.app, school.owner, ConfirmReport(asked.card.number, MATHS))
    later = send_file(school, sheet.replace("0,61", "0,70").replace("Team", "Crew").encode(), run=MATHS)

    assert (asked.card.state, asked.card.reason) == (ReportState.WAITING, ReportReason.COLUMNS)
    assert shown["step percentage"] == ("Progress", "0,61", True)
    assert shown["average test score"] == ("Grade", "8/10", False)
    assert column_words(asked)[-1] == "Left out: “Team”"
    assert next_steps(asked)[1].endswith("“progress P-0001 yes RUN score=Team”.")
    assert (merged.card.state, merged.card.counts) == (ReportState.MERGED, ReportCounts(created=2))
    known = progress_of(school, ADA)
    assert (known.average_test_score, known.steps_source) == (8000, FeedKind.MAPPED_SHEET)
    assert known.last_step_at == datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    # A column that nobody mapped has another name now, and nobody is asked again.
    assert later.card.counts == ReportCounts(updated=1, unchanged=1)
    assert progress_of(school, ADA).step_percentage == 7000
    assert go_on(school.app, school.owner, ConfirmReport(asked.card.number)) == merged


def test_a_column_of_ones_and_dates_that_read_both_ways_are_asked(school: School) -> None:
    enrol(school, ADA)
    lines = (line(ADA, steps_completed="10%", avg_test_score="1", left_at="03/02/2026"),)

    asked = send(school, *lines)
    done = go_on(school.app, school.owner, ConfirmReport(asked.card.number, are_fractions=True, is_month_first=False))

    assert set(asked.reading.unsure) == {"average test score", "date left"}
    assert done.card.counts == ReportCounts(created=1)
    known = progress_of(school, ADA)
    assert (known.average_test_score, known.left_at) == (10_000, datetime(2026, 2, 3, tzinfo=UTC))


def test_columns_can_be_put_right(school: School) -> None:
    enrol(school, ADA)
    asked = send_file(school, f"Email,Done,Score,Exam\n{ADA},55%,9,72%\n".encode(), run=MATHS)

    chosen = ConfirmReport(asked.card.number, columns=(("average test score", "exam"),))
    with pytest.raises(ReportClosed, match="no column headed “nowhere”, but “Email”, “Done”, “Score”, “Exam”"):
        go_on(school.app, school.owner, ConfirmReport(asked.card.number, columns=(("score", "nowhere"),)))
    go_on(school.app, school.owner, chosen)

    assert (progress_of(school, ADA).step_percentage, progress_of(school, ADA).average_test_score) == (5500, 7200)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"Name,Colour\nAda,red\n", ReportReason.SHEET),
        (b"PK\x03\x04broken", ReportReason.FILE),
        (report(), ReportReason.NO_ROWS),
        (b"learner_identifier,steps_completed,comments_posted\na@example.org,5%,1\n", ReportReason.RUN),
    ],
)
def test_what_is_no_report_is_said_so(school: School, content: bytes, reason: ReportReason) -> None:
    done = send_file(school, content)

    assert done.card.reason is reason
    assert not everything(school.app, Progress)


def test_attempts_are_kept_apart_and_the_latest_one_counts(school: School) -> None:
    enrol(school, ADA)
    headings = f"Email,Progress,Attempt\n{ADA},100%,1\n{ADA},20%,2\n".encode()
    asked = send_file(school, headings, run=MATHS)
    go_on(school.app, school.owner, ConfirmReport(asked.card.number))

    send_file(school, headings.replace(b"20%", b"25%"), run=MATHS)

    found = {each.attempt: (each.step_percentage, each.is_latest) for each in everything(school.app, Progress)}
    assert found == {1: (10_000, False), 2: (2500, True)}


def test_killed_between_chunks_it_goes_on_and_no_row_counts_twice(school: School) -> None:
    enrol(school, ADA, BO, CY)
    content = report(*(line(each, steps_completed="50%") for each in (ADA, BO, CY)))
    received = school.app.run(receive_progress, ReceiveProgress("r.csv", content, MATHS), school.owner)
    begun = school.app.run(begin_report, BeginReport(received.report_id), school.owner)
    first = _batch(school.app, begun.content or b"", 1)
    merging = MergeRows(received.report_id, begun.attempt, FeedKind.PLATFORM_REPORT, first, {})
    school.app.run(merge_rows, merging, school.owner)

    run_progress(school.app, received.report_id, school.owner)

    (card,) = school.app.read(list_reports, ListReports(), school.owner).reports
    assert (card.state, card.counts) == (ReportState.MERGED, ReportCounts(created=3))
    with pytest.raises(ReportClosed):
        school.app.run(merge_rows, merging, school.owner)


def _batch(app: App, content: bytes, rows: int) -> Batch:
    from zoneinfo import ZoneInfo

    from core.progress_files import SheetSource, find_sheet
    from core.sheets.cells import SheetFile
    from core.sheets.reader import read_sheets

    file = read_sheets(content)
    assert isinstance(file, SheetFile)
    found = find_sheet(file, ())
    assert found is not None
    (batch,) = SheetSource(found, ZoneInfo("Europe/London"), app.clock()).batches("")
    return Batch(batch.rows[:rows], batch.cursor)


@pytest.mark.slow  # Load: it guards how much is asked of a database, not what is answered.
def test_statements_do_not_grow_with_the_rows(school: School) -> None:
    people = [f"p{number}@example.org" for number in range(40)]
    enrol(school, *people)
    # The first one makes the organisation's key.
    send(school, line("nobody"))
    few = report(*(line(each, steps_completed="10%") for each in people[:2]))
    many = report(*(line(each, steps_completed="10%") for each in people[2:]))

    counts = []
    for content in (few, many):
        with counted_queries(school.app.engine) as statements:
            send_file(school, content, run=MATHS)
        counts.append(len(statements))

    assert counts[0] == counts[1]
