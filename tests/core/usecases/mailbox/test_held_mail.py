"""Was this you? What is asked, whom, how often, and what an answer does."""

from datetime import timedelta

import pytest

from core.errors import HeldMailClosed, HeldMailNotFound, LinkNotFound
from core.letters import HeldMailLetter
from core.model import InboundMessage, OutboundMessage, SlackUser, SlackWorkspace
from core.rules.links import LinkKind
from core.rules.policy import HELD_MAIL_BYTES, HELD_MAIL_BYTES_A_DAY, MAIL_LIFE
from core.usecases.mailbox.held_mail import (
    ConfirmHeldMail,
    DenyHeldMail,
    HeldMailShown,
    HoldMail,
    MailHeld,
    RefuseHeldMail,
    ReleaseHeldMail,
    ShowHeldMail,
    confirm_held_mail,
    deny_held_mail,
    hold_mail,
    refuse_held_mail,
    release_held_mail,
    show_held_mail,
)
from core.usecases.mailbox.inbound import ListUnsettled, list_unsettled
from core.usecases.messages.letters import LoadLetters, load_letters
from core.usecases.messages.slack_notes import LoadSlackNotes, load_slack_notes
from core.usecases.retention import ForgetOld, forget_old
from core.words import Channel, MailRule, MailState, MessageKind
from tests.core.usecases.acting import change, clock_of, everything, only, refusal_of
from tests.core.usecases.holding import SUBJECT, held, hold
from tests.factories import LEARNER, NOW, SYSTEM, School


def questions(school: School) -> list[OutboundMessage]:
    return everything(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.HELD_MAIL)


def row(school: School, inbound_id: int) -> InboundMessage:
    return only(school.app, InboundMessage, InboundMessage.id == inbound_id)


def token(school: School, inbound_id: int) -> str:
    return school.app.links.token(LinkKind.HELD_MAIL, inbound_id)


def shown(school: School, inbound_id: int) -> HeldMailShown:
    return school.app.read(show_held_mail, ShowHeldMail(token(school, inbound_id)), LEARNER)


def in_slack(school: School) -> None:
    """The owner has confirmed an account there."""
    place = {"organisation_id": school.organisation_id}
    workspace = SlackWorkspace(**place, id=1, enterprise_id="", team_id="T1", bound_at=NOW, bound_by="U1")
    user = SlackUser(**place, id=2, workspace_id=1, user_id="U1", staff_id=school.owner.staff_id, confirmed_at=NOW)

    def add(ctx: object, _command: None) -> None:
        ctx.session.add(workspace)  # type: ignore[attr-defined]  # A context, as use cases get it.
        ctx.session.flush()  # type: ignore[attr-defined]  # As above.
        ctx.session.add(user)  # type: ignore[attr-defined]  # As above.

    school.app.run(add, None, SYSTEM)


def test_the_address_on_record_is_asked_and_no_other(school: School) -> None:
    inbound_id = hold(school.app, school.owner)

    (question,) = questions(school)
    (letter,) = school.app.read(load_letters, LoadLetters((question.id,)), SYSTEM).letters
    assert (question.channel, question.recipient) == (Channel.EMAIL, "olive@north.example.org")
    assert isinstance(letter, HeldMailLetter)
    assert (letter.subject, letter.server, letter.head.reply_to) == (SUBJECT, "mail.evil.test", "")
    assert letter.token == token(school, inbound_id)


def test_who_is_linked_in_slack_is_asked_there(school: School) -> None:
    in_slack(school)

    inbound_id = hold(school.app, school.owner)

    (question,) = questions(school)
    (note,) = school.app.read(load_slack_notes, LoadSlackNotes((question.id,)), SYSTEM).notes
    assert question.channel is Channel.SLACK
    assert note.content == shown(school, inbound_id)


def test_one_question_an_hour_and_three_a_day_for_many_messages(school: School) -> None:
    asked = []
    for number in range(14):
        asked.append(held(school.app, school.owner, number + 1)[1].is_asked)
        clock_of(school.app).advance(minutes=20 if number < 9 else 240)

    assert [number for number, is_asked in enumerate(asked) if is_asked] == [0, 3, 6]
    assert shown(school, questions(school)[0].about_id).waiting == 13
    assert held(school.app, school.viewer, 100)[1].is_asked


def fill(school: School, inbound_id: int, size: int) -> None:
    change(school.app, InboundMessage, inbound_id, size=size)


def test_what_nobody_proved_is_held_up_to_so_many_bytes_a_day_for_one_sender(school: School) -> None:
    first = hold(school.app, school.owner)
    fill(school, first, HELD_MAIL_BYTES_A_DAY)

    more, answer = held(school.app, school.owner, 2)
    proven = hold(school.app, school.owner, 3, rule=MailRule.TOO_MANY)
    of_viewer = hold(school.app, school.viewer, 4)
    clock_of(school.app).advance(days=1)
    next_day = hold(school.app, school.owner, 5)

    again = school.app.run(hold_mail, HoldMail(more, MailRule.TOO_MANY), SYSTEM)

    assert answer == again == MailHeld(MailState.IGNORED, is_asked=False), "Who settles it first, is right."
    ignored = row(school, more)
    assert (ignored.state, ignored.rule, ignored.raw) == (MailState.IGNORED, MailRule.NO_ROOM, None)
    assert ignored.detail == "unauthenticated"
    kept = [row(school, number) for number in (first, proven, of_viewer, next_day)]
    assert {each.state for each in kept} == {MailState.HELD}
    assert all(each.raw is not None for each in kept)


def test_what_nobody_proved_is_held_up_to_so_many_bytes_in_all(school: School) -> None:
    most = 2**31 - 1
    waiting = [hold(school.app, school.owner, number) for number in range(10, 11 + HELD_MAIL_BYTES // most)]
    for inbound_id in waiting:
        fill(school, inbound_id, most)
    clock_of(school.app).advance(days=2)

    before = held(school.app, school.viewer, 2)[1].state
    proven = hold(school.app, school.viewer, 3, rule=MailRule.TOO_MANY)
    school.app.run(deny_held_mail, DenyHeldMail(token(school, questions(school)[0].about_id)), LEARNER)
    after = held(school.app, school.viewer, 4)[1].state

    assert (before, after) == (MailState.IGNORED, MailState.HELD)
    assert row(school, proven).state is MailState.HELD


def test_a_yes_releases_the_message_shown_and_no_other(school: School) -> None:
    first, second = hold(school.app, school.owner, 1), hold(school.app, school.owner, 2)

    released = school.app.run(confirm_held_mail, ConfirmHeldMail(token(school, first)), LEARNER)

    one, other = row(school, first), row(school, second)
    assert (one.state, one.rule, one.released_at, one.attempts) == (MailState.RECEIVED, None, NOW, 0)
    assert other.state is MailState.HELD
    assert released.next is not None
    assert released.next.inbound_id == second
    assert one.subject == ""


def test_what_is_released_is_taken_up_at_once(school: School) -> None:
    inbound_id = hold(school.app, school.owner)
    waiting = ListUnsettled(timedelta(minutes=1))

    before = school.app.read(list_unsettled, waiting, SYSTEM).inbound_ids
    school.app.run(confirm_held_mail, ConfirmHeldMail(token(school, inbound_id)), LEARNER)
    after = school.app.read(list_unsettled, waiting, SYSTEM).inbound_ids

    assert (before, after) == ((), (inbound_id,))


def test_a_no_ends_it_and_operators_see_whose_word_it_was(school: School) -> None:
    inbound_id = hold(school.app, school.owner)

    refused = school.app.run(deny_held_mail, DenyHeldMail(token(school, inbound_id)), LEARNER)

    assert refused.next is None
    assert (row(school, inbound_id).state, row(school, inbound_id).rule) == (MailState.IGNORED, MailRule.NOT_THEM)


def test_of_a_yes_and_a_no_one_counts(school: School) -> None:
    inbound_id = hold(school.app, school.owner)
    school.app.run(refuse_held_mail, RefuseHeldMail(inbound_id), school.owner)

    late = (
        refusal_of(school.app, confirm_held_mail, ConfirmHeldMail(token(school, inbound_id)), LEARNER),
        refusal_of(school.app, release_held_mail, ReleaseHeldMail(inbound_id), school.owner),
        refusal_of(school.app, refuse_held_mail, RefuseHeldMail(inbound_id), school.owner),
    )

    assert all(isinstance(each, HeldMailClosed) for each in late)
    assert row(school, inbound_id).state is MailState.IGNORED


def test_nobody_answers_for_somebody_else(school: School) -> None:
    inbound_id = hold(school.app, school.owner)

    for staff in (school.viewer, school.manager, school.other_owner):
        for usecase, command in (
            (release_held_mail, ReleaseHeldMail(inbound_id)),
            (refuse_held_mail, RefuseHeldMail(inbound_id)),
        ):
            assert isinstance(refusal_of(school.app, usecase, command, staff), HeldMailNotFound)
    assert row(school, inbound_id).state is MailState.HELD
    school.app.run(release_held_mail, ReleaseHeldMail(inbound_id), school.owner)


def test_a_link_of_another_kind_or_about_another_message_opens_nothing(school: School) -> None:
    inbound_id = hold(school.app, school.owner)
    links = school.app.links

    for strange in (links.token(LinkKind.INVITATION, inbound_id), links.token(LinkKind.HELD_MAIL, 12345), "x" * 36):
        refusal = refusal_of(school.app, confirm_held_mail, ConfirmHeldMail(strange), LEARNER)
        assert isinstance(refusal, LinkNotFound)


def test_looking_changes_nothing(school: School) -> None:
    inbound_id = hold(school.app, school.owner)

    first, again = shown(school, inbound_id), shown(school, inbound_id)

    assert first == again
    assert first.state is MailState.HELD


@pytest.mark.parametrize("subject", ["x" * 500, "\u202eevil\r\nSubject: other", "<!channel> \x00" * 50, ""])
def test_a_stranger_s_subject_is_one_clean_line_of_eighty_characters(school: School, subject: str) -> None:
    inbound_id, _ = held(school.app, school.owner, subject=subject)

    read = shown(school, inbound_id).subject
    assert len(read) <= 80
    assert not set(read) & set("\r\n\x00\u202e")


def test_what_was_answered_meanwhile_is_not_asked_any_more(school: School) -> None:
    inbound_id = hold(school.app, school.owner)
    school.app.run(refuse_held_mail, RefuseHeldMail(inbound_id), school.owner)

    loaded = school.app.read(load_letters, LoadLetters((questions(school)[0].id,)), SYSTEM)

    assert loaded.letters == ()
    assert loaded.unworthy_ids == (questions(school)[0].id,)


def test_words_are_erased_after_thirty_days_and_what_was_held_is_over(school: School) -> None:
    inbound_id = hold(school.app, school.owner)
    told = shown(school, inbound_id).erased_at
    clock_of(school.app).now = NOW + MAIL_LIFE
    kept = school.app.run(forget_old, ForgetOld(), SYSTEM).mails
    clock_of(school.app).advance(seconds=1)

    forgotten = school.app.run(forget_old, ForgetOld(), SYSTEM).mails

    erased = row(school, inbound_id)
    assert (kept, forgotten) == (0, 1)
    assert told == NOW + timedelta(days=30)
    assert (erased.raw, erased.subject, erased.state) == (None, "", MailState.IGNORED)
    assert erased.rule is MailRule.UNAUTHENTICATED
    refusal = refusal_of(school.app, release_held_mail, ReleaseHeldMail(inbound_id), school.owner)
    assert isinstance(refusal, HeldMailClosed)
