"""The tick of the digests."""

import logging
from threading import Event

from core.app import App
from core.context import System
from core.usecases.digests.digests import (
    BeginDigests,
    CollectDueDigests,
    FindDueDigests,
    WriteDueDigests,
    begin_digests,
    collect_due_digests,
    find_due_digests,
    write_due_digests,
)

_log = logging.getLogger("usher.worker")


def write_what_is_due(app: App, stop: Event) -> int:
    """One tick. Returns how many digests are on their way."""
    found = app.read(find_due_digests, FindDueDigests(), System())
    if found.owner_ids:
        app.run(begin_digests, BeginDigests(found.owner_ids), System())
    written = postponed = 0
    for chunk in found.chunks():
        if stop.is_set():
            break
        collected = app.read(collect_due_digests, CollectDueDigests(chunk), System())
        done = app.run(write_due_digests, WriteDueDigests(collected), System())
        written += done.written
        postponed += done.postponed
    if written or postponed:
        _log.info("digests", extra={"written": written, "postponed": postponed})
    return written
