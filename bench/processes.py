"""Programs in processes of their own: started, awaited, looked at, and ended by their id."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Final, Self

from msgspec import Struct

from bench.report import ROOT

_POLL_SECONDS: Final = 0.02
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_LOG_TAIL: Final = 3_000


class ProgramFailed(Exception):
    """It ended, or did not do in time what it was to do; the message ends with its log."""


class Usage(Struct, frozen=True):
    """Of a process and its children. CPU time comes in steps of 10 ms."""

    cpu_seconds: float
    rss_mb: float


class Program:
    """``python -m MODULE ...``, with only the environment that it is given and a log of what it prints."""

    def __init__(
        self, arguments: Sequence[str], *, folder: Path, name: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self._log = folder / f"{name}.log"
        self.started_at = time.monotonic()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=folder,
                env={**clean_environment(), **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_for(self, is_true: Callable[[], bool], *, seconds: float, what: str) -> None:
        """Raises ProgramFailed."""
        ends = time.monotonic() + seconds
        while not is_true():
            if self._process.poll() is not None:
                raise self._failed(f"ended with {self._process.returncode} before {what}")
            if time.monotonic() > ends:
                raise self._failed(f"{what}: not within {seconds:g} s")
            Event().wait(_POLL_SECONDS)

    def wait_for_words(self, words: str, *, seconds: float = 60) -> None:
        self.wait_for(lambda: words in self.log, seconds=seconds, what=f"saying “{words}”")

    def wait(self, *, seconds: float) -> str:
        """Until it ends well; gives what it printed."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise self._failed(f"not done within {seconds:g} s") from None
        if status:
            raise self._failed(f"ended with {status}")
        return self.log

    def usage(self) -> Usage:
        return usage_of(self.pid)

    @property
    def peak_rss_mb(self) -> float:
        """Of itself, without its children, since its start."""
        return _memory_mb(self.pid, "VmHWM:")

    def stop(self, *, seconds: float = 20) -> None:
        """Politely, and after the given time by force."""
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _failed(self, what: str) -> ProgramFailed:
        return ProgramFailed(f"{self.name}: {what}\n{self.log[-_LOG_TAIL:]}")


def usage_of(pid: int) -> Usage:
    pids = _family(pid)
    return Usage(sum(map(_cpu_seconds, pids)), sum(map(_rss_mb, pids)))


def memory_mb_of(pid: int) -> float:
    """Of a process and its children together. What they share by having been forked is there once, and counted once."""
    return sum(_memory_mb(each, "Pss:", "smaps_rollup") for each in _family(pid))


def clean_environment() -> dict[str, str]:
    """Without the caller's own settings of Usher."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("USHER_")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "", "PYTHONUNBUFFERED": "1"}


def _family(pid: int) -> list[int]:
    """A process with its children, grandchildren ...; empty when it has ended."""
    found = [pid]
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        # It has ended since its parent was asked.
        return []
    for task in tasks:
        for child in _text_of(Path(f"/proc/{pid}/task/{task}/children")).split():
            found += _family(int(child))
    return found


def _cpu_seconds(pid: int) -> float:
    """Its own, and that of children that have ended."""
    fields = _text_of(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS if fields else 0.0


def _rss_mb(pid: int) -> float:
    return _memory_mb(pid, "VmRSS:")


def highest_memory_mb() -> float:
    """Of this program alone: what getrusage tells begins with the highest of whoever started it."""
    return _memory_mb(os.getpid(), "VmHWM:")


def _memory_mb(pid: int, name: str, file: str = "status") -> float:
    for line in _text_of(Path(f"/proc/{pid}/{file}")).splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    return 0.0


def _text_of(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
