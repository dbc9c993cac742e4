"""The tick of the reminders."""

import logging
from threading import Event

from core.app import App
from core.context import System
from core.usecases.invitations.reminders import FindDueReminders, RemindDue, find_due_reminders, remind_due

_log = logging.getLogger("usher.worker")


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
