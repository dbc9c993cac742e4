"""The tick of the digests: one plain thread, in every worker, beside that of the reminders and for the same reasons."""

import logging
from threading import Event, Thread
from typing import Final

from core.app import App
from core.context import System
from core.errors import Unavailable
from core.usecases.digests.digests import (
    BeginDigests,
    FindDueDigests,
    WriteDueDigests,
    begin_digests,
    find_due_digests,
    write_due_digests,
)

_INTERVAL_SECONDS: Final = 60.0

_log = logging.getLogger("usher.worker")


class Digesting:
    def __init__(self, app: App, stop: Event) -> None:
        self._app = app
        self._stop = stop
        self._thread = Thread(target=self._run, name="worker-digests", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                write_what_is_due(self._app, self._stop)
            except Unavailable:
                _log.warning("no digests: the database is away")
            except Exception:
                _log.exception("no digests")
            self._stop.wait(_INTERVAL_SECONDS * self._app.tokens.jitter())


def write_what_is_due(app: App, stop: Event) -> int:
    """One tick. Returns how many digests are on their way."""
    found = app.read(find_due_digests, FindDueDigests(), System())
    if found.owner_ids:
        app.run(begin_digests, BeginDigests(found.owner_ids), System())
    written = postponed = 0
    for chunk in found.chunks():
        if stop.is_set():
            break
        done = app.run(write_due_digests, WriteDueDigests(chunk), System())
        written += done.written
        postponed += done.postponed
    if written or postponed:
        _log.info("digests", extra={"written": written, "postponed": postponed})
    return written
