"""``usher worker`` (or ``web``) in processes of their own, to be killed.

They are forked from a server that has loaded everything: loading takes two seconds, and there are hundreds of kills.
"""

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from threading import Event
from typing import Final

import uvloop

from bench.processes import ProgramFailed
from core.settings import load_settings
from usher.logs import start_logging
from usher.serving import House

_POLL_SECONDS: Final = 0.01
_LOG_TAIL: Final = 3_000
_forks = multiprocessing.get_context("forkserver")
# What a worker loads when it starts, and this module.
_forks.set_forkserver_preload(
    [
        "bench.faults.workers",
        "worker.engine",
        "bot.app",
        "bot.deliverer",
        "mail.sending.deliverer",
        "mail.sending.transport",
        "usher.mailroom",
        "web.app",
    ]
)


class WorkerProcess:
    def __init__(self, process: ForkServerProcess, log: Path) -> None:
        self._process = process
        self._log = log

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def wait_for_kill(self, *, seconds: float) -> None:
        """By its failpoint. Raises ProgramFailed when it lives on, or ends in another way."""
        self._process.join(seconds)
        if self._process.exitcode != -signal.SIGKILL:
            raise ProgramFailed(f"the worker should be killed; its status is {self._process.exitcode}\n{self.log}")

    def stop(self, *, seconds: float = 20) -> None:
        """Politely. Raises ProgramFailed when it does not end well."""
        self._process.terminate()
        self._process.join(seconds)
        if self._process.exitcode != 0:
            raise ProgramFailed(f"the worker was told to stop; its status is {self._process.exitcode}\n{self.log}")

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")[-_LOG_TAIL:] if self._log.exists() else ""

    def wait_until_ready(self, *, seconds: float = 30) -> None:
        if not until(lambda: '"ready"' in self.log or not self.is_alive, seconds=seconds) or not self.is_alive:
            raise ProgramFailed(f"the worker is not ready\n{self.log}")


@contextmanager
def worker_process(environment: Mapping[str, str], log: Path, part: str = "worker") -> Iterator[WorkerProcess]:
    """Killed at the end, unless it has ended."""
    process = _forks.Process(target=_run, args=(dict(environment), str(log), part))
    process.start()
    try:
        yield WorkerProcess(process, log)
    finally:
        process.kill()
        process.join()
        process.close()


def _run(environment: dict[str, str], log: str, part: str) -> None:
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    settings = load_settings(environment, env_file=None)
    start_logging(settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(House(settings, parts=frozenset({part})).serve())


def until(is_true: Callable[[], bool], *, seconds: float) -> bool:
    """False when it did not become true in time."""
    ends = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > ends:
            return False
        Event().wait(_POLL_SECONDS)
    return True
