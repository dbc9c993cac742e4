"""A mail server that accepts everything at once, in a process of its own, with a ledger of what it accepted.

1. A mail is in the ledger before its sender hears 250.
2. The ledger is a file, a line a mail: moment on the machine's monotonic clock, recipient, Message-ID.

``python -m bench.sinks LEDGER`` serves on a free loopback port, which it prints.
"""

import asyncio
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Final, Self, cast

from msgspec import Struct

from bench.processes import Program, ProgramFailed

_POLL_SECONDS: Final = 0.005
_MESSAGE_ID: Final = re.compile(rb"(?im)^message-id:[ \t]*(?:\r\n[ \t]+)?(\S+)")
_END: Final = b"\r\n.\r\n"


class Accepted(Struct, frozen=True):
    at: float
    recipient: str
    message_id: str


class Ledger:
    """Read while it is being written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = 0
        self.accepted: list[Accepted] = []

    def read(self) -> list[Accepted]:
        """Everything so far; whole lines only."""
        with self._path.open("rb") as file:
            file.seek(self._place)
            new, ending, _ = file.read().rpartition(b"\n")
        self._place += len(new) + len(ending)
        for line in new.decode().splitlines():
            at, recipient, message_id = line.split(" ")
            self.accepted.append(Accepted(float(at), recipient, message_id))
        return self.accepted

    def wait_for(self, count: int, *, seconds: float) -> list[Accepted]:
        """Until so many were accepted in all. Raises ProgramFailed."""
        ends = time.monotonic() + seconds
        while len(self.read()) < count:
            if time.monotonic() > ends:
                raise ProgramFailed(f"{len(self.accepted)} of {count} mails were accepted within {seconds:g} s")
            Event().wait(_POLL_SECONDS)
        return self.accepted


class Sink:
    """The server, from the side of whoever measures."""

    def __init__(self, folder: Path) -> None:
        path = folder / "ledger.txt"
        path.touch()
        self.ledger = Ledger(path)
        self._program = Program(["-m", "bench.sinks", str(path)], folder=folder, name="sink")
        self.port = 0

    def __enter__(self) -> Self:
        try:
            self._program.wait_for(lambda: self._program.log.endswith("\n"), seconds=30, what="listening")
        except BaseException:
            self._program.kill()
            raise
        self.port = int(self._program.log)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._program.kill()


# --- The server's own process -----------------------------------------------------------------------------


class _Conversation(asyncio.Protocol):
    """Understands what a well-behaved client says, one command a line, in any bundles."""

    def __init__(self, note: Callable[[str, bytes], None]) -> None:
        self._note = note
        self._buffer = b""
        self._recipients: list[str] = []
        self._is_content = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._say(b"220 sink.example.org")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._content() if self._is_content else self._line():
            pass

    def _line(self) -> bool:
        line, ending, rest = self._buffer.partition(b"\r\n")
        if not ending:
            return False
        self._buffer = rest
        self._obey(line)
        return True

    def _obey(self, line: bytes) -> None:
        match line[:4].upper():
            case b"EHLO":
                self._say(b"250-sink.example.org\r\n250-PIPELINING\r\n250-SIZE 10485760\r\n250 8BITMIME")
            case b"RCPT":
                self._recipients.append(line.partition(b"<")[2].partition(b">")[0].decode())
                self._say(b"250 ok")
            case b"DATA":
                # So that the end is found in an empty content, too.
                self._buffer = b"\r\n" + self._buffer
                self._is_content = True
                self._say(b"354 go on")
            case b"RSET":
                self._recipients.clear()
                self._say(b"250 ok")
            case b"QUIT":
                self._say(b"221 bye")
                self._transport.close()
            case b"HELO" | b"MAIL" | b"NOOP":
                self._say(b"250 ok")
            case _:
                self._say(b"502 unknown")

    def _content(self) -> bool:
        content, ending, rest = self._buffer.partition(_END)
        if not ending:
            return False
        self._buffer = rest
        for recipient in self._recipients:
            self._note(recipient, content)
        self._recipients.clear()
        self._is_content = False
        self._say(b"250 ok")
        return True

    def _say(self, answer: bytes) -> None:
        self._transport.write(answer + b"\r\n")


async def _serve(path: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(recipient: str, content: bytes) -> None:
        found = _MESSAGE_ID.search(content)
        message_id = found[1].decode(errors="replace") if found else "-"
        os.write(file, f"{time.monotonic():.6f} {recipient} {message_id}\n".encode())

    server = await asyncio.get_running_loop().create_server(lambda: _Conversation(note), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(sys.argv[1]))
