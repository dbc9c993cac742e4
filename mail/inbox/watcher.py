"""Watches one mailbox: whatever arrives is taken in, done, and filed.

       +-----------------------------------------------------------------------------+
       v                                                                             |
    connect --> drain: search, take one after the other, file --> wait (IDLE, or 30 s)
       ^          |                                                 |      something arrived, a message is due
       |          |  connection lost, BYE, silence                  |      again, or four minutes are over
       |          v                                                 v
       +---- rest: 1 s, doubling to 60 s; a refused login: 5 minutes

1. One message is fetched at a time; at most ``width`` are being done meanwhile, and a big one alone (``taking``).
2. A message is filed when it is settled, never before. What could not be done stays in INBOX and is tried again: its
   folder is its state, ``\\Seen`` means nothing.
3. Nothing ends a watcher but ``stop``: no message, no server, no database. Nor does one message hold up the others.
4. A body that never comes is asked for three times; then the message is held, unread. So is one that is too big.
5. What lay there before the first connection is counted, and touched when the operator has decided.
"""

import asyncio
import contextlib
import itertools
import logging
import ssl
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from core.app import App
from core.context import System
from core.errors import NotFound, Unavailable
from core.usecases.mailbox.watching import (
    NoteConnected,
    NoteWatching,
    WatchedMailbox,
    note_connected,
    note_watching,
)
from core.words import OldMail
from mail.inbox.connection import Connection, Folder, LoginRefused, Selected
from mail.inbox.login import log_in
from mail.inbox.protocol import PATIENCE, ConnectionLost, Refused
from mail.inbox.taking import Again, Boundary, Taker
from mail.receiving.reception import Reception

_AT_ONCE: Final = 100
# Dovecot writes its list of a whole folder anew with each command: a hundred at a time took five times as long.
_PUT_ASIDE_AT_ONCE: Final = 500
_NOTE_SECONDS: Final = 60.0

_log = logging.getLogger("usher.mail")


class Pace(Struct, frozen=True):
    """Seconds. Some providers cut an IDLE after five minutes."""

    renewal: float = 240.0
    poll: float = 30.0
    first_rest: float = 1.0
    longest_rest: float = 60.0
    refused_rest: float = 300.0
    patience: float = PATIENCE
    again: float = 5.0
    longest_again: float = 600.0


class Watcher:
    """``mailbox`` is renewed when the server gave new tokens. ``tls``: instead of the system's certificates."""

    def __init__(
        self,
        app: App,
        mailbox: WatchedMailbox,
        reception: Reception,
        *,
        width: int = 4,
        pace: Pace | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.mailbox = mailbox
        self._app = app
        self._pace = pace or Pace()
        self._tls = tls
        self._stopping = asyncio.Event()
        self._connection: Connection | None = None
        self._rest = self._pace.first_rest
        again = Again(self._pace.again, self._pace.longest_again)
        self._taker = Taker(app, reception, width=width, again=again, stopping=self._stopping)
        self._noted: tuple[float, int, int] = (0.0, -1, -1)

    async def run(self) -> None:
        """Until ``stop``; then what is under way comes to its end."""
        while not self._stopping.is_set():
            rest = await self._attempt()
            if not self._stopping.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(rest * self._app.tokens.jitter()):
                        await self._stopping.wait()

    def stop(self) -> None:
        self._stopping.set()
        if self._connection is not None:
            self._connection.wake()

    async def _attempt(self) -> float:
        """One connection, as long as it lasts. Gives the seconds to rest before the next."""
        rest = self._rest
        self._rest = min(rest * 2, self._pace.longest_rest)
        try:
            await self._session()
        except LoginRefused as problem:
            await self._note(problem=str(problem))
            # More would lock the account at some providers.
            return self._pace.refused_rest
        except (ConnectionLost, Refused) as problem:
            await self._note(problem=str(problem))
        except Unavailable:
            _log.warning("a mailbox waits: the database is away", extra={"mailbox": self.mailbox.name})
        except NotFound:
            # It was removed; whoever started us will stop us.
            return self._pace.longest_rest
        except Exception:
            _log.exception("a mailbox waits", extra={"mailbox": self.mailbox.name})
            await self._note(problem="a mistake of ours; the log has more")
        return rest

    async def _session(self) -> None:
        connection = await self._connect()
        self._connection = connection
        try:
            await connection.make_folders()
            boundary = await self._note_connected(await connection.select())
            self._taker.attach(connection, boundary, self.mailbox)
            while not self._stopping.is_set():
                await self._drain(connection, boundary)
                self._rest = self._pace.first_rest
                await connection.wait(self._seconds_to_wait(connection))
        finally:
            self._connection = None
            await self._taker.finish()
            await connection.close()

    async def _connect(self) -> Connection:
        connection, self.mailbox = await log_in(self._app, self.mailbox, tls=self._tls, patience=self._pace.patience)
        return connection

    def _seconds_to_wait(self, connection: Connection) -> float:
        if self._stopping.is_set():
            return 0.0
        longest = self._pace.renewal if connection.can_idle else self._pace.poll
        if self._taker.is_house_away:
            longest = min(longest, self._pace.longest_rest)
        due = self._taker.next_due
        return longest if due is None else max(0.0, min(longest, due - asyncio.get_running_loop().time()))

    # --- What waits ---------------------------------------------------------------------------------------

    async def _drain(self, connection: Connection, boundary: Boundary) -> None:
        self._taker.is_house_away = False
        while not self._stopping.is_set():
            listed = await self._listed(connection, boundary)
            due = list(self._taker.due(listed))
            for uids in _batched(due, _AT_ONCE):
                if self._stopping.is_set() or self._taker.is_house_away:
                    break
                await self._taker.take(uids)
            await self._taker.finish()
            await self._look_at_old(connection, boundary, listed)
            if not due or self._taker.is_house_away:
                return

    async def _listed(self, connection: Connection, boundary: Boundary) -> list[int]:
        connection.begin_listening()
        if boundary.first_uid is None or self.mailbox.old_mail is OldMail.ANSWERED:
            return await connection.search()
        return await connection.search(boundary.first_uid)

    async def _look_at_old(self, connection: Connection, boundary: Boundary, listed: list[int]) -> None:
        old: list[int] = []
        if self.mailbox.old_mail is not OldMail.ANSWERED:
            old = [uid for uid in listed if uid in self._taker.old]
            if boundary.first_uid is not None and boundary.first_uid > 1:
                old = await connection.search(1, boundary.first_uid - 1)
        if self.mailbox.old_mail is OldMail.IGNORED and old:
            for uids in _batched(old, _PUT_ASIDE_AT_ONCE):
                await connection.file(uids, Folder.IGNORED)
            self._taker.old.clear()
            old = []
        await self._note(waiting=self._taker.waiting, waiting_old=len(old))

    # --- What is noted ------------------------------------------------------------------------------------

    async def _note_connected(self, selected: Selected) -> Boundary:
        command = NoteConnected(self.mailbox.mailbox_id, selected.uid_validity, selected.uid_next)
        noted = await asyncio.to_thread(self._app.run, note_connected, command, System())
        self._noted = (0.0, -1, -1)
        _log.info("watching", extra={"mailbox": self.mailbox.name})
        return Boundary(selected.uid_validity, noted.first_uid, noted.connected_at)

    async def _note(self, *, problem: str = "", waiting: int = 0, waiting_old: int = 0) -> None:
        """What is the same as before is said once a minute. Nothing depends on it."""
        now = asyncio.get_running_loop().time()
        at, *before = self._noted
        if not problem and before == [waiting, waiting_old] and now - at < _NOTE_SECONDS:
            return
        command = NoteWatching(self.mailbox.mailbox_id, problem, waiting, waiting_old)
        if problem:
            command = replace(command, waiting=None, waiting_old=None)
            _log.warning("a mailbox waits", extra={"mailbox": self.mailbox.name, "problem": problem})
        with contextlib.suppress(Unavailable, NotFound):
            await asyncio.to_thread(self._app.run, note_watching, command, System())
            self._noted = (now, waiting, waiting_old)


def _batched(uids: Iterable[int], size: int) -> Iterator[list[int]]:
    rest = iter(uids)
    while batch := list(itertools.islice(rest, size)):
        yield batch
