"""From rows to what they say."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.app import App
from core.context import SlackVisitor
from core.letters import InvitationLetter, SlackCodeLetter, StaffInvitationLetter, Verdict, WelcomeLetter
from core.model import CourseRun, Invitation, Learner, Organisation, OutboundMessage, StaffMember
from core.rules.links import CodeKind
from core.rules.policy import LINK_CODE_LIFE, STAFF_INVITATION_LIFE
from core.usecases.invitations.answers import StopInvitations, stop_invitations
from core.usecases.invitations.single import (
    CancelInvitation,
    ResendInvitation,
    cancel_invitation,
    resend_invitation,
)
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.usecases.messages.letters import (
    LettersLoaded,
    LoadLetters,
    load_letters,
)
from core.usecases.staff.slack_identity import (
    AskForCode,
    BindWorkspace,
    ask_for_code,
    bind_workspace,
)
from core.usecases.staff.staff import AcceptStaffInvitation, accept_staff_invitation
from core.words import MessageKind, MessageState
from tests.core.usecases.acting import (
    MATHS,
    accept,
    change,
    clock_of,
    decline,
    deliver,
    everything,
    invite,
    message_of,
    newest,
    only,
    token_of,
)
from tests.factories import LEARNER, NOW, SYSTEM, School, counted_queries

A = "a@example.org"
OLIVE = SlackVisitor("", "T1", "U1", "olive@north.example.org")


def load(app: App, *ids: int) -> LettersLoaded:
    return app.read(load_letters, LoadLetters(ids), SYSTEM)


def of_kind(app: App, kind: MessageKind) -> tuple[int, ...]:
    return tuple(message.id for message in everything(app, OutboundMessage, OutboundMessage.kind == kind))


def test_an_invitation_says_who_invites_to_what_until_when(school: School) -> None:
    invited = invite(school, '"Bo" <a@example.org>', note="Hello")
    message = message_of(school.app, A)

    loaded = load(school.app, message.id)

    (letter,) = loaded.letters
    assert isinstance(letter, InvitationLetter)
    assert (letter.head.recipient, letter.head.recipient_name, letter.head.message_ref) == (
        A, "Bo", message.message_ref
    )  # fmt: skip
    assert (letter.head.organisation, letter.inviter, letter.head.reply_to) == (
        "Northfield College", "Olive Owner", "olive@north.example.org"
    )  # fmt: skip
    assert (letter.token, letter.run.code, letter.note) == (token_of(school.app, A), MATHS, "Hello")
    assert letter.expires_at == newest(school.app, A).expires_at
    assert not letter.is_again
    assert loaded.unworthy_ids == ()
    assert loaded.confirmation_ids == (invited.confirmation_id,)


def test_the_expiry_in_a_letter_is_the_run_s_close_as_it_is_now(school: School) -> None:
    invite(school, A)
    closes_at = NOW + timedelta(days=3)
    change(
        school.app, CourseRun, only(school.app, CourseRun, CourseRun.code == MATHS).id, enrolment_closes_at=closes_at
    )

    (letter,) = load(school.app, message_of(school.app, A).id).letters

    assert isinstance(letter, InvitationLetter)
    assert letter.expires_at == closes_at


@pytest.mark.parametrize("sendings", [1, 10, 11])
def test_every_later_e_mail_about_an_invitation_is_sent_again(school: School, sendings: int) -> None:
    invite(school, A)
    for _ in range(sendings):
        deliver(school.app, Verdict.ACCEPTED)
        school.app.run(resend_invitation, ResendInvitation(run=MATHS, address=A), school.owner)

    (letter,) = load(school.app, message_of(school.app, A).id).letters

    assert isinstance(letter, InvitationLetter)
    assert letter.is_again


def _cancel(school: School) -> None:
    school.app.run(cancel_invitation, CancelInvitation(newest(school.app, A).id), school.owner)


def _stop(school: School) -> None:
    school.app.run(stop_invitations, StopInvitations(token_of(school.app, A)), LEARNER)


def _expire(school: School) -> None:
    change(school.app, Invitation, newest(school.app, A).id, expires_at=NOW)


def _close(school: School) -> None:
    run = only(school.app, CourseRun, CourseRun.code == MATHS)
    change(school.app, CourseRun, run.id, enrolment_closes_at=NOW)


def _replace(school: School) -> None:
    change(school.app, Invitation, newest(school.app, A).id, replaced_at=NOW)


@pytest.mark.parametrize(
    "before",
    [
        lambda school: accept(school.app, A),
        lambda school: decline(school.app, A),
        _cancel,
        _stop,
        _expire,
        _close,
        _replace,
    ],
)
def test_an_invitation_that_is_over_is_not_worth_saying(school: School, before: Callable[[School], object]) -> None:
    invite(school, A)
    message_id = message_of(school.app, A).id
    before(school)
    # Whatever the event did to the message: the letter itself knows.
    change(school.app, OutboundMessage, message_id, state=MessageState.PENDING)

    loaded = load(school.app, message_id)

    assert (loaded.letters, loaded.unworthy_ids) == ((), (message_id,))


def test_what_was_sent_or_is_being_sent_is_neither_loaded_nor_dropped(school: School) -> None:
    invite(school, A, "b@example.org")
    clock_of(school.app).advance(minutes=2)
    message_id = message_of(school.app, A).id
    school.app.run(turn_over, TurnOver("one", claim_ids=(message_id,)), SYSTEM)
    change(school.app, OutboundMessage, message_of(school.app, "b@example.org").id, state=MessageState.SENT)

    loaded = load(school.app, message_id, message_of(school.app, "b@example.org").id, 12345)

    assert loaded == LettersLoaded((), (), ())


def test_a_welcome_carries_the_learner_s_link_and_goes_to_nobody_who_was_removed(school: School) -> None:
    invite(school, A)
    accept(school.app, A)
    ids = of_kind(school.app, MessageKind.WELCOME)

    (letter,) = load(school.app, *ids).letters
    change(school.app, Learner, only(school.app, Learner).id, removed_at=NOW)

    assert isinstance(letter, WelcomeLetter)
    assert (letter.token, letter.head.recipient_name) == (token_of(school.app, A), "Bo")
    assert load(school.app, *ids).unworthy_ids == ids


def _unanswered(school: School) -> tuple[StaffMember, tuple[int, ...]]:
    vera = only(school.app, StaffMember, StaffMember.id == school.viewer.staff_id)
    change(school.app, StaffMember, vera.id, accepted_at=None)
    messages = everything(school.app, OutboundMessage, OutboundMessage.about_id == vera.id)
    return vera, tuple(message.id for message in messages)


def test_a_staff_invitation_is_said_while_it_can_be_accepted(school: School) -> None:
    vera, ids = _unanswered(school)

    (letter,) = load(school.app, *ids).letters
    clock_of(school.app).now = NOW + STAFF_INVITATION_LIFE

    assert isinstance(letter, StaffInvitationLetter)
    assert (letter.role, letter.expires_at) == ("viewer", NOW + STAFF_INVITATION_LIFE)
    assert letter.head.recipient == vera.email
    assert load(school.app, *ids).unworthy_ids == ids
    clock_of(school.app).now = NOW
    command = AcceptStaffInvitation(letter.token)
    assert school.app.run(accept_staff_invitation, command, LEARNER).name == "Vera Example"


def test_nothing_is_said_to_a_colleague_who_left(school: School) -> None:
    vera, ids = _unanswered(school)
    change(school.app, StaffMember, vera.id, disabled_at=NOW)

    assert load(school.app, *ids).unworthy_ids == ids


def test_who_has_accepted_needs_no_invitation_except_an_owner_until_the_terms_are_accepted(school: School) -> None:
    ids = of_kind(school.app, MessageKind.STAFF_INVITATION)
    accepted = load(school.app, *ids)
    change(school.app, Organisation, school.other_organisation_id, terms_accepted_at=None)

    (letter,) = load(school.app, *ids).letters

    assert accepted.letters == ()
    assert letter.head.recipient == "sue@south.example.org"


def test_only_the_newest_code_is_said_and_only_while_it_is_good(school: School) -> None:
    school.app.run(bind_workspace, BindWorkspace(school.setup_code), OLIVE)
    school.app.run(ask_for_code, AskForCode(), OLIVE)
    school.app.run(ask_for_code, AskForCode(), OLIVE)
    ids = of_kind(school.app, MessageKind.SLACK_CODE)

    loaded = load(school.app, *ids)
    clock_of(school.app).now += LINK_CODE_LIFE

    (letter,) = loaded.letters
    assert isinstance(letter, SlackCodeLetter)
    assert letter.code == school.app.links.code(CodeKind.SLACK_LINK, message_about(school, letter), 2)
    assert letter.minutes == 10
    assert len(loaded.unworthy_ids) == 1
    assert set(load(school.app, *ids).unworthy_ids) == set(ids)


def message_about(school: School, letter: SlackCodeLetter) -> int:
    return only(school.app, OutboundMessage, OutboundMessage.id == letter.head.message_id).about_id


@pytest.mark.slow  # Load: it guards how much is asked of a database, not what is answered.
@pytest.mark.parametrize("copies", ["sqlite"], indirect=True)
def test_a_chunk_takes_as_many_queries_for_50_letters_as_for_1(school: School) -> None:
    invite(school, *(f"a{number}@example.org" for number in range(50)))
    ids = of_kind(school.app, MessageKind.INVITATION)

    def queries(*chunk: int) -> int:
        with counted_queries(school.app.engine) as statements:
            assert len(load(school.app, *chunk).letters) == len(chunk)
        return len([statement for statement in statements if statement.startswith("SELECT")])

    assert queries(*ids) == queries(ids[0]) <= 4
