"""Taking a batch back: whole until sending starts, afterwards whatever nobody has touched (DOMAIN, Invitations)."""

from datetime import timedelta

import pytest

from core.errors import BatchNotChosen, BatchNotFound, ProviderNotGranted, RoleMissing
from core.letters import Outcome, Verdict
from core.model import Invitation, OutboundMessage
from core.usecases.invitations.answers import LinkState, ShowInvitation, show_invitation
from core.usecases.invitations.batches import LearnersInvited
from core.usecases.invitations.recall import BatchRecalled, RecallBatch, recall_batch
from core.usecases.invitations.scoreboards import ShowBatch, show_batch
from core.usecases.invitations.single import ResendInvitation, resend_invitation
from core.usecases.messages.deliveries import TurnedOver, TurnOver, turn_over
from core.words import CancelReason, Channel, InvitationState, MessageState
from tests.core.usecases.acting import (
    MATHS,
    POETRY,
    SAFETY,
    accept,
    at_once,
    clock_of,
    decline,
    deliver,
    dump,
    everything,
    invite,
    message_of,
    newest,
    token_of,
)
from tests.core.usecases.importing import checked, imported_at_once
from tests.factories import LEARNER, SYSTEM, School

A, B, C = "a@example.org", "b@example.org", "c@example.org"


def recall(school: School, invited: LearnersInvited) -> BatchRecalled:
    return school.app.run(recall_batch, RecallBatch(confirmation_id=invited.confirmation_id), school.owner)


def _states(school: School) -> dict[str, InvitationState]:
    return {invitation.address: invitation.state for invitation in everything(school.app, Invitation)}


def test_before_sending_starts_a_batch_is_undone_whole(school: School) -> None:
    invited = invite(school, A, B)

    recalled = recall(school, invited)

    assert recalled == BatchRecalled((1,), unsent=2, withdrawn=0, answered=0)
    assert {(row.state, row.cancel_reason) for row in everything(school.app, Invitation)} == {
        (InvitationState.CANCELLED, CancelReason.RECALLED)
    }
    assert deliver(school.app, Verdict.ACCEPTED) == ()
    shown = school.app.read(show_invitation, ShowInvitation(token_of(school.app, A)), LEARNER)
    assert shown.state is LinkState.CANCELLED


def test_after_sending_started_the_untouched_are_withdrawn_and_answers_stay(school: School) -> None:
    invited = invite(school, A, B, C)
    deliver(school.app, Verdict.ACCEPTED)
    accept(school.app, A)
    decline(school.app, B)

    recalled = recall(school, invited)

    assert recalled == BatchRecalled((1,), unsent=0, withdrawn=1, answered=2)
    assert _states(school) == {A: InvitationState.ACCEPTED, B: InvitationState.DECLINED, C: InvitationState.CANCELLED}


def test_what_was_answered_before_it_was_sent_stays_answered(school: School) -> None:
    invited = invite(school, A, B)
    accept(school.app, A)

    assert recall(school, invited) == BatchRecalled((1,), unsent=1, withdrawn=0, answered=1)


def test_recalling_twice_finds_nothing_left(school: School) -> None:
    invited = invite(school, A)
    recall(school, invited)

    assert recall(school, invited) == BatchRecalled((1,), unsent=0, withdrawn=0, answered=0)


@pytest.mark.parametrize("copies", ["sqlite"], indirect=True)
def test_any_number_of_a_confirmation_recalls_all_of_it(school: School) -> None:
    invite(school, *(f"a{number}@example.org" for number in range(1001)))

    recalled = school.app.run(recall_batch, RecallBatch(number=2), school.owner)

    assert (recalled.numbers, recalled.unsent) == ((1, 2), 1001)


def test_a_recall_leaves_other_batches_alone(school: School) -> None:
    first = invite(school, A)
    invite(school, B)

    recall(school, first)

    assert _states(school) == {A: InvitationState.CANCELLED, B: InvitationState.PENDING}


@pytest.mark.parametrize("command", [RecallBatch(number=7), RecallBatch(confirmation_id=7)])
def test_a_batch_that_is_not_there_is_not_found(school: School, command: RecallBatch) -> None:
    invite(school, A)

    with pytest.raises(BatchNotFound):
        school.app.run(recall_batch, command, school.owner)

    assert _states(school) == {A: InvitationState.PENDING}


def test_without_a_number_nothing_is_taken_back_and_what_they_did_last_is_named(school: School) -> None:
    invite(school, A)
    recall(school, invite(school, B))
    clock_of(school.app).advance(minutes=1)
    imported_at_once(school, checked(2, "Ada"))
    invite(school, C, run=POETRY, by=school.manager)

    with pytest.raises(BatchNotChosen) as refused:
        school.app.run(recall_batch, RecallBatch(), school.owner)

    assert refused.value.nearest == ("I-0001", "B-0001")
    assert "Did you mean “undo I-0001” or “undo B-0001”?" in refused.value.hint
    assert _states(school)[A] is InvitationState.PENDING


def test_what_was_done_yesterday_is_not_offered_to_be_undone(school: School) -> None:
    invite(school, A)
    clock_of(school.app).advance(days=1)

    with pytest.raises(BatchNotChosen) as refused:
        school.app.run(recall_batch, RecallBatch(), school.owner)

    assert refused.value.nearest == ()
    assert refused.value.hint.startswith("A batch has a number")


def test_a_viewer_recalls_nothing(school: School) -> None:
    invited = invite(school, A)

    with pytest.raises(RoleMissing):
        school.app.run(recall_batch, RecallBatch(number=1), school.viewer)

    assert recall(school, invited).unsent == 1


def test_a_batch_of_a_provider_is_shown_and_recalled_by_those_who_look_after_it(school: School) -> None:
    invite(school, A, run=SAFETY)
    before = dump(school.app, "audit_entry")

    with pytest.raises(ProviderNotGranted):
        school.app.run(recall_batch, RecallBatch(number=1), school.manager)
    with pytest.raises(ProviderNotGranted):
        school.app.read(show_batch, ShowBatch(1), school.manager)

    assert dump(school.app, "audit_entry") == before
    assert school.app.read(show_batch, ShowBatch(1), school.owner).counts.total == 1
    assert school.app.run(recall_batch, RecallBatch(number=1), school.owner).unsent == 1


def test_a_batch_can_be_recalled_after_its_agreement_has_ended(school: School) -> None:
    invited = invite(school, A, run=POETRY)
    clock_of(school.app).advance(days=400)

    assert recall(school, invited).unsent == 1


def test_a_message_that_was_refused_for_now_is_not_tried_again_after_a_recall(school: School) -> None:
    invited = invite(school, A)
    deliver(school.app, Verdict.LATER)

    recalled = recall(school, invited)

    # It may have been half way: it does not count as never having left.
    assert recalled == BatchRecalled((1,), unsent=0, withdrawn=1, answered=0)
    assert message_of(school.app, A).state is MessageState.DROPPED
    assert deliver(school.app, Verdict.ACCEPTED, after=timedelta(hours=2)) == ()


def test_a_second_e_mail_that_waits_does_not_make_the_first_one_unsent(school: School) -> None:
    invited = invite(school, A)
    deliver(school.app, Verdict.ACCEPTED)
    school.app.run(resend_invitation, ResendInvitation(run=MATHS, address=A), school.owner)

    recalled = recall(school, invited)

    assert recalled == BatchRecalled((1,), unsent=0, withdrawn=1, answered=0)
    assert deliver(school.app, Verdict.ACCEPTED) == ()


def _email_ids(school: School) -> tuple[int, ...]:
    messages = everything(school.app, OutboundMessage, OutboundMessage.channel == Channel.EMAIL)
    return tuple(message.id for message in messages if message.kind == "invitation")


def test_of_a_recall_and_a_claim_at_once_each_message_belongs_to_one(school: School) -> None:
    addresses = [f"a{number}@example.org" for number in range(30)]
    invited = invite(school, *addresses)
    clock_of(school.app).advance(minutes=1)
    ids = _email_ids(school)

    recalled, *claims = at_once(
        lambda: recall(school, invited),
        *(
            lambda part=part: school.app.run(turn_over, TurnOver("test", claim_ids=ids[part::5]), SYSTEM)
            for part in range(5)
        ),
    )

    assert isinstance(recalled, BatchRecalled)
    claimed = [each for claim in claims if isinstance(claim, TurnedOver) for each in claim.claimed_ids]
    assert recalled.unsent + recalled.withdrawn == 30
    assert recalled.unsent + len(claimed) == 30
    dropped = everything(school.app, OutboundMessage, OutboundMessage.state == MessageState.DROPPED)
    assert {message.id for message in dropped}.isdisjoint(claimed)
    assert set(_states(school).values()) == {InvitationState.CANCELLED}


def test_a_message_in_flight_during_a_recall_is_counted_as_withdrawn(school: School) -> None:
    invited = invite(school, A)
    clock_of(school.app).advance(minutes=1)
    (message_id,) = school.app.run(turn_over, TurnOver("test", claim_ids=_email_ids(school)), SYSTEM).claimed_ids

    recalled = recall(school, invited)
    school.app.run(turn_over, TurnOver("test", (Outcome(message_id, Verdict.LATER),)), SYSTEM)

    assert (recalled.unsent, recalled.withdrawn) == (0, 1)
    assert newest(school.app, A).state is InvitationState.CANCELLED
    counts = school.app.read(show_batch, ShowBatch(1), school.owner).counts
    assert (counts.total, counts.cancelled) == (1, 1)
