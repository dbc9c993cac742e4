"""What a learner does with a personal invitation."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.errors import InvitationClosed, LinkNotFound
from core.letters import Verdict
from core.model import (
    CourseRun,
    Enrolment,
    Invitation,
    Learner,
    LinkRequest,
    OutboundMessage,
    Suppression,
)
from core.rules.links import LinkKind
from core.usecases.invitations.answers import (
    AcceptInvitation,
    AskForLink,
    DeclineInvitation,
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
from core.usecases.invitations.recall import RecallBatch, recall_batch
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.words import InvitationState, MessageKind, MessageState, RequestState, SuppressReason
from tests.core.usecases.acting import (
    MATHS,
    POETRY,
    SAFETY,
    accept,
    at_once,
    cancel,
    change,
    clock_of,
    close,
    decline,
    deliver,
    dump,
    everything,
    expire,
    invite,
    message_of,
    newest,
    only,
    token_of,
)
from tests.factories import LEARNER, SYSTEM, School

A, B = "a@example.org", "b@example.org"


def show(school: School, address: str = A) -> InvitationShown:
    return school.app.read(show_invitation, ShowInvitation(token_of(school.app, address)), LEARNER)


def ask(school: School, address: str = A) -> None:
    school.app.run(ask_for_link, AskForLink(token_of(school.app, address)), LEARNER)


def stop(school: School, address: str = A) -> None:
    school.app.run(stop_invitations, StopInvitations(token_of(school.app, address)), LEARNER)


def _cancelled(school: School) -> None:
    cancel(school, A)


def _expired(school: School) -> None:
    expire(school, A)


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
        (_expired, LinkState.EXPIRED, True, ""),
        (_cancelled, LinkState.CANCELLED, False, ""),
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


@pytest.mark.parametrize("before", [_cancelled, lambda school: decline(school.app, A), _expired])
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
    expire(school, A)

    ask(school)
    ask(school)

    request = only(school.app, LinkRequest)
    note = only(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.LINK_REQUEST)
    assert request.state is RequestState.WAITING
    assert (note.about_id, note.recipient) == (request.id, f"staff:{school.owner.staff_id}")
    assert show(school).has_asked


def test_asking_in_several_windows_at_once_asks_once(school: School) -> None:
    invite(school, A)
    expire(school, A)

    results = at_once(*([lambda: ask(school)] * 4))

    assert results == [None] * 4
    assert len(everything(school.app, LinkRequest)) == 1


@pytest.mark.parametrize(
    ("before", "words"),
    [(lambda school: None, "still open"), (_cancelled, "took it back"), (close, "takes nobody new")],
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
