"""A few connections to the mail server, kept open while there is mail: a new one for each mail takes ten times as long.

1. There are never more connections than the settings say, whoever sends.
2. Each mail gets exactly one outcome, in the order of the mails; nothing raises.
3. A fault of ours ends the batch: what was not tried gets the same verdict and costs the server nothing.
"""

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from core.letters import Outcome, Verdict
from core.settings import Settings
from mail.sending.conversation import CannotConnect, Connection, Failpoint, KeptConnectionLost, connect, hand_over
from mail.sending.rendering import Mail

_MAILS_A_CONNECTION: Final = 100
_IDLE_SECONDS: Final = 10.0
_CLOSING_SECONDS: Final = 5.0

_STOPPING = Outcome(0, Verdict.LATER, "the program is stopping")

_log = logging.getLogger(__name__)


class _Batch(Struct, eq=False):
    waiting: deque[tuple[int, Mail]]
    outcomes: dict[int, Outcome] = {}
    rest: Outcome | None = None
    """What becomes of the mails that nobody could try."""

    def stop(self, rest: Outcome) -> None:
        self.rest = rest
        while self.waiting:
            place, mail = self.waiting.popleft()
            self.outcomes[place] = replace(rest, message_id=mail.message_id)


class SmtpPool:
    """Belongs to one event loop."""

    def __init__(
        self,
        settings: Settings,
        *,
        failpoint: Failpoint = lambda name: None,
        tls: ssl.SSLContext | None = None,
        idle_seconds: float = _IDLE_SECONDS,
    ) -> None:
        self._settings = settings
        self._failpoint = failpoint
        self._tls = tls
        self._idle_seconds = idle_seconds
        self._slots = asyncio.Semaphore(settings.smtp_connections)
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self._batches: set[_Batch] = set()
        self._senders: set[asyncio.Task[Any]] = set()
        self._connecting: set[asyncio.Task[Connection]] = set()
        self._closer: asyncio.TimerHandle | None = None
        self._goodbyes: set[asyncio.Task[None]] = set()
        self._is_closing = False

    async def send(self, mails: Sequence[Mail]) -> list[Outcome]:
        batch = _Batch(deque(enumerate(mails)))
        if self._is_closing:
            batch.stop(_STOPPING)
        with self._registered(batch):
            lanes = min(self._settings.smtp_connections, len(mails))
            await asyncio.gather(*(self._lane(batch) for _ in range(lanes)))
        batch.stop(batch.rest or _STOPPING)
        self._close_when_idle()
        return [batch.outcomes[place] for place in range(len(mails))]

    async def close(self) -> None:
        """Mails on their way get some seconds; the others are left for later."""
        self._is_closing = True
        for batch in self._batches:
            batch.stop(_STOPPING)
        await self._stop_connecting()
        if self._senders:
            await asyncio.wait(self._senders, timeout=_CLOSING_SECONDS)
        for connection in self._busy:
            connection.cut()
        if self._senders:
            await asyncio.wait(self._senders)
        if self._closer is not None:
            self._closer.cancel()
        self._close_idle()
        await asyncio.gather(*self._goodbyes)

    async def _stop_connecting(self) -> None:
        while self._connecting:
            for attempt in self._connecting:
                attempt.cancel()
            # Again and again: wait_for of Python 3.11 swallows a cancellation that comes with its result.
            await asyncio.wait(self._connecting, timeout=0.05)

    @contextmanager
    def _registered(self, batch: _Batch) -> Iterator[None]:
        sender = asyncio.current_task()
        assert sender is not None  # noqa: S101 # A coroutine runs in a task.
        self._batches.add(batch)
        self._senders.add(sender)
        try:
            yield
        finally:
            self._batches.discard(batch)
            self._senders.discard(sender)

    async def _lane(self, batch: _Batch) -> None:
        """One of the concurrent senders of a batch; it ends when no mail is left or no connection is to be had."""
        while batch.waiting:
            async with self._slots:
                try:
                    connection = await self._connection()
                except CannotConnect as problem:
                    # The other lanes may be luckier; if none is, this is what became of the rest.
                    batch.rest = Outcome(0, problem.verdict, problem.detail)
                    return
                await self._send_next(batch, connection)

    async def _send_next(self, batch: _Batch, connection: Connection) -> None:
        if not batch.waiting:
            self._keep(connection)
            return
        place, mail = batch.waiting.popleft()
        outcome = await self._outcome(connection, mail)
        batch.outcomes[place] = outcome
        if outcome.verdict is Verdict.OUR_FAULT:
            batch.stop(outcome)

    async def _outcome(self, connection: Connection, mail: Mail) -> Outcome:
        try:
            return await self._hand_over(connection, mail)
        except KeptConnectionLost:
            pass
        except Exception:
            return self._unexpected(mail)
        try:
            return await self._hand_over(await self._new_connection(), mail)
        except CannotConnect as problem:
            return Outcome(mail.message_id, problem.verdict, problem.detail)
        except Exception:
            return self._unexpected(mail)

    async def _hand_over(self, connection: Connection, mail: Mail) -> Outcome:
        self._busy.add(connection)
        try:
            outcome = await hand_over(connection, mail, self._failpoint)
        except BaseException:
            connection.cut()
            raise
        finally:
            self._busy.discard(connection)
        if connection.mails >= _MAILS_A_CONNECTION:
            await connection.quit()
        self._keep(connection)
        return outcome

    def _unexpected(self, mail: Mail) -> Outcome:
        _log.exception("message %d could not be sent", mail.message_id)
        return Outcome(mail.message_id, Verdict.LATER, "an unexpected error; the log has it")

    async def _connection(self) -> Connection:
        """A slot is held. Raises CannotConnect."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
        return await self._new_connection()

    async def _new_connection(self) -> Connection:
        attempt = asyncio.ensure_future(connect(self._settings, self._tls))
        self._connecting.add(attempt)
        attempt.add_done_callback(self._connecting.discard)
        try:
            return await attempt
        except asyncio.CancelledError:
            if self._is_closing:
                raise CannotConnect(_STOPPING.verdict, _STOPPING.detail) from None
            raise

    def _keep(self, connection: Connection) -> None:
        if connection.is_usable:
            connection.is_kept = True
            self._idle.append(connection)

    def _close_when_idle(self) -> None:
        if self._closer is not None:
            self._closer.cancel()
        self._closer = asyncio.get_running_loop().call_later(self._idle_seconds, self._close_idle)

    def _close_idle(self) -> None:
        while self._idle:
            goodbye = asyncio.ensure_future(self._idle.pop().quit())
            self._goodbyes.add(goodbye)
            goodbye.add_done_callback(self._goodbyes.discard)
