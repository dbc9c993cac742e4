"""Looking after single invitations: resend, cancel."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.errors import (
    InvitationClosed,
    InvitationNotFound,
    NoAddresses,
    RoleMissing,
    RunNotFound,
    UsherError,
)
from core.letters import Verdict
from core.model import Enrolment, OutboundMessage
from core.usecases.invitations.answers import LinkState
from core.usecases.invitations.single import (
    CancelInvitation,
    InvitationResent,
    ReinviteLearner,
    ResendInvitation,
    cancel_invitation,
    reinvite_learner,
    resend_invitation,
)
from core.usecases.messages.letters import LoadLetters, load_letters
from core.words import CancelReason, InvitationState, MessageState
from tests.core.usecases.acting import (
    MATHS,
    accept,
    at_once,
    cancel,
    clock_of,
    close,
    decline,
    deliver,
    everything,
    expire,
    invite,
    link_state,
    message_of,
    newest,
    resend,
    rival_before,
    suppress,
    token_of,
)
from tests.factories import SYSTEM, School

A, B = "a@example.org", "b@example.org"
POSTGRESQL = pytest.mark.parametrize("copies", ["postgresql"], indirect=True)


# --- Resend -----------------------------------------------------------------------------------------------


def test_a_resent_invitation_has_the_same_link_and_expiry_and_a_new_message_id(school: School) -> None:
    invite(school, A)
    deliver(school.app, Verdict.ACCEPTED)
    before, token, first = newest(school.app, A), token_of(school.app, A), message_of(school.app, A)
    clock_of(school.app).advance(days=10)

    resent = resend(school, A)

    second = message_of(school.app, A)
    (letter,) = school.app.read(load_letters, LoadLetters((second.id,)), SYSTEM).letters
    assert resent.expires_at == newest(school.app, A).expires_at == before.expires_at
    assert token_of(school.app, A) == getattr(letter, "token", None) == token
    assert getattr(letter, "is_again", None) is True
    assert second.message_ref != first.message_ref
    assert second.not_before == clock_of(school.app)()


def test_a_resend_is_not_doubled_while_one_waits(school: School) -> None:
    invite(school, A)
    resend(school, A)
    deliver(school.app, Verdict.ACCEPTED)
    resend(school, A)
    resend(school, A)

    assert len(everything(school.app, OutboundMessage, OutboundMessage.about_id == newest(school.app, A).id)) == 2


def test_two_resends_at_once_send_one_e_mail(school: School) -> None:
    invite(school, A)
    deliver(school.app, Verdict.ACCEPTED)

    results = at_once(*([lambda: resend(school, A)] * 3))

    assert {type(result) for result in results} == {InvitationResent}
    assert len(everything(school.app, OutboundMessage, OutboundMessage.about_id == newest(school.app, A).id)) == 2


def test_a_resend_can_be_repeated_many_times(school: School) -> None:
    invite(school, A)
    for _ in range(12):
        deliver(school.app, Verdict.ACCEPTED)
        resend(school, A)

    messages = everything(school.app, OutboundMessage, OutboundMessage.about_id == newest(school.app, A).id)
    assert len({message.message_ref for message in messages}) == 13


def test_an_e_mail_that_was_given_up_can_be_sent_again(school: School) -> None:
    invite(school, A)
    for _ in range(8):
        deliver(school.app, Verdict.LATER, after=timedelta(hours=2))
    assert message_of(school.app, A).state is MessageState.BOUNCED

    resend(school, A)

    assert message_of(school.app, A).state is MessageState.PENDING


def _accepted(school: School) -> None:
    accept(school.app, A)


def _declined(school: School) -> None:
    decline(school.app, A)


def _expired(school: School) -> None:
    expire(school, A)


def _cancelled(school: School) -> None:
    cancel(school, A)


def _suppressed(school: School) -> None:
    suppress(school, A)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (_expired, "This invitation is expired."),
        (_cancelled, "This invitation is already cancelled."),
        (_accepted, "This invitation is already accepted."),
        (_declined, "This invitation is already declined."),
        (close, "This invitation is expired."),
        (_suppressed, f"This invitation is not sendable: mail to {A} came back, or its owner asked for no more."),
    ],
)
def test_a_resend_that_would_lead_nowhere_is_refused_with_words(
    school: School, before: Callable[[School], object], words: str
) -> None:
    invite(school, A)
    deliver(school.app, Verdict.ACCEPTED)
    before(school)
    clock_of(school.app).advance(seconds=1)

    with pytest.raises(InvitationClosed) as refused:
        resend(school, A)

    assert refused.value.message == words
    assert refused.value.hint
    assert message_of(school.app, A).state is MessageState.SENT


def test_an_invitation_is_found_by_its_address_in_any_spelling(school: School) -> None:
    invite(school, "John.Smith@gmail.com")

    assert resend(school, "johnsmith@googlemail.com").address == "John.Smith@gmail.com"


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (ResendInvitation(invitation_id=5), InvitationNotFound),
        (ResendInvitation(run=MATHS, address="x@example.org"), InvitationNotFound),
        (ResendInvitation(run="nowhere", address=A), RunNotFound),
        (ResendInvitation(run=MATHS, address="nonsense"), NoAddresses),
    ],
)
def test_what_is_not_there_is_not_sent_again(
    school: School, command: ResendInvitation, refusal: type[UsherError]
) -> None:
    invite(school, A)

    with pytest.raises(refusal):
        school.app.run(resend_invitation, command, school.owner)


# --- Cancel -----------------------------------------------------------------------------------------------


def test_a_pending_invitation_is_cancelled_and_its_e_mail_stays_in_the_house(school: School) -> None:
    invite(school, A)

    cancelled = cancel(school, A)

    invitation = newest(school.app, A)
    assert not cancelled.was_sent
    assert (invitation.state, invitation.cancel_reason) == (InvitationState.CANCELLED, CancelReason.CANCELLED)
    assert deliver(school.app, Verdict.ACCEPTED) == ()
    assert link_state(school, A) is LinkState.CANCELLED


def test_cancelling_tells_whether_an_e_mail_had_left(school: School) -> None:
    invite(school, A, B)
    deliver(school.app, Verdict.ACCEPTED)
    resend(school, B)

    assert cancel(school, A).was_sent
    assert cancel(school, B).was_sent
    assert deliver(school.app, Verdict.ACCEPTED) == ()


def test_after_an_answer_cancelling_is_refused_and_names_the_other_way(school: School) -> None:
    invite(school, A, B)
    accept(school.app, A)
    decline(school.app, B)

    with pytest.raises(InvitationClosed) as accepted:
        cancel(school, A)
    with pytest.raises(InvitationClosed) as declined:
        cancel(school, B)

    assert "withdraw" in accepted.value.hint
    assert "already declined" in declined.value.message
    assert newest(school.app, A).state is InvitationState.ACCEPTED


@POSTGRESQL
def test_a_learner_who_accepts_while_staff_cancel_has_joined(school: School) -> None:
    invite(school, A)

    with (
        rival_before(school.app.engine, "UPDATE invitation", lambda: accept(school.app, A)),
        pytest.raises(InvitationClosed),
    ):
        cancel(school, A)

    assert newest(school.app, A).state is InvitationState.ACCEPTED
    assert len(everything(school.app, Enrolment)) == 1


def test_of_an_acceptance_and_a_cancellation_at_once_one_counts(school: School) -> None:
    invite(school, A)

    results = at_once(lambda: accept(school.app, A), lambda: cancel(school, A))

    state = newest(school.app, A).state
    enrolments = len(everything(school.app, Enrolment))
    assert len([result for result in results if isinstance(result, InvitationClosed)]) == 1
    assert (state, enrolments) in ((InvitationState.ACCEPTED, 1), (InvitationState.CANCELLED, 0))


def test_a_viewer_changes_nothing(school: School) -> None:
    invite(school, A)
    acts = (
        (resend_invitation, ResendInvitation(run=MATHS, address=A)),
        (cancel_invitation, CancelInvitation(run=MATHS, address=A)),
        (reinvite_learner, ReinviteLearner(MATHS, B)),
    )

    for usecase, command in acts:
        with pytest.raises(RoleMissing):
            school.app.run(usecase, command, school.viewer)  # type: ignore[arg-type]  # Each with its own.

    assert newest(school.app, A).state is InvitationState.PENDING
