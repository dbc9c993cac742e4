"""Where a message enters the house, whichever way it came: stored and committed first, then done.

    bytes -> receive: a row, committed -> process: screened, done and settled -> where it is filed

What was received and not settled is found by ``Sweeper``: its process died, the database went away, somebody released
it, or it was too much for the hour before.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Protocol

from core.app import App
from core.context import System
from core.errors import Unavailable
from core.failpoints import Failpoints
from core.large_mail import RawMail
from core.usecases.mailbox.inbound import (
    ListUnsettled,
    MailReceived,
    ReceiveMail,
    ReceiveMails,
    list_unsettled,
    receive_mails,
)
from core.usecases.mailbox.senders import ResumeWaiting, resume_waiting
from core.usecases.mailbox.under_way import LayDownMail, MailBegun, lay_down_mail
from core.words import MailState
from mail.receiving.arrival import Arrival, read_arrival
from mail.receiving.under_way import UnderWay

# Whoever says that it was them waits for this; a partial index makes it cheap.
_SWEEP_SECONDS: Final = 4.0
# Whoever received it is about to begin with it.
_SWEEP_GRACE: Final = timedelta(seconds=10)
_SWEPT_AT_ONCE: Final = 50


class Process(Protocol):
    """Does what a received message asks and settles it. ``begun``: by whoever received it. Raises Unavailable."""

    def __call__(self, inbound_id: int, begun: MailBegun | None = None, /) -> MailState: ...


_log = logging.getLogger("usher.mail")


class Reception:
    """Thread-safe. Everything here waits for the database: it runs in threads."""

    def __init__(self, app: App, process: Process) -> None:
        self._app = app
        self._process = process
        self._failpoint = Failpoints(app.settings.failpoints)
        self.under_way = UnderWay(app)

    def receive(
        self,
        raw: RawMail,
        *,
        mailbox_id: int | None = None,
        envelope_from: str | None = None,
        envelope_to: str = "",
    ) -> MailReceived:
        """When it returns, the message cannot be lost any more. Raises Unavailable."""
        arrival = read_arrival(raw, envelope_from=envelope_from, envelope_to=envelope_to)
        return self._received([_command(raw, arrival, mailbox_id)])[0]

    def receive_all(self, raws: Sequence[RawMail], mailbox_id: int | None) -> tuple[MailReceived, ...]:
        """In one commit, and begun with: whoever calls finishes each. Raises Unavailable."""
        received = self._received([_command(raw, read_arrival(raw), mailbox_id, begins=True) for raw in raws])
        for each in received:
            if each.begun is not None:
                self.under_way.take(each.inbound_id)
        return received

    def _received(self, commands: Sequence[ReceiveMail]) -> tuple[MailReceived, ...]:
        self._pass("mail_before_receive", len(commands))
        received = self._app.run(receive_mails, ReceiveMails(tuple(commands)), System()).mails
        self._pass("mail_received", len(commands))
        return received

    def _pass(self, name: str, messages: int) -> None:
        """Whoever kills us there counts messages."""
        for _ in range(messages):
            self._failpoint(name)

    def finish(self, received: MailReceived) -> MailState:
        """RECEIVED: somebody else is at it just now. Raises Unavailable."""
        if received.state is not MailState.RECEIVED:
            return received.state
        state = self.process(received.inbound_id, received.begun)
        self._failpoint("mail_settled")
        return state

    def lay_down(self, received: MailReceived) -> None:
        """Instead of ``finish``. What somebody else has begun with stays theirs."""
        if received.begun is not None:
            self.under_way.leave(received.inbound_id)
            self._lay_down(received.inbound_id)

    def process(self, inbound_id: int, begun: MailBegun | None = None) -> MailState:
        """Raises Unavailable."""
        self.under_way.take(inbound_id)
        try:
            return self._process(inbound_id, begun)
        except Unavailable:
            self._lay_down(inbound_id)
            raise
        finally:
            self.under_way.leave(inbound_id)

    def _lay_down(self, inbound_id: int) -> None:
        """Whoever comes next may begin with it at once; else it would have to wait until we are taken for dead."""
        with contextlib.suppress(Unavailable):
            self._app.run(lay_down_mail, LayDownMail(inbound_id), System())


def _command(raw: RawMail, arrival: Arrival, mailbox_id: int | None, *, begins: bool = False) -> ReceiveMail:
    return ReceiveMail(
        raw,
        arrival.message_ref,
        arrival.content_digest,
        mailbox_id,
        arrival.envelope_from,
        arrival.envelope_to,
        begins,
    )


class Sweeper:
    """Does what was received and not settled. Several may do so at once: each message is begun by one."""

    def __init__(self, app: App, reception: Reception) -> None:
        self._app = app
        self._reception = reception
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Until ``stop``."""
        while not self._stopping.is_set():
            try:
                await self.sweep()
            except Unavailable:
                _log.warning("received messages wait: the database is away")
            except Exception:
                _log.exception("received messages wait")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SWEEP_SECONDS * self._app.tokens.jitter()):
                    await self._stopping.wait()

    def stop(self) -> None:
        """What is under way comes to its end."""
        self._stopping.set()

    async def sweep(self) -> int:
        """Gives how many were looked at. Raises Unavailable."""
        await asyncio.to_thread(self._app.run, resume_waiting, ResumeWaiting(), System())
        listing = ListUnsettled(_SWEEP_GRACE, _SWEPT_AT_ONCE)
        found = (await asyncio.to_thread(self._app.read, list_unsettled, listing, System())).inbound_ids
        for inbound_id in found:
            if self._stopping.is_set():
                break
            # Its lease may have run out though it lives: the database was away for as long.
            if inbound_id not in self._reception.under_way:
                await asyncio.to_thread(self._reception.process, inbound_id)
        return len(found)
