"""Each fault at each moment, against a server that misbehaves on cue."""

import asyncio
from collections.abc import Sequence
from email import message_from_bytes

import pytest
from msgspec.structs import replace

from core.letters import Outcome, Verdict
from mail.sending.pool import SmtpPool
from tests.mail.scripted_server import AT_ONCE, DOT, GREETING, Act, Answer, ScriptedServer, both_ways
from tests.mail.sending.driving import IN_THE_END, SOON, mail, mails, send, settings_for, verdicts

ACCEPTED, REFUSED, LATER = Verdict.ACCEPTED, Verdict.REFUSED, Verdict.LATER
UNSURE, OUR_FAULT = Verdict.UNSURE, Verdict.OUR_FAULT
LONG = 10_000_000


@both_ways
async def test_accepted_mail_arrives_byte_by_byte(offer: str) -> None:
    given = mail()

    async with ScriptedServer({"EHLO": offer}) as server:
        (outcome,) = await send(server, given)

    assert outcome == Outcome(1, ACCEPTED, "250 2.0.0 queued")
    assert [content.replace(b"\r\n..", b"\r\n.") for content in server.accepted] == [given.content + b".\r\n"]
    assert server.commands[:4] == [
        "EHLO example.org", "MAIL FROM:<bounces+1@example.org>", "RCPT TO:<learner1@example.org>", "DATA",
    ]  # fmt: skip


@both_ways
@pytest.mark.parametrize(
    ("moment", "answer", "verdict"),
    [
        (GREETING, "554 5.3.2 not here", OUR_FAULT),
        (GREETING, "421 4.3.2 too busy", OUR_FAULT),
        (GREETING, "450 4.3.2 slowly", OUR_FAULT),
        (GREETING, "HTTP/1.1 400 Bad Request", OUR_FAULT),
        (GREETING, Act.DROP, OUR_FAULT),
        ("EHLO", Act.DROP, OUR_FAULT),
        ("EHLO", "421 4.3.2 too busy", OUR_FAULT),
        ("MAIL", "550 5.7.1 not you", OUR_FAULT),
        ("MAIL", "451 4.3.0 wait", LATER),
        ("MAIL", "421 4.3.2 bye", LATER),
        ("MAIL", Act.DROP, LATER),
        ("RCPT", "550 5.1.1 no such mailbox", REFUSED),
        ("RCPT", "551 5.1.6 moved away", REFUSED),
        ("RCPT", "450 4.2.0 greylisted", LATER),
        ("RCPT", "421 4.3.2 bye", LATER),
        ("RCPT", "554 5.7.1 Relay access denied", OUR_FAULT),
        ("RCPT", Act.DROP, LATER),
        ("DATA", "451 4.3.0 wait", LATER),
        ("DATA", "554 5.5.1 no valid recipients", REFUSED),
        ("DATA", "421 4.3.2 bye", LATER),
        ("DATA", "250 what?", LATER),
        ("DATA", Act.DROP, LATER),
        (DOT, "550 5.7.1 spam", REFUSED),
        (DOT, "552 5.3.4 too big", REFUSED),
        (DOT, "554 5.6.0 no", REFUSED),
        (DOT, "451 4.3.0 wait", LATER),
        (DOT, "452 4.3.1 full", LATER),
        (DOT, "421 4.3.2 bye", LATER),
        (DOT, "354 what?", UNSURE),
        (DOT, "what?", UNSURE),
        (DOT, Act.DROP, UNSURE),
    ],
)
async def test_answer_at_each_moment_has_its_verdict(moment: str, answer: Answer, verdict: Verdict, offer: str) -> None:
    async with ScriptedServer({"EHLO": offer, moment: answer}) as server:
        (outcome,) = await send(server, mail())

    assert outcome.verdict is verdict
    assert outcome.detail
    assert "@" not in outcome.detail


@both_ways
@pytest.mark.parametrize(
    ("moment", "verdict"),
    [(GREETING, OUR_FAULT), ("EHLO", OUR_FAULT), ("MAIL", LATER), ("RCPT", LATER), ("DATA", LATER), (DOT, UNSURE)],
)
async def test_silence_ends_with_the_timeout(moment: str, verdict: Verdict, offer: str) -> None:
    async with ScriptedServer({"EHLO": offer, moment: Act.SILENCE}) as server, asyncio.timeout(IN_THE_END):
        (outcome,) = await send(server, mail(), patience=SOON)

    assert outcome.verdict is verdict


class _Reluctant(ScriptedServer):
    """Says 354 and then does not read until it is told to."""

    def __init__(self) -> None:
        super().__init__({"EHLO": AT_ONCE})
        self.may_read = asyncio.Event()

    async def _say(self, writer: asyncio.StreamWriter, moment: str) -> bool:
        if moment == "DATA":
            assert isinstance(writer.transport, asyncio.Transport)
            writer.transport.pause_reading()
            await super()._say(writer, moment)
            await self.may_read.wait()
            writer.transport.resume_reading()
            return True
        return await super()._say(writer, moment)


async def test_connection_lost_before_the_dot_had_left_is_later() -> None:
    # Too much for the buffers of both sides, so that the dot is still ours.
    begun = asyncio.Event()
    passed: list[str] = []

    def failpoint(name: str) -> None:
        passed.append(name)
        if name == "before_dot":
            begun.set()

    async with _Reluctant() as server:
        pool = SmtpPool(settings_for(server), failpoint=failpoint)
        sending = asyncio.create_task(pool.send([mail(size=LONG)]))
        await begun.wait()
        server.drop_all()
        (outcome,) = await sending
        await pool.close()

    assert outcome.verdict is LATER
    assert passed == ["mail", "before_dot"]


async def test_server_that_stops_reading_never_gets_the_dot() -> None:
    async with _Reluctant() as server, asyncio.timeout(IN_THE_END):
        (outcome,) = await send(server, mail(size=LONG), patience=SOON)
        server.may_read.set()
        await server.all_closed.wait()

    assert outcome.verdict is LATER
    assert server.accepted == []


async def test_slow_reader_gets_a_long_mail_once() -> None:
    async with _Reluctant() as server, asyncio.timeout(IN_THE_END):
        sending = asyncio.create_task(send(server, mail(size=LONG)))
        await server.reached("DATA")
        server.may_read.set()
        (outcome,) = await sending

    assert outcome.verdict is ACCEPTED
    assert len(server.accepted) == 1


class _Heaping(ScriptedServer):
    """Reads MAIL, RCPT and DATA before it answers any of them."""

    async def _say(self, writer: asyncio.StreamWriter, moment: str) -> bool:
        if moment in ("MAIL", "RCPT"):
            self._held = [*getattr(self, "_held", []), moment]
            return True
        if moment == "DATA":
            for held in self._held:
                await super()._say(writer, held)
            self._held = []
        return await super()._say(writer, moment)


async def test_mail_is_announced_in_one_go_where_the_server_offers_it() -> None:
    async with _Heaping({"EHLO": AT_ONCE}) as server, asyncio.timeout(IN_THE_END):
        outcomes = await send(server, *mails(3))

    assert verdicts(outcomes) == [ACCEPTED] * 3


async def test_server_that_wants_content_for_a_refused_recipient_gets_none() -> None:
    script: dict[str, Answer | Sequence[Answer]] = {
        "EHLO": AT_ONCE, "RCPT": ["550 5.1.1 no such mailbox", "250 ok"], DOT: ["554 5.5.1 nobody", "250 ok"],
    }  # fmt: skip
    async with ScriptedServer(script) as server:
        outcomes = await send(server, *mails(2))

    assert verdicts(outcomes) == [REFUSED, ACCEPTED]
    assert [message_from_bytes(content)["Message-ID"] for content in server.accepted] == ["<2@example.org>"]
    assert (server.connections, server.heard("RSET")) == (1, 1)


async def test_refusal_stands_when_the_connection_is_lost_with_the_answers_that_follow() -> None:
    script: dict[str, Answer | Sequence[Answer]] = {
        "EHLO": AT_ONCE, "RCPT": ["550 5.1.1 no such mailbox", "250 ok"], "DATA": [Act.DROP, "354 go on"],
    }  # fmt: skip
    async with ScriptedServer(script) as server:
        outcomes = await send(server, *mails(2))

    assert verdicts(outcomes) == [REFUSED, ACCEPTED]
    assert server.connections == 2


async def test_refused_sender_is_our_fault_whatever_follows() -> None:
    script = {"EHLO": AT_ONCE, "MAIL": "550 5.7.1 not you", "RCPT": "550 5.1.1 no", "DATA": "550 5.1.1 no"}
    async with ScriptedServer(script) as server:
        (outcome,) = await send(server, mail())

    assert (outcome.verdict, outcome.detail) == (OUR_FAULT, "550 5.7.1 not you")


async def test_answer_that_comes_before_its_question_is_no_acceptance() -> None:
    async with ScriptedServer({"DATA": "354 go on\n250 2.0.0 queued"}) as server:
        (outcome,) = await send(server, mail())

    assert outcome.verdict is LATER
    assert server.accepted == []


async def test_address_that_would_say_more_is_not_said() -> None:
    crooked = replace(mail(), recipient="bo@example.org>\r\nRCPT TO:<eve@example.org")

    async with ScriptedServer({"EHLO": AT_ONCE}) as server:
        (outcome,) = await send(server, crooked)

    assert outcome.verdict is LATER
    assert server.heard("RCPT") == 0
