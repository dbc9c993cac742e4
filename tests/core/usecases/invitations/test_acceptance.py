"""Accepting: what it sets going, and what a second answer hears."""

from collections.abc import Callable

import pytest

from core.errors import InvitationClosed, NameMissing
from core.model import (
    Agreement,
    Charge,
    Enrolment,
    Learner,
    LearnerAddress,
    OutboundMessage,
)
from core.usecases.invitations.answers import (
    AcceptInvitation,
    InvitationAccepted,
    InvitationDeclined,
    accept_invitation,
)
from core.words import InvitationState, JoinedBy, MessageKind, MessageState
from tests.core.usecases.acting import (
    POETRY,
    accept,
    at_once,
    decline,
    dump,
    everything,
    invite,
    message_of,
    newest,
    only,
    rival_before,
    token_of,
)
from tests.factories import LEARNER, NOW, School

A, B = "a@example.org", "b@example.org"
POSTGRESQL = pytest.mark.parametrize("copies", ["postgresql"], indirect=True)


def test_accepting_enrols_charges_and_welcomes(school: School) -> None:
    invite(school, "A.b@Example.org")

    accepted = accept(school.app, "A.b@Example.org")

    learner, enrolment, charge = only(school.app, Learner), only(school.app, Enrolment), only(school.app, Charge)
    known_by = only(school.app, LearnerAddress)
    invitation = newest(school.app, "A.b@Example.org")
    assert accepted.first_name == "Bo"
    assert (learner.first_name, learner.last_name, learner.organisation_id) == ("Bo", "Young", school.organisation_id)
    assert (known_by.address, known_by.address_key) == ("A.b@Example.org", "a.b@example.org")
    assert (invitation.state, invitation.learner_id, invitation.answered_at) == (
        InvitationState.ACCEPTED, learner.id, NOW
    )  # fmt: skip
    assert (enrolment.learner_id, enrolment.joined_by, enrolment.enrolled_at) == (
        learner.id, JoinedBy.INVITATION, NOW
    )  # fmt: skip
    assert (charge.enrolment_id, charge.price_pence, charge.is_prepaid) == (enrolment.id, 2450, False)
    welcome = only(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.WELCOME)
    assert (welcome.recipient, welcome.not_before) == ("A.b@Example.org", NOW)


def test_an_invitation_that_was_answered_before_it_was_sent_is_not_sent(school: School) -> None:
    invite(school, A)

    accept(school.app, A)

    assert message_of(school.app, A).state is MessageState.DROPPED


def test_accepting_twice_says_already_joined(school: School) -> None:
    invite(school, A)
    accept(school.app, A)
    before = dump(school.app, "audit_entry")

    command = AcceptInvitation(token_of(school.app, A), "Somebody", "Else")
    again = school.app.run(accept_invitation, command, LEARNER)

    assert again.first_name == "Bo", "Who joined, not who pressed again."
    assert dump(school.app, "audit_entry") == before


def test_two_clicks_at_once_enrol_once_and_both_hear_that_it_worked(school: School) -> None:
    invite(school, A, run=POETRY)

    results = at_once(*([lambda: accept(school.app, A)] * 4))

    accepted = [result for result in results if isinstance(result, InvitationAccepted)]
    assert len(accepted) == 4, results
    assert len(everything(school.app, Enrolment)) == len(everything(school.app, Charge)) == 1
    assert only(school.app, Agreement).prepaid_used == 1


@POSTGRESQL
@pytest.mark.parametrize("first", [accept, decline])
def test_a_click_that_was_overtaken_hears_what_the_first_one_did(school: School, first: Callable[..., object]) -> None:
    invite(school, A)

    with rival_before(school.app.engine, "UPDATE invitation", lambda: first(school.app, A)):
        try:
            result: object = accept(school.app, A)
        except InvitationClosed as closed:
            result = closed

    if first is accept:
        assert isinstance(result, InvitationAccepted)
    else:
        assert isinstance(result, InvitationClosed)
    assert newest(school.app, A).state.value in ("accepted", "declined")


@POSTGRESQL
def test_a_decline_that_was_overtaken_by_an_acceptance_does_not_say_declined(school: School) -> None:
    invite(school, A)

    with (
        rival_before(school.app.engine, "UPDATE invitation", lambda: accept(school.app, A)),
        pytest.raises(InvitationClosed),
    ):
        decline(school.app, A)

    assert newest(school.app, A).state is InvitationState.ACCEPTED


def test_of_accept_and_decline_at_once_one_counts(school: School) -> None:
    invite(school, A)

    results = at_once(lambda: accept(school.app, A), lambda: decline(school.app, A))

    state = newest(school.app, A).state
    won = InvitationAccepted if state is InvitationState.ACCEPTED else InvitationDeclined
    assert sorted(type(result).__name__ for result in results) == sorted([won.__name__, "InvitationClosed"])
    assert len(everything(school.app, Enrolment)) == (state is InvitationState.ACCEPTED)


@pytest.mark.parametrize(
    ("first", "last", "stored"),
    [
        ("  Bo\t", "van  der\nBerg", ("Bo", "van der Berg")),
        ("<!channel>", "&lt;b&gt;", ("<!channel>", "&lt;b&gt;")),
        ("Bo\r\nBcc: x@example.org", "Y", ("Bo Bcc: x@example.org", "Y")),
        ("\u202eoB\u2066", "\x00Young\x07", ("oB", "Young")),
        ("x" * 300, "🧑‍🎓", ("x" * 100, "🧑‍🎓")),
        ("محمد", "\ud800علی‌رضا", ("محمد", "علی‌رضا")),
    ],
)
def test_names_are_stored_as_one_clean_line(school: School, first: str, last: str, stored: tuple[str, str]) -> None:
    invite(school, A)

    school.app.run(accept_invitation, AcceptInvitation(token_of(school.app, A), first, last), LEARNER)

    learner = only(school.app, Learner)
    assert (learner.first_name, learner.last_name) == stored


@pytest.mark.parametrize(
    ("first", "last", "part"), [("", "Young", "first"), (" \n", "Young", "first"), ("Bo", "\u200d\u202e", "last")]
)
def test_a_missing_name_is_asked_for_and_nothing_is_answered(school: School, first: str, last: str, part: str) -> None:
    invite(school, A)

    with pytest.raises(NameMissing) as missing:
        school.app.run(accept_invitation, AcceptInvitation(token_of(school.app, A), first, last), LEARNER)

    assert part in missing.value.message
    assert newest(school.app, A).state is InvitationState.PENDING
