"""A learner wants no more e-mails, and says so by e-mail."""

import pytest
from msgspec.structs import replace

from core.letters import StoppedLetter, Verdict
from core.model import InboundMessage, Invitation, LearnerAddress, OutboundMessage, Suppression
from core.usecases.invitations.answers import StopInvitations, stop_invitations
from core.usecases.invitations.reminders import RemindDue, remind_due
from core.usecases.mailbox.stopping import StopByMail, StoppedByMail, stop_by_mail
from core.usecases.mailbox.suppressions import LiftSuppression, lift_suppression
from core.usecases.messages.letters import LoadLetters, load_letters
from core.words import InvitationState, MailRule, MailState, MessageKind, MessageState, SuppressReason
from tests.core.usecases.acting import (
    MATHS,
    POETRY,
    SAFETY,
    accept,
    at_once,
    clock_of,
    deliver,
    everything,
    invite,
    message_of,
    newest,
    only,
    token_of,
)
from tests.core.usecases.reporting import arrived, hard, reply_stop
from tests.core.usecases.sharing import join, settle, share
from tests.factories import LEARNER, SYSTEM, School, sent

A, B = "a@example.org", "b@example.org"


def invited(school: School, *addresses: str, run: str = MATHS) -> OutboundMessage:
    invite(school, *(addresses or (A,)), run=run)
    deliver(school.app, Verdict.ACCEPTED)
    return message_of(school.app, (addresses or (A,))[0])


def stop(school: School, command: StopByMail) -> StoppedByMail:
    return school.app.run(stop_by_mail, command, SYSTEM)


def of_kind(school: School, kind: MessageKind) -> list[OutboundMessage]:
    return everything(school.app, OutboundMessage, OutboundMessage.kind == kind)


def suppressed(school: School) -> dict[str, SuppressReason]:
    return {each.address_key: each.reason for each in everything(school.app, Suppression)}


def test_a_reply_to_an_invitation_stops_all_and_declines_it(school: School) -> None:
    message = invited(school, A, B)

    stopped = reply_stop(school, message)

    row = only(school.app, InboundMessage)
    assert stopped == StoppedByMail(MailState.PROCESSED, is_news=True)
    assert suppressed(school) == {A: SuppressReason.ASKED}
    assert newest(school.app, A).state is InvitationState.DECLINED
    assert newest(school.app, B).state is InvitationState.PENDING
    assert (row.state, row.rule, row.organisation_id, row.sender) == (
        MailState.PROCESSED, MailRule.STOP, school.organisation_id, A
    )  # fmt: skip


def test_other_invitations_stay_open_and_are_reminded_of_no_more(school: School) -> None:
    message = invited(school)
    clock_of(school.app).advance(seconds=1)
    other = invited(school, run=POETRY)
    clock_of(school.app).advance(days=4)
    school.app.run(remind_due, RemindDue((other.about_id,)), SYSTEM)
    reminder = of_kind(school, MessageKind.REMINDER)[0]
    assert reminder.state is MessageState.PENDING

    reply_stop(school, message)

    invitation = only(school.app, Invitation, Invitation.id == other.about_id)
    assert (invitation.state, invitation.next_reminder_at) == (InvitationState.PENDING, None)
    assert of_kind(school, MessageKind.REMINDER)[0].state is MessageState.DROPPED


def test_a_reply_to_a_reminder_is_about_its_invitation(school: School) -> None:
    invited(school)
    clock_of(school.app).advance(days=4)
    school.app.run(remind_due, RemindDue((newest(school.app, A).id,)), SYSTEM)
    sent(school.app)

    reply_stop(school, of_kind(school, MessageKind.REMINDER)[0])

    assert newest(school.app, A).state is InvitationState.DECLINED


def test_the_reply_is_answered_once_at_the_address_that_we_wrote_to(school: School) -> None:
    message = invited(school)

    reply_stop(school, message)
    again = reply_stop(school, message, name="again")

    (confirmation,) = of_kind(school, MessageKind.STOPPED)
    loaded = school.app.read(load_letters, LoadLetters((confirmation.id,)), SYSTEM)
    (letter,) = loaded.letters
    assert again == StoppedByMail(MailState.PROCESSED, is_news=False)
    assert isinstance(letter, StoppedLetter)
    assert (letter.head.recipient, letter.head.organisation) == (A, "Northfield College")
    assert letter.answers_ref == "<stop@mx.example.org>"
    sent(school.app)
    assert of_kind(school, MessageKind.STOPPED)[0].state is MessageState.SENT


def test_who_replies_from_elsewhere_stops_what_we_wrote_to_and_gets_no_answer(school: School) -> None:
    message = invited(school)

    stopped = reply_stop(school, message, sender="somebody@example.org")

    assert stopped.is_news
    assert suppressed(school) == {A: SuppressReason.ASKED}
    assert of_kind(school, MessageKind.STOPPED) == []


def test_the_token_of_list_unsubscribe_does_the_same_without_an_answer(school: School) -> None:
    message = invited(school)
    token = school.app.links.stop_token(message.id)

    stopped = stop(school, StopByMail(arrived(school.app), tokens=("x", token.upper()), sender=A))

    assert stopped.is_news
    assert suppressed(school) == {A: SuppressReason.ASKED}
    assert newest(school.app, A).state is InvitationState.DECLINED
    assert of_kind(school, MessageKind.STOPPED) == []


@pytest.mark.parametrize("forged", ["a" * 26, ""])
def test_what_names_nothing_of_ours_is_held_for_a_person(school: School, forged: str) -> None:
    message = invited(school)
    command = StopByMail(arrived(school.app), tokens=(forged,), refs=("<1@usher.example.org>",), sender=A)

    stopped = stop(school, command)

    row = only(school.app, InboundMessage)
    assert stopped == StoppedByMail(MailState.HELD)
    assert (row.state, row.rule, row.sender) == (MailState.HELD, MailRule.STOP, A)
    assert A not in row.detail
    assert suppressed(school) == {}
    assert message_of(school.app, A).state is message.state


def test_a_bounce_token_is_no_stop_token(school: School) -> None:
    message = invited(school)
    token = school.app.links.bounce_token(message.id)

    assert stop(school, StopByMail(arrived(school.app), tokens=(token,))).state is MailState.HELD


def test_a_reply_to_mail_that_staff_get_is_held(school: School) -> None:
    staff_mail = of_kind(school, MessageKind.STAFF_INVITATION)[0]

    assert reply_stop(school, staff_mail).state is MailState.HELD
    assert suppressed(school) == {}


def test_whoever_has_joined_stays_on_the_course(school: School) -> None:
    message = invited(school)
    accept(school.app, A)

    reply_stop(school, message)

    assert newest(school.app, A).state is InvitationState.ACCEPTED
    assert suppressed(school) == {A: SuppressReason.ASKED}


def test_a_reply_to_the_mail_about_joining_stops_all_addresses_of_the_learner(school: School) -> None:
    join(school, share(school, MATHS).link_id, "e@example.org")
    sent(school.app)
    learner = only(school.app, LearnerAddress)

    reply_stop(school, of_kind(school, MessageKind.JOINED)[0])

    assert suppressed(school) == {learner.address_key: SuppressReason.ASKED}
    assert of_kind(school, MessageKind.UNREACHED) == []


def test_a_reply_to_is_this_you_stops_that_address(school: School) -> None:
    link = share(school, SAFETY)
    settle(school, link.link_id, confirm=True)
    join(school, link.link_id, "f@example.org")
    sent(school.app)

    reply_stop(school, of_kind(school, MessageKind.JOIN_CONFIRMATION)[0])

    assert suppressed(school) == {"f@example.org": SuppressReason.ASKED}


def test_a_wish_outweighs_a_bounce_and_is_not_lifted_without_a_second_thought(school: School) -> None:
    message = invited(school)
    hard(school, A)

    reply_stop(school, message)

    assert suppressed(school) == {A: SuppressReason.ASKED}


def test_who_is_written_to_again_and_stops_again_is_answered_again(school: School) -> None:
    message = invited(school)
    reply_stop(school, message)
    school.app.run(lift_suppression, LiftSuppression(A, is_confirmed=True), school.owner)

    again = reply_stop(school, message, name="again")

    assert again.is_news
    assert len(of_kind(school, MessageKind.STOPPED)) == 2


def test_a_press_and_a_reply_at_once_count_once(school: School) -> None:
    message = invited(school)
    token = token_of(school.app, A)
    arrived(school.app, "stop")

    results = at_once(
        lambda: reply_stop(school, message),
        lambda: school.app.run(stop_invitations, StopInvitations(token), LEARNER),
    )

    assert not [each for each in results if isinstance(each, Exception)]
    assert suppressed(school) == {A: SuppressReason.ASKED}
    assert len(of_kind(school, MessageKind.UNREACHED)) == 1


def test_the_same_mail_stops_once(school: School) -> None:
    message = invited(school)
    first = reply_stop(school, message)

    second = reply_stop(school, message)

    assert (first.is_news, second) == (True, replace(first, is_news=False))
