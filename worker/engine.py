"""The background engine (DBOS): enqueueing in our own transaction, its tables, and the worker that runs jobs.

1. A job is a row written on the caller's connection: rolled back, it never was. Its key is the engine's id, so that
   the same key runs once.
2. A worker has a leased name. It starts by releasing what that name was sending when it died; the engine recovers
   that name's jobs.
3. Each worker beats and sweeps in a thread of its own (``pulse``), and reminds in another (``reminding``). The
   engine's schedule, which fires on one worker only, does what is wanted once: housekeeping.
4. Stopping finishes the messages in flight, marks them, and gives the rest back.

Importing this module costs a second and a half: ``usher`` does so only where jobs are enqueued or run.
"""

import logging
import os
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore
from typing import Any, Final

from dbos import DBOS, DBOSConfig, EnqueueOptions

from core.app import App
from core.context import System
from core.failpoints import Failpoints
from core.jobs import Job, JobKind
from core.settings import Settings
from core.usecases.messages.recovering import ReleaseLeases, release_leases
from core.usecases.workers import Beat, beat
from worker import workflows
from worker.client import APPLICATION, QUEUES, SERIALIZER, VERSION, open_client
from worker.digesting import write_what_is_due
from worker.pulse import Pulse
from worker.reminding import remind_who_is_due
from worker.sending import Deliverer
from worker.slots import Slot, lease_slot
from worker.ticking import Tick, Ticking

# A look at a queue costs the engine 5 ms (measured): seldom enough to idle on little, often enough for people.
_MAIL_POLLING_SECONDS: Final = 0.5
_SLACK_POLLING_SECONDS: Final = 1.0
# Chunks at hand for each that sends: it takes a tenth of the time between two looks.
_CHUNKS_AT_HAND: Final = 8
_FINISH_SECONDS: Final = 10
_TICKS: Final[Mapping[str, Tick]] = {"reminders": remind_who_is_due, "digests": write_what_is_due}

_log = logging.getLogger("usher.worker")


class DbosJobs:
    """``core.jobs.Jobs`` on the engine."""

    def __init__(self, database_url: str) -> None:
        self._client = open_client(database_url)

    # A door-side module may not name SQLAlchemy's Session; the engine checks it.
    def enqueue(self, session: Any, jobs: list[Job]) -> None:
        for job in jobs:
            self._client.enqueue_in_transaction(session, _options(job), list(job.ids))

    def close(self) -> None:
        self._client.destroy()


def _options(job: Job) -> EnqueueOptions:
    options = EnqueueOptions(
        queue_name=QUEUES[job.kind], workflow_name=job.kind.value, workflow_id=job.key, app_version=VERSION
    )
    if job.delay:
        options["delay_seconds"] = job.delay.total_seconds()
    return options


def migrate(database_url: str) -> None:
    """Creates or upgrades the engine's tables. On SQLite our own engine opens the file first: it sets WAL."""
    DBOS.migrate(database_url)


def _stop_this_process() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


class Worker:
    """One a process: the engine is a singleton. ``app.jobs`` must be ``DbosJobs``, or what is swept goes nowhere.

    ``on_lost`` is called in a thread of the worker when it must not go on; ``is_lost`` tells afterwards.
    """

    def __init__(
        self,
        app: App,
        settings: Settings,
        deliverers: Mapping[JobKind, Deliverer[Any]],
        *,
        on_lost: Callable[[], None] = _stop_this_process,
    ) -> None:
        if not isinstance(app.jobs, DbosJobs):
            raise TypeError("The app of a worker enqueues with DbosJobs.")
        self._app = app
        self._settings = settings
        self._deliverers = deliverers
        self._on_lost = on_lost
        self._stop = Event()
        self._client = open_client(settings.database_url)
        self._slot: Slot | None = None
        self._pulse: Pulse | None = None
        self._ticking: tuple[Ticking, ...] = ()
        self.is_lost = False

    @property
    def executor(self) -> str:
        """Empty before the start."""
        return self._slot.name if self._slot else ""

    def start(self) -> None:
        """Returns when jobs are being taken."""
        _in_plain_thread(self._start)

    def stop(self) -> None:
        """Waits up to ten seconds for messages in flight. A second call does nothing."""
        _in_plain_thread(self._halt)

    def _start(self) -> None:
        try:
            self._begin()
        except BaseException:
            self._halt()
            raise

    def _begin(self) -> None:
        slot = self._slot = lease_slot(self._app)
        self._app.run(beat, Beat(slot.name, is_start=True), System())
        # Whoever holds the name knows that its former holder is dead.
        released = self._app.run(release_leases, ReleaseLeases(slot.name), System())
        workflows.begin_duty(self._duty(slot.name))
        DBOS(config=self._config(slot.name))
        self._register()
        DBOS.launch()
        self._pulse = Pulse(self._app, self._client, slot, self._stop, self._lose)
        self._pulse.start()
        self._ticking = tuple(Ticking(what, tick, self._app, self._stop) for what, tick in _TICKS.items())
        for each in self._ticking:
            each.start()
        _log.info("worker started", extra={"executor": slot.name, "again": released.again, "held": released.held})

    def _duty(self, executor: str) -> workflows.Duty:
        # One chunk of notes at a time keeps to Slack's one message a second and channel.
        at_a_time = {JobKind.SEND_MAIL: self._settings.worker_slots, JobKind.SEND_SLACK: 1}
        return workflows.Duty(
            app=self._app,
            client=self._client,
            executor=executor,
            deliverers=self._deliverers,
            failpoint=Failpoints(self._settings.failpoints),
            stop=self._stop,
            turns={kind: Semaphore(count) for kind, count in at_a_time.items()},
            places={kind: Semaphore(count + 1) for kind, count in at_a_time.items()},
        )

    def _config(self, executor: str) -> DBOSConfig:
        return DBOSConfig(
            name=APPLICATION,
            system_database_url=self._settings.database_url,
            executor_id=executor,
            application_version=VERSION,
            serializer=SERIALIZER,
            # ``usher migrate`` does that; a worker's role may not be allowed to.
            run_migrations=False,
            max_executor_threads=8 * _CHUNKS_AT_HAND + 8,
            sys_db_pool_size=6,
            log_level="WARNING",
        )

    def _register(self) -> None:
        """Before the launch, so that the queues are looked at from its first moment and not a second later."""
        self._client.register_queue(
            QUEUES[JobKind.SEND_MAIL],
            worker_concurrency=self._settings.worker_slots * _CHUNKS_AT_HAND,
            polling_interval_sec=_MAIL_POLLING_SECONDS,
        )
        self._client.register_queue(
            QUEUES[JobKind.SEND_SLACK], worker_concurrency=1, polling_interval_sec=_SLACK_POLLING_SECONDS
        )
        # One at a time: two would wait for each other's transactions, and each reads in a child of its own.
        self._client.register_queue(
            QUEUES[JobKind.RUN_IMPORT], worker_concurrency=1, polling_interval_sec=_MAIL_POLLING_SECONDS
        )
        self._client.apply_schedules(
            [{"schedule_name": "housekeeping", "workflow_name": "housekeeping", "schedule": "17 * * * *"}]
        )

    def _lose(self) -> None:
        self.is_lost = True
        self._on_lost()

    def _halt(self) -> None:
        slot, self._slot = self._slot, None
        if slot is None:
            return
        self._stop.set()
        DBOS.destroy(workflow_completion_timeout_sec=_FINISH_SECONDS)
        if self._pulse is not None:
            self._pulse.join()
        for each in self._ticking:
            each.join()
        workflows.end_duty()
        self._client.destroy()
        slot.release()


def _in_plain_thread(work: Callable[[], None]) -> None:
    """The engine refuses to be started or stopped where an event loop runs."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(work).result()
