"""The process of a limited child, as its parent sees it: started, asked, ended."""

import json
import os
import select
import signal
import struct
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import Final

from core.errors import Busy
from core.limited.outcomes import Failed, Fault, Killed, Limits, TimedOut

_ROOT: Final = str(Path(__file__).resolve().parents[2])
_START_SECONDS: Final = 60.0
_START_CPU_SECONDS: Final = 10
_FRAME: Final = struct.Struct("!cI")
_PIECE: Final = 1 << 16
# Before anything of the house is imported, and with nothing but the standard library's folder to import from.
_BOOT: Final = """
import json, resource, sys
given = json.loads(sys.argv[1])
for name, most in given["limits"]:
    which = getattr(resource, "RLIMIT_" + name)
    hard = resource.getrlimit(which)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    # The soft limit of CPU time is renewed for each job, so the hard one stays.
    resource.setrlimit(which, (most, hard if name == "CPU" else most))
sys.path[:] = given["path"]
from core.limited_child import main
main(given)
"""


class Child:
    """A process and its two pipes; used by one thread at a time."""

    def __init__(self, process: "subprocess.Popen[bytes]", life: int) -> None:
        """``life``: the end of a pipe through which nothing goes. When this process is gone, it closes."""
        if process.stdin is None or process.stdout is None:
            raise ValueError("a child without pipes")
        self._process = process
        self._life = life
        self._requests, self._answers = process.stdin, process.stdout
        self._unread = bytearray()
        self._is_over = False
        self.jobs = 0
        self.is_line = False
        for pipe in (self._requests, self._answers):
            os.set_blocking(pipe.fileno(), False)

    @classmethod
    def start(cls, work: str, limits: Limits, source: int | None = None) -> "Child":
        watched, life = os.pipe()
        given = {
            "work": work,
            "life": watched,
            "path": _search_path(),
            "cpu": limits.cpu,
            "answer": limits.answer,
            "source": source,
            "limits": [
                ("AS", limits.memory),
                ("CPU", int(limits.cpu) + _START_CPU_SECONDS),
                ("FSIZE", limits.files),
                ("CORE", 0),
                ("NOFILE", 64),
            ],
        }
        try:
            process = subprocess.Popen(  # noqa: S603  Our own interpreter, and our own program.
                [sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", _BOOT, json.dumps(given)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd="/",
                env=_environment(),
                start_new_session=True,
                pass_fds=(watched,) if source is None else (watched, source),
            )
        except OSError as error:
            os.close(life)
            raise Busy from error
        finally:
            os.close(watched)
        child = cls(process, life)
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
        self.end()
        status = self._process.returncode
        if status in (-signal.SIGPROF, -signal.SIGXCPU):
            return TimedOut("cpu")
        return Killed(signal.Signals(-status).name if status < 0 else f"exit {status}")

    def end(self) -> None:
        """Ends whatever is left of it. Again: nothing happens."""
        if self._is_over:
            return
        self._is_over = True
        # Not waited for yet, so the number is still its own; a dead one keeps the status that it died with.
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self._process.kill()
        self._process.wait()
        self._requests.close()
        self._answers.close()
        os.close(self._life)


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


def _search_path() -> list[str]:
    """What this process trusts, named in full: the child stands elsewhere. Not the working folder."""
    known = [each for each in sys.path if os.path.isabs(each)]
    return known if _ROOT in known else [*known, _ROOT]


def _environment() -> dict[str, str]:
    """No key and no password goes along. Some interpreters do not start without their libraries' folder."""
    return {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
