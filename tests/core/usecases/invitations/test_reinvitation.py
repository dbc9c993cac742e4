"""Invited again after an invitation expired, was cancelled or declined, or the learner was removed."""

from collections.abc import Callable
from datetime import datetime

import pytest

from core.errors import (
    Conflict,
    InvitationClosed,
    NeedsConfirmation,
)
from core.letters import Verdict
from core.model import CourseRun, Enrolment, Invitation, Learner
from core.usecases.invitations.answers import LinkState
from core.usecases.invitations.single import (
    ResendInvitation,
    resend_invitation,
)
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.usecases.messages.letters import LoadLetters, load_letters
from core.words import InvitationState
from tests.core.usecases.acting import (
    MATHS,
    accept,
    at_once,
    cancel,
    change,
    clock_of,
    decline,
    deliver,
    everything,
    expire,
    invite,
    link_state,
    newest,
    only,
    reinvite,
    suppress,
)
from tests.factories import NOW, SYSTEM, School

A = "a@example.org"


def remove(school: School, address: str) -> None:
    learner_id = newest(school.app, address).learner_id
    assert learner_id is not None
    change(school.app, Learner, learner_id, removed_at=NOW)


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


def _gone(school: School) -> None:
    accept(school.app, A)
    change(school.app, Enrolment, only(school.app, Enrolment).id, left_at=NOW)


@pytest.mark.parametrize("before", [_expired, _cancelled, _gone])
def test_a_reinvitation_ends_in_a_working_link(school: School, before: Callable[[School], object]) -> None:
    invite(school, A)
    before(school)

    invited = reinvite(school, A)

    assert invited.invited == 1
    assert link_state(school, A) is LinkState.OPEN
    accept(school.app, A)
    assert link_state(school, A) is LinkState.ACCEPTED


def test_somebody_who_was_never_invited_can_be_reinvited_too(school: School) -> None:
    reinvite(school, A)

    assert link_state(school, A) is LinkState.OPEN


def _removed(school: School) -> None:
    accept(school.app, A)
    remove(school, A)


def _removed_and_invited(school: School) -> None:
    _gone(school)
    reinvite(school, A)
    learner = only(school.app, Learner)
    change(school.app, Learner, learner.id, removed_at=NOW)


def _removed_and_expired(school: School) -> None:
    _removed_and_invited(school)
    expire(school, A)


@pytest.mark.parametrize("before", [_declined, _removed, _removed_and_invited, _removed_and_expired])
def test_whoever_declined_or_was_removed_is_invited_again_after_a_second_thought(
    school: School, before: Callable[[School], object]
) -> None:
    invite(school, A)
    before(school)

    with pytest.raises(NeedsConfirmation) as question:
        reinvite(school, A)
    invited = reinvite(school, A, is_confirmed=True)

    assert A in question.value.message
    assert invited.invited == 1
    assert link_state(school, A) is LinkState.OPEN
    accept(school.app, A)
    assert [learner.removed_at for learner in everything(school.app, Learner)] == [None]
    assert len(everything(school.app, Enrolment)) == 1


def _removed_and_suppressed(school: School) -> None:
    _removed(school)
    suppress(school, A)


def _declined_and_suppressed(school: School) -> None:
    decline(school.app, A)
    suppress(school, A)


def test_an_invitation_that_was_replaced_while_open_is_neither_sent_nor_resent(school: School) -> None:
    invite(school, A)
    _removed_and_invited(school)
    old = newest(school.app, A)
    reinvite(school, A, is_confirmed=True)
    clock_of(school.app).advance(minutes=2)

    loaded = school.app.read(load_letters, LoadLetters((old.message_id,)), SYSTEM)

    assert loaded.unworthy_ids == (old.message_id,)
    school.app.run(turn_over, TurnOver("test", unworthy_ids=loaded.unworthy_ids), SYSTEM)
    with pytest.raises(InvitationClosed):
        school.app.run(resend_invitation, ResendInvitation(invitation_id=old.id), school.owner)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (lambda school: None, "still open"),
        (_accepted, "the learner is on the run"),
        (_suppressed, "came back"),
        (_removed_and_suppressed, "came back"),
        (_declined_and_suppressed, "came back"),
    ],
)
@pytest.mark.parametrize("is_confirmed", [False, True])
def test_a_reinvitation_that_would_not_work_is_refused_even_if_confirmed(
    school: School, before: Callable[[School], object], words: str, is_confirmed: bool
) -> None:
    invite(school, A)
    deliver(school.app, Verdict.ACCEPTED)
    before(school)
    number = len(everything(school.app, Invitation))

    with pytest.raises(Conflict) as refused:
        reinvite(school, A, is_confirmed=is_confirmed)

    assert words in refused.value.message
    assert len(everything(school.app, Invitation)) == number


def test_two_reinvitations_at_once_end_in_one_live_invitation(school: School) -> None:
    invite(school, A)
    cancel(school, A)

    results = at_once(*([lambda: reinvite(school, A)] * 3))

    assert sorted(type(result).__name__ for result in results) == ["InvitationClosed"] * 2 + ["LearnersInvited"]
    live = everything(school.app, Invitation, Invitation.state == InvitationState.PENDING)
    assert len(live) == 1


def test_a_reinvitation_has_an_expiry_of_its_own(school: School) -> None:
    change(
        school.app,
        CourseRun,
        only(school.app, CourseRun, CourseRun.code == MATHS).id,
        enrolment_closes_at=None,
        ends_at=None,
    )
    invite(school, A)
    first = newest(school.app, A).expires_at
    clock_of(school.app).now = first

    reinvite(school, A)

    assert first == datetime.fromisoformat("2026-09-02T23:00:00Z")
    assert newest(school.app, A).expires_at == datetime.fromisoformat("2027-03-04T00:00:00Z")
