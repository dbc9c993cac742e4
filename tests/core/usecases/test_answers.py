"""What a learner does with a personal invitation."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.errors import InvitationClosed, LinkNotFound, NameMissing
from core.letters import Verdict
from core.model import (
    Agreement,
    Charge,
    Course,
    CourseRun,
    Enrolment,
    Invitation,
    Learner,
    LearnerAddress,
    LinkRequest,
    OutboundMessage,
    Suppression,
)
from core.rules.links import LinkKind
from core.usecases.answers import (
    AcceptInvitation,
    AskForLink,
    DeclineInvitation,
    InvitationAccepted,
    InvitationDeclined,
    InvitationShown,
    LinkState,
    ShowInvitation,
    StopInvitations,
    accept_invitation,
    ask_for_link,
    decline_invitation,
    show_invitation,
    stop_invitations,
)
from core.usecases.batches import RecallBatch, recall_batch
from core.usecases.deliveries import TurnOver, turn_over
from core.usecases.invitations import CancelInvitation, ReinviteLearner, cancel_invitation, reinvite_learner
from core.words import InvitationState, JoinedBy, MessageKind, MessageState, RequestState, SuppressReason
from tests.core.usecases.acting import (
    MATHS,
    POETRY,
    SAFETY,
    accept,
    at_once,
    change,
    clock_of,
    decline,
    deliver,
    dump,
    everything,
    invite,
    message_of,
    newest,
    only,
    rival_before,
    token_of,
)
from tests.factories import LEARNER, NOW, SYSTEM, School

A, B = "a@example.org", "b@example.org"
POSTGRESQL = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


def show(school: School, address: str = A) -> InvitationShown:
    return school.app.read(show_invitation, ShowInvitation(token_of(school.app, address)), LEARNER)


def ask(school: School, address: str = A) -> None:
    school.app.run(ask_for_link, AskForLink(token_of(school.app, address)), LEARNER)


def stop(school: School, address: str = A) -> None:
    school.app.run(stop_invitations, StopInvitations(token_of(school.app, address)), LEARNER)


def cancel(school: School, address: str = A) -> None:
    school.app.run(cancel_invitation, CancelInvitation(newest(school.app, address).id), school.owner)


def close(school: School) -> None:
    run = only(school.app, CourseRun, CourseRun.code == MATHS)
    change(school.app, CourseRun, run.id, enrolment_closes_at=clock_of(school.app)())


def expire(school: School) -> None:
    change(school.app, Invitation, newest(school.app, A).id, expires_at=clock_of(school.app)())


# --- Look -------------------------------------------------------------------------------------------------


def test_looking_shows_what_is_offered_and_changes_nothing(school: School) -> None:
    invite(school, '"Bo Young" <a@example.org>', note="See you on Monday")
    before = dump(school.app)

    shown = show(school)

    assert (shown.state, shown.name, shown.address, shown.note) == (
        LinkState.OPEN, "Bo Young", A, "See you on Monday"
    )  # fmt: skip
    assert (shown.organisation, shown.inviter) == ("Northfield College", "Olive Owner")
    assert (shown.can_ask, shown.has_asked) == (False, False)
    assert dump(school.app) == before


@pytest.mark.parametrize(
    ("before", "state", "can_ask", "address"),
    [
        (lambda school: accept(school.app, A), LinkState.ACCEPTED, True, A),
        (lambda school: decline(school.app, A), LinkState.DECLINED, True, ""),
        (expire, LinkState.EXPIRED, True, ""),
        (cancel, LinkState.CANCELLED, False, ""),
        (close, LinkState.CLOSED, False, ""),
    ],
)
def test_a_link_that_is_over_says_why_and_keeps_what_was_private(
    school: School, before: Callable[[School], object], state: LinkState, can_ask: bool, address: str
) -> None:
    invite(school, '"Bo Young" <a@example.org>', note="Hello")
    before(school)

    shown = show(school)

    assert (shown.state, shown.can_ask, shown.address, shown.name, shown.note) == (state, can_ask, address, "", "")


@pytest.mark.parametrize("before", [lambda school: accept(school.app, A), lambda school: decline(school.app, A)])
def test_nobody_is_offered_to_ask_once_the_run_is_closed(school: School, before: Callable[[School], object]) -> None:
    invite(school, A)
    before(school)
    close(school)

    assert not show(school).can_ask
    with pytest.raises(InvitationClosed):
        ask(school)


def test_a_link_that_we_did_not_sign_is_not_known(school: School) -> None:
    invite(school, A)
    invitation = newest(school.app, A)
    links = school.app.links
    forged = (
        "",
        "x" * 36,
        token_of(school.app, A)[:-1] + "\n",
        links.token(LinkKind.STAFF_INVITATION, invitation.id, 0),
        links.token(LinkKind.INVITATION, invitation.id, 1),
        links.token(LinkKind.INVITATION, invitation.id + 1, 0),
        "ｘ" * 36,
        "\ud800",
    )

    for token in forged:
        for usecase, command in (
            (show_invitation, ShowInvitation(token)),
            (accept_invitation, AcceptInvitation(token, "Bo", "Young")),
            (decline_invitation, DeclineInvitation(token)),
            (ask_for_link, AskForLink(token)),
            (stop_invitations, StopInvitations(token)),
        ):
            with pytest.raises(LinkNotFound):
                school.app.run(usecase, command, LEARNER)  # type: ignore[arg-type]  # Each with its own.

    assert newest(school.app, A).state is InvitationState.PENDING


# --- Accept -----------------------------------------------------------------------------------------------


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


# --- Too late ---------------------------------------------------------------------------------------------


def test_an_invitation_ends_at_its_very_moment(school: School) -> None:
    invite(school, A, B)
    expires_at = newest(school.app, A).expires_at

    clock_of(school.app).now = expires_at - timedelta(microseconds=1)
    accept(school.app, A)
    clock_of(school.app).now = expires_at

    with pytest.raises(InvitationClosed):
        accept(school.app, B)
    assert newest(school.app, B).state is InvitationState.PENDING


def test_a_close_that_was_moved_earlier_takes_effect_at_once(school: School) -> None:
    invite(school, A)
    assert show(school).state is LinkState.OPEN
    close(school)

    for answer in (accept, decline):
        with pytest.raises(InvitationClosed):
            answer(school.app, A)

    assert show(school).state is LinkState.CLOSED
    assert everything(school.app, Enrolment) == []


def test_a_close_that_was_moved_later_does_not_prolong_an_invitation(school: School) -> None:
    invite(school, A)
    expires_at = newest(school.app, A).expires_at
    run = only(school.app, CourseRun, CourseRun.code == MATHS)
    change(school.app, CourseRun, run.id, enrolment_closes_at=expires_at + timedelta(days=9))

    clock_of(school.app).now = expires_at

    assert show(school).state is LinkState.EXPIRED


@pytest.mark.parametrize("before", [cancel, lambda school: decline(school.app, A), expire])
def test_an_invitation_that_is_over_cannot_be_accepted(school: School, before: Callable[[School], object]) -> None:
    invite(school, A)
    before(school)

    with pytest.raises(InvitationClosed):
        accept(school.app, A)

    assert everything(school.app, Learner) == []


def test_an_invitation_that_was_taken_back_cannot_be_accepted(school: School) -> None:
    invited = invite(school, A)
    school.app.run(recall_batch, RecallBatch(invited.confirmation_id), school.owner)

    with pytest.raises(InvitationClosed) as closed:
        accept(school.app, A)

    assert "took it back" in closed.value.message


# --- Decline ----------------------------------------------------------------------------------------------


def test_declining_twice_declines_once(school: School) -> None:
    invite(school, A)
    first = decline(school.app, A)
    before = dump(school.app, "audit_entry")

    second = decline(school.app, A)

    assert first == second
    assert newest(school.app, A).state is InvitationState.DECLINED
    assert dump(school.app, "audit_entry") == before


def test_whoever_joined_cannot_decline(school: School) -> None:
    invite(school, A)
    accept(school.app, A)

    with pytest.raises(InvitationClosed):
        decline(school.app, A)

    assert newest(school.app, A).state is InvitationState.ACCEPTED


# --- Ask --------------------------------------------------------------------------------------------------


def test_asking_twice_asks_the_inviter_once(school: School) -> None:
    invite(school, A)
    expire(school)

    ask(school)
    ask(school)

    request = only(school.app, LinkRequest)
    note = only(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.LINK_REQUEST)
    assert request.state is RequestState.WAITING
    assert (note.about_id, note.recipient) == (request.id, f"staff:{school.owner.staff_id}")
    assert show(school).has_asked


def test_asking_in_several_windows_at_once_asks_once(school: School) -> None:
    invite(school, A)
    expire(school)

    results = at_once(*([lambda: ask(school)] * 4))

    assert results == [None] * 4
    assert len(everything(school.app, LinkRequest)) == 1


@pytest.mark.parametrize(
    ("before", "words"), [(lambda school: None, "still open"), (cancel, "took it back"), (close, "takes nobody new")]
)
def test_there_is_nothing_to_ask_for(school: School, before: Callable[[School], object], words: str) -> None:
    invite(school, A)
    before(school)

    with pytest.raises(InvitationClosed) as closed:
        ask(school)

    assert words in closed.value.message
    assert everything(school.app, LinkRequest) == []


# --- Stop -------------------------------------------------------------------------------------------------


def test_stopping_declines_and_keeps_the_address_from_all_later_batches(school: School) -> None:
    invite(school, A)

    stop(school)
    stop(school)

    suppression = only(school.app, Suppression)
    assert (suppression.address_key, suppression.reason) == (A, SuppressReason.ASKED)
    assert newest(school.app, A).state is InvitationState.DECLINED


def test_stopping_after_joining_keeps_the_enrolment(school: School) -> None:
    invite(school, A)
    accept(school.app, A)

    stop(school)

    assert newest(school.app, A).state is InvitationState.ACCEPTED
    assert len(everything(school.app, Enrolment)) == 1


def test_an_invitation_to_an_address_that_asked_for_no_more_is_never_claimed(school: School) -> None:
    invite(school, A)
    clock_of(school.app).advance(seconds=1)
    invite(school, A, B, run=SAFETY)
    waiting = everything(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.INVITATION)
    first = newest(school.app, A)
    maths = next(row for row in everything(school.app, Invitation) if row.address == A and row.id != first.id)
    token = school.app.links.token(LinkKind.INVITATION, maths.id, 0)
    school.app.run(stop_invitations, StopInvitations(token), LEARNER)

    clock_of(school.app).advance(minutes=2)
    ids = tuple(message.id for message in waiting)
    claimed = school.app.run(turn_over, TurnOver("test", claim_ids=ids), SYSTEM).claimed_ids

    assert claimed == (message_of(school.app, B).id,)
    assert message_of(school.app, A).state is MessageState.DROPPED


def test_another_organisation_may_still_write_to_whoever_asked_this_one_to_stop(school: School) -> None:
    invite(school, A)
    stop(school)
    clock_of(school.app).advance(seconds=1)
    invite(school, A, run=POETRY, by=school.other_owner)

    assert len(deliver(school.app, Verdict.ACCEPTED)) == 1


def test_stopping_twice_at_once_is_noted_once(school: School) -> None:
    invite(school, A)

    results = at_once(*([lambda: stop(school)] * 3))

    assert results == [None] * 3
    assert len(everything(school.app, Suppression)) == 1
