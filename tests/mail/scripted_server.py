"""A mail server that misbehaves on cue, in the event loop of the test.

A script says what it answers to a command; what has no line in the script is accepted. ``GREETING`` and ``DOT`` are
the moments without a command.
"""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from types import TracebackType
from typing import Self

import pytest

GREETING, DOT = "GREETING", "."
# What servers offer: commands one at a time, or several at once.
ONE_BY_ONE, AT_ONCE = "250 mx.example.org", "250-mx.example.org\n250 PIPELINING"
both_ways = pytest.mark.parametrize("offer", [ONE_BY_ONE, AT_ONCE], ids=["one by one", "at once"])


class Act(Enum):
    DROP = auto()
    """The connection is reset."""
    SILENCE = auto()
    """Nothing is answered, nothing more is read."""


Answer = str | Act

_MOST_OCTETS = 2**25
_DEFAULTS: dict[str, Answer] = {
    GREETING: "220 mx.example.org ESMTP",
    "EHLO": ONE_BY_ONE,
    "HELO": "250 mx.example.org",
    "DATA": "354 go on",
    "QUIT": "221 bye",
    DOT: "250 2.0.0 queued",
}


class ScriptedServer:
    """``script``: by command, one answer for always, or several in their order, the last one for always."""

    def __init__(
        self,
        script: Mapping[str, Answer | Sequence[Answer]] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
    ) -> None:
        self._script = {name: _queue(answers) for name, answers in (script or {}).items()}
        self._tls = tls
        self._starttls = starttls
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.port = 0
        self.commands: list[str] = []
        self.accepted: list[bytes] = []
        self.connections = 0
        self.most_open = 0
        self.all_closed = asyncio.Event()
        self._reached: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._converse, "127.0.0.1", 0, ssl=self._tls, limit=_MOST_OCTETS)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.drop_all()
        await asyncio.gather(*self._open, return_exceptions=True)

    def drop_all(self) -> None:
        for conversation, writer in self._open.items():
            writer.transport.abort()
            conversation.cancel()

    async def reached(self, moment: str) -> None:
        """Waits until it is about to answer there, for the first time."""
        await self._reached[moment].wait()

    def heard(self, command: str) -> int:
        return sum(line.upper().startswith(command) for line in self.commands)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = asyncio.current_task()
        assert conversation is not None
        self._open[conversation] = writer
        self.connections += 1
        self.most_open = max(self.most_open, len(self._open))
        self.all_closed.clear()
        try:
            if await self._say(writer, GREETING):
                await self._listen(reader, writer)
        except (ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()
            del self._open[conversation]
            if not self._open:
                self.all_closed.set()

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := (await reader.readline()).decode().strip():
            self.commands.append(line)
            verb = line.partition(" ")[0].upper()
            if verb == "EHLO" and self._starttls is not None:
                writer.write(b"250-mx.example.org\r\n250 STARTTLS\r\n")
                continue
            if verb == "STARTTLS" and self._starttls is not None:
                writer.write(b"220 go on\r\n")
                await writer.start_tls(self._starttls)
                self._starttls = None
                continue
            if not await self._say(writer, verb):
                return
            if verb == "DATA" and self._last.startswith("354"):
                content = await reader.readline()
                if content != b".\r\n":
                    content += await reader.readuntil(b"\r\n.\r\n")
                if not await self._say(writer, DOT):
                    return
                if self._last.startswith("250"):
                    self.accepted.append(content)
            if verb == "QUIT":
                return

    async def _say(self, writer: asyncio.StreamWriter, moment: str) -> bool:
        self._reached[moment].set()
        answer = self._answer(moment)
        if answer is Act.DROP:
            return False
        if answer is Act.SILENCE:
            await asyncio.Event().wait()
        self._last = str(answer)
        writer.write(self._last.replace("\n", "\r\n").encode() + b"\r\n")
        await writer.drain()
        return not self._last.startswith("421")

    def _answer(self, moment: str) -> Answer:
        queue = self._script.get(moment)
        if not queue:
            return _DEFAULTS.get(moment, "250 ok")
        return queue.pop(0) if len(queue) > 1 else queue[0]


def _queue(answers: Answer | Sequence[Answer]) -> list[Answer]:
    return [answers] if isinstance(answers, str | Act) else list(answers)
