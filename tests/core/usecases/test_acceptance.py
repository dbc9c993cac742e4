"""Accepting: the learner, the enrolment, the charge."""

from collections.abc import Callable

import pytest

from core.errors import InvitationClosed, NameMissing
from core.model import (
    Agreement,
    Charge,
    Course,
    Enrolment,
    Learner,
    LearnerAddress,
    OutboundMessage,
)
from core.usecases.answers import (
    AcceptInvitation,
    InvitationAccepted,
    InvitationDeclined,
    accept_invitation,
)
from core.usecases.invitations import ReinviteLearner, reinvite_learner
from core.words import InvitationState, JoinedBy, MessageKind, MessageState
from tests.core.usecases.acting import (
    MATHS,
    POETRY,
    SAFETY,
    accept,
    at_once,
    change,
    clock_of,
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
    assert (accepted.first_name, accepted.was_accepted_before) == ("Bo", False)
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

    assert (again.first_name, again.was_accepted_before) == ("Bo", True)
    assert dump(school.app, "audit_entry") == before


def test_two_clicks_at_once_enrol_once_and_both_hear_that_it_worked(school: School) -> None:
    invite(school, A, run=POETRY)

    results = at_once(*([lambda: accept(school.app, A)] * 4))

    accepted = [result for result in results if isinstance(result, InvitationAccepted)]
    assert len(accepted) == 4, results
    assert sorted(each.was_accepted_before for each in accepted) == [False, True, True, True]
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
        assert result.was_accepted_before
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


def test_the_price_is_frozen_at_the_enrolment(school: School) -> None:
    invite(school, A, B)
    course = only(school.app, Course, Course.code == "maths")

    accept(school.app, A)
    change(school.app, Course, course.id, price_pence=9900)
    accept(school.app, B)

    assert sorted(charge.price_pence for charge in everything(school.app, Charge)) == [2450, 9900]


def test_prepaid_places_are_drawn_before_anything_is_invoiced(school: School) -> None:
    addresses = [f"a{number}@example.org" for number in range(5)]
    invite(school, *addresses, run=POETRY)

    for address in addresses:
        accept(school.app, address)
        clock_of(school.app).advance(seconds=1)

    charges = sorted(everything(school.app, Charge), key=lambda charge: charge.charged_at)
    assert [(charge.is_prepaid, charge.price_pence) for charge in charges] == [(True, 2000)] * 3 + [(False, 2000)] * 2
    assert only(school.app, Agreement).prepaid_used == 3


def test_prepaid_places_are_never_drawn_twice_when_many_accept_at_once(school: School) -> None:
    addresses = [f"a{number}@example.org" for number in range(6)]
    invite(school, *addresses, run=POETRY)

    results = at_once(*(lambda address=address: accept(school.app, address) for address in addresses))

    assert [type(result) for result in results] == [InvitationAccepted] * 6
    assert [charge.is_prepaid for charge in everything(school.app, Charge)].count(True) == 3
    assert only(school.app, Agreement).prepaid_used == 3


def test_the_agreement_of_the_invitation_counts_even_if_it_has_ended_meanwhile(school: School) -> None:
    invite(school, A, run=POETRY)
    change(school.app, Agreement, only(school.app, Agreement).id, ends_at=NOW)

    accept(school.app, A)

    assert (only(school.app, Charge).price_pence, only(school.app, Charge).is_prepaid) == (2000, True)


def test_a_learner_is_one_person_in_all_runs(school: School) -> None:
    invite(school, "john.smith@gmail.com")
    invite(school, "JohnSmith@googlemail.com", run=SAFETY)
    accept(school.app, "john.smith@gmail.com")

    accept(school.app, "JohnSmith@googlemail.com")

    assert len(everything(school.app, Learner)) == 1
    assert len(everything(school.app, Enrolment)) == len(everything(school.app, Charge)) == 2


def test_two_acceptances_of_one_person_at_once_make_one_learner(school: School) -> None:
    invite(school, A)
    maths = token_of(school.app, A)
    clock_of(school.app).advance(seconds=1)
    invite(school, A, run=SAFETY)
    safety = token_of(school.app, A)

    def accepting(token: str) -> Callable[[], InvitationAccepted]:
        return lambda: school.app.run(accept_invitation, AcceptInvitation(token, "Bo", "Young"), LEARNER)

    results = at_once(accepting(maths), accepting(safety))

    assert [type(result) for result in results] == [InvitationAccepted] * 2
    assert len(everything(school.app, Learner)) == 1
    assert len(everything(school.app, Enrolment)) == 2


def test_each_organisation_has_its_own_learner(school: School) -> None:
    invite(school, A, run=POETRY)
    accept(school.app, A)
    clock_of(school.app).advance(seconds=1)
    invite(school, A, run=POETRY, by=school.other_owner)

    accept(school.app, A)

    owners = {learner.organisation_id for learner in everything(school.app, Learner)}
    assert owners == {school.organisation_id, school.other_organisation_id}
    assert only(school.app, Agreement).prepaid_used == 1


def test_a_learner_who_was_removed_is_back_by_accepting(school: School) -> None:
    invite(school, A)
    accept(school.app, A)
    change(school.app, Learner, only(school.app, Learner).id, removed_at=NOW)
    clock_of(school.app).advance(seconds=1)
    school.app.run(reinvite_learner, ReinviteLearner(MATHS, A, is_confirmed=True), school.owner)

    accept(school.app, A)

    assert only(school.app, Learner).removed_at is None
    assert len(everything(school.app, Charge)) == 1


def test_the_learner_belongs_to_the_provider_of_the_course_or_of_the_inviter(school: School) -> None:
    invite(school, A, run=SAFETY)
    invite(school, B, by=school.manager)

    accept(school.app, A)
    accept(school.app, B)

    assert len({learner.provider_id for learner in everything(school.app, Learner)}) == 2
    assert None not in {learner.provider_id for learner in everything(school.app, Learner)}


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
