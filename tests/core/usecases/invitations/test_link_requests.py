"""A learner asked for a new link; a staff member says yes or no."""

from collections.abc import Callable

import pytest

from core.context import StaffActor
from core.errors import AlreadyAnswered, InvitationClosed, ProviderNotGranted, RequestNotFound, RunNotChoosable
from core.letters import Verdict
from core.model import CourseRun, Enrolment, Invitation, Learner, LinkRequest, OutboundMessage
from core.rules.links import LinkKind
from core.usecases.invitations.answers import (
    AskForLink,
    LinkState,
    ShowInvitation,
    StopInvitations,
    ask_for_link,
    show_invitation,
    stop_invitations,
)
from core.usecases.invitations.link_requests import (
    ApproveLinkRequest,
    DeclineLinkRequest,
    LinkRequestApproved,
    LinkRequestDeclined,
    approve_link_request,
    decline_link_request,
)
from core.usecases.invitations.single import ReinviteLearner, reinvite_learner
from core.words import MessageKind, RequestState
from tests.core.usecases.acting import (
    MATHS,
    SAFETY,
    accept,
    at_once,
    change,
    clock_of,
    decline,
    deliver,
    everything,
    invite,
    newest,
    only,
    token_of,
)
from tests.factories import LEARNER, NOW, School

A = "a@example.org"


def asked(school: School, token: str | None = None) -> int:
    """The id of the request that is waiting now."""
    clock_of(school.app).advance(seconds=1)
    school.app.run(ask_for_link, AskForLink(token or token_of(school.app, A)), LEARNER)
    return only(school.app, LinkRequest, LinkRequest.state == RequestState.WAITING).id


def approve(school: School, request_id: int, by: StaffActor | None = None) -> LinkRequestApproved:
    return school.app.run(approve_link_request, ApproveLinkRequest(request_id), by or school.owner)


def refuse(school: School, request_id: int, by: StaffActor | None = None) -> LinkRequestDeclined:
    return school.app.run(decline_link_request, DeclineLinkRequest(request_id), by or school.owner)


def expire(school: School) -> None:
    change(school.app, Invitation, newest(school.app, A).id, expires_at=clock_of(school.app)())


def welcomes(school: School) -> int:
    return len(everything(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.WELCOME))


def link_state(school: School, token: str | None = None) -> LinkState:
    command = ShowInvitation(token or token_of(school.app, A))
    return school.app.read(show_invitation, command, LEARNER).state


def _removed(school: School) -> None:
    accept(school.app, A)
    change(school.app, Learner, only(school.app, Learner).id, removed_at=NOW)


def _left(school: School) -> None:
    accept(school.app, A)
    change(school.app, Enrolment, only(school.app, Enrolment).id, left_at=NOW)


@pytest.mark.parametrize("before", [expire, lambda school: decline(school.app, A), _removed, _left])
def test_a_yes_ends_in_a_working_link(school: School, before: Callable[[School], object]) -> None:
    invite(school, A)
    old = newest(school.app, A).id
    before(school)

    approved = approve(school, asked(school))

    assert (approved.address, approved.run.code) == (A, MATHS)
    assert newest(school.app, A).id != old
    assert link_state(school) is LinkState.OPEN
    assert len(deliver(school.app, Verdict.ACCEPTED)) >= 1
    accept(school.app, A)
    assert [learner.removed_at for learner in everything(school.app, Learner)] == [None]


def test_whoever_has_joined_is_welcomed_again(school: School) -> None:
    invite(school, A)
    accept(school.app, A)
    request_id = asked(school)
    before = len(everything(school.app, Invitation))

    approve(school, request_id)

    assert welcomes(school) == 2
    assert len(everything(school.app, Invitation)) == before


def test_asking_and_approving_again_within_a_minute_works_again(school: School) -> None:
    invite(school, A)
    accept(school.app, A)

    approve(school, asked(school))
    approve(school, asked(school))

    assert welcomes(school) == 3


def test_asking_by_a_replaced_link_sends_the_open_one_again(school: School) -> None:
    invite(school, A)
    old = token_of(school.app, A)
    expire(school)
    clock_of(school.app).advance(seconds=1)
    school.app.run(reinvite_learner, ReinviteLearner(MATHS, A), school.owner)
    deliver(school.app, Verdict.ACCEPTED)
    invitations = len(everything(school.app, Invitation))

    approve(school, asked(school, old))

    assert link_state(school, old) is LinkState.EXPIRED
    assert len(everything(school.app, Invitation)) == invitations
    about_newest = OutboundMessage.about_id == newest(school.app, A).id
    assert len(everything(school.app, OutboundMessage, about_newest)) == 2


def test_asking_by_a_replaced_link_after_joining_by_the_newer_one_is_answered_with_a_welcome(school: School) -> None:
    invite(school, A)
    old = token_of(school.app, A)
    expire(school)
    clock_of(school.app).advance(seconds=1)
    school.app.run(reinvite_learner, ReinviteLearner(MATHS, A), school.owner)
    accept(school.app, A)

    approve(school, asked(school, old))

    assert welcomes(school) == 2
    assert len(everything(school.app, Invitation)) == 2
    assert len(everything(school.app, Enrolment)) == 1


def test_a_yes_that_cannot_be_kept_is_refused_and_the_question_stays_open(school: School) -> None:
    invite(school, A)
    decline(school.app, A)
    request_id = asked(school)
    run = only(school.app, CourseRun, CourseRun.code == MATHS)
    change(school.app, CourseRun, run.id, enrolment_closes_at=NOW)

    with pytest.raises(RunNotChoosable):
        approve(school, request_id)

    assert only(school.app, LinkRequest).state is RequestState.WAITING
    refuse(school, request_id)
    assert only(school.app, LinkRequest).state is RequestState.DECLINED


def test_a_yes_does_not_write_to_somebody_who_asked_for_no_more(school: School) -> None:
    invite(school, A)
    school.app.run(stop_invitations, StopInvitations(token_of(school.app, A)), LEARNER)
    request_id = asked(school)

    with pytest.raises(InvitationClosed):
        approve(school, request_id)

    assert only(school.app, LinkRequest).state is RequestState.WAITING


def test_a_no_is_noted_and_the_learner_may_ask_once_more(school: School) -> None:
    invite(school, A)
    expire(school)

    declined = refuse(school, asked(school))

    request = only(school.app, LinkRequest)
    assert declined.address == A
    assert (request.state, request.answered_by, request.answered_at) == (
        RequestState.DECLINED, school.owner.staff_id, clock_of(school.app)()
    )  # fmt: skip
    assert len(everything(school.app, Invitation)) == 1
    assert asked(school) != request.id


def test_of_two_colleagues_the_second_hears_who_was_first(school: School) -> None:
    invite(school, A)
    expire(school)
    request_id = asked(school)
    refuse(school, request_id, school.manager)

    with pytest.raises(AlreadyAnswered) as answered:
        approve(school, request_id)

    assert "Max Example" in answered.value.message
    assert len(everything(school.app, Invitation)) == 1


def test_of_two_colleagues_at_once_one_decides(school: School) -> None:
    invite(school, A)
    expire(school)
    request_id = asked(school)

    results = at_once(
        lambda: approve(school, request_id),
        lambda: approve(school, request_id, school.manager),
        lambda: refuse(school, request_id, school.manager),
    )

    late = [result for result in results if isinstance(result, AlreadyAnswered)]
    assert len(late) == 2
    assert {answered.values["who"] for answered in late} <= {"Olive Owner", "Max Example"}
    state = only(school.app, LinkRequest).state
    assert len(everything(school.app, Invitation)) == (2 if state is RequestState.APPROVED else 1)


def test_a_request_of_another_organisation_is_not_there(school: School) -> None:
    invite(school, A)
    expire(school)
    request_id = asked(school)

    for act in (approve, refuse):
        with pytest.raises(RequestNotFound):
            act(school, request_id, school.other_owner)

    assert only(school.app, LinkRequest).state is RequestState.WAITING


def test_a_request_about_a_provider_s_run_needs_its_grant(school: School) -> None:
    invite(school, A, run=SAFETY)
    expire(school)
    request_id = asked(school)

    for act in (approve, refuse):
        with pytest.raises(ProviderNotGranted):
            act(school, request_id, school.manager)

    assert approve(school, request_id).run.code == SAFETY


def test_a_request_goes_with_the_link_that_asked(school: School) -> None:
    invite(school, A)
    expire(school)

    asked(school)

    request = only(school.app, LinkRequest)
    invitation = newest(school.app, A)
    assert request.invitation_id == invitation.id
    assert school.app.links.token(LinkKind.INVITATION, invitation.id, 0) == token_of(school.app, A)
