"""Progress by e-mail: a report attached is merged and answered, and what is asked is told."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from core.app import App
from core.model import Course, CourseRun, FollowUp
from core.results import NotUnderstood, ReplyAwaited, RequestRefused
from core.rules.policy import SHEET_BYTES
from core.usecases.catalogue.courses import CoursesListed, RunShown
from core.usecases.progress.figures import ProgressShown
from core.usecases.progress.follow_ups import FollowUpNoted
from core.usecases.progress.mails import ReportTold
from core.usecases.progress.naming import NamedInFeed
from core.usecases.progress.nudges import LearnerNudged
from core.usecases.progress.one_learner import LearnerProgressShown
from core.usecases.progress.reports import ReportCounts, ReportShown, ReportsListed, ShowReport, show_report
from core.words import ReportState
from mail.parsing.parsed import Attachment
from tests.copies import SqliteCopies
from tests.core.usecases.acting import MATHS, change, everything, only
from tests.core.usecases.managing import save
from tests.core.usecases.progressing import PLATFORM, enrol, enrol_named, fall_silent, learner_of, line, report
from tests.factories import FixedClock, School
from tests.mail.asking import Writer, by_mail

ADA, BO = "ada@example.org", "bo@example.org"


@pytest.fixture
def olive(sqlite_school: SqliteCopies[School]) -> Writer:
    sqlite_school.renew()
    app: App = sqlite_school.app(clock=FixedClock(), mail_inbox="usher@usher.example.org")
    school = replace(sqlite_school.filling, app=app)
    enrol(school, ADA, BO)
    return Writer(school, by_mail(school.owner))


def test_a_nudge_goes_out_in_the_words_that_were_said_yes_to(olive: Writer) -> None:
    app = olive.school.app
    as_first = report(line(ADA, steps_completed="30%"), line(BO, steps_completed="0%"))
    olive.write(f"progress {MATHS}", "", attached(as_first))
    run = only(app, CourseRun, CourseRun.code == MATHS)
    asked = olive.write(f"nudge {MATHS} {BO}")
    assert isinstance(asked.result, ReplyAwaited)
    assert everything(app, FollowUp) == []
    change(app, Course, run.course_id, title="Something else")

    sent = olive.reply(asked, "yes")

    assert isinstance(sent.result, LearnerNudged)
    assert sent.result.letter.words == only(app, FollowUp).words
    assert "Maths for Everyone" in sent.result.letter.words


def test_who_is_at_risk_leads_to_the_whole_list_and_to_buttons_for_whoever_may_press_them(olive: Writer) -> None:
    cy = "cy@example.org"
    fall_silent(olive.school, cy)
    vera = Writer(olive.school, by_mail(olive.school.viewer), first=100)
    page = f"{olive.app.settings.base_url}/at-risk/{MATHS}"
    one = f"{page}/{learner_of(olive.school, cy).id}"

    for asked in (f"at-risk {MATHS}", "digest now"):
        hers, a_viewers = olive.write(asked), vera.write(asked)
        for text in (hers.text, a_viewers.text):
            assert "nothing done for 12 days" in text
            assert page in text.split()
        assert (one in hers.text.split(), f'href="{one}"' in hers.html) == (True, True)
        assert f"{page}/" not in a_viewers.text + a_viewers.html
        assert "nudge" not in a_viewers.text


def test_a_digest_counts_those_on_a_run_as_its_progress_does(olive: Writer) -> None:
    olive.write(f"progress {MATHS}", "", attached(report(line(ADA, steps_completed="95%"))))

    digest, progress = olive.write("digest now"), olive.write(f"progress {MATHS}")

    assert "1 of 2 enrolled with 90 % or more of the steps, 1 not known" in digest.text
    assert "2 enrolled, 1 with 90 % or more of the steps" in progress.text
    assert "not known: ▓▓▓▓▓░░░░░ 1 of 2" in progress.text


def shown(writer: Writer, number: int) -> ReportShown:
    return writer.school.app.read(show_report, ShowReport(number), writer.school.owner)


def attached(content: bytes, name: str = "report.csv") -> Attachment:
    return Attachment(name, "csv", content)


def test_a_report_is_merged_and_the_answer_accounts_for_every_row(olive: Writer) -> None:
    content = report(line(ADA, steps_completed="61%"), line("ext-9", steps_completed="104%"))

    first = olive.write(f"progress {MATHS}", "", attached(content))
    matched = olive.write("progress match ext-9 bo@example.org")
    again = olive.write(f"Progress {MATHS}", "Thanks!", attached(content))
    asked = olive.write(f"progress {MATHS}")
    whole = olive.write("progress ada@example.org")
    listed = olive.write("progress")

    assert first.result == ReportTold(1)
    assert "1 of 2 rows stored, 1 needs a look (P-0001)." in first.text
    assert "1 new, 1 not stored" in first.text
    assert "No learner of yours is known by this (“ext-9”); row 3." in first.text
    assert "progress match ext-9 their@address" in first.text
    assert isinstance(matched.result, NamedInFeed)
    assert again.result == ReportTold(2)
    assert shown(olive, 2).card.counts == ReportCounts(created=1, unchanged=1, flagged=1)
    assert isinstance(asked.result, ProgressShown)
    assert "90 % or more: ▓▓▓▓▓░░░░░ 1 of 2" in asked.text
    assert "1 of 2" in asked.html
    assert isinstance(whole.result, LearnerProgressShown)
    assert "61 % of the steps" in whole.text
    assert isinstance(listed.result, ReportsListed)
    assert "2 progress reports so far" in listed.text


def test_another_platforms_sheet_waits_for_a_yes(olive: Writer) -> None:
    sheet = f"User,Email,Progress\n1,{ADA},61%\n2,{BO},5%\n".encode()

    asked = olive.write("", "Here it is.", attached(sheet))
    refused = olive.write("progress P-0001 yes")
    done = olive.write(f"progress P-0001 yes {MATHS}")

    assert asked.result == ReportTold(1)
    assert "nothing is stored yet: are these columns right?" in asked.text
    assert "“Progress” → step percentage, such as “61%”" in asked.text
    assert "reply “yes RUN”, with the run's code for RUN" in asked.text
    assert "“progress P-0001 yes RUN score=" in asked.text
    assert "“progress P-0001 yes RUN”, with the run's code for RUN" in refused.text
    assert "2 of 2 rows stored (P-0001)." in done.text
    assert (shown(olive, 1).card.state, shown(olive, 1).card.counts) == (ReportState.MERGED, ReportCounts(created=2))


NO_RUN = f"User,Email,Progress\n1,{ADA},61%\n2,{BO},5%\n".encode()


@pytest.mark.parametrize("words", [
    f"yes {MATHS}",
    f"Yes, {MATHS}.",
    f"Yes please, it is {MATHS}, thanks!",
    f"Hi Usher,\n\nyes: “{MATHS}”\n\nKind regards\nOlive Owner",
    "ok for Maths-2026-03",
    f"yes p-1 {MATHS}",
    f"Yes.\nIt is for {MATHS}",
    MATHS,
    f"It's {MATHS}.\n\nOlive Owner\n30 High Street",
    f"The run is {MATHS}",
])  # fmt: skip
def test_a_reply_says_of_which_run_a_report_is_and_it_is_stored(olive: Writer, words: str) -> None:
    asked = olive.write("", "Here it is.", attached(NO_RUN))

    done = olive.reply(asked, words)

    assert done.result == ReportTold(1)
    assert "2 of 2 rows stored (P-0001)." in done.text
    assert shown(olive, 1).card.run_code == MATHS


def test_a_code_is_enough_for_the_platforms_own_report_without_a_run(olive: Writer) -> None:
    headings = tuple(each for each in PLATFORM if each != "run_start_date")
    asked = olive.write("", "", attached(report(line(ADA, steps_completed="61%"), headings=headings)))

    assert "of which run is it?" in asked.text
    assert "Reply with the run's code; “courses” lists the runs." in asked.text
    assert "1 of 1 row stored" in olive.reply(asked, MATHS).text


def test_who_forgot_or_mistyped_the_code_replies_with_it_and_need_not_begin_anew(olive: Writer) -> None:
    asked = olive.write("", "", attached(NO_RUN))

    forgot = olive.reply(asked, "Yes, thanks")
    mistyped = olive.reply(forgot, "yes maths-2026-3")
    runs = olive.reply(mistyped, "courses")
    done = olive.reply(runs, MATHS)
    again = olive.reply(done, f"yes {MATHS}")

    assert isinstance(forgot.result, RequestRefused)
    assert "I do not know yet of which run" in forgot.text
    assert "I found no run called “maths-2026-3”" in mistyped.text
    assert isinstance(runs.result, CoursesListed)
    assert "2 of 2 rows stored (P-0001)." in done.text
    assert again.result == ReportTold(1)


def test_of_several_reports_the_one_that_lacks_its_run_is_meant_or_has_to_be_named(olive: Writer) -> None:
    other = f"User,Email,Progress,Run code\n1,{ADA},61%,{MATHS}\n".encode()
    one_lacks_it = olive.write("", "", attached(NO_RUN, "a.csv"), attached(other, "b.csv"))
    done = olive.reply(one_lacks_it, f"yes {MATHS}")
    lacking = (f"Student,Email,Progress\n1,{each},7%\n".encode() for each in (ADA, BO))
    both = olive.write("", "", *(attached(each, f"{number}.csv") for number, each in enumerate(lacking)))

    unclear = olive.reply(both, f"yes {MATHS}")
    plain = olive.reply(both, "yes")
    named = olive.reply(both, f"yes P-0004 {MATHS}")

    assert done.result == ReportTold(1)
    assert "Name it, as in “yes P-0003 maths-2026-03”." in unclear.text
    assert "Name the report, as in “yes P-0007”" in plain.text
    assert named.result == ReportTold(4)
    assert [shown(olive, number).card.state for number in (1, 2, 3, 4)] == [
        ReportState.MERGED, ReportState.WAITING, ReportState.WAITING, ReportState.MERGED,
    ]  # fmt: skip


def test_a_code_alone_does_not_say_that_doubtful_columns_are_right(olive: Writer) -> None:
    asked = olive.write("", "", attached(f"Email,Progress\n{ADA},1\n{BO},0\n".encode()))

    alone = olive.reply(asked, MATHS)
    still = shown(olive, 1).card.state
    done = olive.reply(asked, f"yes {MATHS}")

    assert "If its columns are right as they are shown, reply “yes maths-2026-03”." in alone.text
    assert still is ReportState.WAITING
    assert done.result == ReportTold(1)


def test_words_that_name_no_run_and_other_threads_mean_what_they_did(olive: Writer) -> None:
    waiting = olive.write("", "", attached(NO_RUN))
    courses = olive.write("courses")

    prose = olive.reply(waiting, "yes we can talk about maths on Monday")
    asked = olive.reply(waiting, f"run {MATHS}")
    elsewhere = olive.reply(courses, f"yes {MATHS}")
    alone = olive.write("", f"yes {MATHS}")

    assert isinstance(asked.result, RunShown)
    for each in (prose, elsewhere, alone):
        assert isinstance(each.result, NotUnderstood)
    assert shown(olive, 1).card.state is ReportState.WAITING


def test_nobody_names_the_run_of_a_colleagues_report(olive: Writer) -> None:
    asked = olive.write("", "", attached(NO_RUN))

    colleague = Writer(olive.school, by_mail(olive.school.manager), first=100).reply(asked, MATHS)

    assert isinstance(colleague.result, NotUnderstood)
    assert shown(olive, 1).card.state is ReportState.WAITING


def test_yes_and_more_are_enough_in_reply(olive: Writer) -> None:
    enrol(olive.school, *(f"p{number}@example.org" for number in range(12)))
    sheet = f"User,Email,Progress,Run code\n1,{ADA},61%,{MATHS}\n".encode()

    merged = olive.reply(olive.write("", "", attached(sheet)), "Yes, thanks!")
    first = olive.write(f"progress {MATHS}")
    second = olive.reply(first, "more")

    assert merged.result == ReportTold(1)
    assert "1 of 1 row stored (P-0001)." in merged.text
    assert isinstance(first.result, ProgressShown)
    assert isinstance(second.result, ProgressShown)
    assert (first.result.page.page, second.result.page.page) == (1, 2)


def test_a_file_beyond_the_limit_is_refused_in_words_that_fit_any_and_no_progress_is_shown_in_its_place(
    olive: Writer,
) -> None:
    # As the parser hands it on, without its bytes.
    large = Attachment("report.csv", "csv", b"", octets_left_out=SHEET_BYTES + 1)

    told = olive.write(f"progress {MATHS}", "", large, attached(report(line(ADA)), "good.csv"))
    alone = olive.write(f"progress {MATHS}", "", large)

    assert "could not read “report.csv”: it is larger than 10 MB. Keep only the sheet that is needed" in told.text
    assert [type(part.result) for part in told.parts] == [RequestRefused, ReportTold]
    assert isinstance(alone.result, RequestRefused)


def test_a_list_of_addresses_stays_one_where_somebody_invites(olive: Writer) -> None:
    content = report(line("new@example.org", steps_completed="5%"), headings=PLATFORM)

    answered = olive.write(f"invite {MATHS}", "", attached(content))

    assert not isinstance(answered.result, ReportTold)
    assert "new@example.org" in answered.text or "1 learner" in answered.text


def test_learners_are_meant_by_their_names_and_of_several_each_is_a_line_to_write(olive: Writer) -> None:
    enrol_named(olive.school, "Zoe Adler", "Zoe Ahmed", "Dan Smith")
    save(olive.app, olive.school.owner, "Kim", last_name="Lee", email="kim@example.org")

    one = olive.write("progress zoe adl")
    several = olive.write(f"nudge {MATHS} Zoe Can I help you?")
    after_a_name = olive.write(f"nudge {MATHS} Zoe Ahmed: Can I help you?")
    chosen = olive.reply(several, f"nudge {MATHS} zoe.adler@example.org Can I help you?")
    until = olive.write(f"snooze {MATHS} dan 2 weeks")
    spoken = olive.write(f"spoken {MATHS} Dan Smith")
    other = olive.write(f"spoken {MATHS} Dan Smythe")
    elsewhere = olive.write(f"snooze {MATHS} Kim Lee")
    elsewhere_by_address = olive.write(f"snooze {MATHS} kim@example.org")
    nobody = olive.write("progress Zoi Adlar")

    assert "Zoe Adler" in one.text
    assert "2 learners on maths-2026-03 are called “Zoe”" in several.text
    lines = [each for each in several.text.splitlines() if "nudge maths" in each]
    assert [each.strip("• -") for each in lines] == [
        f"nudge {MATHS} zoe.{last}@example.org Can I help you?" for last in ("adler", "ahmed")
    ]
    for asked, name in ((after_a_name, "Zoe Ahmed"), (chosen, "Zoe Adler")):
        assert isinstance(asked.result, ReplyAwaited)
        assert name in asked.text
        assert "Can I help you?" in asked.text
    assert isinstance(until.result, FollowUpNoted)
    assert until.result.follow_up.until_at == olive.app.clock() + timedelta(weeks=2)
    assert isinstance(spoken.result, FollowUpNoted)
    assert "I found no learner “Dan Smythe” on maths-2026-03" in other.text
    assert f"spoken {MATHS} dan.smith@example.org" in other.text
    assert "Kim Lee is not on maths-2026-03" in elsewhere.text
    assert "Kim Lee is not on maths-2026-03" in elsewhere_by_address.text
    assert "I found no run and no learner called “Zoi Adlar”" in nobody.text
    assert "progress zoe.adler@example.org" in nobody.text
