"""How a limited child comes to be: as a fresh interpreter, or forked by the nursery, which costs a tenth.

The nursery is one process (Linux only), begun when a work wants its second child: whoever needs a single one, as a
command does, pays for no more. It has loaded what the children load, and never sees what they see. Without it, for it
was killed or never came up, children are fresh ones.
"""

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Final, Protocol

from core.errors import Busy

_ROOT: Final = str(Path(__file__).resolve().parents[2])
_ANSWER_SECONDS: Final = 60.0
_FRESH: Final = """
import json, sys
given = json.loads(sys.argv[1])
sys.path[:] = given["path"]
from core.limited_resources import limit
limit(given["limits"])
from core.limited_child import main
main(given)
"""
_NURSERY: Final = """
import json, sys
given = json.loads(sys.argv[1])
sys.path[:] = given["path"]
from core.limited_nursery import serve
serve(given["socket"])
"""


class Process(Protocol):
    def end(self) -> int:
        """With its group. How it died: a status, or less than 0, a signal."""


def born(given: dict[str, Any], requests: int, answers: int, life: int, source: int | None) -> Process:
    """``given`` to the child, which gets copies of the descriptors. Raises Busy."""
    given["path"] = _search_path()
    if _takes_nursery(given["work"]):
        handed = [requests, answers, life] if source is None else [requests, answers, life, source]
        child = _nurseries.bear(given, handed)
        if child is not None:
            return child
    given |= {"life": life, "source": source}
    return _Fresh(
        _interpreter(_FRESH, given, (life,) if source is None else (life, source), stdin=requests, stdout=answers)
    )


_had_one: Final[set[str]] = set()


def _takes_nursery(work: str) -> bool:
    if work in _had_one:
        return sys.platform == "linux"
    _had_one.add(work)
    return False


class _Fresh:
    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def end(self) -> int:
        # Not waited for yet, so the number is still its own; a dead one keeps the status that it died with.
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self._process.kill()
        return self._process.wait()


class _Forked:
    """A child of the nursery: that one alone may wait for it."""

    def __init__(self, control: socket.socket, number: int) -> None:
        self._control, self._number = control, number

    def end(self) -> int:
        with self._control:
            try:
                self._control.shutdown(socket.SHUT_WR)
                return int(self._control.recv(64))
            except (OSError, ValueError):
                # The nursery is gone. Nobody else knows the number of its group.
                with contextlib.suppress(OSError):
                    os.killpg(self._number, signal.SIGKILL)
                return -signal.SIGKILL


class _Nursery:
    """At most one at a time. One thread speaks with it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def bear(self, given: dict[str, Any], handed: Sequence[int]) -> _Forked | None:
        """None: it is gone, or cannot."""
        with self._lock:
            control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            control.settimeout(_ANSWER_SECONDS)
            try:
                with theirs:
                    socket.send_fds(
                        self._ready(given["path"]), [json.dumps(given).encode()], [theirs.fileno(), *handed]
                    )
                return _Forked(control, int(control.recv(64)))
            except (OSError, ValueError, Busy):
                control.close()
                self._end()
                return None

    def _ready(self, path: Sequence[str]) -> socket.socket:
        if self._socket is None:
            self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                given = {"path": path, "socket": theirs.fileno()}
                self._process = _interpreter(_NURSERY, given, (theirs.fileno(),), stdin=subprocess.DEVNULL)
        return self._socket

    def end(self) -> None:
        """Its children end with this process, or when whoever started them ends them."""
        with self._lock:
            self._end()

    def forget(self) -> None:
        """In a copy of this process: the nursery is its parent's."""
        self._lock = Lock()
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            # Else it would be missed as one that nobody waited for.
            self._process.returncode = 0
        self._socket = self._process = None

    def _end(self) -> None:
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._socket = self._process = None


_nurseries: Final = _Nursery()
atexit.register(_nurseries.end)
os.register_at_fork(after_in_child=_nurseries.forget)


def _interpreter(
    program: str, given: dict[str, Any], descriptors: tuple[int, ...], *, stdin: int, stdout: int = subprocess.DEVNULL
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(  # noqa: S603  Our own interpreter, and our own program.
            [sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", program, json.dumps(given)],
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=_environment(),
            start_new_session=True,
            pass_fds=descriptors,
        )
    except OSError as error:
        raise Busy from error


def _search_path() -> list[str]:
    """What this process trusts, named in full: the child stands elsewhere. Not the working folder."""
    known = [each for each in sys.path if os.path.isabs(each)]
    return known if _ROOT in known else [*known, _ROOT]


def _environment() -> dict[str, str]:
    """No key and no password goes along. Some interpreters do not start without their libraries' folder."""
    return {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
