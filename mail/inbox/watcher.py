"""Watches one mailbox: whatever arrives is taken in, done, and filed.

       +-----------------------------------------------------------------------------+
       v                                                                             |
    connect --> drain: search, take one after the other, file --> wait (IDLE, or 30 s)
       ^          |                                                 |      something arrived, a message is due
       |          |  connection lost, BYE, silence                  |      again, or four minutes are over
       |          v                                                 v
       +---- rest: 1 s, doubling to 60 s; a refused login: 5 minutes

1. One message is fetched at a time; at most ``width`` are being done meanwhile, and a big one alone.
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
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from core.app import App
from core.context import System
from core.errors import NotFound, Unavailable
from core.rules.policy import MAIL_BYTES, MAIL_TRIES
from core.usecases.mailbox.inbound import HoldUnread, hold_unread
from core.usecases.mailbox.watching import (
    NoteConnected,
    NoteWatching,
    WatchedMailbox,
    note_connected,
    note_watching,
)
from core.words import MailRule, MailState, OldMail
from mail.inbox.connection import Connection, Folder, LoginRefused, Selected, Waiting
from mail.inbox.login import log_in
from mail.inbox.protocol import PATIENCE, ConnectionLost, Refused
from mail.receiving.reception import Reception

FOLDERS: Final = {
    MailState.PROCESSED: Folder.PROCESSED,
    MailState.IGNORED: Folder.IGNORED,
    MailState.HELD: Folder.HELD,
    MailState.FAILED: Folder.FAILED,
}
_BIG: Final = 4 * 1024 * 1024
_AT_ONCE: Final = 100
_NOTE_SECONDS: Final = 60.0

_log = logging.getLogger("usher.mail")


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. Some providers cut an IDLE after five minutes."""

    renewal: float = 240.0
    poll: float = 30.0
    first_rest: float = 1.0
    longest_rest: float = 60.0
    refused_rest: float = 300.0
    patience: float = PATIENCE
    again: float = 5.0
    longest_again: float = 600.0


@dataclass(frozen=True, slots=True)
class _Later:
    attempts: int
    due: float


@dataclass(frozen=True, slots=True)
class _Boundary:
    """Between old mail and ours. ``first_uid`` None: only the arrival tells."""

    uid_validity: int
    first_uid: int | None
    connected_at: datetime

    def is_old(self, entry: Waiting) -> bool:
        if self.first_uid is not None:
            return entry.uid < self.first_uid
        return entry.arrived_at is not None and entry.arrived_at < self.connected_at


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
        self._reception = reception
        self._width = width
        self._pace = pace or Pace()
        self._tls = tls
        self._room = asyncio.Semaphore(width)
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._connection: Connection | None = None
        self._rest = self._pace.first_rest
        self._later: dict[tuple[int, int], _Later] = {}
        self._old: set[int] = set()
        self._is_house_away = False
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
            while not self._stopping.is_set():
                await self._drain(connection, boundary)
                self._rest = self._pace.first_rest
                await connection.wait(self._seconds_to_wait(connection))
        finally:
            self._connection = None
            await self._all_done()
            await connection.close()

    async def _connect(self) -> Connection:
        connection, self.mailbox = await log_in(self._app, self.mailbox, tls=self._tls, patience=self._pace.patience)
        return connection

    def _seconds_to_wait(self, connection: Connection) -> float:
        if self._stopping.is_set():
            return 0.0
        longest = self._pace.renewal if connection.can_idle else self._pace.poll
        if self._is_house_away:
            longest = min(longest, self._pace.longest_rest)
        now = asyncio.get_running_loop().time()
        return max(0.0, min([longest, *(later.due - now for later in self._later.values())]))

    # --- What waits ---------------------------------------------------------------------------------------

    async def _drain(self, connection: Connection, boundary: _Boundary) -> None:
        self._is_house_away = False
        while not self._stopping.is_set():
            listed = await self._listed(connection, boundary)
            due = list(self._due(listed, boundary))
            for uids in _batched(due, _AT_ONCE):
                await self._take_batch(connection, boundary, uids)
            await self._all_done()
            await self._look_at_old(connection, boundary, listed)
            if not due or self._is_house_away:
                return

    async def _listed(self, connection: Connection, boundary: _Boundary) -> list[int]:
        connection.begin_listening()
        if boundary.first_uid is None or self.mailbox.old_mail is OldMail.ANSWERED:
            return await connection.search()
        return await connection.search(boundary.first_uid)

    def _due(self, listed: list[int], boundary: _Boundary) -> Iterator[int]:
        """What is not there any more is forgotten."""
        keys = {(boundary.uid_validity, uid) for uid in listed}
        self._later = {key: later for key, later in self._later.items() if key in keys}
        now = asyncio.get_running_loop().time()
        for uid in listed:
            later = self._later.get((boundary.uid_validity, uid))
            if uid not in self._old and (later is None or later.due <= now):
                yield uid

    async def _take_batch(self, connection: Connection, boundary: _Boundary, uids: list[int]) -> None:
        entries = await connection.sizes(uids)
        for uid in uids:
            if self._stopping.is_set() or self._is_house_away:
                return
            entry = entries.get(uid)
            if entry is None:
                # Expunged meanwhile, or never there.
                self._put_off(boundary, uid)
            elif self.mailbox.old_mail is not OldMail.ANSWERED and boundary.is_old(entry):
                self._old.add(uid)
            else:
                await self._take(connection, boundary, entry)

    async def _take(self, connection: Connection, boundary: _Boundary, entry: Waiting) -> None:
        if entry.size > MAIL_BYTES:
            await self._hold_unread(connection, boundary, entry, MailRule.TOO_BIG)
            return
        if entry.size > _BIG:
            await self._all_done()
        await self._room.acquire()
        if self._stopping.is_set() or self._is_house_away:
            self._room.release()
            return
        try:
            raw = await connection.body(entry.uid)
        except BaseException:
            # It may be this message that the connection died of: the others go first next time.
            self._put_off(boundary, entry.uid)
            self._room.release()
            raise
        if raw is None:
            self._room.release()
            await self._count_missing(connection, boundary, entry)
            return
        task = asyncio.create_task(self._do(connection, boundary, entry.uid, raw))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if entry.size > _BIG:
            del raw
            await self._all_done()

    async def _do(self, connection: Connection, boundary: _Boundary, uid: int, raw: bytes) -> None:
        """Never raises: whatever happens, the message is in INBOX or filed."""
        extra = {"mailbox": self.mailbox.name, "uid": uid}
        try:
            state = await asyncio.to_thread(self._reception.take, raw, self.mailbox.mailbox_id)
            if state in FOLDERS:
                await connection.file([uid], FOLDERS[state])
                self._later.pop((boundary.uid_validity, uid), None)
            else:
                self._put_off(boundary, uid)
        except ConnectionLost:
            self._put_off(boundary, uid)
        except Unavailable:
            self._is_house_away = True
            self._put_off(boundary, uid)
            _log.warning("a message waits: the database is away", extra=extra)
        except Refused as problem:
            self._put_off(boundary, uid)
            _log.warning("a message could not be filed", extra={**extra, "problem": str(problem)})
        except Exception:
            self._put_off(boundary, uid)
            _log.exception("a message waits", extra=extra)
        finally:
            self._room.release()

    async def _all_done(self) -> None:
        if self._tasks:
            await asyncio.wait(tuple(self._tasks))

    def _put_off(self, boundary: _Boundary, uid: int) -> int:
        """Gives how often that was so."""
        key = (boundary.uid_validity, uid)
        attempts = self._later[key].attempts + 1 if key in self._later else 1
        pause = min(self._pace.again * 2 ** min(attempts - 1, 16), self._pace.longest_again)
        self._later[key] = _Later(attempts, asyncio.get_running_loop().time() + pause * self._app.tokens.jitter())
        return attempts

    # --- What is not read ---------------------------------------------------------------------------------

    async def _count_missing(self, connection: Connection, boundary: _Boundary, entry: Waiting) -> None:
        if self._put_off(boundary, entry.uid) >= MAIL_TRIES:
            await self._hold_unread(connection, boundary, entry, MailRule.UNREADABLE)

    async def _hold_unread(self, connection: Connection, boundary: _Boundary, entry: Waiting, rule: MailRule) -> None:
        """A row first, so that the operator hears of it; then it is filed."""
        reference = f"{self.mailbox.name} {boundary.uid_validity}/{entry.uid}"
        command = HoldUnread(self.mailbox.mailbox_id, reference, entry.size, rule)
        try:
            await asyncio.to_thread(self._app.run, hold_unread, command, System())
            await connection.file([entry.uid], Folder.HELD)
        except Unavailable:
            self._is_house_away = True
            self._put_off(boundary, entry.uid)
        except Refused:
            self._put_off(boundary, entry.uid)

    async def _look_at_old(self, connection: Connection, boundary: _Boundary, listed: list[int]) -> None:
        old: list[int] = []
        if self.mailbox.old_mail is not OldMail.ANSWERED:
            old = [uid for uid in listed if uid in self._old]
            if boundary.first_uid is not None and boundary.first_uid > 1:
                old = await connection.search(1, boundary.first_uid - 1)
        if self.mailbox.old_mail is OldMail.IGNORED and old:
            for uids in _batched(old, _AT_ONCE):
                await connection.file(uids, Folder.IGNORED)
            self._old.clear()
            old = []
        await self._note(waiting=len(self._later), waiting_old=len(old))

    # --- What is noted ------------------------------------------------------------------------------------

    async def _note_connected(self, selected: Selected) -> _Boundary:
        command = NoteConnected(self.mailbox.mailbox_id, selected.uid_validity, selected.uid_next)
        noted = await asyncio.to_thread(self._app.run, note_connected, command, System())
        self._old.clear()
        self._noted = (0.0, -1, -1)
        _log.info("watching", extra={"mailbox": self.mailbox.name})
        return _Boundary(selected.uid_validity, noted.first_uid, noted.connected_at)

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
