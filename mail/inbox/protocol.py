"""aioimaplib where it is right, and its way of talking to the network put right where it is not.

The library keeps commands, tags and states. Reading, waiting and giving up are ours:

1. A command ends: by its answer, by ``patience`` seconds of silence, or at once when the connection is lost. After
   silence or a cancelled command nobody knows what comes next, so the connection is closed.
2. Commands take turns: every line that is not tagged belongs to the one under way.
3. Whatever the server sends, reading takes time and memory in proportion, within limits, and never raises.
4. A message's body goes where its ``fetch_body`` says as it comes, and is never held here as a whole.
5. That a message arrived is remembered (``news``), whenever it was said.
6. Nothing that was sent or read is logged: it holds passwords, tokens and people's mail.
"""

import asyncio
import contextlib
import logging
import re
import socket
import ssl
from collections.abc import Awaitable
from typing import Any, Final

from aioimaplib.aioimaplib import (  # type: ignore[import-untyped]  # It has no annotations.
    AUTH,
    NONAUTH,
    AioImapException,
    Command,
    Commands,
    FetchCommand,
    IMAP4ClientProtocol,
    Response,
    quoted,
)

from core.large_mail import Intake
from mail.faults import words_of

__all__ = ["ConnectionLost", "Protocol", "Refused", "Response", "open_protocol", "quoted"]

PATIENCE: Final = 30.0
# The longest that one command may take while data keeps coming: 35 MB at 40 KB/s.
_LONGEST_COMMAND: Final = 900.0
# The UIDs of two million messages fit into a line.
_LONGEST_LINE: Final = 16 * 1024 * 1024
_MOST_LINES: Final = 20_000
_LITERAL: Final = re.compile(rb"\{(\d{1,12})\}\Z")
_STATUS: Final = re.compile(rb"(?:OK|NO|BAD|BYE|PREAUTH)\b", re.IGNORECASE)
_BODY: Final = re.compile(rb"\d+ FETCH \(.*BODY\[\] \{\d+\}\Z", re.IGNORECASE | re.DOTALL)
_EXISTS: Final = re.compile(rb"\d+ EXISTS\b", re.IGNORECASE)
_TAGGED: Final = re.compile(rb"[A-P]+\d+ (?:OK|NO|BAD)\b")

# Its chatty levels hold whole messages and logins.
logging.getLogger("aioimaplib").setLevel(logging.WARNING)


class ConnectionLost(Exception):
    """The connection is gone, or as good as gone. ``str`` says why, in words for an operator."""


class Refused(Exception):
    """The server said NO or BAD, or cannot do what we need. ``str`` says so in words for an operator."""


class _FetchBody(FetchCommand):  # type: ignore[misc]  # It has no annotations.
    def __init__(self, tag: str, uid: int, into: Intake, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(tag, str(uid), "(UID BODY.PEEK[])", prefix="UID", loop=loop)
        self.into = into
        self.is_taken = False


class Protocol(IMAP4ClientProtocol):  # type: ignore[misc]  # As above.
    """``largest``: bytes of a literal above which the connection is given up."""

    pending_sync_command: Command | None

    def __init__(self, loop: asyncio.AbstractEventLoop, *, patience: float, largest: int) -> None:
        super().__init__(loop)
        self.news = asyncio.Event()
        self.greeting = b""
        self.problem = ""
        self._greeted = asyncio.Event()
        self._turn = asyncio.Lock()
        self._patience = patience
        self._largest = largest
        self._limit: asyncio.Timeout | None = None
        self._ends = 0.0
        self._buffer = bytearray()
        self._scanned = 0
        self._literal: bytearray | Intake = bytearray()
        self._missing = 0
        self._is_inside = False
        self._owner: Command | None = None

    # --- Reading ------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._limit is not None:
            self._limit.reschedule(min(self.loop.time() + self._patience, self._ends))
        try:
            self._handle_responses(data)
        # Whatever it is, the answers can no longer be told apart.
        except (AioImapException, ValueError, UnicodeDecodeError) as problem:
            self.give_up(f"the server's answer cannot be understood ({type(problem).__name__})")
        except OSError as problem:
            self.give_up(f"there is no room for what the server sends ({problem.strerror})")

    def _handle_responses(self, data: bytes) -> None:
        """In a loop: the library's own recursion ends at a thousand lines."""
        self._buffer += data
        start = 0
        while self.transport is not None and not self.problem:
            if self._missing:
                start = self._take_literal(start)
                if self._missing:
                    break
            end = self._buffer.find(b"\r\n", max(start, self._scanned))
            if end < 0:
                break
            line = bytes(self._buffer[start:end])
            start = end + 2
            self._take_line(line)
        del self._buffer[:start]
        self._scanned = max(0, len(self._buffer) - 1) if not self._missing else 0
        if len(self._buffer) > _LONGEST_LINE:
            raise ValueError

    def _take_literal(self, start: int) -> int:
        part = self._buffer[start : start + self._missing]
        if isinstance(self._literal, bytearray):
            self._literal += part
        else:
            self._literal.add(part)
        self._missing -= len(part)
        if not self._missing:
            self._end_literal()
        self._scanned = 0
        return start + len(part)

    def _end_literal(self) -> None:
        if isinstance(self._literal, bytearray):
            self._give(self._owner, self._literal)
        self._literal = bytearray()

    def _take_line(self, line: bytes) -> None:
        has_literal = _LITERAL.search(line)
        if self._is_inside:
            self._give(self._owner, line)
        elif not self._greeted.is_set():
            self.greeting = line
            self._greeted.set()
            return
        elif line.startswith(b"+"):
            self._continuation(line)
            return
        elif line.startswith(b"* "):
            # Text for people may end in braces, too.
            has_literal = None if _STATUS.match(line, 2) else has_literal
            self._owner = self._untagged_response(line)
        elif _TAGGED.match(line):
            self._response_done(line)
            self._idle_event.set()
            return
        else:
            return
        self._is_inside = has_literal is not None
        if has_literal is not None:
            self._begin_literal(line, int(has_literal[1]))

    def _begin_literal(self, line: bytes, octets: int) -> None:
        self._missing = octets
        owner = self._owner
        # News about the flags of other messages may stand between.
        if isinstance(owner, _FetchBody) and not owner.is_taken and _BODY.match(line, 2):
            owner.is_taken = True
            self._literal = owner.into
        if octets > self._largest:
            self.give_up("the server sends more than a message may have")
        elif not octets:
            self._end_literal()

    def _give(self, command: Command | None, line: bytes | bytearray) -> None:
        if command is None:
            return
        if len(command.response.lines) >= _MOST_LINES:
            raise ValueError
        command.append_to_resp(line)

    def _untagged_response(self, line: bytes) -> Command | None:
        text = line[2:]
        if _EXISTS.match(text):
            self.news.set()
        if text[:3].upper() == b"BYE" and self._command_name() != "LOGOUT":
            self.give_up("the server said goodbye")
        self._give(self.pending_sync_command, text)
        return self.pending_sync_command

    def _continuation(self, line: bytes) -> None:
        name = self._command_name()
        if name == "IDLE":
            self._idle_event.set()
        elif name == "AUTHENTICATE":
            # The server says why it refuses, and waits for an empty line before it does.
            self._give(self.pending_sync_command, line)
            self.transport.write(b"\r\n")

    def _command_name(self) -> str:
        return self.pending_sync_command.name if self.pending_sync_command is not None else ""

    # --- Ending -------------------------------------------------------------------------------------------

    def give_up(self, problem: str) -> None:
        self.problem = self.problem or problem
        if self.transport is not None:
            self.transport.abort()
        self._fail()

    def connection_lost(self, exc: Exception | None) -> None:
        self.problem = self.problem or "the connection was lost"
        self._fail()

    def _fail(self) -> None:
        if self.pending_sync_command is not None:
            self.pending_sync_command._exception = ConnectionLost(self.problem)
            self.pending_sync_command.close(b"", "KO")
            self.pending_sync_command = None
        for waited_for in (self._greeted, self._idle_event, self.news):
            waited_for.set()

    # --- Commands -----------------------------------------------------------------------------------------

    async def greet(self) -> None:
        """Raises ConnectionLost, and Refused where the server does not want us."""
        await self._patiently(self._greeted.wait())
        self._require_connection()
        status = self.greeting[2:].upper()
        if not status.startswith((b"OK", b"PREAUTH")):
            self.give_up("the server does not talk to us")
            raise Refused("the server does not talk to us just now")
        self.state = AUTH if status.startswith(b"PREAUTH") else NONAUTH

    async def capability(self) -> None:
        response = await self.execute(Command("CAPABILITY", self.new_tag(), loop=self.loop))
        if response.result != "OK":
            raise Refused("the server does not say what it can do")
        words = [line.decode(errors="replace").upper().split() for line in response.lines if isinstance(line, bytes)]
        self.capabilities = {word for line in words if line[:1] == ["CAPABILITY"] for word in line[1:]}

    async def execute(self, command: Command, scrub: str | None = None) -> Response:
        """Raises ConnectionLost."""
        async with self._turn:
            self._start(command)
            await self._patiently(command.wait())
            return command.response

    async def fetch_body(self, uid: int, into: Intake) -> bool:
        """Leaves the message unread. False: the server sends no bytes. Raises ConnectionLost."""
        command = _FetchBody(self.new_tag(), uid, into, loop=self.loop)
        return bool((await self.execute(command)).result == "OK" and command.is_taken)

    async def idle(self, seconds: float) -> None:
        """Returns when a message has arrived, or had before; at the latest then. Raises ConnectionLost, Refused."""
        async with self._turn:
            self._idle_event.clear()
            command = Command("IDLE", self.new_tag(), loop=self.loop)
            self._start(command)
            await self._patiently(self._idle_event.wait())
            self._require_connection()
            if self.pending_sync_command is command:
                await self._wait_for_news(seconds)
                self._require_connection()
                self.send("DONE")
            await self._patiently(command.wait())
            if command.response.result != "OK":
                raise Refused("the server refuses to IDLE")

    async def _wait_for_news(self, seconds: float) -> None:
        try:
            await self.wait_quietly(seconds)
        except asyncio.CancelledError:
            self.give_up("it was stopped")
            raise

    async def wait_quietly(self, seconds: float) -> None:
        """For news, without asking for any."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.news.wait()

    async def try_out(self, name: str, *arguments: str) -> None:
        """A command whose failure changes nothing for us. Raises ConnectionLost."""
        await self.execute(Command(name, self.new_tag(), *arguments, loop=self.loop))

    async def say_goodbye(self, seconds: float) -> None:
        self._patience = min(self._patience, seconds)
        await self.logout()

    def _start(self, command: Command) -> None:
        self._require_connection()
        if self.state not in Commands[command.name].valid_states:
            raise Refused(f"{command.name} is not possible now")
        self.pending_sync_command = command
        self.send(str(command))

    def send(self, line: str, scrub: str | None = None) -> None:
        self.transport.write(f"{line}\r\n".encode())

    def _require_connection(self) -> None:
        if self.problem:
            raise ConnectionLost(self.problem)

    async def _patiently(self, answer: Awaitable[Any]) -> None:
        now = self.loop.time()
        self._ends = now + _LONGEST_COMMAND
        try:
            async with asyncio.timeout(self._patience) as self._limit:
                await answer
        except TimeoutError:
            self.give_up(f"no answer within {self._patience:g} seconds")
            raise ConnectionLost(self.problem) from None
        except asyncio.CancelledError:
            self.give_up("it was stopped")
            raise
        finally:
            self._limit = None


async def open_protocol(
    host: str, port: int, *, tls: ssl.SSLContext | None, patience: float = PATIENCE, largest: int
) -> Protocol:
    """Greeted. Raises ConnectionLost, Refused."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(patience):
            transport, protocol = await loop.create_connection(
                lambda: Protocol(loop, patience=patience, largest=largest), host, port, ssl=tls
            )
    except (OSError, TimeoutError) as problem:
        raise ConnectionLost(words_of(problem)) from problem
    _keep_alive(transport.get_extra_info("socket"))
    await protocol.greet()
    return protocol


def _keep_alive(connection: socket.socket) -> None:
    """A dead peer is noticed two minutes after the last byte, though nothing is sent."""
    options = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 20), (socket.TCP_KEEPCNT, 3))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in options:
        connection.setsockopt(socket.IPPROTO_TCP, option, value)
