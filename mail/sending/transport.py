"""The way out for mails, for threads that wait: one event loop in a thread of its own, shared by all who send."""

import asyncio
import ssl
from collections.abc import Sequence
from threading import Lock, Thread

from core.letters import Outcome, Verdict
from core.settings import Settings
from mail.sending.conversation import Failpoint
from mail.sending.pool import SmtpPool
from mail.sending.rendering import Mail


def _no_failpoint(name: str) -> None:
    """Outside fault experiments."""


class Mailer:
    """Any thread may send. ``tls`` replaces the check against the system's certificates."""

    def __init__(
        self, settings: Settings, *, failpoint: Failpoint = _no_failpoint, tls: ssl.SSLContext | None = None
    ) -> None:
        # Not the default loop: uvloop holds writes back until its next turn, and then "after the dot" is not true.
        self._loop = asyncio.SelectorEventLoop()
        self._thread = Thread(target=self._loop.run_forever, name="mailer", daemon=True)
        self._pool = SmtpPool(settings, failpoint=failpoint, tls=tls)
        self._lock = Lock()
        self._is_closed = False
        self._thread.start()

    def send(self, mails: Sequence[Mail]) -> list[Outcome]:
        """Blocks. One outcome a mail, in their order; never raises."""
        with self._lock:
            if self._is_closed:
                return [Outcome(mail.message_id, Verdict.LATER, "the program is stopping") for mail in mails]
            sending = asyncio.run_coroutine_threadsafe(self._pool.send(mails), self._loop)
        return sending.result()

    def close(self) -> None:
        """Waits some seconds for mails on their way."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        asyncio.run_coroutine_threadsafe(self._pool.close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class UnconfiguredMailer:
    """Where no mail server is set: everything waits, and says why."""

    def send(self, mails: Sequence[Mail]) -> list[Outcome]:
        return [Outcome(mail.message_id, Verdict.OUR_FAULT, "no mail server is set") for mail in mails]

    def close(self) -> None:
        pass


def mailer_for(settings: Settings, *, failpoint: Failpoint = _no_failpoint) -> Mailer | UnconfiguredMailer:
    return Mailer(settings, failpoint=failpoint) if settings.smtp_host else UnconfiguredMailer()
