"""The messages of one mailbox: fetched, stored a few at a time, done, and filed when they are settled.

    fetched one by one --up to eight--> stored in one commit --each in a thread--> settled --those of a moment--> filed
        |                                  |                                         |
        +----------------------------------+-- it failed: in INBOX still, later once more

What waits at the connection's end is found again at the next: its folder is its state.
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from core.app import App
from core.confidential import Confidential
from core.context import System
from core.errors import Unavailable
from core.large_mail import RawMail, size_of
from core.rules.policy import MAIL_BYTES, MAIL_TRIES
from core.usecases.mailbox.inbound import HoldUnread, MailReceived, hold_unread
from core.usecases.mailbox.watching import WatchedMailbox
from core.words import MailRule, MailState, OldMail
from mail.inbox.connection import Connection, Folder, Waiting
from mail.inbox.protocol import ConnectionLost, Refused
from mail.receiving.reception import Reception

FOLDERS: Final = {
    MailState.PROCESSED: Folder.PROCESSED,
    MailState.IGNORED: Folder.IGNORED,
    MailState.HELD: Folder.HELD,
    MailState.FAILED: Folder.FAILED,
}
_BIG: Final = 4 * 1024 * 1024
# Few enough that the last is begun with long before whoever stored it is taken for dead.
_STORED_AT_ONCE: Final = 8
_FILING_SECONDS: Final = 0.25

_log = logging.getLogger("usher.mail")


class Again(Struct, frozen=True):
    """Seconds until a message that could not be done is tried again: doubled each time, up to ``longest``."""

    first: float
    longest: float


class Boundary(Struct, frozen=True):
    """Between old mail and ours. ``first_uid`` None: only the arrival tells."""

    uid_validity: int
    first_uid: int | None
    connected_at: datetime

    def is_old(self, entry: Waiting) -> bool:
        if self.first_uid is not None:
            return entry.uid < self.first_uid
        return entry.arrived_at is not None and entry.arrived_at < self.connected_at


class _Later(Struct, frozen=True):
    attempts: int
    due: float


class _Fetched(Confidential, frozen=True):
    uid: int
    raw: RawMail


class Taker:
    """``width``: messages that are being done at a time. ``stopping``: nothing more is begun once that is set."""

    def __init__(self, app: App, reception: Reception, *, width: int, again: Again, stopping: asyncio.Event) -> None:
        self.old: set[int] = set()
        self.is_house_away = False
        self._app = app
        self._reception = reception
        self._again = again
        self._stopping = stopping
        self._room = asyncio.Semaphore(width)
        self._tasks: set[asyncio.Task[None]] = set()
        self._fetched: list[_Fetched] = []
        self._settled: list[tuple[int, Folder]] = []
        self._uid_validity = 0
        self._later: dict[tuple[int, int], _Later] = {}

    def attach(self, connection: Connection, boundary: Boundary, mailbox: WatchedMailbox) -> None:
        """With each connection anew. What was settled and not filed by the last one is filed by this one."""
        if self._uid_validity != boundary.uid_validity:
            self._settled.clear()
            self._uid_validity = boundary.uid_validity
        self._connection, self._boundary, self._mailbox = connection, boundary, mailbox
        self.old.clear()
        self._fetched.clear()

    @property
    def waiting(self) -> int:
        """How many are to be tried again."""
        return len(self._later)

    @property
    def next_due(self) -> float | None:
        """By the loop's clock."""
        return min((later.due for later in self._later.values()), default=None)

    def due(self, listed: Sequence[int]) -> Iterator[int]:
        """What is not there any more is forgotten."""
        keys = {(self._boundary.uid_validity, uid) for uid in listed}
        self._later = {key: later for key, later in self._later.items() if key in keys}
        now = asyncio.get_running_loop().time()
        settled = {uid for uid, _ in self._settled}
        for uid in listed:
            later = self._later.get((self._boundary.uid_validity, uid))
            if uid not in self.old and uid not in settled and (later is None or later.due <= now):
                yield uid

    async def take(self, uids: Sequence[int]) -> None:
        """Some may still be under way when it returns. Raises ConnectionLost, Refused."""
        await self._file()
        entries = await self._connection.sizes(uids)
        for uid in uids:
            if self._stopping.is_set() or self.is_house_away:
                break
            entry = entries.get(uid)
            if entry is None:
                # Expunged meanwhile, or never there.
                self._put_off(uid)
            elif self._mailbox.old_mail is not OldMail.ANSWERED and self._boundary.is_old(entry):
                self.old.add(uid)
            else:
                await self._take(entry)
        await self._store()

    async def finish(self) -> None:
        """What is under way comes to its end, and is filed."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=_FILING_SECONDS)
            await self._file()
        await self._file()

    # --- Fetched and stored -------------------------------------------------------------------------------

    async def _take(self, entry: Waiting) -> None:
        if entry.size > MAIL_BYTES:
            await self._hold_unread(entry, MailRule.TOO_BIG)
            return
        is_big = entry.size > _BIG
        if is_big:
            # Alone, so that there is never more than one of them in memory.
            await self._store()
            await self.finish()
        try:
            raw = await self._connection.body(entry.uid)
        except BaseException as problem:
            # It may be this message that the connection died of: the others go first next time.
            self._put_off(entry.uid)
            if isinstance(problem, ConnectionLost | Refused):
                # These are here already. On a line that breaks again and again nothing else would ever get through.
                await self._store()
            raise
        if raw is None:
            await self._count_missing(entry)
            return
        self._fetched.append(_Fetched(entry.uid, raw))
        del raw
        if is_big or len(self._fetched) >= _STORED_AT_ONCE or sum(size_of(each.raw) for each in self._fetched) > _BIG:
            await self._store()
        if is_big:
            await self.finish()

    async def _store(self) -> None:
        """What was fetched, in one commit; where that fails, each alone. What is settled meanwhile is filed."""
        fetched, self._fetched = self._fetched, []
        if not fetched:
            return
        if not await self._is_stored(fetched):
            for each in fetched:
                await self._is_stored([each])
        await self._file()

    async def _is_stored(self, fetched: Sequence[_Fetched]) -> bool:
        """False: one of them may be why the others could not be."""
        try:
            raws = [each.raw for each in fetched]
            received = await asyncio.to_thread(self._reception.receive_all, raws, self._mailbox.mailbox_id)
        except Unavailable:
            for each in fetched:
                self._wait_for_house(each.uid)
            return True
        except Exception:
            if len(fetched) > 1:
                return False
            self._put_off(fetched[0].uid)
            _log.exception("a message waits", extra=self._extra(fetched[0].uid))
            return True
        for each, row in zip(fetched, received, strict=True):
            await self._room.acquire()
            if self._stopping.is_set():
                self._room.release()
                await asyncio.to_thread(self._reception.lay_down, row)
            else:
                self._start(each.uid, row)
        return True

    def _start(self, uid: int, received: MailReceived) -> None:
        task = asyncio.create_task(self._do(uid, received))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _do(self, uid: int, received: MailReceived) -> None:
        """Never raises: whatever happens, the message is in INBOX or to be filed."""
        try:
            state = await asyncio.to_thread(self._reception.finish, received)
            if state in FOLDERS:
                self._settled.append((uid, FOLDERS[state]))
            else:
                self._put_off(uid)
        except Unavailable:
            self._wait_for_house(uid)
        except Exception:
            self._put_off(uid)
            _log.exception("a message waits", extra=self._extra(uid))
        finally:
            self._room.release()

    # --- Filed, or put off --------------------------------------------------------------------------------

    async def _file(self) -> None:
        settled, self._settled = self._settled, []
        for folder in Folder:
            uids = [uid for uid, into in settled if into is folder]
            if uids:
                await self._file_into(folder, uids)

    async def _file_into(self, folder: Folder, uids: Sequence[int]) -> None:
        try:
            await self._connection.file(uids, folder)
        except ConnectionLost:
            self._settled += [(uid, folder) for uid in uids]
            return
        except Refused as problem:
            for uid in uids:
                self._put_off(uid)
            _log.warning("messages could not be filed", extra={**self._extra(uids[0]), "problem": str(problem)})
            return
        for uid in uids:
            self._later.pop((self._boundary.uid_validity, uid), None)

    def _put_off(self, uid: int) -> int:
        """Gives how often that was so."""
        key = (self._boundary.uid_validity, uid)
        attempts = self._later[key].attempts + 1 if key in self._later else 1
        pause = min(self._again.first * 2 ** min(attempts - 1, 16), self._again.longest)
        self._later[key] = _Later(attempts, asyncio.get_running_loop().time() + pause * self._app.tokens.jitter())
        return attempts

    def _wait_for_house(self, uid: int) -> None:
        self.is_house_away = True
        self._put_off(uid)
        _log.warning("a message waits: the database is away", extra=self._extra(uid))

    def _extra(self, uid: int) -> dict[str, object]:
        return {"mailbox": self._mailbox.name, "uid": uid}

    # --- What is not read ---------------------------------------------------------------------------------

    async def _count_missing(self, entry: Waiting) -> None:
        if self._put_off(entry.uid) >= MAIL_TRIES:
            await self._hold_unread(entry, MailRule.UNREADABLE)

    async def _hold_unread(self, entry: Waiting, rule: MailRule) -> None:
        """A row first, so that the operator hears of it; then it is filed."""
        reference = f"{self._mailbox.name} {self._boundary.uid_validity}/{entry.uid}"
        command = HoldUnread(self._mailbox.mailbox_id, reference, entry.size, rule)
        try:
            await asyncio.to_thread(self._app.run, hold_unread, command, System())
            await self._connection.file([entry.uid], Folder.HELD)
        except Unavailable:
            self.is_house_away = True
            self._put_off(entry.uid)
        except Refused:
            self._put_off(entry.uid)
