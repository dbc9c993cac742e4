"""The mail server's side of a conversation: its replies in their order, and whether what we said has left.

1. A reply is given once, to whoever waits for the next one; several commands may be under way (RFC 2920).
2. What the server says unasked is never taken for the answer to a command that comes later: see ``is_quiet``.
3. After an end, replies that came before it can still be read; then ``ConnectionEnded`` is all there is.

Taken over from the library once a session stands. Its own way from a command to a reply costs more than all else in
handing over a mail (measured), and knows one command at a time.
"""

import asyncio
from collections import deque
from typing import Final, NamedTuple

_LINE_OCTETS: Final = 8192
_REPLY_LINES: Final = 100
# More than was ever asked at once, by far.
_UNREAD_REPLIES: Final = 100


class ConnectionEnded(Exception):
    """Lost, silent for too long, or no mail server's words."""


class Reply(NamedTuple):
    code: int
    text: str


class Replies(asyncio.Protocol):
    """``timeout``: seconds, for each reply and for what was said to leave."""

    def __init__(self, transport: asyncio.Transport, timeout: float) -> None:
        self._transport = transport
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._rest = b""
        self._lines: list[str] = []
        self._unread: deque[Reply] = deque()
        self._problem = ""
        self._is_held_back = False
        self._news: asyncio.Future[None] | None = None
        self._ends_at = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        # So that we hear when anything waits, and when nothing does. Not 0 and 0: TLS would then never say so.
        transport.set_write_buffer_limits(high=1, low=0)
        transport.set_protocol(self)

    @property
    def is_quiet(self) -> bool:
        """Connected, and nothing said that nobody asked for."""
        return not (self._problem or self._unread or self._rest or self._lines or self._transport.is_closing())

    def say(self, words: bytes) -> None:
        """Raises ConnectionEnded."""
        if self._problem or self._transport.is_closing():
            raise ConnectionEnded(self._problem or "Connection lost")
        self._transport.write(words)

    async def next(self) -> Reply:
        """Raises ConnectionEnded."""
        while not self._unread:
            await self._wait()
        return self._unread.popleft()

    async def all_left(self) -> None:
        """Until the socket has taken every byte that was said. Raises ConnectionEnded."""
        while self._is_held_back:
            await self._wait()

    def cut(self) -> None:
        """What waits to leave never will."""
        self._transport.abort()
        self._end("cut off")

    # --- What the transport calls -------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._problem:
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._read(line)
        if len(self._rest) > _LINE_OCTETS or len(self._lines) > _REPLY_LINES:
            self._end("a reply without end")
        self._tell()

    def eof_received(self) -> None:
        """The transport closes itself."""
        self._end("Connection lost")

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(f"Connection lost: {exc}" if exc else "Connection lost")
        if self._alarm is not None:
            self._alarm.cancel()

    def pause_writing(self) -> None:
        self._is_held_back = True

    def resume_writing(self) -> None:
        self._is_held_back = False
        self._tell()

    # --- Within -------------------------------------------------------------------------------------------

    def _read(self, line: bytes) -> None:
        if not line[:3].isdigit() or len(line) > _LINE_OCTETS:
            self._end("no reply of a mail server")
        elif len(self._unread) == _UNREAD_REPLIES:
            self._end("replies without end")
        if self._problem:
            return
        self._lines.append(line[4:].strip().decode("utf-8", "replace"))
        if line[3:4] != b"-":
            self._unread.append(Reply(int(line[:3]), "\n".join(self._lines)))
            self._lines.clear()

    async def _wait(self) -> None:
        """Until anything changes. Raises ConnectionEnded."""
        if self._problem:
            raise ConnectionEnded(self._problem)
        self._ends_at = self._loop.time() + self._timeout
        if self._alarm is None:
            self._alarm = self._loop.call_at(self._ends_at, self._ring)
        self._news = self._loop.create_future()
        try:
            await self._news
        finally:
            self._news = None

    def _ring(self) -> None:
        """One alarm for many waits: it is set anew when it rings, not with each."""
        self._alarm = None
        if self._news is None:
            return
        if self._loop.time() < self._ends_at:
            self._alarm = self._loop.call_at(self._ends_at, self._ring)
        else:
            self._end("no answer in time")

    def _end(self, problem: str) -> None:
        self._problem = self._problem or problem
        self._tell()

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
