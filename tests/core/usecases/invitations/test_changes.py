"""Many invitations at once: sent again, cancelled, and taken back."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.errors import ChangeNotFound, NothingOpen, ProviderNotGranted, UndoOver
from core.letters import Verdict
from core.model import Invitation, InvitationChange, OutboundMessage
from core.rules.policy import RECALL_WINDOW
from core.usecases.invitations.answers import LinkState
from core.usecases.invitations.changes import (
    CancelInvitations,
    Chosen,
    InvitationsCancelled,
    InvitationsResent,
    InvitationsRestored,
    ResendInvitations,
    RestoreInvitations,
    cancel_invitations,
    resend_invitations,
    restore_invitations,
)
from core.usecases.invitations.lists import ListedState
from core.words import CancelReason, InvitationState, MessageState
from tests.core.usecases.acting import (
    MATHS,
    SAFETY,
    accept,
    at_once,
    cancel,
    clock_of,
    close,
    deliver,
    everything,
    expire,
    invite,
    jobs_of,
    link_state,
    message_of,
    newest,
    only,
    refusal_of,
    reinvite,
    suppress,
)
from tests.factories import School, counted_queries

A, B, C = "a@example.org", "b@example.org", "c@example.org"


def resend_several(school: School, *addresses: str, **more: object) -> InvitationsResent:
    return school.app.run(resend_invitations, ResendInvitations(_chosen(school, addresses, more)), school.owner)


def cancel_several(school: School, *addresses: str, **more: object) -> InvitationsCancelled:
    return school.app.run(cancel_invitations, CancelInvitations(_chosen(school, addresses, more)), school.owner)


def restore(school: School, cancelled: InvitationsCancelled) -> InvitationsRestored:
    return school.app.run(restore_invitations, RestoreInvitations(cancelled.change_id), school.owner)


def _chosen(school: School, addresses: tuple[str, ...], more: dict[str, object]) -> Chosen:
    ids = tuple(newest(school.app, address).id for address in addresses)
    return Chosen(MATHS, ids, **more)  # type: ignore[arg-type]  # Its own keywords.


@pytest.fixture
def three(school: School) -> School:
    """Three invitations whose e-mails have arrived, an hour ago; another run's does not count."""
    invite(school, A, B, C)
    invite(school, "other@example.org", run=SAFETY)
    deliver(school.app, Verdict.ACCEPTED)
    clock_of(school.app).advance(hours=1)
    return school


# --- Send again -------------------------------------------------------------------------------------------


def test_all_open_invitations_are_sent_again_with_the_same_links(three: School) -> None:
    generations = {row.address: row.generation for row in everything(three.app, Invitation)}

    result = resend_several(three)

    assert (result.resent, result.waiting, result.recent, result.suppressed, result.left) == (3, 0, 0, 0, 0)
    assert len(deliver(three.app, Verdict.ACCEPTED, after=timedelta(0))) == 3
    assert {row.address: row.generation for row in everything(three.app, Invitation)} == generations
    assert link_state(three, A) is LinkState.OPEN


def test_only_the_chosen_ones_are_sent_again(three: School) -> None:
    before = {address: message_of(three.app, address).id for address in (A, B, C)}

    result = resend_several(three, A, B)

    assert result.resent == 2
    assert message_of(three.app, C).id == before[C]
    assert message_of(three.app, A).id != before[A]


def test_the_search_of_the_list_narrows_all_of_them(three: School) -> None:
    result = resend_several(three, search="b@")

    assert result.resent == 1


def test_nobody_is_mailed_twice_within_an_hour_or_while_the_first_mail_waits(three: School) -> None:
    resend_several(three, A)
    deliver(three.app, Verdict.ACCEPTED, after=timedelta(0))
    resend_several(three, B)

    result = resend_several(three)

    assert (result.resent, result.recent, result.waiting) == (1, 1, 1)


def test_whoever_is_suppressed_is_left_out_and_counted(three: School) -> None:
    suppress(three, A)

    result = resend_several(three)

    assert (result.resent, result.suppressed) == (2, 1)


def test_answered_and_expired_ones_are_no_longer_meant(three: School) -> None:
    accept(three.app, A)
    expire(three, B)

    assert resend_several(three).resent == 1


@pytest.mark.parametrize("do", [resend_several, cancel_several])
def test_when_nothing_is_open_it_says_so(three: School, do: Callable[[School], object]) -> None:
    close(three)

    with pytest.raises(NothingOpen):
        do(three)


@pytest.mark.parametrize("do", [resend_several, cancel_several])
def test_a_state_that_is_over_has_nothing_to_change(three: School, do: Callable[..., object]) -> None:
    with pytest.raises(NothingOpen):
        do(three, state=ListedState.EXPIRED)


@pytest.mark.slow  # Load: it guards how much is asked of a database, not what is answered.
def test_the_queries_do_not_grow_with_the_invitations(school: School) -> None:
    def queries(*addresses: str) -> int:
        invite(school, *addresses)
        deliver(school.app, Verdict.ACCEPTED)
        clock_of(school.app).advance(hours=1)
        with counted_queries(school.app.engine) as statements:
            resend_several(school)
        deliver(school.app, Verdict.ACCEPTED, after=timedelta(0))
        with counted_queries(school.app.engine) as more:
            cancel_several(school)
        return len(statements) + len(more)

    few = queries(A)
    many = queries(*(f"learner{number}@example.org" for number in range(400)))

    assert many == few


# --- Cancel -----------------------------------------------------------------------------------------------


def test_all_open_ones_are_cancelled_and_nobody_else(three: School) -> None:
    accept(three.app, A)

    result = cancel_several(three)

    assert (result.cancelled, result.unsent) == (2, 0)
    assert link_state(three, B) is LinkState.CANCELLED
    assert link_state(three, A) is LinkState.ACCEPTED
    assert link_state(three, "other@example.org") is LinkState.OPEN


def test_what_had_not_left_is_not_sent(school: School) -> None:
    invite(school, A, B)

    result = cancel_several(school, A)

    assert (result.cancelled, result.unsent) == (1, 1)
    assert len(deliver(school.app, Verdict.ACCEPTED)) == 1


def test_a_manager_of_another_provider_may_not(school: School) -> None:
    invite(school, A, run=SAFETY)

    with pytest.raises(ProviderNotGranted):
        school.app.run(cancel_invitations, CancelInvitations(Chosen(SAFETY)), school.manager)
    assert newest(school.app, A).state is InvitationState.PENDING


# --- Take back --------------------------------------------------------------------------------------------


def test_within_ten_minutes_the_same_links_work_again(three: School) -> None:
    cancelled = cancel_several(three)
    clock_of(three.app).advance(minutes=9, seconds=59)

    result = restore(three, cancelled)

    assert (result.restored, result.kept) == (3, 0)
    assert link_state(three, A) is LinkState.OPEN
    accept(three.app, A)
    assert link_state(three, A) is LinkState.ACCEPTED


def test_a_mail_that_had_not_left_goes_out_after_all(school: School) -> None:
    invite(school, A, B)
    cancelled = cancel_several(school)
    before = len(jobs_of(school.app).jobs)

    restore(school, cancelled)

    (job,) = jobs_of(school.app).jobs[before:]
    assert len(job.ids) == 2
    assert job.delay == RECALL_WINDOW
    assert len(deliver(school.app, Verdict.ACCEPTED)) == 2


def test_a_single_cancelling_can_be_taken_back_too(three: School) -> None:
    cancelled = cancel(three, A)

    three.app.run(restore_invitations, RestoreInvitations(cancelled.change_id), three.owner)

    assert link_state(three, A) is LinkState.OPEN


def test_after_ten_minutes_it_is_too_late(three: School) -> None:
    cancelled = cancel_several(three)
    clock_of(three.app).advance(minutes=10)

    with pytest.raises(UndoOver, match="more than 10 minutes ago"):
        restore(three, cancelled)
    assert link_state(three, A) is LinkState.CANCELLED


def test_the_second_press_finds_it_done(three: School) -> None:
    cancelled = cancel_several(three)
    restore(three, cancelled)

    with pytest.raises(UndoOver, match="taken back already"):
        restore(three, cancelled)


def test_whoever_was_invited_again_meanwhile_keeps_the_newer_link(three: School) -> None:
    cancelled = cancel_several(three)
    reinvite(three, A)

    result = restore(three, cancelled)

    assert (result.restored, result.kept) == (2, 1)
    states = [row.state for row in everything(three.app, Invitation, Invitation.address == A)]
    assert sorted(states) == [InvitationState.CANCELLED, InvitationState.PENDING]


def test_what_is_not_there_is_said_kindly(three: School) -> None:
    refusal = refusal_of(three.app, restore_invitations, RestoreInvitations(12345), three.owner)

    assert isinstance(refusal, ChangeNotFound)


def test_of_a_learner_who_answers_and_a_cancelling_at_once_one_wins(three: School) -> None:
    outcomes = at_once(lambda: accept(three.app, A), lambda: cancel_several(three, A))

    row = newest(three.app, A)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert len(refused) == 1
    assert row.state in (InvitationState.ACCEPTED, InvitationState.CANCELLED)
    if row.state is InvitationState.CANCELLED:
        assert row.cancel_reason is CancelReason.CANCELLED
        assert row.change_id == only(three.app, InvitationChange).id


def test_messages_that_were_dropped_for_another_reason_stay_dropped(school: School) -> None:
    invite(school, A, B)
    accept(school.app, B)
    cancelled = cancel_several(school)

    restore(school, cancelled)

    assert message_of(school.app, B).state is MessageState.DROPPED
    assert message_of(school.app, A).state is MessageState.PENDING
    assert len(everything(school.app, OutboundMessage, OutboundMessage.state == MessageState.DROPPED)) == 1
