"""A worker's pulse: one plain thread that beats, looks after the dead, sweeps up what was left behind, and has the
home tabs drawn again of which something has changed.

1. Every worker beats for itself. The engine's schedules fire on one worker only, so they cannot do that.
2. What all of them do here at once is decided by conditional updates: a dead worker is reaped by one, and a
   message that two sweep is claimed by one.
3. Who was silent itself judges nobody for a minute: after an outage of the database all look dead.
4. A worker that others took for dead, or that lost its name, stops: its work is being done elsewhere.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Final

from dbos import DBOSClient

from core.app import App
from core.context import System
from core.errors import Unavailable
from core.importing import sweep
from core.progressing import sweep_progress
from core.rules.policy import HEARTBEAT_SILENCE
from core.usecases.messages.recovering import ReleaseLeases, SweepDue, release_leases, sweep_due
from core.usecases.staff.homes import RefreshHomes, refresh_homes
from core.usecases.workers import Beat, FindDead, beat, find_dead
from worker.console import resume_pending
from worker.slots import Slot

_INTERVAL_SECONDS: Final = 10.0
# A message due less long than this has a job of its own that is on its way.
_SWEEP_GRACE: Final = timedelta(seconds=15)

_log = logging.getLogger("usher.worker")


class Pulse:
    """``on_lost`` is called once, in this thread, when the worker must stop."""

    def __init__(self, app: App, client: DBOSClient, slot: Slot, stop: Event, on_lost: Callable[[], None]) -> None:
        self._app = app
        self._client = client
        self._slot = slot
        self._stop = stop
        self._on_lost = on_lost
        self._last: datetime | None = None
        self._unbroken_since: datetime | None = None
        self._thread = Thread(target=self._run, name="worker-pulse", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            if not self._is_well():
                self._stop.set()
                self._on_lost()
                return
            self._stop.wait(_INTERVAL_SECONDS * self._app.tokens.jitter())

    def _is_well(self) -> bool:
        """Whatever fails here is tried again in ten seconds."""
        try:
            return self.tick()
        except Unavailable:
            _log.warning("no heartbeat: the database is away", extra={"executor": self._slot.name})
        except Exception:
            _log.exception("no heartbeat", extra={"executor": self._slot.name})
        return True

    def tick(self) -> bool:
        """False: this worker must stop."""
        if not self._slot.is_held():
            _log.critical("another worker has our name; stopping", extra={"executor": self._slot.name})
            return False
        if self._app.run(beat, Beat(self._slot.name), System()).is_reaped:
            _log.critical("others took this worker for dead; stopping", extra={"executor": self._slot.name})
            return False
        if self._may_judge():
            reap_dead(self._app, self._client, self._slot.name)
        self._app.run(release_leases, ReleaseLeases(executor=None), System())
        self._app.run(sweep_due, SweepDue(_SWEEP_GRACE), System())
        sweep(self._app)
        sweep_progress(self._app)
        self._app.run(refresh_homes, RefreshHomes(), System())
        return True

    def _may_judge(self) -> bool:
        now = self._app.clock()
        if self._last is None or self._unbroken_since is None or now - self._last > HEARTBEAT_SILENCE / 2:
            self._unbroken_since = now
        self._last = now
        return now - self._unbroken_since >= HEARTBEAT_SILENCE


def reap_dead(app: App, client: DBOSClient, executor: str) -> tuple[str, ...]:
    """What silent workers were doing is done by others. Gives those reaped by this call; ``executor`` is spared."""
    dead = app.run(find_dead, FindDead(executor), System()).executors
    for name in dead:
        released = app.run(release_leases, ReleaseLeases(name), System())
        jobs = resume_pending(client, name)
        _log.warning(
            "a worker is silent; its work goes on elsewhere",
            extra={"executor": name, "jobs": jobs, "again": released.again, "held": released.held},
        )
    return dead
