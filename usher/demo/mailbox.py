"""A mail server for the demo: takes every mail on this machine and keeps it in memory, to be looked at.

1. Nothing is passed on: a mail that arrives here goes nowhere else.
2. A mail is kept before its sender hears 250.
3. Addresses that begin with “bounce” are refused for good; those with “busy” are asked once to come again later.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiosmtpd.smtp import SMTP, Envelope, Session
from msgspec import Struct

from core.context import Clock
from usher.demo.opened_mail import Summary, summary_of

MOST_MAILS = 20_000
PAGE_MAILS = 50
_MOST_BYTES = 32 * 1024 * 1024
_ACCEPTED = "250 2.0.0 Kept"
_REFUSED = "550 5.1.1 No such mailbox: in the demo, addresses that begin with bounce do not exist"
_LATER = "450 4.2.1 Mailbox busy: in the demo, addresses that begin with busy work at the second try"


class Mail(Struct, frozen=True):
    """``number`` counts from 1; ``received_at`` in epoch seconds, ``arrived`` by the loop's clock."""

    number: int
    sender: str
    recipients: tuple[str, ...]
    received_at: float
    arrived: float
    content: bytes

    def is_for(self, wanted: str) -> bool:
        return any(wanted in recipient.casefold() for recipient in self.recipients)


class MailPage(Struct, frozen=True):
    """Newest first. ``total`` counts what the search found."""

    mails: tuple[tuple[Mail, Summary], ...]
    page: int
    page_count: int
    total: int


class Mailbox:
    """Listens on the loopback address in the running loop, on a free port. Beyond ``most`` mails the oldest goes."""

    def __init__(self, clock: Clock, *, most: int = MOST_MAILS) -> None:
        self.host = "127.0.0.1"
        self.port = 0
        self.received = 0
        self._clock = clock
        self._most = most
        self._mails: dict[int, Mail] = {}
        self._summaries: dict[int, Summary] = {}
        self._asked_to_wait: set[str] = set()
        self._connections: set[_Connection] = set()
        self._news = asyncio.Condition()
        self._server: asyncio.Server | None = None

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Mailbox"]:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self, self._connections), self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self._server.close()
            for connection in tuple(self._connections):
                connection.hang_up()
            # One turn, in which the connections notice.
            await asyncio.sleep(0)

    # What is in it

    def page(self, page: int = 1, search: str = "") -> MailPage:
        """``search`` looks into the recipients. Pages count from 1; one beyond the last is the last."""
        wanted = search.strip().casefold()
        found = [mail for mail in self._mails.values() if not wanted or mail.is_for(wanted)]
        pages = max(1, -(-len(found) // PAGE_MAILS))
        shown = min(max(page, 1), pages)
        last = len(found) - (shown - 1) * PAGE_MAILS
        here = reversed(found[max(0, last - PAGE_MAILS) : last])
        return MailPage(tuple((mail, self._summary(mail)) for mail in here), shown, pages, len(found))

    def mail(self, number: int) -> Mail | None:
        return self._mails.get(number)

    def newest_for(self, address: str) -> Mail | None:
        wanted = address.casefold()
        return next((mail for mail in reversed(self._mails.values()) if mail.is_for(wanted)), None)

    async def wait_for(self, count: int, *, seconds: float) -> None:
        """Until that many mails have come. Raises TimeoutError."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: self.received >= count)

    def arrivals(self) -> list[float]:
        """When each kept mail came, oldest first, in seconds of the loop's clock."""
        return [mail.arrived for mail in self._mails.values()]

    def _summary(self, mail: Mail) -> Summary:
        if mail.number not in self._summaries:
            self._summaries[mail.number] = summary_of(mail.content)
        return self._summaries[mail.number]

    # What aiosmtpd asks at each stage; it finds these methods by their names

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        local = address.casefold().partition("@")[0]
        if local.startswith("bounce"):
            return _REFUSED
        if local.startswith("busy") and address not in self._asked_to_wait:
            self._asked_to_wait.add(address)
            return _LATER
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Recipient is fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        content = envelope.original_content or b""
        self._keep(envelope.mail_from or "", tuple(envelope.rcpt_tos), content)
        async with self._news:
            self._news.notify_all()
        return _ACCEPTED

    def _keep(self, sender: str, recipients: tuple[str, ...], content: bytes) -> None:
        self.received += 1
        arrived = asyncio.get_running_loop().time()
        received_at = self._clock().timestamp()
        self._mails[self.received] = Mail(self.received, sender, recipients, received_at, arrived, content)
        if len(self._mails) > self._most:
            oldest = next(iter(self._mails))
            del self._mails[oldest]
            self._summaries.pop(oldest, None)


class _Connection(SMTP):
    """One client; known to the mailbox as long as it is there."""

    def __init__(self, mailbox: Mailbox, others: "set[_Connection]") -> None:
        super().__init__(
            mailbox,
            hostname="mailbox.demo.example.org",
            ident="Usher demo mailbox",
            data_size_limit=_MOST_BYTES,
            enable_SMTPUTF8=True,
            loop=asyncio.get_running_loop(),
        )
        self._others = others

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._others.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._others.discard(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()
