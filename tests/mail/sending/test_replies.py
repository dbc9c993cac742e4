"""Each against a peer that says exactly these bytes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from mail.sending.replies import ConnectionEnded, Replies, Reply

PATIENCE = 5.0


@asynccontextmanager
async def peer_that_says(*pieces: bytes) -> AsyncIterator[tuple[Replies, asyncio.StreamWriter]]:
    """The second is the peer's side."""
    accepted: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

    def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set_result(writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    transport, _ = await asyncio.get_running_loop().create_connection(
        asyncio.Protocol, *server.sockets[0].getsockname()
    )
    replies = Replies(transport, PATIENCE)
    writer = await accepted
    await _say(writer, pieces)
    try:
        yield replies, writer
    finally:
        replies.cut()
        writer.transport.abort()
        server.close()


async def _say(writer: asyncio.StreamWriter, pieces: Sequence[bytes]) -> None:
    for piece in pieces:
        writer.write(piece)
        await writer.drain()


@pytest.mark.parametrize(
    "pieces",
    [
        (b"250-mx\r\n250-PIPELINING\r\n250 SIZE 1\r\n354 go on\r\n",),
        (b"250-m", b"x\r\n250-PIPELI", b"NING\r\n25", b"0 SIZE 1\r", b"\n354 go on\r\n"),
    ],
    ids=["at once", "in pieces"],
)
async def test_replies_come_in_their_order_however_they_are_cut(pieces: tuple[bytes, ...]) -> None:
    async with peer_that_says(*pieces) as (replies, _):
        first, second = await replies.next(), await replies.next()

        assert (first, second) == (Reply(250, "mx\nPIPELINING\nSIZE 1"), Reply(354, "go on"))
        assert replies.is_quiet


async def test_reply_before_the_end_is_still_read() -> None:
    async with peer_that_says(b"250 queued\r\n") as (replies, peer):
        peer.close()

        assert await replies.next() == Reply(250, "queued")
        with pytest.raises(ConnectionEnded, match="Connection lost"):
            await replies.next()
        assert not replies.is_quiet


@pytest.mark.parametrize(
    "said",
    [b"HTTP/1.1 400 Bad Request\r\n", b"\r\n", b"2" * 9000, b"250-more\r\n" * 200, b"250 " + b"x" * 9000 + b"\r\n"],
)
async def test_words_of_no_mail_server_end_the_conversation(said: bytes) -> None:
    async with peer_that_says(said) as (replies, _):
        with pytest.raises(ConnectionEnded):
            await replies.next()

        with pytest.raises(ConnectionEnded):
            replies.say(b"NOOP\r\n")


async def test_who_speaks_unasked_is_not_quiet() -> None:
    async with peer_that_says(b"250 ok\r\n421 idle too long\r\n") as (replies, _):
        await replies.next()

        assert not replies.is_quiet
        assert await replies.next() == Reply(421, "idle too long")


async def test_nothing_can_be_said_after_the_cut() -> None:
    async with peer_that_says() as (replies, _):
        replies.cut()

        with pytest.raises(ConnectionEnded):
            replies.say(b"NOOP\r\n")


async def test_a_server_that_talks_on_unasked_is_not_listened_to_for_ever() -> None:
    async with peer_that_says(*[b"250 and another thing\r\n" * 100] * 20) as (replies, _):
        for _ in range(100):
            await replies.next()

        with pytest.raises(ConnectionEnded, match="without end"):
            await replies.next()
