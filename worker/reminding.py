"""The tick of the reminders: one plain thread, in every worker.

1. What is due, rows say; a tick that comes late, or not at all for weeks, loses nothing and says nothing twice.
2. Ticks of several workers at the same moment are told apart by the claim in ``core.usecases.invitations.reminders``.
3. A thread of its own: a tick that takes long delays neither the pulse nor another tick, which begins after it.
"""

import logging
from threading import Event, Thread
from typing import Final

from core.app import App
from core.context import System
from core.errors import Unavailable
from core.usecases.invitations.reminders import FindDueReminders, RemindDue, find_due_reminders, remind_due

_INTERVAL_SECONDS: Final = 60.0

_log = logging.getLogger("usher.worker")


class Reminding:
    def __init__(self, app: App, stop: Event) -> None:
        self._app = app
        self._stop = stop
        self._thread = Thread(target=self._run, name="worker-reminders", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                remind_who_is_due(self._app, self._stop)
            except Unavailable:
                _log.warning("no reminders: the database is away")
            except Exception:
                _log.exception("no reminders")
            self._stop.wait(_INTERVAL_SECONDS * self._app.tokens.jitter())


def remind_who_is_due(app: App, stop: Event) -> int:
    """One tick. Returns how many reminders were written."""
    found = app.read(find_due_reminders, FindDueReminders(), System())
    reminded = postponed = 0
    for chunk in found.chunks():
        if stop.is_set():
            break
        done = app.run(remind_due, RemindDue(chunk), System())
        reminded += done.reminded
        postponed += done.postponed
    if reminded or postponed:
        _log.info("reminders", extra={"reminded": reminded, "postponed": postponed})
    return reminded
