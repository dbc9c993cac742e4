"""Messages that must wait: asked to, put off by a mail server, or because nothing was heard."""

from datetime import timedelta

from core.app import App
from core.jobs import Job, JobKind
from core.letters import Outcome, Verdict
from core.model import OutboundMessage
from core.rules.policy import DEFERRAL_BASE, RETRY_BASE, RETRY_CAP, SENDING_ATTEMPTS
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.usecases.messages.recovering import ReleaseLeases, release_leases
from core.words import MessageKind, MessageState
from tests.core.usecases.acting import clock_of, deliver, everything, invite, jobs_of, message_of, only
from tests.factories import SYSTEM, School

A = "a@example.org"
LEARNERS = [f"learner{number}@example.org" for number in range(40)]


def board(app: App) -> OutboundMessage:
    return only(app, OutboundMessage, OutboundMessage.kind == MessageKind.SCOREBOARD)


def asked_to_wait(app: App, seconds: float) -> OutboundMessage:
    """A worker takes the scoreboard, and Slack asks it to come again later."""
    message_id = board(app).id
    assert app.run(turn_over, TurnOver("bot", claim_ids=(message_id,)), SYSTEM).claimed_ids
    app.run(turn_over, TurnOver("bot", (Outcome(message_id, Verdict.LATER, "wait", retry_after=seconds),)), SYSTEM)
    return board(app)


def job_of(app: App, message: OutboundMessage) -> Job:
    return next(job for job in reversed(jobs_of(app).jobs) if job.ids == (message.id,))


def pauses(app: App) -> list[timedelta]:
    waiting = everything(app, OutboundMessage, OutboundMessage.kind == MessageKind.INVITATION)
    return [message.not_before - clock_of(app).now for message in waiting]


def deferred(app: App, *, is_deferral: bool) -> None:
    """Every invitation that is due is claimed, and put off by the mail server or by a lost connection."""
    due = everything(app, OutboundMessage, OutboundMessage.kind == MessageKind.INVITATION)
    clock_of(app).now = max(message.not_before for message in due)
    claimed = app.run(turn_over, TurnOver("test", claim_ids=tuple(each.id for each in due)), SYSTEM).claimed_ids
    outcomes = [Outcome(message_id, Verdict.LATER, "450", is_deferral=is_deferral) for message_id in claimed]
    app.run(turn_over, TurnOver("test", tuple(outcomes)), SYSTEM)


# --- Asked to wait ----------------------------------------------------------------------------------------


def test_who_is_asked_to_wait_waits_that_long_and_at_most_half_of_it_longer(school: School) -> None:
    invite(school, A)

    for seconds in (1, 2, 30, 7, 1, 3):
        message = asked_to_wait(school.app, seconds)
        wait = message.not_before - clock_of(school.app).now
        clock_of(school.app).now = message.not_before

        assert timedelta(seconds=seconds) <= wait <= timedelta(seconds=seconds * 1.5)


def test_a_job_of_its_own_comes_when_the_time_is_up(school: School) -> None:
    invite(school, A)
    before = board(school.app).generation

    message = asked_to_wait(school.app, 30)
    job = job_of(school.app, message)

    assert message.generation == before + 1
    assert job.kind is JobKind.SEND_SLACK
    assert job.key == f"send_slack-{message.id}-{message.generation}"
    assert job.delay == message.not_before - clock_of(school.app).now


def test_waiting_as_asked_is_never_given_up(school: School) -> None:
    invite(school, A)

    for _ in range(3 * SENDING_ATTEMPTS):
        message = asked_to_wait(school.app, 1)
        clock_of(school.app).now = message.not_before

    assert (message.state, message.attempts) == (MessageState.PENDING, 0)
    assert len({job.key for job in jobs_of(school.app).jobs}) == len(jobs_of(school.app).jobs)


def test_tries_that_failed_are_still_counted_between_waits(school: School) -> None:
    invite(school, A)
    message_id = board(school.app).id

    for _ in range(SENDING_ATTEMPTS):
        clock_of(school.app).now = asked_to_wait(school.app, 1).not_before
        app = school.app
        app.run(turn_over, TurnOver("bot", claim_ids=(message_id,)), SYSTEM)
        app.run(turn_over, TurnOver("bot", (Outcome(message_id, Verdict.LATER, "Slack answered 503"),)), SYSTEM)
        clock_of(app).now = max(clock_of(app).now, board(app).not_before)
        if board(app).state is not MessageState.PENDING:
            break

    assert board(school.app).state is MessageState.HELD
    assert f"{SENDING_ATTEMPTS} tries" in board(school.app).problem


def test_whoever_was_killed_while_slack_spoke_waits_for_perhaps_slack_asked_for_it(school: School) -> None:
    invite(school, A)
    message = board(school.app)
    school.app.run(turn_over, TurnOver("dead", claim_ids=(message.id,)), SYSTEM)

    school.app.run(release_leases, ReleaseLeases("dead"), SYSTEM)
    early = school.app.run(turn_over, TurnOver("bot", claim_ids=(message.id,)), SYSTEM).claimed_ids
    clock_of(school.app).now += timedelta(seconds=30)
    late = school.app.run(turn_over, TurnOver("bot", claim_ids=(message.id,)), SYSTEM).claimed_ids

    assert (early, late) == ((), (message.id,))


# --- Put off ----------------------------------------------------------------------------------------------


def test_a_deferred_mail_comes_no_sooner_than_a_greylisting_server_wants(school: School) -> None:
    invite(school, *LEARNERS)

    deferred(school.app, is_deferral=True)

    assert min(pauses(school.app)) >= DEFERRAL_BASE
    assert max(pauses(school.app)) <= DEFERRAL_BASE * 1.5
    assert len(set(pauses(school.app))) > len(LEARNERS) / 2


def test_a_lost_connection_is_tried_again_soon(school: School) -> None:
    invite(school, *LEARNERS)

    deferred(school.app, is_deferral=False)

    assert min(pauses(school.app)) >= RETRY_BASE / 2
    assert max(pauses(school.app)) <= RETRY_BASE * 1.5


def test_pauses_grow_up_to_a_cap(school: School) -> None:
    invite(school, A)

    grown = []
    for _ in range(SENDING_ATTEMPTS - 1):
        deferred(school.app, is_deferral=True)
        grown += pauses(school.app)

    assert grown[1] > grown[0]
    assert RETRY_CAP <= max(grown) <= RETRY_CAP * 1.5


def test_a_mail_that_is_deferred_again_and_again_is_given_up_with_its_reason(school: School) -> None:
    invite(school, A)

    deliver(school.app, Verdict.LATER, "450 mailbox full")
    for _ in range(SENDING_ATTEMPTS - 1):
        deliver(school.app, Verdict.LATER, "450 mailbox full", after=RETRY_CAP * 1.5)

    assert message_of(school.app, A).state is MessageState.BOUNCED
    assert message_of(school.app, A).problem == f"Given up after {SENDING_ATTEMPTS} tries: 450 mailbox full"
