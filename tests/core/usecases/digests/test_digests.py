"""Digests: who gets one, when, once, and what it says to whom."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.app import App
from core.context import Context, Door, StaffActor
from core.errors import DigestUnclear, LinkNotFound
from core.letters import DigestLetter, Verdict
from core.model import (
    Digest,
    DigestSetting,
    Enrolment,
    Learner,
    LearnerAddress,
    OutboundMessage,
    Provider,
    SlackUser,
    StaffMember,
)
from core.requests import Request, read_request, usecase_of
from core.rules.links import LinkKind
from core.rules.policy import DIGEST_MARGIN
from core.rules.progress.bands import Band
from core.usecases.digests.digests import (
    BeginDigests,
    CollectDueDigests,
    DueDigestsWritten,
    FindDueDigests,
    ShowDigest,
    WriteDueDigests,
    begin_digests,
    collect_due_digests,
    find_due_digests,
    show_digest,
    write_due_digests,
)
from core.usecases.digests.news import DigestShown
from core.usecases.digests.settings import (
    DigestPlanShown,
    ShowDigestPlan,
    ShowDigestStop,
    StopDigestMail,
    show_digest_plan,
    show_digest_stop,
    stop_digest_mail,
)
from core.usecases.invitations.answers import AcceptInvitation, InvitationAccepted, accept_invitation
from core.usecases.mailbox.suppressions import silence
from core.usecases.messages.letters import LoadLetters, load_letters
from core.usecases.messages.slack_notes import LoadSlackNotes, load_slack_notes
from core.usecases.progress.figures import ShowProgress, show_progress
from core.wording.digests import facts, run_bar
from core.words import Channel, DigestRhythm, MessageKind, SuppressReason
from tests.core.usecases.acting import MATHS, accept, change, clock_of, deliver, everything, invite, only, token_of
from tests.core.usecases.introducing import bind, linked
from tests.core.usecases.progressing import enrol, line, send
from tests.factories import LEARNER, NOW, SYSTEM, School, counted_queries, plan_of

A, B, C = "a@example.org", "b@example.org", "c@example.org"
MONDAY = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)


def ask(school: School, words: str, by: StaffActor | None = None) -> Any:
    request = read_request(words)
    assert isinstance(request, Request)
    return school.app.run(usecase_of(request), request.command, by or school.owner)


def at(school: School, moment: datetime) -> None:
    clock_of(school.app).now = moment


def tick(app: App) -> int:
    found = app.read(find_due_digests, FindDueDigests(), SYSTEM)
    collected = [app.read(collect_due_digests, CollectDueDigests(chunk), SYSTEM) for chunk in found.chunks()]
    return sum(app.run(write_due_digests, WriteDueDigests(each), SYSTEM).written for each in collected)


def told(app: App) -> list[OutboundMessage]:
    return everything(app, OutboundMessage, OutboundMessage.kind == MessageKind.DIGEST)


def now(school: School, by: StaffActor | None = None) -> DigestShown:
    return school.app.read(show_digest, ShowDigest(), by or school.owner)


def plan(school: School, by: StaffActor | None = None) -> DigestPlanShown:
    return school.app.read(show_digest_plan, ShowDigestPlan(), by or school.owner)


def letters(app: App) -> tuple[DigestLetter, ...]:
    ids = tuple(each.id for each in told(app) if each.channel is Channel.EMAIL)
    found = app.read(load_letters, LoadLetters(ids), SYSTEM).letters
    return tuple(each for each in found if isinstance(each, DigestLetter))


def in_slack(school: School) -> None:
    """The owner has connected their account."""
    bind(school)
    linked(school)


# --- When -------------------------------------------------------------------------------------------------


def test_off_until_asked_and_owners_have_one_on_mondays_until_they_say_off(school: School) -> None:
    assert [plan(school, each).is_on for each in (school.owner, school.manager)] == [False, False]

    owners = school.app.read(find_due_digests, FindDueDigests(), SYSTEM).owner_ids
    school.app.run(begin_digests, BeginDigests(owners), SYSTEM)

    shown = plan(school)
    assert (shown.is_on, shown.by_mail, shown.in_slack, shown.next_at) == (True, True, False, MONDAY)
    assert not plan(school, school.manager).is_on
    ask(school, "digest off")
    assert not school.app.read(find_due_digests, FindDueDigests(), SYSTEM).owner_ids
    assert not plan(school).is_on


def test_each_reader_has_their_own_weekday_hour_zone_place_and_rhythm(school: School) -> None:
    first = ask(school, "digest Fri 16:00 mail Europe/Paris", school.viewer)
    assert ask(school, "digest friday 16", school.viewer).next_at == first.next_at
    second = ask(school, "digest monthly changes", school.viewer)

    assert first.next_at == datetime(2026, 3, 6, 15, 0, tzinfo=UTC)
    assert (second.weekday, second.minute, second.time_zone) == (4, 16 * 60, "Europe/Paris")
    assert (second.rhythm, second.only_changes, second.by_mail, second.in_slack) == (
        DigestRhythm.MONTHLY,
        True,
        True,
        False,
    )
    for words in (
        "digest Mon",
        "digest 1 Dec 08:00",
        "digest tomorrow 9am",
        "digest 1 Dec 8",
        "digest Mon 25",
        "digest Mon 8:00 A/B",
    ):
        with pytest.raises(DigestUnclear):
            ask(school, words)


def test_it_comes_once_and_a_missed_tick_catches_up_once(school: School) -> None:
    ask(school, "digest Mon 08:00 mail")

    at(school, MONDAY)
    assert [tick(school.app), tick(school.app)] == [1, 0]
    at(school, datetime(2026, 4, 1, tzinfo=UTC))
    assert [tick(school.app), tick(school.app)] == [1, 0]

    digests = sorted(everything(school.app, Digest), key=lambda each: each.period)
    assert [each.period for each in digests] == ["2026-03-09", "2026-03-16"]
    assert digests[1].since_at == digests[0].until_at
    assert plan(school).next_at == datetime(2026, 4, 6, 7, 0, tzinfo=UTC)
    assert len(told(school.app)) == 2


def test_what_commits_while_it_is_collected_at_once_is_told_in_the_next_digest_and_once(school: School) -> None:
    """Its transaction began before the collecting, and ends after it: a worker sees its rows a week later only."""
    invite(school, A, B, C)
    deliver(school.app, Verdict.ACCEPTED)
    ask(school, "digest Mon 08:00 mail")
    began, may_commit = threading.Event(), threading.Event()

    def accept_late(ctx: Context, command: AcceptInvitation) -> InvitationAccepted:
        result = accept_invitation(ctx, command)
        ctx.session.flush()
        began.set()
        assert may_commit.wait(20)
        return result

    at(school, MONDAY - timedelta(hours=1))
    accept(school.app, A)
    at(school, MONDAY - timedelta(seconds=3))
    accept(school.app, B)
    late = AcceptInvitation(token_of(school.app, C), "Cy", "Young")
    with ThreadPoolExecutor(1) as threads:
        accepted = threads.submit(school.app.run, accept_late, late, LEARNER)
        assert began.wait(20)
        at(school, MONDAY)
        (chunk,) = school.app.read(find_due_digests, FindDueDigests(), SYSTEM).chunks()
        collected = school.app.read(collect_due_digests, CollectDueDigests(chunk), SYSTEM)
        may_commit.set()
        accepted.result()
    assert school.app.run(write_due_digests, WriteDueDigests(collected), SYSTEM).written == 1
    at(school, MONDAY + timedelta(days=7))
    tick(school.app)

    first, second = (each.digest for each in sorted(letters(school.app), key=lambda each: each.digest.since))
    assert (first.enrolled, second.enrolled) == (1, 2)
    assert first.until == second.since == MONDAY - DIGEST_MARGIN


def test_what_was_collected_for_another_plan_is_thrown_away(school: School) -> None:
    ask(school, "digest Mon 08:00 mail", school.manager)
    at(school, MONDAY)
    (chunk,) = school.app.read(find_due_digests, FindDueDigests(), SYSTEM).chunks()
    collected = school.app.read(collect_due_digests, CollectDueDigests(chunk), SYSTEM)
    change(school.app, StaffMember, school.manager.staff_id, all_providers=True)

    assert school.app.run(write_due_digests, WriteDueDigests(collected), SYSTEM) == DueDigestsWritten(0, 0)
    assert tick(school.app) == 1


def test_who_has_had_todays_and_chooses_another_hour_waits_for_the_next(school: School) -> None:
    ask(school, "digest Mon 08:00 mail")
    at(school, MONDAY)
    tick(school.app)

    ask(school, "digest Mon 09:00")
    at(school, MONDAY.replace(hour=9))

    assert tick(school.app) == 0
    assert len(told(school.app)) == 1
    assert plan(school).next_at == datetime(2026, 3, 16, 9, 0, tzinfo=UTC)


def test_who_left_gets_nothing_and_neither_does_a_message_that_still_waits(school: School) -> None:
    in_slack(school)
    ask(school, "digest Mon 08:00 both")
    at(school, MONDAY)
    tick(school.app)
    mail, note = sorted(told(school.app), key=lambda each: each.channel)
    assert len(letters(school.app)) == 1
    assert len(school.app.read(load_slack_notes, LoadSlackNotes((note.id,)), SYSTEM).notes) == 1

    change(school.app, StaffMember, school.owner.staff_id, disabled_at=clock_of(school.app)())
    clock_of(school.app).advance(days=7)

    assert tick(school.app) == 0
    assert school.app.read(load_letters, LoadLetters((mail.id,)), SYSTEM).unworthy_ids == (mail.id,)
    assert school.app.read(load_slack_notes, LoadSlackNotes((note.id,)), SYSTEM).unreachable_ids == (note.id,)


def test_an_unlinked_account_gets_nothing_in_slack(school: School) -> None:
    in_slack(school)
    ask(school, "digest Mon 08:00 slack")
    for user in everything(school.app, SlackUser):
        change(school.app, SlackUser, user.id, confirmed_at=None)
    at(school, MONDAY)

    assert tick(school.app) == 0
    assert told(school.app) == []


def test_only_when_something_changed(school: School) -> None:
    ask(school, "digest Mon 08:00 mail changes")
    at(school, MONDAY)
    assert tick(school.app) == 0

    enrol(school, A)
    at(school, MONDAY.replace(day=16))

    assert tick(school.app) == 1


# --- What -------------------------------------------------------------------------------------------------


def a_month(school: School) -> None:
    """Ada stalls, Bo comes back and finishes, and an invitation comes back."""
    enrol(school, A, B)
    send(school, line(A, steps_completed="10"), line(B, steps_completed="4"), as_of=clock_of(school.app)())
    invite(school, C)
    deliver(school.app, Verdict.REFUSED)


def complain(school: School, address: str) -> None:
    def told(ctx: Context, _command: None) -> bool:
        return silence(ctx, school.organisation_id, address, SuppressReason.COMPLAINED)

    school.app.run(told, None, SYSTEM)


def test_it_says_what_changed_since_the_last_one_and_names_who_stalled(school: School) -> None:
    a_month(school)
    ask(school, "digest Tue 08:00 mail")
    clock_of(school.app).advance(days=15)
    send(school, line(B, steps_completed="38", avg_test_score="80%"), as_of=clock_of(school.app)())
    complain(school, A)

    shown = now(school)

    assert shown.complained == 1
    assert dict(facts(shown))["Complaints"] == "1 learner marked your e-mail as spam; nothing more goes to them"
    assert (shown.stalled, shown.completed, shown.returned, shown.scored, shown.average_score) == (1, 1, 1, 1, 8000)
    assert [(each.name, each.address) for each in shown.stalled_names] == [("Bo Young", A)]
    assert [each.address for each in shown.returned_names] == [B]
    assert (shown.enrolled, shown.to_invoice_pence, shown.bounced) == (2, 4900, 1)
    (run,) = shown.runs
    assert (run.code, run.finished, run.learners) == (MATHS, 1, 2)
    clock_of(school.app).advance(seconds=DIGEST_MARGIN.total_seconds())
    tick(school.app)
    assert now(school).is_quiet is False
    assert not now(school).has_changed


def test_a_run_stands_in_a_digest_as_in_its_progress(school: School) -> None:
    """Ada is done; Bo was, and left; so did Cy, whose platform tells nothing of it; nobody knows of Dee."""
    enrol(school, A, B, C, "d@example.org")
    done = [line(each, steps_completed="95%", left_at="2026-03-01" if each == B else "") for each in (A, B, C)]
    send(school, *done)
    cy = only(school.app, LearnerAddress, LearnerAddress.address == C).learner_id
    change(school.app, Enrolment, only(school.app, Enrolment, Enrolment.learner_id == cy).id, left_at=NOW)

    (run,) = now(school).runs
    progress = school.app.read(show_progress, ShowProgress(MATHS), school.owner)

    bands = dict(progress.bands)
    assert (run.learners, run.finished, run.unknown, run.left) == (4, 1, 1, 2)
    assert run.learners == progress.enrolled
    assert (run.finished, run.unknown) == (bands[Band.COMPLETED], bands[Band.UNKNOWN])
    assert run.left == progress.left


def test_where_nothing_is_known_of_anybody_a_run_has_no_bar(school: School) -> None:
    enrol(school, A, B)
    unknown = run_bar(now(school).runs[0])
    send(school, line(A, steps_completed="10"))

    known = run_bar(now(school).runs[0])

    assert unknown is None
    assert known is not None
    assert known.words == "0 of 2 enrolled with 90 % or more of the steps, 1 not known"


def test_mail_slack_and_a_retry_tell_the_numbers_of_the_moment_it_was_due(school: School) -> None:
    in_slack(school)
    ask(school, "digest Mon 08:00 both")
    enrol(school, A)
    invite(school, B)
    deliver(school.app, Verdict.ACCEPTED)
    at(school, MONDAY)
    tick(school.app)
    accept(school.app, B)

    note = next(each for each in told(school.app) if each.channel is Channel.SLACK)
    (drawn,) = school.app.read(load_slack_notes, LoadSlackNotes((note.id,)), SYSTEM).notes

    assert letters(school.app)[0].digest == drawn.content
    assert letters(school.app)[0].digest.enrolled == 1


def test_a_manager_hears_of_their_providers_only(school: School) -> None:
    """Max looks after the second provider; the maths run is nobody's in particular, its learners may be."""
    enrol(school, A, B)
    first, second = sorted(
        (each for each in everything(school.app, Provider) if each.organisation_id == school.organisation_id),
        key=lambda each: each.ukprn,
    )
    for address, provider in ((A, first), (B, second)):
        learner_id = only(school.app, LearnerAddress, LearnerAddress.address == address).learner_id
        change(school.app, Learner, learner_id, provider_id=provider.id)
    send(school, line(A, steps_completed="10"), line(B, steps_completed="4"), as_of=clock_of(school.app)())
    for who in (school.owner, school.manager):
        ask(school, "digest Tue 08:00 mail", who)
    clock_of(school.app).advance(days=15)

    assert (now(school).enrolled, now(school).stalled) == (2, 2)
    assert (now(school, school.manager).enrolled, now(school, school.manager).stalled) == (1, 1)
    assert [each.address for each in now(school, school.manager).stalled_names] == [B]
    tick(school.app)
    by_name = {each.head.recipient_name.split()[0]: each.digest for each in letters(school.app)}
    assert [by_name["Olive"].enrolled, by_name["Max"].enrolled] == [2, 1]


def test_another_organisation_hears_nothing_of_it(school: School) -> None:
    other = StaffActor(school.other_organisation_id, school.other_owner.staff_id, Door.SLACK)
    a_month(school)
    ask(school, "digest Mon 08:00 mail")
    ask(school, "digest Mon 08:00 mail", other)
    at(school, MONDAY)
    tick(school.app)

    assert now(school, other).is_quiet
    quiet = {each.head.organisation: each.digest.is_quiet for each in letters(school.app)}
    assert sorted(quiet.values()) == [False, True]
    assert quiet["Northfield College"] is False


def test_the_statements_are_as_many_for_one_reader_as_for_three(school: School) -> None:
    enrol(school, A)
    counts = []
    for readers in ((school.owner,), (school.owner, school.manager, school.viewer)):
        for each in readers:
            ask(school, "digest Mon 08:00 mail", each)
        clock_of(school.app).advance(days=7)
        with counted_queries(school.app.engine) as statements:
            assert tick(school.app) == len(readers)
        counts.append(len([each for each in statements if each.startswith(("SELECT", "WITH"))]))

    assert counts[0] == counts[1] <= 23


@pytest.mark.parametrize("copies", ["sqlite"], indirect=True)  # PostgreSQL plans by what is in the tables.
def test_how_runs_stand_is_counted_run_by_run_and_not_by_trying_each_learner_in_each_run(school: School) -> None:
    enrol(school, A)

    with counted_queries(school.app.engine) as queries:
        ask(school, "digest now")

    (counting,) = (each for each in queries if "AS finished" in each)
    plan = plan_of(school.app.engine, counting)
    assert plan[0].startswith(
        "SEARCH enrolment USING COVERING INDEX ix_enrolment_run (run_id=? AND organisation_id=?"
    ), plan


# --- Ending it --------------------------------------------------------------------------------------------


def test_one_click_ends_the_e_mails_and_looking_changes_nothing(school: School) -> None:
    in_slack(school)
    ask(school, "digest Mon 08:00 both")
    token = school.app.links.token(LinkKind.DIGEST, only(school.app, DigestSetting).id)

    assert school.app.read(show_digest_stop, ShowDigestStop(token), LEARNER).by_mail
    assert plan(school).by_mail
    for _ in range(2):
        stopped = school.app.run(stop_digest_mail, StopDigestMail(token), LEARNER)

    assert (stopped.by_mail, stopped.in_slack) == (False, True)
    at(school, MONDAY)
    tick(school.app)
    assert [each.channel for each in told(school.app)] == [Channel.SLACK]
    with pytest.raises(LinkNotFound):
        school.app.run(stop_digest_mail, StopDigestMail(token[:-1]), LEARNER)


def test_the_last_place_ends_it_all_and_asking_anew_brings_it_back(school: School) -> None:
    ask(school, "digest Mon 08:00 mail")
    token = school.app.links.token(LinkKind.DIGEST, only(school.app, DigestSetting).id)
    school.app.run(stop_digest_mail, StopDigestMail(token), LEARNER)

    assert not plan(school).is_on
    assert ask(school, "digest on").by_mail
    assert plan(school).next_at == MONDAY
    assert clock_of(school.app)() == NOW
