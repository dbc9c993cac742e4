"""F14: programs that answer programs, and one sender who writes thousands of times.

A real house takes mail from an own mail host and answers it; whatever it says reaches robots that answer at once, each
in its own way: with the marks of a holiday program, with a null sender, as bulk, as a list, with what they got as it
was, as a report that it bounced, and one without any mark that passes for a person. What they say is proven, for that
is the worst. Then one person writes as fast as it goes, some of it twice.
"""

import smtplib
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from threading import Event
from typing import Any, Final

from msgspec import Struct, field
from sqlalchemy import func, select

from bench.faults.mail_server import MailServer
from bench.processes import Program, ProgramFailed
from bench.report import Goal, Report, progress, rounded
from bench.world import World, make_world, new_folder
from bench.writers import HOST_ID, Writer, hire
from core.context import System
from core.model import InboundMessage, MailAnswer
from core.rules.policy import MAIL_ANSWERS_AN_HOUR, MAIL_COMMANDS_AN_HOUR
from core.words import MailRule, MailState, Role
from tests.servers.dovecot import ACCOUNT
from tests.servers.processes import LOOPBACK, free_port

_SCHOOL: Final = "northfield"
_QUIET_SECONDS: Final = 5.0
_PATIENCE_SECONDS: Final = 300.0
_LOOK_SECONDS: Final = 0.1
_TURNS: Final = 2
# As mail hosts do, who begin another long before they are told to.
_A_CONNECTION: Final = 100


class Size(Struct, frozen=True):
    """``mails``: of one sender; each tenth comes twice."""

    mails: int = 5000


SMALL: Final = Size(mails=100)


class _Letter(Struct, frozen=True):
    envelope_from: str
    envelope_to: str
    raw: bytes


Respond = Callable[[Writer, str, str, bytes], _Letter]
"""What a robot says to a mail: its writer, a Message-ID, the mail's envelope sender, its content."""


class _Robot(Struct):
    name: str
    writer: Writer
    respond: Respond
    said: int = 0
    heard: int = 0


class _Scene(Struct):
    world: World
    server: MailServer
    port: int
    sent: set[bytes] = set()
    numbers: Any = field(default_factory=count)
    looked_at: int = 0

    def ref(self) -> str:
        return f"<f14.{next(self.numbers)}@example.org>"

    def say(self, letters: Sequence[_Letter]) -> None:
        for start in range(0, len(letters), _A_CONNECTION):
            with smtplib.LMTP(LOOPBACK, self.port) as connection:
                for letter in letters[start : start + _A_CONNECTION]:
                    self.sent.add(letter.raw)
                    connection.sendmail(letter.envelope_from, [letter.envelope_to], letter.raw)

    def heard(self) -> list[tuple[str, str, bytes]]:
        """What the house said since the last look: to whom, the envelope's sender, the content."""
        accepted = self.server.accepted[self.looked_at :]
        self.looked_at += len(accepted)
        letters = self.server.letters or {}
        return [(each.recipient, *letters[each.message_id]) for each in accepted]

    def unsettled(self) -> int:
        query = select(func.count()).where(InboundMessage.state == MailState.RECEIVED)
        return self.world.app.read(lambda ctx, _: ctx.session.scalar(query) or 0, None, System())


def run(size: Size, seed: int) -> Report:
    port = free_port()
    with (
        new_folder() as folder,
        MailServer() as server,
        make_world(
            folder,
            smtp_port=server.port,
            USHER_MAIL_INBOX=ACCOUNT,
            USHER_MAIL_AUTHSERV_IDS=HOST_ID,
            USHER_MAIL_FROM=ACCOUNT,
            USHER_MAIL_LISTEN=f"{LOOPBACK}:{port}",
            USHER_MAIL_LISTEN_KIND="lmtp",
        ) as world,
    ):
        server.letters = {}
        scene = _Scene(world, server, port)
        writers = hire(world, len(_ROBOTS) + 1, [_SCHOOL], Role.MANAGER)
        robots = [_Robot(name, writer, how) for (name, how), writer in zip(_ROBOTS.items(), writers, strict=False)]
        with world.start("serve") as house:
            house.wait_for(lambda: listens(port), seconds=120, what="listening")
            _talk(scene, robots)
            seconds = _flood(scene, writers[-1], size, house)
            figures = {**_figures(scene, robots, writers[-1]), "flood_seconds": rounded(seconds)}
    return Report("F14", {"runs": size.mails, "seed": seed, **figures}, _goals(figures))


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection((LOOPBACK, port), 1):
        return True
    return False


# --- Robots -----------------------------------------------------------------------------------------------


def _marked(*headers: tuple[str, str]) -> Respond:
    def respond(writer: Writer, ref: str, _sender: str, _content: bytes) -> _Letter:
        raw = writer.letter("Re: courses", ref, f"I am away. {ref}", dict(headers))
        return _Letter(writer.address, writer.writes_to, raw)

    return respond


def _from_nobody(writer: Writer, ref: str, _sender: str, _content: bytes) -> _Letter:
    raw = b"Return-Path: <>\r\n" + writer.letter("Re: courses", ref, f"I am away. {ref}")
    return _Letter("", writer.writes_to, raw)


def _like_a_person(writer: Writer, ref: str, _sender: str, _content: bytes) -> _Letter:
    return _Letter(writer.address, writer.writes_to, writer.letter("courses", ref, f"Thank you for that. {ref}"))


def _sent_back(writer: Writer, _ref: str, _sender: str, content: bytes) -> _Letter:
    return _Letter(writer.address, writer.writes_to, content)


def _bounced(writer: Writer, ref: str, sender: str, content: bytes) -> _Letter:
    head = content.partition(b"\r\n\r\n")[0]
    lines = (
        f"From: <MAILER-DAEMON@{HOST_ID}>\r\nTo: <{sender}>\r\nSubject: Undelivered\r\nMessage-ID: {ref}\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; {HOST_ID}\r\n\r\nFinal-Recipient: rfc822; {writer.address}\r\nAction: failed\r\n"
        "Status: 5.1.1\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
    )
    return _Letter("", sender, lines.encode() + head + b"\r\n\r\n--b--\r\n")


_PERSON: Final = "like a person"
_ROBOTS: Final[dict[str, Respond]] = {
    "on holiday": _marked(("Auto-Submitted", "auto-replied")),
    "null sender": _from_nobody,
    "bulk": _marked(("Precedence", "bulk")),
    "list": _marked(("Precedence", "list"), ("List-Id", "<staff.example.org>")),
    "own mail sent back": _sent_back,
    "bounced": _bounced,
    _PERSON: _like_a_person,
}


def _talk(scene: _Scene, robots: Sequence[_Robot]) -> None:
    """Each begins like a person, and answers whatever it hears until nobody says anything any more."""
    scene.say([_like_a_person(each.writer, scene.ref(), "", b"") for each in robots])
    by_address = {each.writer.address: each for each in robots}
    ends, quiet_since = time.monotonic() + _PATIENCE_SECONDS, time.monotonic()
    while time.monotonic() - quiet_since < _QUIET_SECONDS:
        if time.monotonic() > ends:
            raise ProgramFailed("F14: they still talk")
        letters = []
        for recipient, sender, content in scene.heard():
            robot = by_address[recipient]
            robot.heard += 1
            robot.said += 1
            letters.append(robot.respond(robot.writer, scene.ref(), sender, content))
        if letters or scene.unsettled():
            quiet_since = time.monotonic()
        if letters:
            scene.say(letters)
        Event().wait(_LOOK_SECONDS)
    progress("F14: nobody says anything any more")


def _flood(scene: _Scene, writer: Writer, size: Size, house: Program) -> float:
    began_at = time.monotonic()
    letters = [_like_a_person(writer, scene.ref(), "", b"") for _ in range(size.mails)]
    scene.say([*letters, *letters[::10]])
    house.wait_for(lambda: not scene.unsettled(), seconds=_PATIENCE_SECONDS, what="settling the flood")
    taken = time.monotonic() - began_at
    ends = time.monotonic() + _QUIET_SECONDS
    while time.monotonic() < ends:
        Event().wait(_LOOK_SECONDS)
    return taken


# --- What came of it --------------------------------------------------------------------------------------


def _figures(scene: _Scene, robots: Sequence[_Robot], flooder: Writer) -> dict[str, Any]:
    def look(ctx: Any, _: None) -> dict[str, Any]:
        rows = ctx.session.execute(select(InboundMessage.state, InboundMessage.rule, InboundMessage.sender)).all()
        answers = select(func.count()).group_by(MailAnswer.inbound_id).where(MailAnswer.inbound_id.is_not(None))
        theirs = Counter((row.state.value, row.rule) for row in rows if row.sender == flooder.address)
        return {
            "stored": len(rows),
            "unruled": sum(row.rule is None for row in rows),
            "most_answers": max(ctx.session.scalars(answers), default=0),
            "flood_done": theirs[MailState.PROCESSED.value, MailRule.REQUEST],
            "flood_held": theirs[MailState.HELD.value, MailRule.TOO_MANY],
        }

    found = scene.world.app.read(look, None, System())
    heard = Counter(each.recipient for each in scene.server.accepted)
    named = [each for each in robots if each.name != _PERSON]
    return {
        **found,
        "lost": len(scene.sent) - found["stored"],
        "turns": {each.name: each.said for each in robots},
        "turns_of_named": max(each.said for each in named),
        "replies_to_person": next(each.heard for each in robots if each.name == _PERSON),
        "replies_to_flood": heard[flooder.address],
    }


def _goals(figures: dict[str, Any]) -> list[Goal]:
    return [
        Goal("lost", figures["lost"], "== 0"),
        Goal("messages that no rule decided", figures["unruled"], "== 0"),
        Goal("answers to one message", figures["most_answers"], "<= 1"),
        Goal("turns until a robot with a mark is left alone", figures["turns_of_named"], f"<= {_TURNS}"),
        Goal("answers to what passes for a person", figures["replies_to_person"], f"<= {MAIL_ANSWERS_AN_HOUR}"),
        Goal("requests of one sender that were done", figures["flood_done"], f"<= {MAIL_COMMANDS_AN_HOUR}"),
        Goal("answers to one sender", figures["replies_to_flood"], f"<= {MAIL_ANSWERS_AN_HOUR}"),
    ]
