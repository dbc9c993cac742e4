"""Starts, awaits and ends the server processes of tests.

Three traps are closed here once. A server that inherits the streams of the test run keeps a piped run from
ending: all three are redirected. A free port from the range of outgoing connections can be taken again before
the server binds it: ours come from below that range. A server that dies while starting is reported at once,
with the end of its log.
"""

import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event

LOOPBACK = "127.0.0.1"
POLL_SECONDS = 0.02
DISK = Path("/tmp")
_MEMORY = Path("/dev/shm")
_MEMORY_NEEDED = 4 * 2**30  # Bytes; a container may have 64 MB, and a database takes 8.
_LOG_TAIL_CHARACTERS = 2_000

# Linux gives outgoing connections ports from 32768; each process has a hundred of its own below.
_FIRST_PORT = 20_000
_PORTS_A_PROCESS = 100
_BLOCKS = 120
_offsets = itertools.count()


class ServerFailed(Exception):
    """A server did not start, answer or stop in time; the message ends with its log."""


def free_port() -> int:
    """A loopback port that nothing listens on and that no outgoing connection will be given."""
    block = _FIRST_PORT + os.getpid() % _BLOCKS * _PORTS_A_PROCESS
    for _ in range(_PORTS_A_PROCESS):
        port = block + next(_offsets) % _PORTS_A_PROCESS
        if _can_listen(port):
            return port
    raise ServerFailed(f"none of the ports {block} to {block + _PORTS_A_PROCESS - 1} is free")


def _can_listen(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


def quickest_place() -> Path:
    # A database is 300 files, and making one takes 1 ms on a disk, measured: 0.3 s a database against 0.04 s.
    if _MEMORY.exists() and shutil.disk_usage(_MEMORY).free >= _MEMORY_NEEDED:
        return _MEMORY
    return DISK


def make_folder(server: str, *, parent: Path = DISK) -> Path:
    """A new folder that every account can enter.

    Not below the usual temporary folder: servers run under accounts of their own and have sockets below, whose
    paths may be 107 bytes long.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"usher-{server}-", dir=parent))
    folder.chmod(0o755)
    return folder


def remove_folder(folder: Path) -> None:
    # A daemon may still be removing its own files.
    shutil.rmtree(folder, ignore_errors=True)


def is_root() -> bool:
    return os.geteuid() == 0


def as_account(account: str, command: Sequence[str]) -> list[str]:
    """The command under another account when we are root, unchanged when we are not."""
    if not is_root():
        return list(command)
    return ["setpriv", f"--reuid={account}", f"--regid={account}", "--clear-groups", "--", *command]


def run(command: Sequence[str], *, seconds: float = 60) -> None:
    """Runs a command to its end; raises ServerFailed with what it printed if it fails."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds,
        check=False,
    )
    if done.returncode:
        printed = done.stdout.decode(errors="replace")
        raise ServerFailed(f"{command[0]} ended with {done.returncode}:\n{printed[-_LOG_TAIL_CHARACTERS:]}")


def wait_until(is_ready: Callable[[], bool], *, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not is_ready():
        if time.monotonic() > deadline:
            raise ServerFailed(f"{what}: not within {seconds:g} seconds")
        Event().wait(POLL_SECONDS)


class Daemon:
    """One server process in the foreground of a session of its own."""

    def __init__(self, command: Sequence[str], *, log: Path) -> None:
        self._command = list(command)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, is_ready: Callable[[], bool], *, seconds: float = 30) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        try:
            wait_until(lambda: self._is_alive() and is_ready(), seconds=seconds, what=self._command[0])
        except BaseException as error:
            self.kill()
            error.add_note(self.log_tail())
            raise

    def stop(self, sent: signal.Signals = signal.SIGTERM, *, seconds: float = 10) -> None:
        """Ends the process; what is left of its session after the given time is killed."""
        if self._process is None:
            return
        self._process.send_signal(sent)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Ends the server and its children as a power cut would."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def log_tail(self) -> str:
        if not self._log.exists():
            return ""
        return self._log.read_text(errors="replace")[-_LOG_TAIL_CHARACTERS:]

    def _is_alive(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise ServerFailed(f"{self._command[0]} ended with {self._process.returncode} while starting")
        return True
