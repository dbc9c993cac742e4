"""A mail server that misbehaves on cue, in a thread, with a ledger of what it accepted.

1. A mail is in the ledger before its sender hears 250, or hears nothing.
2. How it answers is asked anew at every moment of every conversation: an experiment decides by recipient and by time.
"""

import asyncio
import re
import socket
import ssl
import struct
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from threading import Event, Thread
from types import TracebackType
from typing import Any, Final, Self

from msgspec import Struct, field

from bench.sinks import Accepted
from tests.servers.processes import LOOPBACK, free_port

GREETING, DOT = "GREETING", "."
_MESSAGE_ID: Final = re.compile(rb"(?im)^message-id:[ \t]*(?:\r\n[ \t]+)?(\S+)")
_MOST_OCTETS: Final = 2**22
_POLL_SECONDS: Final = 0.005
_GOOD: Final = {
    GREETING: "220 sink.example.org",
    "EHLO": "250-sink.example.org\r\n250-PIPELINING\r\n250 8BITMIME",
    "DATA": "354 go on",
    "QUIT": "221 bye",
}
_NOBODY: Final = "554 5.5.1 No valid recipients"


class Act(Enum):
    DROP = auto()
    """The connection is closed."""
    RESET = auto()
    """The connection is reset (RST)."""
    SILENCE = auto()
    """Nothing is answered until the other side goes away."""


class Slowly(Struct, frozen=True):
    """An octet at a time."""

    text: str
    seconds_an_octet: float


class Swallowed(Struct, frozen=True):
    """The mail is accepted, and instead of saying so ..."""

    act: Act


Answer = str | Act | Slowly | Swallowed


class Moment(Struct, frozen=True):
    name: str
    """``GREETING``, a verb, or ``DOT``."""
    recipient: str
    """Empty before RCPT."""


Behaviour = Callable[[Moment], Answer | None]
"""None: as a well-behaved server does."""


def well_behaved(moment: Moment) -> None:
    """Accepts everything."""


class _Conversation(Struct, eq=False):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    sender: str = ""
    recipient: str = ""
    is_addressed: bool = False
    """The recipient was accepted: whoever says DATA at once with RCPT may do so to nobody."""
    is_over: bool = False


class _Heard(Struct):
    """What happened so far; the counts are of commands, by name."""

    accepted: list[Accepted] = []
    moments: Counter[str] = field(default_factory=Counter)
    longest_wait: float = 0.0
    """Seconds that a client waited for an answer before it went away."""


class MailServer:
    def __init__(self, *, answer_seconds: float = 0.0, tls: ssl.SSLContext | None = None) -> None:
        self.port = free_port()
        self.behave: Behaviour = well_behaved
        self.letters: dict[str, tuple[str, bytes]] | None = None
        """By Message-ID, the envelope's sender and the content; None: they are not kept."""
        self._heard = _Heard()
        self._answer_seconds = answer_seconds
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="mail-server", daemon=True)
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], _Conversation] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        self._in_thread(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._in_thread(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def accepted(self) -> list[Accepted]:
        return list(self._heard.accepted)

    @property
    def connections(self) -> int:
        return self.heard(GREETING)

    @property
    def longest_wait(self) -> float:
        return self._heard.longest_wait

    def heard(self, name: str) -> int:
        return self._heard.moments[name]

    def wait_for(self, count: int, *, seconds: float) -> bool:
        """Until so many were accepted in all."""
        ends = time.monotonic() + seconds
        while len(self._heard.accepted) < count:
            if time.monotonic() > ends:
                return False
            Event().wait(_POLL_SECONDS)
        return True

    def drop_all(self) -> None:
        """So that nobody goes on with a connection made before."""
        self._in_thread(self._drop_all())

    @contextmanager
    def away(self) -> Iterator[None]:
        """Connections are refused."""
        self._in_thread(self._close())
        try:
            yield
        finally:
            self._in_thread(self._listen())

    def _in_thread(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port, limit=_MOST_OCTETS, ssl=self._tls)

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._drop_all()

    async def _drop_all(self) -> None:
        conversations = list(self._open)
        for conversation in conversations:
            self._open[conversation].writer.transport.abort()
            conversation.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)

    # --- One connection ---------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        conversation = self._open[task] = _Conversation(reader, writer)
        try:
            await self._converse(conversation)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            del self._open[task]

    async def _converse(self, conversation: _Conversation) -> None:
        await self._answer(conversation, GREETING)
        while not conversation.is_over and (line := await conversation.reader.readline()):
            verb = line[:4].upper().decode("ascii", "replace").strip()
            if verb == "MAIL":
                conversation.sender = _path(line)
            if verb == "RCPT":
                conversation.recipient = _path(line)
            said = await self._answer(conversation, verb)
            if verb in ("MAIL", "RCPT", "RSET"):
                conversation.is_addressed = verb == "RCPT" and said.startswith("25")
            if verb == "DATA" and said.startswith("354"):
                content = await conversation.reader.readuntil(b"\r\n.\r\n")
                await asyncio.sleep(self._answer_seconds)
                await self._answer(conversation, DOT, content)

    async def _answer(self, conversation: _Conversation, name: str, content: bytes = b"") -> str:
        """What was said; the conversation may be over with it."""
        self._heard.moments[name] += 1
        good = _NOBODY if name == "DATA" and not conversation.is_addressed else _GOOD.get(name, "250 ok")
        answer = self.behave(Moment(name, conversation.recipient)) or good
        if name == DOT and _accepts(answer):
            self._note(conversation, content)
        if isinstance(answer, str):
            conversation.writer.write(f"{answer}\r\n".encode())
            conversation.is_over = answer.startswith(("421", "221"))
            return answer
        conversation.is_over = True
        await self._misbehave(conversation, answer.act if isinstance(answer, Swallowed) else answer)
        return ""

    def _note(self, conversation: _Conversation, content: bytes) -> None:
        found = _MESSAGE_ID.search(content)
        message_id = found[1].decode(errors="replace") if found else "-"
        if self.letters is not None:
            self.letters[message_id] = (conversation.sender, content.removesuffix(b".\r\n"))
        self._heard.accepted.append(Accepted(time.monotonic(), conversation.recipient, message_id))

    async def _misbehave(self, conversation: _Conversation, answer: Act | Slowly) -> None:
        if answer is Act.DROP:
            return
        if answer is Act.RESET:
            _reset_on_close(conversation.writer)
            return
        began_at = time.monotonic()
        telling = asyncio.ensure_future(_tell(conversation.writer, answer)) if isinstance(answer, Slowly) else None
        with suppress(ConnectionError):
            await conversation.reader.read()  # Until the client goes away.
        if telling is not None:
            telling.cancel()
        self._heard.longest_wait = max(self._heard.longest_wait, time.monotonic() - began_at)


def _path(line: bytes) -> str:
    return line.partition(b"<")[2].partition(b">")[0].decode()


def _accepts(answer: Answer) -> bool:
    return isinstance(answer, Swallowed) or (isinstance(answer, str) and answer.startswith("250"))


def _reset_on_close(writer: asyncio.StreamWriter) -> None:
    # Lingering for no time at all is what makes the kernel send RST.
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def _tell(writer: asyncio.StreamWriter, answer: Slowly) -> None:
    for octet in f"{answer.text}\r\n".encode():
        writer.write(bytes([octet]))
        await asyncio.sleep(answer.seconds_an_octet)
