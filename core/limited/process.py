"""The process of a limited child, as its parent sees it: started, asked, ended."""

import os
import select
import signal
import struct
from contextlib import ExitStack
from time import monotonic
from typing import BinaryIO, Final

from core.errors import Busy
from core.limited.births import Process, born
from core.limited.outcomes import Failed, Fault, Killed, Limits, TimedOut

_START_SECONDS: Final = 60.0
_START_CPU_SECONDS: Final = 10
_FRAME: Final = struct.Struct("!cI")
_PIECE: Final = 1 << 16


class Child:
    """A process and its two pipes; used by one thread at a time."""

    def __init__(self, process: Process, requests: BinaryIO, answers: BinaryIO, life: BinaryIO) -> None:
        """``life``: the end of a pipe through which nothing goes. When this process is gone, it closes."""
        self._process = process
        self._requests, self._answers, self._life = requests, answers, life
        self._unread = bytearray()
        self._is_over, self._status = False, 0
        self.jobs = 0
        self.is_line = False
        for pipe in (self._requests, self._answers):
            os.set_blocking(pipe.fileno(), False)

    @classmethod
    def start(cls, work: str, limits: Limits, source: int | None = None) -> "Child":
        given = {
            "work": work,
            "cpu": limits.cpu,
            "answer": limits.answer,
            "limits": [
                ("AS", limits.memory),
                ("CPU", int(limits.cpu) + _START_CPU_SECONDS),
                ("FSIZE", limits.files),
                ("CORE", 0),
                ("NOFILE", 64),
            ],
        }
        with ExitStack() as theirs, ExitStack() as ours:
            taken, requests = _pipe(theirs, ours)
            answers, given_back = _pipe(ours, theirs)
            watched, life = _pipe(theirs, ours)
            process = born(given, taken.fileno(), given_back.fileno(), watched.fileno(), source)
            child = cls(process, requests, answers, life)
            ours.pop_all()
        child._await_ready(work)
        return child

    def _await_ready(self, work: str) -> None:
        try:
            ready = self.exchange(b"", Limits(), wall=_START_SECONDS)
        except BaseException:
            self.end()
            raise
        if isinstance(ready, bytes | bytearray):
            return
        self.end()
        if isinstance(ready, Failed):
            raise RuntimeError(f"{work} cannot be loaded: {ready.error}")
        raise Busy

    def is_gone(self) -> bool:
        """Between two jobs nothing is to be read; if something is, it is the end, or noise: both end a child."""
        return bool(self._unread) or bool(_ready_within([self._answers.fileno()], [], 0.0)[0])

    def exchange(self, request: bytes, limits: Limits, *, wall: float | None = None) -> bytes | bytearray | Fault:
        """Sends the request, if there is one, and takes one frame. Both at once: neither side waits for the other."""
        deadline = monotonic() + (limits.wall if wall is None else wall)
        self.jobs += 1 if request else 0
        unsent = [memoryview(struct.pack("!I", len(request))), memoryview(request)] if request else []
        while True:
            frame = self._take(limits)
            if frame is not None:
                return frame
            left = deadline - monotonic()
            if left <= 0:
                return TimedOut("wall")
            readable, writable = _ready_within(
                [self._answers.fileno()], [self._requests.fileno()] if unsent else [], left
            )
            if readable and not self._read():
                return self._how_it_ended()
            if writable:
                self._write(unsent)

    def _read(self) -> bool:
        piece = self._answers.read(_PIECE)
        if piece:
            self._unread += piece
        return piece is None or bool(piece)

    def _write(self, unsent: list[memoryview]) -> None:
        try:
            sent = os.write(self._requests.fileno(), unsent[0][: 1 << 20])
        except BrokenPipeError:
            # It died; the end of its answers tells how.
            unsent.clear()
            return
        unsent[0] = unsent[0][sent:]
        if not unsent[0]:
            unsent.pop(0)

    def _take(self, limits: Limits) -> bytearray | Fault | None:
        if len(self._unread) < _FRAME.size:
            return None
        kind, size = _FRAME.unpack_from(self._unread)
        if size > limits.answer:
            return Killed("answer")
        end = _FRAME.size + size
        if len(self._unread) < end:
            return None
        payload = self._unread[_FRAME.size : end]
        del self._unread[:end]
        self.is_line = kind == b"L"
        return payload if kind != b"F" else _fault(payload)

    def _how_it_ended(self) -> Fault:
        status = self.end()
        if status in (-signal.SIGPROF, -signal.SIGXCPU):
            return TimedOut("cpu")
        return Killed(signal.Signals(-status).name if status < 0 else f"exit {status}")

    def end(self) -> int:
        """Ends whatever is left of it, and says how it died. Again: nothing happens."""
        if not self._is_over:
            self._is_over = True
            self._status = self._process.end()
            for pipe in (self._requests, self._answers, self._life):
                pipe.close()
        return self._status


def _pipe(reader_to: ExitStack, writer_to: ExitStack) -> tuple[BinaryIO, BinaryIO]:
    reader, writer = os.pipe()
    return (
        reader_to.enter_context(os.fdopen(reader, "rb", buffering=0)),
        writer_to.enter_context(os.fdopen(writer, "wb", buffering=0)),
    )


def _fault(payload: bytearray) -> Fault:
    name = payload.decode("ascii", "replace")
    return {"MemoryError": Killed("memory"), "AnswerTooLarge": Killed("answer")}.get(name, Failed(name))


def _ready_within(readers: list[int], writers: list[int], seconds: float) -> tuple[bool, bool]:
    # Not select: its numbers end at 1,024.
    poll = select.poll()
    for number in readers:
        poll.register(number, select.POLLIN)
    for number in writers:
        poll.register(number, select.POLLOUT)
    ready = {number for number, _ in poll.poll(seconds * 1000)}
    return not ready.isdisjoint(readers), not ready.isdisjoint(writers)
