"""A tick about once a minute, in a plain thread of its own, in every worker: reminders, digests.

1. What is due, rows say; a tick that comes late, or not at all for weeks, loses nothing and says nothing twice.
2. Ticks of several workers at the same moment are told apart by the claims in the use cases that they call.
3. A thread each: a tick that takes long delays neither the pulse nor another's. Its own next begins after it.
"""

import logging
from collections.abc import Callable
from threading import Event, Thread
from typing import Final

from core.app import App
from core.errors import Unavailable

Tick = Callable[[App, Event], object]
"""Does what is due, and looks at the event between two pieces of it: when it is set, the worker stops."""

_INTERVAL_SECONDS: Final = 60.0

_log = logging.getLogger("usher.worker")


class Ticking:
    """``what``, as in "reminders", names the thread and its lines in the log."""

    def __init__(self, what: str, tick: Tick, app: App, stop: Event) -> None:
        self._what = what
        self._tick = tick
        self._app = app
        self._stop = stop
        self._thread = Thread(target=self._run, name=f"worker-{what}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._tick(self._app, self._stop)
            except Unavailable:
                _log.warning("no %s: the database is away", self._what)
            except Exception:
                _log.exception("no %s", self._what)
            self._stop.wait(_INTERVAL_SECONDS * self._app.tokens.jitter())
