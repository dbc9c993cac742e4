"""Experiment F14: nobody is answered without end, whoever is at the other side."""

from collections.abc import Iterator

import pytest

from core.letters import Letter
from core.model import MailAnswer, OutboundMessage
from core.rules.policy import HELD_MAIL_QUESTIONS_A_DAY, MAIL_COMMANDS_AN_HOUR
from core.usecases.messages.letters import LoadLetters, load_letters
from core.words import Channel, MailRule, MailState, MessageKind
from mail.sending.rendering import render
from tests.copies import SqliteCopies
from tests.core.usecases.acting import clock_of, everything, invite
from tests.factories import SYSTEM, School
from tests.mail.letters import invitation, join_confirmation, reminder, sign_in, welcome
from tests.mail.mails import OLIVE, written
from tests.mail.receiving.mailroom import PROVEN, Mailroom, school_with_a_mailbox


@pytest.fixture
def room(sqlite_school: SqliteCopies[School]) -> Mailroom:
    return Mailroom(school_with_a_mailbox(sqlite_school))


def questions(room: Mailroom) -> list[OutboundMessage]:
    return everything(room.app, OutboundMessage, OutboundMessage.kind == MessageKind.HELD_MAIL)


def told(room: Mailroom) -> int:
    """How much the house has to say because of mail: answers and questions."""
    return len(everything(room.app, MailAnswer)) + len(questions(room))


def outgoing(room: Mailroom) -> Iterator[bytes]:
    """Everything that waits to leave by mail, as it would leave."""
    waiting = everything(room.app, OutboundMessage, OutboundMessage.channel == Channel.EMAIL)
    loaded = room.app.read(load_letters, LoadLetters(tuple(row.id for row in waiting)), SYSTEM)
    for letter in loaded.letters:
        yield render(letter, room.app.settings, room.app.links, now=room.app.clock()).content


LETTERS: list[Letter] = [invitation(), reminder(), welcome(), sign_in(), join_confirmation()]


def test_our_own_mail_fed_back_twenty_times_says_nothing(room: Mailroom) -> None:
    invite(room.school, OLIVE)
    own = [render(letter, room.app.settings, room.app.links, now=room.app.clock()).content for letter in LETTERS]
    own += outgoing(room)

    turns = [(raw, turn) for number, raw in enumerate(own) for turn in range(2 if number else 20)]
    rows = [room.take(f"X-Turn: {turn}\r\n".encode() + raw) for raw, turn in turns]

    assert len(own) == 6
    assert len({row.id for row in rows}) == 30
    assert {(row.state, row.rule) for row in rows} == {(MailState.IGNORED, MailRule.OWN_MAIL)}
    assert told(room) == 0


def test_our_own_mail_under_another_name_says_nothing(room: Mailroom) -> None:
    (raw, *_) = (render(each, room.app.settings, room.app.links, now=room.app.clock()).content for each in LETTERS)
    head, _, body = raw.partition(b"\r\n\r\n")
    kept = [
        line for line in head.split(b"\r\n") if not line.lower().startswith((b"from:", b" ", b"message-id:", b"to:"))
    ]
    passed_on = b"\r\n".join([b"From: " + OLIVE.encode(), *kept]) + b"\r\n\r\n" + body

    row = room.take(passed_on)

    assert (row.state, row.rule) == (MailState.IGNORED, MailRule.LOOP)
    assert told(room) == 0


ROBOTS = [
    [("Auto-Submitted", "auto-replied")],
    [("Precedence", "auto_reply")],
    [("X-Autoreply", "yes")],
    [("X-Auto-Response-Suppress", "All"), ("X-MS-Exchange-Inbox-Rules-Loop", OLIVE)],
]


@pytest.mark.parametrize("marks", ROBOTS)
@pytest.mark.parametrize("is_proven", [True, False])
def test_two_bots_do_not_loop(room: Mailroom, marks: list[tuple[str, str]], is_proven: bool) -> None:
    """The other one answers whatever we say, twenty times."""
    proof = [PROVEN] if is_proven else []
    for turn in range(20):
        room.take(written(*proof, *marks, ref=f"<{turn}@robot.example.org>", text=f"turn {turn}"))

    assert told(room) == 0
    assert {row.rule for row in room.rows()} == {MailRule.AUTO_REPLY}


@pytest.mark.parametrize("marks", [[], [("Precedence", "bulk")], [("List-Id", "<staff.north.example.org>")]])
def test_a_robot_that_says_nothing_of_itself_is_asked_three_times_a_day(
    room: Mailroom, marks: list[tuple[str, str]]
) -> None:
    """A holiday program without manners answers each question of ours, for a day and a half."""
    for turn in range(36):
        row = room.take(written(*marks, ref=f"<{turn}@robot.example.org>", text=f"away {turn}"))
        clock_of(room.app).advance(minutes=61)
        assert row.state is MailState.HELD

    assert len(questions(room)) == 2 * HELD_MAIL_QUESTIONS_A_DAY


def test_of_many_mails_of_one_sender_sixty_an_hour_are_done(room: Mailroom) -> None:
    first = room.take(written(PROVEN, ref="<first@n.org>"))
    room.as_if_before(first, MAIL_COMMANDS_AN_HOUR - 2)

    rows = [room.take(written(PROVEN, ref=f"<{number}@n.org>", text=str(number))) for number in range(6)]
    theirs = (PROVEN[0], PROVEN[1].replace("north.example.org", "northfield.example.org"))
    colleague = room.take(written(theirs, sender="max@northfield.example.org", ref="<max@n.org>"))
    clock_of(room.app).advance(minutes=61)
    later = room.take(written(PROVEN, ref="<later@n.org>"))

    assert [row.rule for row in rows] == [MailRule.REQUEST, *[MailRule.TOO_MANY] * 5]
    assert {row.state for row in rows[1:]} == {MailState.HELD}
    # They are proven, and go on by themselves: nobody is asked whether it was them.
    assert questions(room) == []
    assert colleague.rule is MailRule.REQUEST
    assert later.rule is MailRule.REQUEST


@pytest.mark.slow
def test_a_thousand_mails_of_one_sender_are_all_accounted_for(room: Mailroom) -> None:
    rows = [room.take(written(PROVEN, ref=f"<{number}@n.org>", text=str(number))) for number in range(1000)]

    assert [row.state for row in rows].count(MailState.PROCESSED) == MAIL_COMMANDS_AN_HOUR
    assert [row.state for row in rows].count(MailState.HELD) == 1000 - MAIL_COMMANDS_AN_HOUR
    assert questions(room) == []


def test_forged_mail_does_not_use_up_anybody_s_limit(room: Mailroom) -> None:
    forged = room.take(written(ref="<forged@evil.test>"))
    room.as_if_before(forged, MAIL_COMMANDS_AN_HOUR)

    assert forged.state is MailState.HELD
    assert room.take(written(PROVEN, ref="<true@n.org>")).rule is MailRule.REQUEST
