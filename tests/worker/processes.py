"""Workers in processes of their own, because the engine is one a process and because they are to be killed.

They are forked from a server that has loaded everything: the engine alone takes one and a half seconds to load.
"""

import dataclasses
import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from threading import Event

from msgspec import Struct
from msgspec.structs import replace

from core.app import App
from core.context import SystemTokens
from core.database import open_engine
from core.jobs import JobKind
from tests.factories import NOW, SETTINGS, make_engine
from tests.worker.ledger import LedgerDeliverer
from worker.engine import DbosJobs, Worker, migrate
from worker.sending import Deliverer

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.worker.processes"])

PATIENCE_SECONDS = 120
"""For what another process does: a busy machine is slow."""

LOST = 3
"""What a worker process returns that stopped by itself."""


class Life(Struct, frozen=True):
    """What a worker process is told. ``origin``: where its clock starts, on the machine's monotonic clock."""

    url: str
    ledger: Path
    origin: float
    host: str = "host"
    failpoints: str = ""
    slots: int = 2
    width: int = 2
    seconds: float = 0.0
    recall: float = 0.0

    def but(self, **changes: object) -> "Life":
        return replace(self, **changes)

    def clock(self) -> datetime:
        """Runs like the engine's clock, from the factories' day on."""
        return NOW + timedelta(seconds=time.monotonic() - self.origin)


def make_tables(url: str) -> None:
    """Ours and the engine's."""
    make_engine(url).dispose()
    migrate(url)


def new_life(url: str, ledger: Path) -> Life:
    return Life(url, ledger, time.monotonic())


def open_app(life: Life) -> App:
    """Random ids: a second process with the seeded ones would make the first one's again."""
    settings = dataclasses.replace(
        SETTINGS,
        database_url=life.url,
        executor=life.host,
        failpoints=life.failpoints,
        worker_slots=life.slots,
        recall_window=timedelta(seconds=life.recall),
    )
    engine = open_engine(life.url)
    return App(engine, settings, jobs=DbosJobs(life.url), clock=life.clock, tokens=SystemTokens())


def close(app: App) -> None:
    assert isinstance(app.jobs, DbosJobs)
    app.jobs.close()
    app.engine.dispose()


def deliverers(life: Life) -> dict[JobKind, Deliverer[int]]:
    ledger = LedgerDeliverer(life.ledger, width=life.width, seconds=life.seconds)
    return {JobKind.SEND_MAIL: ledger, JobKind.SEND_SLACK: ledger}


def run_worker(life: Life) -> None:
    told = Event()
    signal.signal(signal.SIGTERM, lambda _signal, _frame: told.set())
    worker = Worker(app := open_app(life), app.settings, deliverers(life))
    worker.start()
    while not told.wait(0.05):
        pass
    worker.stop()
    close(app)
    if worker.is_lost:
        raise SystemExit(LOST)


@contextmanager
def worker_process(life: Life, run: Callable[[Life], None] = run_worker) -> Iterator[ForkServerProcess]:
    """Ends it as ``kill -9`` does, unless it has ended."""
    process = _forks.Process(target=run, args=(life,))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()
        process.close()


def until(condition: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS) -> None:
    """Another process decides when: this one looks, for as long as a busy machine may need."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not happen in time"
        Event().wait(0.02)
