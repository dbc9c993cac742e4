"""aioimaplib's pitfalls, each with a server that used to bring it about."""

import asyncio
import logging
import socket
import time
from pathlib import Path

import pytest

from core.large_mail import pieces_of
from core.words import MailboxAuth
from mail.inbox.connection import Connection, Folder, LoginRefused
from mail.inbox.protocol import ConnectionLost, Refused
from tests.mail.certificates import tls_contexts
from tests.mail.inbox.conftest import Connect
from tests.mail.inbox.scripted_imap import CONTINUATION, DONE, GREETING, Act, ScriptedImap

BY_ITSELF = 60.0
"""Long before the ten minutes that are asked for, and long enough for a busy machine."""
SOON = 0.5
"""Only tests of silence wait it out; all that comes before it, comes sooner."""


async def test_thousands_of_lines_in_one_chunk_are_read_in_proportion(connect: Connect) -> None:
    lines = b"".join(b"* %d FETCH (UID %d RFC822.SIZE 9)\r\n" % (uid, uid) for uid in range(1, 10_001))
    async with ScriptedImap({"FETCH": lines + b"TAG OK done\r\n"}) as server:
        connection = await connect(server)

        began = time.process_time()
        sizes = await connection.sizes(range(1, 10_001))

        assert len(sizes) == 10_000
        assert time.process_time() - began < 2


async def test_server_that_closes_while_idle_begins_is_seen_at_once(connect: Connect) -> None:
    async with ScriptedImap({"IDLE": Act.DROP}) as server:
        connection = await connect(server)

        with pytest.raises(ConnectionLost):
            async with asyncio.timeout(BY_ITSELF):
                await connection.wait(600)


async def test_connection_lost_in_idle_is_seen_at_once(connect: Connect) -> None:
    async with ScriptedImap() as server:
        connection = await connect(server)
        connection.begin_listening()
        waiting = asyncio.create_task(connection.wait(600))
        await server.reached("IDLE")

        server.cut()

        with pytest.raises(ConnectionLost):
            async with asyncio.timeout(BY_ITSELF):
                await waiting


async def test_goodbye_in_idle_is_seen_at_once(connect: Connect) -> None:
    async with ScriptedImap({"IDLE": b"+ idling\r\n* BYE too long\r\n"}) as server:
        connection = await connect(server)

        with pytest.raises(ConnectionLost, match="goodbye"):
            async with asyncio.timeout(BY_ITSELF):
                await connection.wait(600)


async def _everything(connection: Connection) -> None:
    await connection.search()
    await connection.body(1)
    await connection.file([1], Folder.HELD)


@pytest.mark.parametrize("command", ["SEARCH", "FETCH", "MOVE"])
async def test_connection_lost_during_a_command_is_seen_at_once(connect: Connect, command: str) -> None:
    async with ScriptedImap({command: Act.DROP}) as server:
        connection = await connect(server)
        server.put(b"x")

        with pytest.raises(ConnectionLost):
            async with asyncio.timeout(BY_ITSELF):
                await _everything(connection)


async def test_connection_cut_within_a_literal_is_seen_at_once(connect: Connect) -> None:
    async with ScriptedImap({"FETCH": b"* 1 FETCH (UID 1 BODY[] {1000}\r\nonly so much"}) as server:
        connection = await connect(server)
        fetching = asyncio.create_task(connection.body(1))
        await server.reached("FETCH")

        server.cut()

        with pytest.raises(ConnectionLost):
            async with asyncio.timeout(BY_ITSELF):
                await fetching


async def test_tls_is_spoken_with_our_context_and_its_loss_is_seen(connect: Connect, tmp_path: Path) -> None:
    theirs, ours = tls_contexts(tmp_path)
    async with ScriptedImap(tls=theirs) as server:
        connection = await connect(server, tls=ours)
        server.put(b"secret enough")
        body = await connection.body(1)
        connection.begin_listening()
        waiting = asyncio.create_task(connection.wait(600))
        await server.reached("IDLE")

        server.cut()

        assert body == b"secret enough"
        with pytest.raises(ConnectionLost):
            await waiting


async def test_certificate_that_nobody_vouches_for_is_refused_in_words(connect: Connect, tmp_path: Path) -> None:
    import ssl

    theirs, _ = tls_contexts(tmp_path)
    async with ScriptedImap(tls=theirs) as server:
        with pytest.raises(ConnectionLost, match="its certificate cannot be trusted"):
            await connect(server, tls=ssl.create_default_context())


async def test_silence_ends_the_connection_and_blocks_no_later_command(connect: Connect) -> None:
    async with ScriptedImap({"SEARCH": Act.SILENCE}) as server:
        connection = await connect(server, patience=SOON)

        with pytest.raises(ConnectionLost, match="no answer within"):
            await connection.search()

        with pytest.raises(ConnectionLost):
            await connection.body(1)


async def test_command_that_was_cancelled_leaves_no_answer_for_the_next_one(connect: Connect) -> None:
    async with ScriptedImap({"SEARCH": Act.SILENCE}) as server:
        connection = await connect(server)
        searching = asyncio.create_task(connection.search())
        await server.reached("SEARCH")

        searching.cancel()
        await asyncio.wait([searching])

        with pytest.raises(ConnectionLost):
            await connection.body(1)


async def test_refused_access_token_is_answered_at_once(connect: Connect) -> None:
    async with ScriptedImap({"AUTHENTICATE": b"+ eyJzdGF0dXMiOiI0MDAifQ==\r\n"}) as server:
        with pytest.raises(LoginRefused, match="access token"):
            async with asyncio.timeout(BY_ITSELF):
                await connect(server, auth=MailboxAuth.XOAUTH2, secret="ya29.token")

        assert server.commands[-1] == ""


async def test_access_token_that_is_right_logs_in(connect: Connect) -> None:
    async with ScriptedImap() as server:
        connection = await connect(server, auth=MailboxAuth.XOAUTH2, secret="ya29.token")

        assert await connection.search() == []


async def test_neither_secrets_nor_mail_are_logged(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with ScriptedImap(password="hush-hush") as server:
        connection = await connect(server, secret="hush-hush")
        server.put(b"Subject: private matter\r\n\r\n")

        await connection.body(1)
        await connect(server, auth=MailboxAuth.XOAUTH2, secret="ya29.token")

    # So does its base64.
    assert not any(word in caplog.text for word in ("hush-hush", "private matter", "ya29", "dXNlcj1"))


async def test_search_names_no_charset(connect: Connect) -> None:
    async with ScriptedImap() as server:
        connection = await connect(server)

        await connection.search(5)

        assert server.commands[-1].partition(" ")[2] == "UID SEARCH UID 5:* UNDELETED"


async def test_names_are_quoted(connect: Connect) -> None:
    async with ScriptedImap(prefix="Usher's Mail.") as server:
        connection = await connect(server, user='bo"t smith')
        server.put(b"x")

        await connection.file([1], Folder.HELD)

        assert server.commands[1].endswith('LOGIN "bo\\"t smith" "secret"')
        assert server.folders["Usher's Mail.Held"] == [b"x"]


@pytest.mark.parametrize("secret", ["two\r\nlines", "nul\0"])
async def test_secret_that_would_end_the_line_is_refused(connect: Connect, secret: str) -> None:
    async with ScriptedImap() as server:
        with pytest.raises(LoginRefused, match="characters"):
            await connect(server, secret=secret)

        assert server.heard("LOGIN") == 0


async def test_message_that_arrives_between_search_and_idle_ends_the_idle(connect: Connect) -> None:
    async with ScriptedImap({"MOVE": b"* 9 EXISTS\r\nTAG OK done\r\n"}) as server:
        connection = await connect(server)
        connection.begin_listening()
        await connection.search()
        await connection.file([1], Folder.HELD)

        async with asyncio.timeout(BY_ITSELF):
            await connection.wait(600)

        assert server.heard("IDLE") == server.heard("DONE")


async def test_message_announced_outside_a_command_ends_the_idle(connect: Connect) -> None:
    async with ScriptedImap({"SEARCH": b"* SEARCH\r\nTAG OK done\r\n* 1 EXISTS\r\n"}) as server:
        connection = await connect(server)
        connection.begin_listening()
        await connection.search()

        async with asyncio.timeout(BY_ITSELF):
            await connection.wait(600)

        assert server.heard("IDLE") == server.heard("DONE")


async def test_idle_ends_after_its_time_and_may_be_renewed(connect: Connect) -> None:
    async with ScriptedImap() as server:
        connection = await connect(server)
        connection.begin_listening()

        await connection.wait(0.01)
        await connection.wait(0.01)

        assert (server.heard("IDLE"), server.heard("DONE")) == (2, 2)


async def test_server_that_never_answers_the_renewal_is_given_up(connect: Connect) -> None:
    async with ScriptedImap({DONE: Act.SILENCE}) as server:
        connection = await connect(server, patience=SOON)
        connection.begin_listening()

        with pytest.raises(ConnectionLost, match="no answer within"):
            await connection.wait(0.01)


@pytest.mark.parametrize(
    "mail",
    [
        b"",
        b"* 5 EXISTS * not ours\r\n",
        b"A1 OK done\r\n{12}\r\n",
        b"((((\r\n",
        b'"quoted (" \\\r\n)\r\n',
        b"\0\xff\xfe" * 1000,
        b"+ go on\r\n" * 2000,
    ],
    ids=["empty", "untagged", "tagged", "parentheses", "quotes", "octets", "continuations"],
)
async def test_body_is_what_was_sent_whatever_it_says(connect: Connect, mail: bytes) -> None:
    async with ScriptedImap() as server:
        connection = await connect(server)
        uid = server.put(mail)

        assert await connection.body(uid) == mail
        assert await connection.search() == [uid]


async def test_body_as_a_quoted_string_swallows_no_other_line(connect: Connect) -> None:
    said = b'* 1 FETCH (UID 1 BODY[] "one ( and no more")\r\n* 7 EXISTS\r\nTAG OK done\r\n'
    async with ScriptedImap({"FETCH": said}) as server:
        connection = await connect(server)

        assert await connection.body(1) is None
        assert await connection.search() == []


@pytest.mark.parametrize(
    "said",
    [b"* 1 FETCH (UID 1 BODY[] NIL)\r\nTAG OK done\r\n", b"TAG OK done\r\n", b"TAG NO [EXPUNGEISSUED] gone\r\n"],
)
async def test_body_that_is_not_there_is_none(connect: Connect, said: bytes) -> None:
    async with ScriptedImap({"FETCH": said}) as server:
        connection = await connect(server)

        assert await connection.body(1) is None


async def test_news_about_other_messages_is_no_body(connect: Connect) -> None:
    said = (
        b"* 2 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (UID 1 BODY[] {5}\r\nhello FLAGS ())\r\n* 3 EXPUNGE\r\nTAG OK ok\r\n"
    )
    async with ScriptedImap({"FETCH": said}) as server:
        connection = await connect(server)

        assert await connection.body(1) == b"hello"


async def test_greeting_that_is_a_goodbye_is_seen_at_once(connect: Connect) -> None:
    async with ScriptedImap({GREETING: b"* BYE not today\r\n"}) as server:
        with pytest.raises(Refused, match="does not talk"):
            async with asyncio.timeout(BY_ITSELF):
                await connect(server)


async def test_password_that_is_wrong_is_told_from_a_lost_connection(connect: Connect) -> None:
    async with ScriptedImap() as server:
        with pytest.raises(LoginRefused, match="password"):
            await connect(server, secret="wrong")


async def test_no_is_an_error(connect: Connect) -> None:
    async with ScriptedImap({"SEARCH": b"TAG NO not now\r\n", "IDLE": b"TAG BAD what\r\n"}) as server:
        connection = await connect(server)

        with pytest.raises(Refused, match="not now"):
            await connection.search()
        with pytest.raises(Refused, match="IDLE"):
            await connection.wait(600)


async def test_connection_is_kept_alive_by_the_system(connect: Connect) -> None:
    async with ScriptedImap() as server:
        connection = await connect(server)

        ours = connection._protocol.transport.get_extra_info("socket")

        assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60


async def test_server_that_listens_nowhere_is_lost_in_words(connect: Connect) -> None:
    server = ScriptedImap()
    server.port = 1

    with pytest.raises(ConnectionLost, match="refused"):
        await connect(server)


async def test_25_megabytes_arrive_whole(connect: Connect) -> None:
    mail = b"0123456789abcdef" * (25 * 1024 * 64)
    async with ScriptedImap() as server:
        connection = await connect(server)
        uid = server.put(mail)

        assert b"".join(pieces_of(await connection.body(uid) or b"")) == mail


async def test_more_than_a_message_may_have_ends_the_connection(connect: Connect) -> None:
    async with ScriptedImap() as server:
        connection = await connect(server, largest=1000)
        uid = server.put(b"x" * 1001)

        with pytest.raises(ConnectionLost, match="more than"):
            await connection.body(uid)


@pytest.mark.parametrize(
    "said",
    [
        b"NONE7 OK whose is this\r\nP1 OK whose is this\r\n",
        b"* SEARCH " + b"1 " * 9_000_000,
        b"* 1 FETCH (UID 1)\r\n" * 30_000,
        b"\xff" * 1000 + b"\r\n",
        b"* 5 FETCH (BODY[] {99999999999}\r\n",
    ],
    ids=["others' tags", "endless line", "endless lines", "octets", "endless literal"],
)
async def test_nonsense_ends_in_a_lost_connection_and_never_hangs(connect: Connect, said: bytes) -> None:
    async with ScriptedImap({"SEARCH": said}) as server:
        connection = await connect(server, patience=SOON)

        with pytest.raises(ConnectionLost):
            await connection.search()


async def test_answers_that_come_octet_by_octet_are_read(connect: Connect) -> None:
    async with ScriptedImap() as server:
        connection = await connect(server)
        uid = server.put(b"a\r\nb {3}\r\n")
        protocol = connection._protocol
        whole = protocol.data_received

        def dribble(data: bytes) -> None:
            for place in range(len(data)):
                whole(data[place : place + 1])

        protocol.data_received = dribble  # type: ignore[method-assign]  # The network would do so.

        assert await connection.body(uid) == b"a\r\nb {3}\r\n"
        assert await connection.search() == [uid]


async def test_folder_that_has_gone_is_made_anew(connect: Connect) -> None:
    async with ScriptedImap() as server:
        connection = await connect(server)
        uid = server.put(b"x")
        del server.folders["Held"]

        await connection.file([uid], Folder.HELD)

        assert server.folders["Held"] == [b"x"]


@pytest.mark.parametrize("capabilities", ["IMAP4rev1 UIDPLUS", "IMAP4rev1"])
async def test_without_move_a_message_is_copied_and_marked(connect: Connect, capabilities: str) -> None:
    async with ScriptedImap(capabilities=capabilities) as server:
        connection = await connect(server)
        uid = server.put(b"x")

        await connection.file([uid], Folder.FAILED)

        assert server.folders["Failed"] == [b"x"]
        assert await connection.search() == []
        # Without UIDPLUS an EXPUNGE would take away what others have marked.
        assert server.heard("EXPUNGE") == (1 if "UIDPLUS" in capabilities else 0)


async def test_folder_that_is_there_is_not_made_again(connect: Connect) -> None:
    async with ScriptedImap({"CREATE": b"TAG NO [ALREADYEXISTS] there\r\n"}) as server:
        await connect(server)

        assert server.heard("CREATE") == len(Folder)


async def test_mailbox_that_can_only_be_read_is_refused(connect: Connect) -> None:
    async with ScriptedImap({"SELECT": b"* OK [UIDVALIDITY 1] v\r\nTAG OK [READ-ONLY] done\r\n"}) as server:
        with pytest.raises(Refused, match="only be read"):
            await connect(server)


async def test_password_is_not_sent_where_the_server_forbids_it(connect: Connect) -> None:
    async with ScriptedImap(capabilities="IMAP4rev1 LOGINDISABLED") as server:
        with pytest.raises(LoginRefused, match="takes no passwords"):
            await connect(server)

        assert server.heard("LOGIN") == 0


async def test_refusal_after_the_reason_is_a_refusal(connect: Connect) -> None:
    script = {"AUTHENTICATE": b"+ e30=\r\n", CONTINUATION: b"TAG NO [AUTHENTICATIONFAILED] no\r\n"}
    async with ScriptedImap(script) as server:
        with pytest.raises(LoginRefused):
            await connect(server, auth=MailboxAuth.XOAUTH2, secret="t")
