"""Reminders: whoever has not answered is written to again, once each time, and nobody else is."""

from datetime import UTC, datetime, timedelta

import pytest

from core.app import App
from core.errors import RemindersUnclear
from core.letters import Outcome, ReminderLetter, Verdict
from core.model import CourseRun, Invitation, Organisation, OutboundMessage, RunReminders
from core.rules.policy import MAIL_GAP
from core.usecases.catalogue.catalogue import ImportCatalogue, import_catalogue
from core.usecases.invitations.lists import ListInvitations, list_invitations
from core.usecases.invitations.recall import RecallBatch, recall_batch
from core.usecases.invitations.reminder_rules import (
    RemindersShown,
    SetReminders,
    ShowReminders,
    set_reminders,
    show_reminders,
)
from core.usecases.invitations.reminders import FindDueReminders, RemindDue, find_due_reminders, remind_due
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.usecases.messages.letters import LettersLoaded, LoadLetters, load_letters
from core.words import MessageKind, MessageState
from tests.core.usecases.acting import (
    MATHS,
    POETRY,
    accept,
    at_once,
    cancel,
    change,
    clock_of,
    close,
    decline,
    deliver,
    everything,
    invite,
    jobs_of,
    message_of,
    newest,
    only,
    resend,
    suppress,
)
from tests.factories import CATALOGUE, NOW, OPERATOR, SYSTEM, School, counted_queries

A, B = "a@example.org", "b@example.org"
POSTGRESQL = pytest.mark.parametrize("copies", ["postgresql"], indirect=True)


def tick(app: App, limit: int = 2000) -> int:
    """One tick of one worker."""
    found = app.read(find_due_reminders, FindDueReminders(limit), SYSTEM)
    return sum(app.run(remind_due, RemindDue(chunk), SYSTEM).reminded for chunk in found.chunks())


def invited(school: School, *addresses: str, run: str = MATHS) -> None:
    """And mailed."""
    invite(school, *addresses, run=run)
    deliver(school.app, Verdict.ACCEPTED)


def wait(school: School, days: float) -> None:
    clock_of(school.app).advance(days=days)


def reminders(app: App) -> list[OutboundMessage]:
    return everything(app, OutboundMessage, OutboundMessage.kind == MessageKind.REMINDER)


def send(app: App, verdict: Verdict = Verdict.ACCEPTED) -> None:
    """The reminders that wait."""
    ids = tuple(each.id for each in reminders(app) if each.state is MessageState.PENDING)
    claimed = app.run(turn_over, TurnOver("test", claim_ids=ids), SYSTEM).claimed_ids
    app.run(turn_over, TurnOver("test", tuple(Outcome(each, verdict) for each in claimed)), SYSTEM)


def loaded(app: App) -> LettersLoaded:
    return app.read(load_letters, LoadLetters(tuple(each.id for each in reminders(app))), SYSTEM)


def shown(school: School) -> RemindersShown:
    return school.app.read(show_reminders, ShowReminders(MATHS), school.owner)


# --- Due --------------------------------------------------------------------------------------------------


def test_three_reminders_go_out_on_their_days_and_then_no_more(school: School) -> None:
    invited(school, A, B)
    days = []

    for _ in range(39 * 4):
        wait(school, 0.25)
        if tick(school.app):
            days.append(clock_of(school.app)().date().isoformat())
            send(school.app)

    assert days == ["2026-03-05", "2026-03-12", "2026-04-03"]
    assert [len(reminders(school.app)), newest(school.app, A).reminder_count] == [6, 3]
    assert sorted(each.idempotency_key.rpartition(":")[2] for each in reminders(school.app)) == [*"112233"]


def test_a_reminder_is_a_message_with_its_job(school: School) -> None:
    invited(school, A)
    wait(school, 3)
    before = len(jobs_of(school.app).jobs)

    tick(school.app)

    (message,) = reminders(school.app)
    assert (message.recipient, message.state, message.organisation_id) == (
        A,
        MessageState.PENDING,
        school.organisation_id,
    )
    assert [job.ids for job in jobs_of(school.app).jobs[before:]] == [(message.id,)]


def test_weeks_without_a_worker_end_in_one_reminder(school: School) -> None:
    invited(school, A)
    wait(school, 25)

    assert [tick(school.app), tick(school.app)] == [1, 0]
    wait(school, 1)
    assert tick(school.app) == 0
    assert newest(school.app, A).next_reminder_at == datetime(2026, 4, 3, 8, 1, tzinfo=UTC)


def test_at_night_reminders_wait_for_the_morning(school: School) -> None:
    clock_of(school.app).now = NOW.replace(hour=22)
    invited(school, A)
    wait(school, 3)

    assert tick(school.app) == 0
    assert newest(school.app, A).next_reminder_at == datetime(2026, 3, 6, 7, 0, tzinfo=UTC)
    clock_of(school.app).now = datetime(2026, 3, 6, 7, 0, tzinfo=UTC)
    assert tick(school.app) == 1


def test_an_invitation_that_was_never_sent_is_not_reminded_of(school: School) -> None:
    invite(school, A)
    wait(school, 5)

    assert tick(school.app) == 0
    deliver(school.app, Verdict.ACCEPTED, after=timedelta(0))
    wait(school, 1.5)
    assert tick(school.app) == 0
    # The third day has passed; the tenth comes.
    wait(school, 3.6)
    assert tick(school.app) == 1


def test_sending_again_by_hand_puts_reminders_off(school: School) -> None:
    invited(school, A)
    wait(school, 2.25)
    resend(school, A)
    deliver(school.app, Verdict.ACCEPTED, after=timedelta(0))

    wait(school, 1)
    assert tick(school.app) == 0
    wait(school, MAIL_GAP.days - 1)
    assert tick(school.app) == 1


# --- Not due any more -------------------------------------------------------------------------------------


def test_answers_cancelling_and_bounces_end_reminders(school: School) -> None:
    addresses = [f"{name}@example.org" for name in ("yes", "no", "cancelled", "suppressed", "bounced")]
    invited(school, *addresses)
    accept(school.app, addresses[0])
    decline(school.app, addresses[1])
    cancel(school, addresses[2])
    suppress(school, addresses[3])
    change(school.app, OutboundMessage, message_of(school.app, addresses[4]).id, state=MessageState.BOUNCED)
    assert shown(school).coming == ()
    wait(school, 3)

    assert tick(school.app) == 0
    assert reminders(school.app) == []


def test_a_recalled_batch_and_a_closed_run_end_reminders(school: School) -> None:
    invited(school, A)
    school.app.run(recall_batch, RecallBatch(number=1), school.owner)
    invited(school, B)
    wait(school, 3)
    close(school)

    assert tick(school.app) == 0


def test_of_what_ended_while_nobody_worked_nobody_is_reminded(school: School) -> None:
    invited(school, A)
    wait(school, 60)

    assert tick(school.app) == 0
    assert (reminders(school.app), newest(school.app, A).next_reminder_at) == ([], None)


def test_what_was_answered_meanwhile_is_dropped_at_the_moment_of_sending(school: School) -> None:
    addresses = [f"{name}@example.org" for name in ("yes", "no", "cancelled", "open")]
    invited(school, *addresses)
    wait(school, 3)
    assert tick(school.app) == 4
    accept(school.app, addresses[0])
    decline(school.app, addresses[1])
    cancel(school, addresses[2])

    found = loaded(school.app)

    assert [letter.head.recipient for letter in found.letters] == ["open@example.org"]
    assert len(found.unworthy_ids) == 3
    close(school)
    assert loaded(school.app).letters == ()


def test_a_suppressed_address_is_not_claimed(school: School) -> None:
    invited(school, A)
    wait(school, 3)
    tick(school.app)
    suppress(school, A)

    send(school.app)

    assert [each.state for each in reminders(school.app)] == [MessageState.DROPPED]


def test_a_reminder_that_bounces_shows_where_the_invitation_is_listed(school: School) -> None:
    invited(school, A)
    wait(school, 3)
    tick(school.app)

    send(school.app, Verdict.REFUSED)

    listed = school.app.read(list_invitations, ListInvitations(MATHS), school.owner)
    assert [(row.state.value, row.reminder_count, row.next_reminder_at) for row in listed.rows] == [
        ("bounced", 1, None)
    ]
    wait(school, 7)
    assert tick(school.app) == 0


# --- Letters ----------------------------------------------------------------------------------------------


def test_a_reminder_stands_beside_the_e_mail_it_reminds_of(school: School) -> None:
    invited(school, A)
    wait(school, 3)
    tick(school.app)

    found = loaded(school.app)

    (letter,) = found.letters
    assert isinstance(letter, ReminderLetter)
    assert letter.answers_ref == message_of(school.app, A).message_ref
    assert letter.head.message_ref != letter.answers_ref
    assert letter.expires_at == newest(school.app, A).expires_at
    assert len(found.confirmation_ids) == 1


# --- Fair, and once ---------------------------------------------------------------------------------------


def test_one_organisation_with_many_keeps_nobody_waiting(school: School) -> None:
    invited(school, *(f"many{number}@example.org" for number in range(30)))
    invite(school, A, run=POETRY, by=school.other_owner)
    deliver(school.app, Verdict.ACCEPTED)
    wait(school, 3.25)

    assert tick(school.app, limit=4) == 4

    theirs = [each for each in reminders(school.app) if each.organisation_id == school.other_organisation_id]
    assert [each.recipient for each in theirs] == [A]


def test_the_longest_due_come_first(school: School) -> None:
    invited(school, "old@example.org")
    wait(school, 1)
    invited(school, "young@example.org")
    wait(school, 5)

    tick(school.app, limit=1)

    assert [each.recipient for each in reminders(school.app)] == ["old@example.org"]


def test_a_tick_takes_the_same_number_of_statements_for_one_and_for_many(school: School) -> None:
    invited(school, A)
    wait(school, 3)
    with counted_queries(school.app.engine) as few:
        tick(school.app)
    invited(school, *(f"many{number}@example.org" for number in range(50)))
    wait(school, 3)
    with counted_queries(school.app.engine) as many:
        tick(school.app)

    assert len(few) == len(many)


def test_two_ticks_on_the_same_rows_remind_once(school: School) -> None:
    invited(school, *(f"a{number}@example.org" for number in range(20)))
    wait(school, 3)
    found = school.app.read(find_due_reminders, FindDueReminders(), SYSTEM).invitation_ids

    def act() -> int:
        return school.app.run(remind_due, RemindDue(found), SYSTEM).reminded

    done = at_once(act, act)

    assert sorted(done, key=str) == [0, 20]
    assert len(reminders(school.app)) == 20


@POSTGRESQL
def test_an_answer_at_the_same_moment_wins_or_is_followed_by_a_dropped_reminder(school: School) -> None:
    addresses = [f"a{number}@example.org" for number in range(12)]
    invited(school, *addresses)
    wait(school, 3)
    found = school.app.read(find_due_reminders, FindDueReminders(), SYSTEM).invitation_ids

    at_once(
        lambda: school.app.run(remind_due, RemindDue(found), SYSTEM),
        *(lambda address=address: decline(school.app, address) for address in addresses[:6]),
    )

    assert {letter.head.recipient for letter in loaded(school.app).letters} == set(addresses[6:])


# --- Rules ------------------------------------------------------------------------------------------------


def test_a_run_has_the_default_until_somebody_sets_another_rule(school: School) -> None:
    invited(school, A, B)
    assert (str(shown(school).rule), shown(school).is_default, shown(school).unanswered) == ("3,10,close-7", True, 2)

    changed = school.app.run(set_reminders, SetReminders(MATHS, "5, close-2"), school.owner)

    assert (str(changed.rule), changed.is_default, changed.is_changed) == ("5,close-2", False, True)
    assert changed.coming == ((datetime(2026, 3, 7, 9, 1, tzinfo=UTC), 2),)
    assert [each.rule for each in everything(school.app, RunReminders)] == ["5,close-2"]
    wait(school, 4)
    assert tick(school.app) == 0
    wait(school, 1)
    assert tick(school.app) == 2


def test_off_ends_them_and_default_brings_them_back(school: School) -> None:
    invited(school, A)
    school.app.run(set_reminders, SetReminders(MATHS, "off"), school.owner)
    wait(school, 4)
    assert (tick(school.app), shown(school).coming) == (0, ())

    school.app.run(set_reminders, SetReminders(MATHS, "default"), school.owner)

    assert everything(school.app, RunReminders) == []
    assert tick(school.app) == 1


def test_a_rule_holds_for_the_organisation_that_set_it(school: School) -> None:
    invited(school, A, run=POETRY)
    school.app.run(set_reminders, SetReminders(POETRY, "off"), school.other_owner)
    wait(school, 3)

    assert tick(school.app) == 1


def test_words_that_are_no_rule_change_nothing(school: School) -> None:
    with pytest.raises(RemindersUnclear):
        school.app.run(set_reminders, SetReminders(MATHS, "often"), school.owner)

    assert shown(school).is_default


def test_a_list_tells_of_each_next_reminder_when_it_goes_out_after_quiet_hours(school: School) -> None:
    clock_of(school.app).now = NOW.replace(hour=22)
    invited(school, A)

    listed = school.app.read(list_invitations, ListInvitations(MATHS), school.owner)

    assert [row.next_reminder_at for row in listed.rows] == [datetime(2026, 3, 6, 7, 0, tzinfo=UTC)]


def test_the_next_days_are_shown_outside_of_quiet_hours(school: School) -> None:
    change(school.app, Organisation, school.organisation_id, quiet_from=8 * 60, quiet_until=12 * 60)
    invited(school, A)

    assert shown(school).coming == ((datetime(2026, 3, 5, 12, 0, tzinfo=UTC), 1),)


def test_a_close_that_moves_takes_effect_at_once(school: School) -> None:
    invited(school, A)
    wait(school, 4)
    tick(school.app)

    earlier = CATALOGUE.replace("2026-05-08,2026-04-10", "2026-05-08,2026-03-15")
    school.app.run(import_catalogue, ImportCatalogue("northfield", earlier), OPERATOR)

    assert only(school.app, CourseRun, CourseRun.code == MATHS).enrolment_closes_at == datetime(2026, 3, 16, tzinfo=UTC)
    # Seven days before the new close, not ten after sending.
    assert newest(school.app, A).next_reminder_at == datetime(2026, 3, 8, 9, 1, tzinfo=UTC)


def test_an_invitation_is_planned_when_it_is_made(school: School) -> None:
    invite(school, A)

    assert [(each.next_reminder_at, each.reminder_count) for each in everything(school.app, Invitation)] == [
        (datetime(2026, 3, 5, 9, 1, tzinfo=UTC), 0)
    ]
