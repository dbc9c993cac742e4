"""All mailboxes that are to be watched, each by a watcher of its own: added, changed and removed while we run."""

import asyncio
import contextlib
import logging
import ssl
from typing import Final

from msgspec import Struct

from core.app import App
from core.context import System
from core.errors import Unavailable, UsherError
from core.usecases.mailbox.watching import ListWatched, WatchedMailbox, list_watched
from mail.inbox.watcher import Pace, Watcher
from mail.receiving.reception import Reception

_LOOK_SECONDS: Final = 10.0
# Who stops waits so long for what is under way: a message takes half a minute at most to be read.
_GRACE_SECONDS: Final = 8.0

_log = logging.getLogger("usher.mail")


class _Watched(Struct, frozen=True):
    watcher: Watcher
    task: asyncio.Task[None]


class Inbox:
    """``width``: messages of one mailbox that are being done at a time."""

    def __init__(
        self,
        app: App,
        reception: Reception,
        *,
        width: int = 4,
        pace: Pace | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._app = app
        self._reception = reception
        self._width = width
        self._pace = pace
        self._tls = tls
        self._watched: dict[int, _Watched] = {}
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Until ``stop``; then each watcher's work under way comes to its end."""
        while not self._stopping.is_set():
            try:
                await self.look()
            except Unavailable:
                _log.warning("mailboxes are not looked up: the database is away")
            except UsherError as problem:
                _log.error("mailboxes are not looked up: %s", problem)
            except Exception:
                _log.exception("mailboxes are not looked up")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._stopping.wait()
        await self._end(list(self._watched))

    def stop(self) -> None:
        self._stopping.set()

    async def look(self) -> None:
        """Starts and ends watchers as the mailboxes say now. Raises UsherError."""
        listed = await asyncio.to_thread(self._app.read, list_watched, ListWatched(), System())
        wanted = {mailbox.mailbox_id: mailbox for mailbox in listed.mailboxes}
        await self._end([key for key, watched in self._watched.items() if wanted.get(key) != watched.watcher.mailbox])
        for key, mailbox in wanted.items():
            if key not in self._watched:
                self._watched[key] = self._begin(mailbox)

    def _begin(self, mailbox: WatchedMailbox) -> _Watched:
        watcher = Watcher(self._app, mailbox, self._reception, width=self._width, pace=self._pace, tls=self._tls)
        return _Watched(watcher, asyncio.create_task(watcher.run()))

    async def _end(self, keys: list[int]) -> None:
        """What is not done in time is found again: by who watches next, or by the sweeper."""
        ending = [self._watched.pop(key) for key in keys]
        for watched in ending:
            watched.watcher.stop()
        if not ending:
            return
        _, slow = await asyncio.wait([watched.task for watched in ending], timeout=_GRACE_SECONDS)
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
