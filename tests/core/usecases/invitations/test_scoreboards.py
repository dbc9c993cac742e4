"""The one message of a confirmation that stays true."""

import pytest
from msgspec.structs import astuple

from core.app import App
from core.errors import BatchNotFound
from core.jobs import Job, JobKind
from core.letters import Outcome, Verdict
from core.model import OutboundMessage
from core.rules.policy import SCOREBOARD_INTERVAL
from core.usecases.invitations.recall import RecallBatch, recall_batch
from core.usecases.invitations.scoreboards import BatchCounts, BatchProgress, ShowBatch, show_batch
from core.usecases.invitations.single import CancelInvitation, ResendInvitation, cancel_invitation, resend_invitation
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.words import MessageKind, MessageState
from tests.core.usecases.acting import (
    MATHS,
    SAFETY,
    accept,
    clock_of,
    decline,
    deliver,
    invite,
    jobs_of,
    newest,
    only,
)
from tests.factories import SYSTEM, School, counted_queries, sent

A, B, C, D, E = (f"{letter}@example.org" for letter in "abcde")


def progress(school: School, number: int = 1) -> BatchProgress:
    return school.app.read(show_batch, ShowBatch(number), school.viewer)


def _sum(counts: BatchCounts) -> int:
    total, *parts = astuple(counts)
    assert total == sum(parts)
    return int(total)


def test_each_invitation_is_counted_once_as_what_became_of_it(school: School) -> None:
    invite(school, A, B, C, D, E)
    queued = progress(school)
    sent(school.app)
    accept(school.app, A)
    decline(school.app, B)
    school.app.run(cancel_invitation, CancelInvitation(newest(school.app, C).id), school.owner)

    answered = progress(school)

    assert queued.counts == BatchCounts(5, accepted=0, declined=0, cancelled=0, bounced=0, queued=5, sent=0)
    assert answered.counts == BatchCounts(5, accepted=1, declined=1, cancelled=1, bounced=0, queued=0, sent=2)
    assert (queued.is_sending, answered.is_sending) == (True, False)


def test_a_refused_address_is_a_bounce_with_its_reason(school: School) -> None:
    invite(school, A)
    deliver(school.app, Verdict.REFUSED, "550 no such mailbox")

    shown = progress(school)

    assert (_sum(shown.counts), shown.counts.bounced) == (1, 1)
    assert shown.bounces == ((A, "550 no such mailbox"),)


def test_an_address_that_must_not_be_written_to_counts_as_bounced(school: School) -> None:
    invite(school, A, run=SAFETY)
    invite(school, A)
    deliver(school.app, Verdict.REFUSED)

    shown = (progress(school, 1), progress(school, 2))

    assert [each.counts.bounced for each in shown] == [1, 1]


def test_at_most_five_bounces_are_shown(school: School) -> None:
    invite(school, *(f"a{number}@example.org" for number in range(7)))
    deliver(school.app, Verdict.REFUSED)

    shown = progress(school)

    assert (shown.counts.bounced, len(shown.bounces)) == (7, 5)


def test_undo_is_offered_until_it_was_used_or_everybody_has_answered(school: School) -> None:
    invite(school, A)
    invite(school, B)
    open_one = progress(school)
    accept(school.app, A)
    school.app.run(recall_batch, RecallBatch(number=2), school.owner)

    assert open_one.can_undo
    assert not progress(school, 1).can_undo
    assert not progress(school, 2).can_undo
    assert progress(school, 2).is_recalled


def test_a_batch_that_is_not_there_is_not_found(school: School) -> None:
    invite(school, A)

    with pytest.raises(BatchNotFound) as unknown:
        progress(school, 41)

    assert "B-0041" in unknown.value.message


@pytest.mark.slow  # Load: it guards how much is asked of a database, not what is answered.
@pytest.mark.parametrize("copies", ["sqlite"], indirect=True)
def test_a_scoreboard_takes_as_many_queries_for_1000_invitations_as_for_10(school: School) -> None:
    def queries(number: int) -> int:
        with counted_queries(school.app.engine) as statements:
            progress(school, number)
        return len([statement for statement in statements if statement.startswith("SELECT")])

    invite(school, *(f"a{number}@example.org" for number in range(10)))
    invite(school, *(f"b{number}@example.org" for number in range(1000)))

    assert queries(1) == queries(2) <= 7


# --- The message ------------------------------------------------------------------------------------------


def board(app: App) -> OutboundMessage:
    return only(app, OutboundMessage, OutboundMessage.kind == MessageKind.SCOREBOARD)


def claim(app: App) -> OutboundMessage:
    assert app.run(turn_over, TurnOver("bot", claim_ids=(board(app).id,)), SYSTEM).claimed_ids
    return board(app)


def post(app: App, drawn: OutboundMessage) -> None:
    outcome = Outcome(drawn.id, Verdict.ACCEPTED, ref=f"C1/1.5#{drawn.generation}")
    app.run(turn_over, TurnOver("bot", (outcome,)), SYSTEM)


def jobs_for(app: App) -> list[Job]:
    return [job for job in jobs_of(app).jobs if job.ids == (board(app).id,)]


def test_a_posted_scoreboard_is_edited_soon_after_something_happened(school: School) -> None:
    invite(school, A, B)
    post(school.app, claim(school.app))
    posted = board(school.app)

    accept(school.app, A)

    assert (posted.state, posted.message_ref) == (MessageState.SENT, "C1/1.5")
    assert board(school.app).state is MessageState.PENDING
    assert board(school.app).not_before == clock_of(school.app)() + SCOREBOARD_INTERVAL
    assert jobs_for(school.app)[-1].delay == SCOREBOARD_INTERVAL
    assert jobs_for(school.app)[-1].kind is JobKind.SEND_SLACK


def test_many_events_lead_to_one_edit(school: School) -> None:
    invite(school, A, B, C, D)
    post(school.app, claim(school.app))
    before = len(jobs_for(school.app))

    accept(school.app, A)
    decline(school.app, B)
    school.app.run(cancel_invitation, CancelInvitation(newest(school.app, C).id), school.owner)
    school.app.run(recall_batch, RecallBatch(number=1), school.owner)

    assert len(jobs_for(school.app)) == before + 1


def test_what_happens_while_it_is_being_edited_leads_to_another_edit(school: School) -> None:
    invite(school, A)
    drawn = claim(school.app)
    accept(school.app, A)
    assert board(school.app).state is MessageState.SENDING

    post(school.app, drawn)

    again = board(school.app)
    assert (again.state, again.message_ref) == (MessageState.PENDING, "C1/1.5")
    key = f"send_slack-{again.id}-{again.generation}"
    assert [(job.key, job.delay) for job in jobs_for(school.app)][-1] == (key, SCOREBOARD_INTERVAL)
    clock_of(school.app).now += SCOREBOARD_INTERVAL
    post(school.app, claim(school.app))
    assert board(school.app).state is MessageState.SENT


def test_every_wake_has_a_job_key_of_its_own(school: School) -> None:
    invite(school, A, B, C)
    for address in (A, B, C):
        drawn = claim(school.app)
        accept(school.app, address)
        post(school.app, drawn)
        clock_of(school.app).now += SCOREBOARD_INTERVAL
    post(school.app, claim(school.app))
    school.app.run(recall_batch, RecallBatch(number=1), school.owner)

    keys = [job.key for job in jobs_for(school.app)]
    assert len(keys) == len(set(keys)) == 5


@pytest.mark.parametrize("event", ["accept", "decline", "cancel", "recall", "resend", "bounce"])
def test_every_event_of_a_batch_wakes_its_scoreboard(school: School, event: str) -> None:
    invite(school, A)
    invitation_id = newest(school.app, A).id
    if event == "resend":
        sent(school.app)
    post(school.app, claim(school.app))

    if event == "accept":
        accept(school.app, A)
    elif event == "decline":
        decline(school.app, A)
    elif event == "cancel":
        school.app.run(cancel_invitation, CancelInvitation(invitation_id), school.owner)
    elif event == "recall":
        school.app.run(recall_batch, RecallBatch(number=1), school.owner)
    elif event == "resend":
        school.app.run(resend_invitation, ResendInvitation(run=MATHS, address=A), school.owner)
    else:
        clock_of(school.app).advance(minutes=1)
        message_id = newest(school.app, A).message_id
        school.app.run(turn_over, TurnOver("mail", claim_ids=(message_id,)), SYSTEM)
        confirmations = (progress(school).confirmation_id,)
        refused = (Outcome(message_id, Verdict.REFUSED),)
        school.app.run(turn_over, TurnOver("mail", refused, confirmation_ids=confirmations), SYSTEM)

    assert board(school.app).state is MessageState.PENDING


def test_an_event_of_one_batch_leaves_other_scoreboards_alone(school: School) -> None:
    first = invite(school, A)
    second = invite(school, B)
    boards = {
        message.about_id: message.state
        for message in (
            only(school.app, OutboundMessage, OutboundMessage.about_id == each.confirmation_id)
            for each in (first, second)
        )
    }
    mine = only(school.app, OutboundMessage, OutboundMessage.about_id == second.confirmation_id)
    school.app.run(turn_over, TurnOver("bot", claim_ids=(mine.id,)), SYSTEM)
    post(school.app, mine)

    accept(school.app, A)

    assert set(boards.values()) == {MessageState.PENDING}
    assert only(school.app, OutboundMessage, OutboundMessage.id == mine.id).state is MessageState.SENT
