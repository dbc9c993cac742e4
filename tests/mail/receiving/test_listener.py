"""What the own mail host is told, and what strangers do to the listener."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from core.app import App
from core.large_mail import RawMail, pieces_of
from core.rules.policy import MAIL_BYTES
from core.usecases.mailbox.received import ShowReceived, show_received
from core.words import MailState
from mail.receiving.listener import Addresses, Kind, Listener
from mail.receiving.reception import Process, Reception, Sweeper
from tests.copies import SqliteCopies
from tests.factories import OPERATOR
from tests.mail.certificates import tls_contexts
from tests.mail.inbox.watching import PATIENCE_SECONDS, Away, Clerk, add, mail, rows, until

OURS = "usher@in.example.org"


@pytest.fixture
def app(sqlite_bare: SqliteCopies[None]) -> App:
    sqlite_bare.renew()
    return sqlite_bare.app(mail_inbox=OURS)


@asynccontextmanager
async def listening(
    app: App,
    *,
    kind: Kind = "smtp",
    process: Process | None = None,
    reception: Reception | None = None,
    **options: object,
) -> AsyncIterator[tuple[Listener, int]]:
    listener = Listener(app, reception or Reception(app, process or Clerk(app)), kind=kind, **options)  # type: ignore[arg-type]
    port = await listener.start("127.0.0.1", 0)
    try:
        yield listener, port
    finally:
        await listener.stop()


async def send(
    port: int, raw: bytes, *, to: list[str] | None = None, sender: str = "sam@example.org", lmtp: bool = False
) -> dict[str, tuple[int, bytes]]:
    """Gives the recipients that were refused."""

    def converse() -> dict[str, tuple[int, bytes]]:
        kind = smtplib.LMTP if lmtp else smtplib.SMTP
        with kind("127.0.0.1", port, local_hostname="mx.example.org") as client:
            return client.sendmail(sender, to or [OURS], raw)

    return await asyncio.to_thread(converse)


class Raw:
    """A conversation by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, port: int, hello: bytes = b"EHLO mx.example.org") -> "Raw":
        raw = cls(*await asyncio.open_connection("127.0.0.1", port))
        await raw.hear()
        await raw.say(hello)
        return raw

    async def say(self, *lines: bytes) -> bytes:
        self.writer.write(b"".join(line + b"\r\n" for line in lines))
        return await self.hear()

    async def hear(self) -> bytes:
        """One answer; its last line."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (line := await self.reader.readline())[3:4] == b"-":
                pass
        return line

    def close(self) -> None:
        self.writer.transport.abort()


@pytest.mark.parametrize("lmtp", [False, True], ids=["smtp", "lmtp"])
async def test_message_is_stored_before_it_is_acknowledged_and_then_done(app: App, lmtp: bool) -> None:
    clerk = Clerk(app)
    async with listening(app, kind="lmtp" if lmtp else "smtp", process=clerk) as (_, port):
        refused = await send(port, mail(1), to=["usher+northfield@in.example.org"], lmtp=lmtp)
        stored = rows(app)
        await until(lambda: clerk.done)

    assert refused == {}
    assert [(row.message_ref, row.envelope_from) for row in stored] == [("<1@example.org>", "sam@example.org")]
    assert stored[0].envelope_to == "usher+northfield@in.example.org"


async def test_each_recipient_has_its_answer_over_lmtp(app: App) -> None:
    async with listening(app, kind="lmtp") as (_, port):
        client = await Raw.open(port, b"LHLO mx.example.org")
        await client.say(b"MAIL FROM:<sam@example.org>")
        await client.say(b"RCPT TO:<usher@in.example.org>")
        await client.say(b"RCPT TO:<usher+south@in.example.org>")
        await client.say(b"DATA")

        first, second = await client.say(mail(1) + b"."), await client.hear()
        client.close()

    assert (first[:3], second[:3]) == (b"250", b"250")
    assert len(rows(app)) == 1


async def test_without_the_database_nothing_is_acknowledged(app: App) -> None:
    class Full(Reception):
        def receive(self, raw: RawMail, **where: object) -> NoReturn:
            raise Away

    async with listening(app, reception=Full(app, Clerk(app))) as (_, port):
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await send(port, mail(1))

    assert refused.value.smtp_code == 451


@pytest.mark.parametrize(
    ("address", "is_ours"),
    [
        ("usher@in.example.org", True),
        ("USHER+Northfield@IN.example.org", True),
        ("bounces+abc234@usher.example.org", True),
        ("postmaster@in.example.org", True),
        ("abuse@usher.example.org", True),
        ("postmaster", True),
        ("bounces@usher.example.org", False),
        ("somebody@in.example.org", False),
        ("usher@elsewhere.example.org", False),
        ("usher%in.example.org@elsewhere.example.org", False),
        ("usher", False),
        ("", False),
    ],
)
def test_only_our_own_addresses_are_taken(address: str, is_ours: bool) -> None:
    assert Addresses(OURS, "usher.example.org").takes(address) is is_ours


async def test_nothing_is_relayed(app: App) -> None:
    async with listening(app) as (_, port):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            await send(port, mail(1), to=["victim@elsewhere.example.org"])

    assert refused.value.recipients["victim@elsewhere.example.org"][0] == 550
    assert rows(app) == []


async def test_null_sender_is_kept_as_such(app: App) -> None:
    async with listening(app) as (_, port):
        await send(port, mail(1), sender="")

    assert [row.envelope_from for row in rows(app)] == [""]


async def test_addresses_beyond_ascii_are_taken(app: App) -> None:
    async with listening(app) as (_, port):
        client = await Raw.open(port)
        await client.say("MAIL FROM:<zoë@example.org> SMTPUTF8".encode())
        await client.say(b"RCPT TO:<usher@in.example.org>")
        await client.say(b"DATA")
        answer = await client.say(mail(1) + b".")
        client.close()

    assert answer.startswith(b"250")
    assert [row.envelope_from for row in rows(app)] == ["zoë@example.org"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"", b""),
        (b"A: b\r\n\r\n..dot\r\n...\r\n", b"A: b\r\n\r\n.dot\r\n..\r\n"),
        (b"..first\r\n", b".first\r\n"),
        (b"bare\n.\nlf\r\n", b"bare\n.\nlf\r\n"),
        (b"bare\n.\r\nlf\r\n", b"bare\n.\r\nlf\r\n"),
        (b"\r\n" * 50_000, b"\r\n" * 50_000),
        (b"x" * 200_000 + b"\r\n", b"x" * 200_000 + b"\r\n"),
        ((b"y" * 96 + b"\r\n..\r\n") * 15_000, (b"y" * 96 + b"\r\n.\r\n") * 15_000),
    ],
    ids=["empty", "dots", "dot first", "bare lf", "bare lf before", "many lines", "long line", "many dots"],
)
async def test_content_is_taken_as_it_was_sent(app: App, sent: bytes, kept: bytes) -> None:
    seen: list[bytes] = []

    class Seeing(Reception):
        def receive(self, raw: RawMail, **where: object) -> object:  # type: ignore[override]
            seen.append(b"".join(pieces_of(raw)))
            raise Away

    async with listening(app, reception=Seeing(app, Clerk(app))) as (_, port):
        client = await Raw.open(port)
        await client.say(b"MAIL FROM:<>")
        await client.say(b"RCPT TO:<usher@in.example.org>")
        await client.say(b"DATA")
        client.writer.write(sent + b".\r\nNOOP\r\n")

        answers = [await client.hear(), await client.hear()]
        client.close()

    assert seen == [kept]
    assert [answer[:3] for answer in answers] == [b"451", b"250"]


async def test_content_in_small_pieces_ends_where_it_ends(app: App) -> None:
    async with listening(app) as (_, port):
        client = await Raw.open(port)
        await client.say(b"MAIL FROM:<>")
        await client.say(b"RCPT TO:<usher@in.example.org>")
        await client.say(b"DATA")
        for octet in mail(1) + b".\r\n":
            client.writer.write(bytes((octet,)))
            await client.writer.drain()

        assert (await client.hear()).startswith(b"250")
        client.close()

    assert len(rows(app)) == 1


async def test_too_much_is_refused_and_the_connection_goes_on(app: App) -> None:
    async with listening(app) as (_, port):
        client = await Raw.open(port)
        too_big = await client.say(b"MAIL FROM:<sam@example.org> SIZE=%d" % (MAIL_BYTES + 1))
        await client.say(b"MAIL FROM:<sam@example.org>")
        await client.say(b"RCPT TO:<usher@in.example.org>")
        await client.say(b"DATA")
        for _ in range(36):
            client.writer.write(b"x" * 1024 * 1024)
            await client.writer.drain()

        answer, after = await client.say(b"", b"."), await client.say(b"NOOP")
        client.close()

    assert (too_big[:3], answer[:3], after[:3]) == (b"552", b"552", b"250")
    assert rows(app) == []


async def test_size_is_advertised(app: App) -> None:
    async with listening(app) as (_, port):
        client = Raw(*await asyncio.open_connection("127.0.0.1", port))
        await client.hear()
        client.writer.write(b"EHLO mx.example.org\r\n")
        said = await client.reader.readuntil(b"250 HELP\r\n")
        client.close()

    assert b"SIZE %d\r\n" % MAIL_BYTES in said
    assert b"SMTPUTF8" in said
    assert b"AUTH" not in said


@pytest.mark.parametrize(
    "sent",
    [b"x" * 500_000, b"\r\n" * 1000, b"GET / HTTP/1.1\r\n" * 50, b"\xff\xfe\0" * 1000 + b"\r\n", b"NOOP\r\n" * 2000],
    ids=["endless line", "empty lines", "another protocol", "octets", "too many commands"],
)
async def test_nonsense_harms_nobody_else(app: App, sent: bytes) -> None:
    async with listening(app) as (_, port):
        hostile = await Raw.open(port)
        hostile.writer.write(sent)

        assert await send(port, mail(1)) == {}
        hostile.close()

    assert len(rows(app)) == 1


async def test_whoever_says_nothing_is_sent_away(app: App) -> None:
    async with listening(app, patience=0.5) as (_, port):
        client = await Raw.open(port)

        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await client.reader.read() == b""
        client.close()


async def test_message_that_never_ends_is_broken_off(app: App) -> None:
    async with listening(app, patience=0.5) as (_, port):
        client = await Raw.open(port)
        await client.say(b"MAIL FROM:<>")
        await client.say(b"RCPT TO:<usher@in.example.org>")
        await client.say(b"DATA")
        client.writer.write(b"a line\r\n")

        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await client.reader.read() == b""
        client.close()

    assert rows(app) == []


async def test_too_many_connections_are_asked_to_come_again(app: App) -> None:
    async with listening(app) as (_, port):
        clients = [await Raw.open(port) for _ in range(20)]
        late = Raw(*await asyncio.open_connection("127.0.0.1", port))

        assert (await late.hear()).startswith(b"421")

        for client in clients:
            client.close()
        await until(lambda: True)
        late.close()


async def test_connection_that_breaks_within_a_message_leaves_nothing(app: App) -> None:
    async with listening(app) as (_, port):
        client = await Raw.open(port)
        await client.say(b"MAIL FROM:<>")
        await client.say(b"RCPT TO:<usher@in.example.org>")
        await client.say(b"DATA")
        client.writer.write(mail(1))
        await client.writer.drain()
        client.close()

        assert await send(port, mail(2)) == {}

    assert [row.message_ref for row in rows(app)] == ["<2@example.org>"]


async def test_tls_is_required_where_there_is_a_certificate(app: App, tmp_path: Path) -> None:
    theirs, ours = tls_contexts(tmp_path)

    def converse(port: int) -> tuple[int, dict[str, tuple[int, bytes]]]:
        with smtplib.SMTP("localhost", port, local_hostname="mx.example.org") as client:
            client.ehlo()
            plain, _ = client.mail("sam@example.org")
            client.starttls(context=ours)
            return plain, client.sendmail("sam@example.org", [OURS], mail(1))

    async with listening(app, tls=theirs) as (_, port):
        plain, refused = await asyncio.to_thread(converse, port)

    assert (plain, refused) == (530, {})
    assert len(rows(app)) == 1


async def test_what_was_received_and_not_done_is_swept_up(app: App) -> None:
    clerk = Clerk(app, fails=[RuntimeError("the process died")])
    async with listening(app, process=clerk) as (_, port):
        await send(port, mail(1))
        await until(lambda: clerk.begun)
    app.clock.advance(seconds=100)  # type: ignore[attr-defined]  # It is a FixedClock.

    looked_at = await Sweeper(app, Reception(app, clerk)).sweep()

    assert looked_at == 1
    assert clerk.done == {"<1@example.org>": 1}


async def test_sweeper_leaves_alone_what_somebody_is_at(app: App) -> None:
    clerk = Clerk(app, fails=[RuntimeError("slow")])
    async with listening(app, process=clerk) as (_, port):
        await send(port, mail(1))
        await until(lambda: clerk.begun)
    app.clock.advance(seconds=15)  # type: ignore[attr-defined]  # It is a FixedClock.

    await Sweeper(app, Reception(app, clerk)).sweep()

    assert clerk.begun == 1


def test_of_a_message_that_two_have_received_only_whoever_began_with_it_lays_it_down(app: App) -> None:
    mailbox_id = add(app, 993).mailbox_id
    ours, theirs = (Reception(app, Clerk(app)) for _ in range(2))
    (began,) = ours.receive_all([mail(1)], mailbox_id)
    (second,) = theirs.receive_all([mail(1)], mailbox_id)

    theirs.lay_down(second)
    meanwhile = theirs.finish(second)
    ours.lay_down(began)
    afterwards = theirs.finish(second)

    assert (meanwhile, afterwards) == (MailState.RECEIVED, MailState.PROCESSED)


@pytest.mark.parametrize(("trusted", "is_believed"), [(("127.0.0.0/8",), True), (("192.0.2.0/24",), False)])
async def test_what_anybody_else_says_of_the_sender_is_not_believed(
    app: App, trusted: tuple[str, ...], is_believed: bool
) -> None:
    """Whoever reaches the port could write the name of our mail host above their verdict."""
    forged = b"Authentication-Results: mx.example.org; dmarc=pass header.from=example.org\r\n"
    app.settings = replace(app.settings, mail_listen_trusted=trusted)

    async with listening(app) as (_, port):
        await send(port, forged + mail(1))

    (row,) = rows(app)
    raw = app.read(show_received, ShowReceived(row.id), OPERATOR).raw or b""
    assert raw.startswith(forged if is_believed else b"Authentication-Results: in.example.org; none\r\n" + forged)


@pytest.mark.parametrize(
    ("peer", "is_trusted"),
    [
        ("127.0.0.1", True),
        ("::ffff:127.0.0.1", True),
        ("::1", True),
        ("::1%lo", True),
        ("192.0.2.1", False),
        ("", False),
    ],
)
def test_this_machine_is_trusted_and_no_other(app: App, peer: str, is_trusted: bool) -> None:
    async def listener() -> Listener:
        return Listener(app, Reception(app, Clerk(app)), kind="smtp")

    assert asyncio.run(listener()).trusts(peer) is is_trusted
