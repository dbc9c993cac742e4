"""Looking after single invitations: list, resend, cancel, re-invite."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert

from core.errors import (
    Conflict,
    InvitationClosed,
    InvitationNotFound,
    NeedsConfirmation,
    NoAddresses,
    ProviderNotGranted,
    RoleMissing,
    RunNotFound,
    UsherError,
)
from core.letters import Verdict
from core.model import Agreement, Base, CourseRun, Enrolment, Invitation, Learner, OutboundMessage
from core.usecases.answers import LinkState, ShowInvitation, show_invitation
from core.usecases.batches import (
    InviteLearners,
    LearnersInvited,
    PrepareInvitation,
    invite_learners,
    prepare_invitation,
)
from core.usecases.deliveries import TurnOver, turn_over
from core.usecases.invitations import (
    CancelInvitation,
    InvitationCancelled,
    InvitationResent,
    InvitationsListed,
    ListedState,
    ListInvitations,
    ReinviteLearner,
    ResendInvitation,
    cancel_invitation,
    list_invitations,
    reinvite_learner,
    resend_invitation,
)
from core.usecases.letters import LoadLetters, load_letters
from core.words import CancelReason, InvitationState, MessageState
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
    everything,
    invite,
    message_of,
    newest,
    only,
    rival_before,
    token_of,
)
from tests.factories import LEARNER, NOW, SYSTEM, School, counted_queries

A, B = "a@example.org", "b@example.org"
POSTGRESQL = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


def listed(
    school: School, state: ListedState | None = None, search: str = "", page: int = 1, run: str = MATHS
) -> InvitationsListed:
    return school.app.read(list_invitations, ListInvitations(run, state, search, page), school.owner)


def resend(school: School, address: str = A) -> InvitationResent:
    return school.app.run(resend_invitation, ResendInvitation(run=MATHS, address=address), school.owner)


def cancel(school: School, address: str = A) -> InvitationCancelled:
    return school.app.run(cancel_invitation, CancelInvitation(run=MATHS, address=address), school.owner)


def reinvite(school: School, address: str = A, *, is_confirmed: bool = False) -> LearnersInvited:
    clock_of(school.app).advance(seconds=1)
    return school.app.run(reinvite_learner, ReinviteLearner(MATHS, address, is_confirmed), school.owner)


def expire(school: School, address: str = A) -> None:
    change(school.app, Invitation, newest(school.app, address).id, expires_at=clock_of(school.app)())


def remove(school: School, address: str = A) -> None:
    learner_id = newest(school.app, address).learner_id
    assert learner_id is not None
    change(school.app, Learner, learner_id, removed_at=NOW)


def suppress(school: School, address: str = A) -> None:
    row = {"id": 99, "organisation_id": school.organisation_id, "address_key": address, "reason": "asked"}
    with school.app.engine.begin() as connection:
        connection.execute(insert(Base.metadata.tables["suppression"]), {**row, "suppressed_at": NOW})


def link_state(school: School, address: str = A) -> LinkState:
    return school.app.read(show_invitation, ShowInvitation(token_of(school.app, address)), LEARNER).state


# --- List -------------------------------------------------------------------------------------------------


@pytest.fixture
def mixed(school: School) -> School:
    """One invitation in each state, named after it; another run and a replaced one do not count."""
    invite(school, "bounced@example.org")
    deliver(school.app, Verdict.REFUSED)
    invite(school, *(f"{state}@example.org" for state in ListedState if state != "bounced"))
    accept(school.app, "accepted@example.org")
    decline(school.app, "declined@example.org")
    cancel(school, "cancelled@example.org")
    expire(school, "expired@example.org")
    reinvite(school, "expired@example.org")
    expire(school, "expired@example.org")
    invite(school, "other@example.org", run=SAFETY)
    return school


def test_every_invitation_is_listed_in_exactly_one_state(mixed: School) -> None:
    everybody = listed(mixed)

    assert dict(everybody.counts) == dict.fromkeys(ListedState, 1)
    assert everybody.total == len(ListedState)
    for state in ListedState:
        (row,) = listed(mixed, state).rows
        assert (row.address, row.state) == (f"{state}@example.org", state)


def test_once_the_run_is_closed_everything_pending_is_expired(mixed: School) -> None:
    run = only(mixed.app, CourseRun, CourseRun.code == MATHS)
    change(mixed.app, CourseRun, run.id, enrolment_closes_at=NOW)

    assert dict(listed(mixed).counts)[ListedState.EXPIRED] == 3
    assert {row.state for row in listed(mixed, ListedState.EXPIRED).rows} == {ListedState.EXPIRED}
    assert listed(mixed, ListedState.PENDING).total == listed(mixed, ListedState.BOUNCED).total == 0


def test_bounced_ones_show_why(mixed: School) -> None:
    change(mixed.app, OutboundMessage, message_of(mixed.app, "bounced@example.org").id, problem="550 unknown")

    (row,) = listed(mixed, ListedState.BOUNCED).rows

    assert row.problem == "550 unknown"


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("Zoë", ["zoe@example.org"]),
        ("ZOE@", ["zoe@example.org"]),
        ("carter", ["a%b@example.org"]),
        ("%", ["a%b@example.org"]),
        ("_", ["a_b@example.org"]),
        ("john.smith", ["John.Smith@gmail.com"]),
        ("johnsmith", ["John.Smith@gmail.com"]),
        ("\\", []),
        ("\x00", ["a%b@example.org", "a_b@example.org", "John.Smith@gmail.com", "zoe@example.org"]),
        ("\ud800zoe", ["zoe@example.org"]),
    ],
)
def test_searching_matches_names_and_addresses_and_takes_wildcards_literally(
    school: School, search: str, found: list[str]
) -> None:
    invite(school, '"Zoë Éclair" <zoe@example.org>', '"Ann Carter" <a%b@example.org>', "a_b@example.org")
    invite(school, "John.Smith@gmail.com")

    assert sorted((row.address for row in listed(school, search=search).rows), key=str.lower) == found


def test_pages_have_ten_rows_newest_first_and_cover_all(school: School) -> None:
    for number in range(3):
        invite(school, *(f"{number}{place}@example.org" for place in range(9)))
        clock_of(school.app).advance(seconds=1)

    pages = [listed(school, page=page) for page in (1, 2, 3)]

    addresses = [row.address for page in pages for row in page.rows]
    assert [len(page.rows) for page in pages] == [10, 10, 7]
    assert len(set(addresses)) == pages[0].total == 27
    assert addresses[0] == "20@example.org"
    assert addresses[-1] == "08@example.org"
    assert listed(school, page=99) == pages[2]
    assert listed(school, page=0) == pages[0]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_listing_takes_as_many_queries_for_1000_invitations_as_for_10(school: School) -> None:
    def queries(run: str) -> int:
        with counted_queries(school.app.engine) as statements:
            assert len(listed(school, ListedState.PENDING, "example", run=run).rows) == 10
        return len([statement for statement in statements if statement.startswith("SELECT")])

    invite(school, *(f"a{number}@example.org" for number in range(10)), run=SAFETY)
    invite(school, *(f"a{number}@example.org" for number in range(1000)))

    assert queries(SAFETY) == queries(MATHS) == 5


def test_a_provider_s_list_needs_its_grant(school: School) -> None:
    invite(school, A, run=SAFETY)

    with pytest.raises(ProviderNotGranted):
        school.app.read(list_invitations, ListInvitations(SAFETY), school.manager)

    assert listed(school, run=SAFETY).total == 1
    assert school.app.read(list_invitations, ListInvitations(SAFETY), school.viewer).total == 1


def test_invitations_stay_ours_after_the_agreement_has_ended(school: School) -> None:
    invite(school, A, run=POETRY)
    change(school.app, Agreement, only(school.app, Agreement).id, ends_at=NOW)

    shown = listed(school, run=POETRY)
    command = CancelInvitation(run=POETRY, address=A)
    cancelled = school.app.run(cancel_invitation, command, school.owner)

    assert (shown.total, cancelled.address) == (1, A)
    with pytest.raises(RunNotFound):
        school.app.run(reinvite_learner, ReinviteLearner(POETRY, A), school.owner)


def test_an_agreement_that_ended_unused_leaves_nothing_to_see(school: School) -> None:
    change(school.app, Agreement, only(school.app, Agreement).id, ends_at=NOW)
    draft = school.app.run(prepare_invitation, PrepareInvitation(POETRY, A), school.other_owner).draft_id
    school.app.run(invite_learners, InviteLearners(draft), school.other_owner)

    with pytest.raises(RunNotFound):
        listed(school, run=POETRY)


# --- Resend -----------------------------------------------------------------------------------------------


def test_a_resent_invitation_has_the_same_link_and_expiry_and_a_new_message_id(school: School) -> None:
    invite(school, A)
    deliver(school.app, Verdict.ACCEPTED)
    before, token, first = newest(school.app, A), token_of(school.app, A), message_of(school.app, A)
    clock_of(school.app).advance(days=10)

    resent = resend(school)

    second = message_of(school.app, A)
    (letter,) = school.app.read(load_letters, LoadLetters((second.id,)), SYSTEM).letters
    assert resent.expires_at == newest(school.app, A).expires_at == before.expires_at
    assert token_of(school.app, A) == getattr(letter, "token", None) == token
    assert getattr(letter, "is_again", None) is True
    assert second.message_ref != first.message_ref
    assert second.not_before == clock_of(school.app)()


def test_a_resend_is_not_doubled_while_one_waits(school: School) -> None:
    invite(school, A)
    resend(school)
    deliver(school.app, Verdict.ACCEPTED)
    resend(school)
    resend(school)

    assert len(everything(school.app, OutboundMessage, OutboundMessage.about_id == newest(school.app, A).id)) == 2


def test_two_resends_at_once_send_one_e_mail(school: School) -> None:
    invite(school, A)
    deliver(school.app, Verdict.ACCEPTED)

    results = at_once(*([lambda: resend(school)] * 3))

    assert {type(result) for result in results} == {InvitationResent}
    assert len(everything(school.app, OutboundMessage, OutboundMessage.about_id == newest(school.app, A).id)) == 2


def test_a_resend_can_be_repeated_many_times(school: School) -> None:
    invite(school, A)
    for _ in range(12):
        deliver(school.app, Verdict.ACCEPTED)
        resend(school)

    messages = everything(school.app, OutboundMessage, OutboundMessage.about_id == newest(school.app, A).id)
    assert len({message.message_ref for message in messages}) == 13


def test_an_e_mail_that_was_given_up_can_be_sent_again(school: School) -> None:
    invite(school, A)
    for _ in range(8):
        deliver(school.app, Verdict.LATER, after=timedelta(hours=2))
    assert message_of(school.app, A).state is MessageState.BOUNCED

    resend(school)

    assert message_of(school.app, A).state is MessageState.PENDING


def _accepted(school: School) -> None:
    accept(school.app, A)


def _declined(school: School) -> None:
    decline(school.app, A)


def _closed(school: School) -> None:
    change(school.app, CourseRun, only(school.app, CourseRun, CourseRun.code == MATHS).id, enrolment_closes_at=NOW)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (expire, "This invitation is expired."),
        (cancel, "This invitation is already cancelled."),
        (_accepted, "This invitation is already accepted."),
        (_declined, "This invitation is already declined."),
        (_closed, "This invitation is expired."),
        (suppress, f"This invitation is not sendable: mail to {A} came back, or its owner asked for no more."),
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
        resend(school)

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

    cancelled = cancel(school)

    invitation = newest(school.app, A)
    assert not cancelled.was_sent
    assert (invitation.state, invitation.cancel_reason) == (InvitationState.CANCELLED, CancelReason.CANCELLED)
    assert deliver(school.app, Verdict.ACCEPTED) == ()
    assert link_state(school) is LinkState.CANCELLED


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
        cancel(school)

    assert newest(school.app, A).state is InvitationState.ACCEPTED
    assert len(everything(school.app, Enrolment)) == 1


def test_of_an_acceptance_and_a_cancellation_at_once_one_counts(school: School) -> None:
    invite(school, A)

    results = at_once(lambda: accept(school.app, A), lambda: cancel(school))

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


# --- Re-invite --------------------------------------------------------------------------------------------


def _gone(school: School) -> None:
    accept(school.app, A)
    change(school.app, Enrolment, only(school.app, Enrolment).id, left_at=NOW)


@pytest.mark.parametrize("before", [expire, cancel, _gone])
def test_a_reinvitation_ends_in_a_working_link(school: School, before: Callable[[School], object]) -> None:
    invite(school, A)
    before(school)

    invited = reinvite(school)

    assert invited.invited == 1
    assert link_state(school) is LinkState.OPEN
    assert not accept(school.app, A).was_accepted_before


def test_somebody_who_was_never_invited_can_be_reinvited_too(school: School) -> None:
    reinvite(school)

    assert link_state(school) is LinkState.OPEN


def _removed(school: School) -> None:
    accept(school.app, A)
    remove(school)


def _removed_and_invited(school: School) -> None:
    _gone(school)
    reinvite(school)
    learner = only(school.app, Learner)
    change(school.app, Learner, learner.id, removed_at=NOW)


def _removed_and_expired(school: School) -> None:
    _removed_and_invited(school)
    expire(school)


@pytest.mark.parametrize("before", [_declined, _removed, _removed_and_invited, _removed_and_expired])
def test_whoever_declined_or_was_removed_is_invited_again_after_a_second_thought(
    school: School, before: Callable[[School], object]
) -> None:
    invite(school, A)
    before(school)

    with pytest.raises(NeedsConfirmation) as question:
        reinvite(school)
    invited = reinvite(school, is_confirmed=True)

    assert A in question.value.message
    assert invited.invited == 1
    assert link_state(school) is LinkState.OPEN
    accept(school.app, A)
    assert [learner.removed_at for learner in everything(school.app, Learner)] == [None]
    assert len(everything(school.app, Enrolment)) == 1


def _removed_and_suppressed(school: School) -> None:
    _removed(school)
    suppress(school)


def _declined_and_suppressed(school: School) -> None:
    decline(school.app, A)
    suppress(school)


def test_an_invitation_that_was_replaced_while_open_is_neither_sent_nor_resent(school: School) -> None:
    invite(school, A)
    _removed_and_invited(school)
    old = newest(school.app, A)
    reinvite(school, is_confirmed=True)
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
        (suppress, "came back"),
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
        reinvite(school, is_confirmed=is_confirmed)

    assert words in refused.value.message
    assert len(everything(school.app, Invitation)) == number


def test_two_reinvitations_at_once_end_in_one_live_invitation(school: School) -> None:
    invite(school, A)
    cancel(school)

    results = at_once(*([lambda: reinvite(school)] * 3))

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

    reinvite(school)

    assert first == datetime.fromisoformat("2026-09-02T23:00:00Z")
    assert newest(school.app, A).expires_at == datetime.fromisoformat("2027-03-04T00:00:00Z")
