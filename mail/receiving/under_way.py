"""What this process has begun with: nobody takes it for dead while it works, however long that takes.

begun --every five seconds its lease is renewed--> settled or laid down
  +-- after ten minutes it is not renewed any more: somebody has lost track of it
"""

import asyncio
import contextlib
import logging
import time
from threading import Lock

from core.app import App
from core.context import System
from core.errors import Unavailable
from core.rules.policy import MAIL_LEASE_RENEWAL, MAIL_WORK
from core.usecases.mailbox.under_way import RenewMails, renew_mails

_log = logging.getLogger("usher.mail")


class UnderWay:
    """Thread-safe."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._since: dict[int, float] = {}
        self._lock = Lock()
        self._stopping = asyncio.Event()

    def __contains__(self, inbound_id: int) -> bool:
        return inbound_id in self._since

    def take(self, inbound_id: int) -> None:
        with self._lock:
            self._since.setdefault(inbound_id, time.monotonic())

    def leave(self, inbound_id: int) -> None:
        with self._lock:
            self._since.pop(inbound_id, None)

    async def run(self) -> None:
        """Until ``stop``."""
        seconds = MAIL_LEASE_RENEWAL.total_seconds()
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._stopping.wait()
            try:
                await asyncio.to_thread(self.renew, older_than=seconds)
            except Unavailable:
                _log.warning("leases are not renewed: the database is away")
            except Exception:
                _log.exception("leases are not renewed")

    def stop(self) -> None:
        self._stopping.set()

    def renew(self, *, older_than: float) -> None:
        """Seconds. Most messages are done long before, and cost nothing here. Raises Unavailable."""
        now = time.monotonic()
        longest = MAIL_WORK.total_seconds()
        with self._lock:
            self._since = {each: since for each, since in self._since.items() if now - since < longest}
            slow = tuple(each for each, since in self._since.items() if now - since >= older_than)
        if slow:
            self._app.run(renew_mails, RenewMails(slow), System())
