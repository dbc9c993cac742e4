"""Work on bytes that strangers made, in a child process with limits of memory and time.

Two ways: ``Kept`` serves many small jobs one after another without an interpreter's start each; ``Stream`` starts a
child for one large job and hands out what it yields, so that not all of it is ever in memory.

    with Kept("mail.parsing.work:parse", Parsed, limits) as parser:
        outcome = parser.run(raw)                                  # Done(value), TimedOut, Killed or Failed
    with Stream("core.sheets.work:rows", Row, limits, request, source=content) as rows:
        for row in rows: ...
    rows.outcome                                                   # Done(None), or how it ended

1. The child is a fresh interpreter, or the fork of one that has loaded the work and nothing else (``births``). It is in
   its own process group, limits itself before it sees a request, and gets no environment, no working folder of ours,
   no file descriptors but its pipes; what it prints goes nowhere.
2. Nothing that the work does harms the caller: every end is a value. What is raised is our own fault: ``Busy`` if no
   child can be started, RuntimeError if the named work cannot be loaded.
3. Past the wall limit its process group is killed; past the CPU limit the kernel ends it. If the caller's process dies,
   an idle child ends by the end of its pipe, a busy one by a signal (Linux) or its CPU limit (elsewhere).
4. Requests, answers and lines are msgpack, read back by their types; never pickle.

POSIX only. ``core.limited_child`` is what runs in the child: ``work(request) -> answer``, or for a stream
``work(request, source) -> Iterable[line]``, with the type of ``request`` annotated.
"""

import os
import tempfile
from collections.abc import Iterator
from queue import LifoQueue
from time import monotonic
from types import TracebackType
from typing import BinaryIO, Final, Generic, Self, TypeVar

import msgspec

from core.limited.outcomes import Done, Failed, Fault, Killed, Limits, Outcome, TimedOut
from core.limited.process import Child

__all__ = ["Done", "Failed", "Fault", "Kept", "Killed", "Limits", "Outcome", "Stream", "TimedOut"]

T = TypeVar("T")

_HOUSE: Final = ("bench", "connectors", "core", "mail", "tests")


class Kept(Generic[T]):
    """At most so many ``children`` at once; threads that find none free wait. Closed by ``close``."""

    def __init__(self, work: str, answer: type[T], limits: Limits, *, children: int = 1, jobs: int = 500) -> None:
        """``jobs``: after so many a child is replaced, for what it may have lost of its memory."""
        self._work = _of_the_house(work)
        self._decoder = msgspec.msgpack.Decoder(answer)
        self._limits = limits
        self._jobs = jobs
        self._is_closed = False
        # The one that worked last is warm, so it is taken first.
        self._free: LifoQueue[Child | None] = LifoQueue()
        for _ in range(children):
            self._free.put(None)
        self._children = children

    def run(self, request: object) -> Outcome[T]:
        """Raises Busy and RuntimeError only; see the module."""
        encoded = msgspec.msgpack.encode(request)
        child = self._free.get()
        try:
            child = self._ready(child)
            outcome = self._run(child, encoded)
            if not isinstance(outcome, Done) or child.jobs >= self._jobs or self._is_closed:
                child.end()
                child = None
            return outcome
        except BaseException:
            if child is not None:
                child.end()
                child = None
            raise
        finally:
            self._free.put(child)

    def close(self) -> None:
        """Waits for jobs that run. A later job starts a child of its own."""
        self._is_closed = True
        for child in [self._free.get() for _ in range(self._children)]:
            if child is not None:
                child.end()
            self._free.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _ready(self, child: Child | None) -> Child:
        # A child that died between two jobs, by the kernel's choice for one, is not this job's fault.
        if child is not None and child.is_gone():
            child.end()
            child = None
        return child if child is not None else Child.start(self._work, self._limits)

    def _run(self, child: Child, encoded: bytes) -> Outcome[T]:
        answer = child.exchange(encoded, self._limits)
        if not isinstance(answer, bytes | bytearray):
            return answer
        try:
            return Done(self._decoder.decode(answer))
        except msgspec.MsgspecError as error:
            return Failed(type(error).__name__)


class Stream(Generic[T]):
    """What the work yields, as it comes. Leaving the ``with`` early ends the child.

    The wall limit counts only while the caller waits for a line, so whoever works slowly on the lines harms nothing.
    ``source`` is given to the work as an open file: bytes, or a file that is read from its begin.
    """

    def __init__(
        self, work: str, line: type[T], limits: Limits, request: object, *, source: bytes | BinaryIO = b""
    ) -> None:
        self._work = _of_the_house(work)
        self._decoder = msgspec.msgpack.Decoder(line)
        self._limits = limits
        self._encoded = msgspec.msgpack.encode(request)
        self._source = source
        self._child: Child | None = None
        self._left = limits.wall
        self.outcome: Done[None] | Fault | None = None
        """None until the last line is read."""

    def __enter__(self) -> Self:
        source = _as_file(self._source) if isinstance(self._source, bytes) else self._source
        try:
            source.seek(0)
            self._child = Child.start(self._work, self._limits, source=source.fileno())
        finally:
            if source is not self._source:
                source.close()
        return self

    def __iter__(self) -> Iterator[T]:
        child, asked = self._child, self._encoded
        while child is not None and self.outcome is None:
            began = monotonic()
            frame = child.exchange(asked, self._limits, wall=self._left)
            self._left -= monotonic() - began
            asked = b""
            if isinstance(frame, bytes | bytearray) and child.is_line:
                try:
                    line = self._decoder.decode(frame)
                except msgspec.MsgspecError as error:
                    self.outcome = Failed(type(error).__name__)
                    return
                yield line
            else:
                self.outcome = Done(None) if isinstance(frame, bytes | bytearray) else frame

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


def _of_the_house(work: str) -> str:
    module, _, function = work.partition(":")
    if module.partition(".")[0] not in _HOUSE or not function.isidentifier():
        raise ValueError(f"{work} is no work of the house")
    return work


def _as_file(content: bytes) -> BinaryIO:
    """Never on a disk, where the system can do that: it may be personal data."""
    has_memory_files = hasattr(os, "memfd_create")
    file: BinaryIO = (
        os.fdopen(os.memfd_create("usher"), "w+b") if has_memory_files else tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    )
    file.write(content)
    file.flush()
    return file
