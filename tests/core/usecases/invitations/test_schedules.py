"""Sending at a chosen moment: resolved, checked twice, listed, taken back, sent now after all."""

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import BatchNotFound, MomentNotUsable, MomentUnclear, NothingScheduled, QuietHoursUnclear, RoleMissing
from core.letters import Verdict
from core.model import Agreement, CourseRun, InvitationBatch, Organisation, OutboundMessage
from core.rules.quiet import QuietHours
from core.usecases.invitations.batches import (
    InvitationPreviewed,
    InviteLearners,
    LearnersInvited,
    PrepareInvitation,
    invite_learners,
    prepare_invitation,
)
from core.usecases.invitations.quiet_hours import SetQuietHours, ShowQuietHours, set_quiet_hours, show_quiet_hours
from core.usecases.invitations.recall import RecallBatch, recall_batch
from core.usecases.invitations.schedules import ListScheduled, ScheduledListed, SendNow, list_scheduled, send_now
from core.usecases.invitations.scoreboards import ShowBatch, show_batch
from core.words import MessageKind
from tests.core.usecases.acting import (
    MATHS,
    POETRY,
    SAFETY,
    change,
    clock_of,
    deliver,
    everything,
    invite,
    jobs_of,
    message_of,
    newest,
    only,
)
from tests.factories import NOW, School, counted_queries

A = "a@example.org"
# Monday, a week later.
LATER = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)


def preview(school: School, when: str, *addresses: str, run: str = MATHS, zone: str = "") -> InvitationPreviewed:
    command = PrepareInvitation(run, " ".join(addresses or (A,)), when=when, time_zone=zone)
    return school.app.run(prepare_invitation, command, school.owner)


def schedule(school: School, when: str = "2026-03-09 09:00", *addresses: str, run: str = MATHS) -> LearnersInvited:
    draft_id = preview(school, when, *addresses, run=run).draft_id
    return school.app.run(invite_learners, InviteLearners(draft_id), school.owner)


def scheduled(school: School, page: int = 1) -> ScheduledListed:
    return school.app.read(list_scheduled, ListScheduled(page), school.owner)


# --- Choosing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "at"),
    [
        ("", "09:00"),
        ("Europe/London", "09:00"),
        ("America/New_York", "13:00"),
        ("No/Where", "09:00"),
        ("Asia/Kolkata", "03:30"),
    ],
)
def test_words_are_understood_in_the_zone_of_the_person_else_of_the_organisation(
    school: School, zone: str, at: str
) -> None:
    change(school.app, Organisation, school.organisation_id, quiet_from=None, quiet_until=None)

    sending = preview(school, "Mon 9 March 09:00", zone=zone).sending

    assert sending is not None
    assert sending.at == datetime.fromisoformat(f"2026-03-09T{at}:00+00:00")
    assert sending.time_zone == (zone if zone not in ("", "No/Where") else "Europe/London")


def test_a_moment_in_quiet_hours_is_moved_to_their_end_and_the_preview_says_so(school: School) -> None:
    night, day = preview(school, "2026-03-09 22:30").sending, preview(school, "2026-03-09 20:59").sending

    assert night is not None
    assert (night.at, night.is_moved) == (datetime(2026, 3, 10, 7, 0, tzinfo=UTC), True)
    assert day is not None
    assert day.is_moved is False


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ("2026-03-02 08:59", "has passed"),
        ("2026-03-01 12:00", "has passed"),
        ("today 09:00", "has passed"),
        ("2026-12-01 09:00", "more than 120 days"),
        ("2026-04-11 09:00", "closed by Saturday 11 April 2026"),
    ],
)
def test_moments_that_help_nobody_are_refused(school: School, when: str, reason: str) -> None:
    with pytest.raises(MomentNotUsable) as refusal:
        preview(school, when)

    assert reason in refusal.value.message


def test_words_that_are_no_moment_prepare_nothing(school: School) -> None:
    for when in ("soon", "31 Feb 09:00", "9"):
        with pytest.raises(MomentUnclear):
            preview(school, when)


def test_another_organisation_s_course_needs_the_agreement_at_that_moment(school: School) -> None:
    change(school.app, Agreement, only(school.app, Agreement).id, ends_at=NOW + timedelta(days=5))

    with pytest.raises(MomentNotUsable):
        preview(school, "2026-03-09 09:00", run=POETRY)


# --- Confirming -------------------------------------------------------------------------------------------


def test_a_scheduled_batch_waits_and_goes_out_on_the_usual_path(school: School) -> None:
    invited = schedule(school)

    assert (invited.sends_at, invited.is_scheduled) == (LATER, True)
    assert (message_of(school.app, A).not_before, only(school.app, InvitationBatch).is_scheduled) == (LATER, True)
    # A job that old would be taken for a dead worker's: the sweeper finds the row.
    assert [job for job in jobs_of(school.app).jobs if message_of(school.app, A).id in job.ids] == []
    assert deliver(school.app, Verdict.ACCEPTED, after=timedelta(days=6)) == ()
    assert len(deliver(school.app, Verdict.ACCEPTED, after=timedelta(days=1))) == 1


def test_expiry_and_reminders_count_from_the_moment_it_goes_out(school: School) -> None:
    shown = preview(school, "2026-05-29 09:00", run="safety-2026-10")
    school.app.run(invite_learners, InviteLearners(shown.draft_id), school.owner)

    invitation = newest(school.app, A)
    assert shown.expires_at == invitation.expires_at == datetime(2026, 11, 2, tzinfo=UTC)
    assert invitation.next_reminder_at == datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


def test_a_run_that_closes_before_the_moment_is_found_at_the_confirmation(school: School) -> None:
    draft_id = preview(school, "2026-03-09 09:00").draft_id
    run = only(school.app, CourseRun, CourseRun.code == MATHS)
    change(school.app, CourseRun, run.id, enrolment_closes_at=LATER)

    with pytest.raises(MomentNotUsable):
        school.app.run(invite_learners, InviteLearners(draft_id), school.owner)

    assert everything(school.app, InvitationBatch) == []


def test_a_moment_that_passes_before_the_confirmation_means_now(school: School) -> None:
    draft_id = preview(school, "09:05").draft_id
    clock_of(school.app).advance(minutes=10)

    invited = school.app.run(invite_learners, InviteLearners(draft_id), school.owner)

    assert (invited.is_scheduled, invited.sends_at) == (False, NOW + timedelta(minutes=11))


def test_confirming_twice_gives_the_same_answer(school: School) -> None:
    draft_id = preview(school, "2026-03-09 09:00").draft_id

    first, second = (school.app.run(invite_learners, InviteLearners(draft_id), school.owner) for _ in range(2))

    assert first == second


# --- Looking after them -----------------------------------------------------------------------------------


def test_what_waits_is_listed_soonest_first(school: School) -> None:
    schedule(school, "2026-03-10 09:00", *(f"a{number}@example.org" for number in range(1001)))
    schedule(school, "2026-03-09 09:00", "b@example.org", run=SAFETY)
    invite(school, "now@example.org")

    rows = scheduled(school).rows

    assert [(row.numbers, row.invited, row.run.code, row.staff) for row in rows] == [
        ((3,), 1, SAFETY, "Olive Owner"),
        ((1, 2), 1001, MATHS, "Olive Owner"),
    ]
    assert school.app.read(list_scheduled, ListScheduled(), school.other_owner).rows == ()
    # Lab Safety belongs to a provider that Max does not look after.
    of_max = school.app.read(list_scheduled, ListScheduled(), school.manager).rows
    assert [row.run.code for row in of_max] == [MATHS]


def test_the_list_has_pages_and_a_fixed_number_of_queries(school: School) -> None:
    schedule(school)
    with counted_queries(school.app.engine) as few:
        scheduled(school)
    for number in range(11):
        schedule(school, "2026-03-09 09:00", f"b{number}@example.org")
    with counted_queries(school.app.engine) as many:
        listed = scheduled(school, page=2)

    assert (len(listed.rows), listed.page, listed.page_count, listed.total) == (2, 2, 2, 12)
    assert len(few) == len(many)


def test_taking_it_back_leaves_nothing(school: School) -> None:
    invited = schedule(school)

    recalled = school.app.run(recall_batch, RecallBatch(invited.confirmation_id), school.owner)

    assert (recalled.unsent, scheduled(school).total) == (1, 0)
    assert deliver(school.app, Verdict.ACCEPTED, after=timedelta(days=8)) == ()
    with pytest.raises(NothingScheduled):
        school.app.run(send_now, SendNow(invited.confirmation_id), school.owner)


def test_sending_now_leaves_the_recall_window(school: School) -> None:
    invited = schedule(school)
    clock_of(school.app).advance(hours=1)

    sent = school.app.run(send_now, SendNow(invited.confirmation_id), school.owner)

    assert (sent.sends_at, sent.is_scheduled, scheduled(school).total) == (
        NOW + timedelta(hours=1, minutes=1),
        False,
        0,
    )
    assert [job.delay for job in jobs_of(school.app).jobs if message_of(school.app, A).id in job.ids] == [
        timedelta(minutes=1)
    ]
    assert newest(school.app, A).next_reminder_at == datetime(2026, 3, 5, 10, 1, tzinfo=UTC)
    assert len(deliver(school.app, Verdict.ACCEPTED)) == 1
    with pytest.raises(NothingScheduled):
        school.app.run(send_now, SendNow(invited.confirmation_id), school.owner)


def test_nobody_else_s_batch_is_sent(school: School) -> None:
    invited = schedule(school)

    with pytest.raises(BatchNotFound):
        school.app.run(send_now, SendNow(invited.confirmation_id), school.other_owner)
    with pytest.raises(RoleMissing):
        school.app.run(send_now, SendNow(invited.confirmation_id), school.viewer)


def test_the_scoreboard_knows_that_it_waits(school: School) -> None:
    schedule(school)

    progress = school.app.read(show_batch, ShowBatch(1), school.owner)

    assert (progress.is_scheduled, progress.sends_at, progress.counts.queued) == (True, LATER, 1)
    boards = everything(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.SCOREBOARD)
    assert [board.not_before for board in boards] == [NOW]


# --- Quiet hours ------------------------------------------------------------------------------------------


def test_a_new_organisation_is_quiet_at_night(school: School) -> None:
    shown = school.app.read(show_quiet_hours, ShowQuietHours(), school.viewer)

    assert (shown.quiet, shown.time_zone, shown.is_changed) == (QuietHours(21 * 60, 7 * 60), "Europe/London", False)


def test_an_owner_changes_quiet_hours_or_ends_them(school: School) -> None:
    assert school.app.run(set_quiet_hours, SetQuietHours("20:00-08:00"), school.owner).quiet == QuietHours(1200, 480)
    assert school.app.run(set_quiet_hours, SetQuietHours("off"), school.owner).quiet is None

    with pytest.raises(RoleMissing):
        school.app.run(set_quiet_hours, SetQuietHours("off"), school.manager)
    with pytest.raises(QuietHoursUnclear):
        school.app.run(set_quiet_hours, SetQuietHours("at night"), school.owner)
    assert school.app.read(show_quiet_hours, ShowQuietHours(), school.owner).quiet is None


def test_an_invitation_that_is_confirmed_at_night_goes_at_once(school: School) -> None:
    clock_of(school.app).now = NOW.replace(hour=23)

    assert invite(school, A).sends_at == NOW.replace(hour=23, minute=1)
