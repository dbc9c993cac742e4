"""Joining a run: the learner, the enrolment, the charge."""

from collections.abc import Callable

from core.model import (
    Agreement,
    Charge,
    Course,
    Enrolment,
    Learner,
)
from core.usecases.invitations.answers import (
    AcceptInvitation,
    InvitationAccepted,
    accept_invitation,
)
from core.usecases.invitations.single import ReinviteLearner, reinvite_learner
from tests.core.usecases.acting import (
    MATHS,
    POETRY,
    SAFETY,
    accept,
    at_once,
    change,
    clock_of,
    everything,
    invite,
    only,
    token_of,
)
from tests.factories import LEARNER, NOW, School

A, B = "a@example.org", "b@example.org"


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
