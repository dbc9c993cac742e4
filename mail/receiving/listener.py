"""Takes mail from the own mail host, over SMTP or LMTP: an alternative to reading a mailbox.

    MAIL, RCPT: ours only -> DATA: within limits -> committed -> 250 -> done in the background

1. 250 is said when the message is committed. Without the database it is 451, and the mail host keeps it.
2. Nothing is relayed: every recipient is an address that this house reads.
3. Whoever connects has limits of its own: octets, lines, commands, mistakes, minutes; and all of them together as many
   connections as there is memory for.
4. A message ends with CRLF, dot, CRLF only: a bare LF before or after the dot smuggles nothing in.
5. What Authentication-Results say is believed of the own mail host only (``mail_listen_trusted``): above those that
   anybody else brings stands ours, which says that nothing was checked (RFC 8601, 5).
"""

import asyncio
import ipaddress
import logging
import ssl
from typing import Any, Final, Literal

from aiosmtpd.smtp import SMTP, Envelope, Session
from msgspec import Struct

from core.app import App
from core.errors import Unavailable
from core.large_mail import Intake, RawMail
from core.rules.policy import MAIL_BYTES
from core.words import MailState
from mail.receiving.reception import Reception

_MOST_CONNECTIONS: Final = 20
# Each may hold a whole message beside our memory.
_MOST_RECEIVING: Final = 4
_MOST_RECIPIENTS: Final = 10
_MOST_COMMANDS: Final = 1000
# For a command, and for all of a message.
_PATIENCE_SECONDS: Final = 300.0
_CHUNK: Final = 1024 * 1024
_LINE_BYTES: Final = 64 * 1024
_END: Final = b"\r\n.\r\n"
_ALWAYS: Final = frozenset({"postmaster", "abuse"})

_log = logging.getLogger("usher.mail")
# They name addresses at their chatty levels.
for _name in ("mail.log", "aiosmtpd"):
    logging.getLogger(_name).setLevel(logging.ERROR)

Kind = Literal["smtp", "lmtp"]


def _sure(waiting: bytearray) -> int:
    """How many octets begin no end of the message, and split no line's end from a dot."""
    sure = max(0, len(waiting) - len(_END) + 1)
    return sure - max(len(mark) for mark in (b"", b"\r", b"\r\n") if waiting.endswith(mark, 0, sure))


def _without_dots(lines: bytearray, *, is_first: bool) -> bytearray:
    """Without the dots that SMTP adds (RFC 5321, 4.5.2); of the first, without the line's end that we put before it."""
    plain = lines.replace(b"\r\n.", b"\r\n")
    return plain[2:] if is_first else plain


class Background:
    """Does what was received, ``width`` at a time; what is too much now is left to the sweeper."""

    def __init__(self, reception: Reception, *, width: int = 4, most: int = 200) -> None:
        self._reception = reception
        self._room = asyncio.Semaphore(width)
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()

    def take_on(self, inbound_id: int) -> None:
        if len(self._tasks) < self._most:
            task = asyncio.create_task(self._do(inbound_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _do(self, inbound_id: int) -> None:
        async with self._room:
            try:
                await asyncio.to_thread(self._reception.process, inbound_id)
            except Unavailable:
                _log.warning("a message waits: the database is away", extra={"inbound": inbound_id})
            except Exception:
                _log.exception("a message waits", extra={"inbound": inbound_id})

    async def finish(self, seconds: float) -> None:
        """What is not done by then is swept up after the next start."""
        if self._tasks:
            _, slow = await asyncio.wait(tuple(self._tasks), timeout=seconds)
            for task in slow:
                task.cancel()


class Addresses(Struct, frozen=True):
    """Which recipients are ours: the inbox with ``+`` and anything behind it, bounces, postmaster and abuse."""

    inbox: str
    bounce_domain: str

    def takes(self, recipient: str) -> bool:
        if recipient.lower() == "postmaster":
            return True
        local, _, domain = recipient.lower().rpartition("@")
        ours, _, our_domain = self.inbox.lower().rpartition("@")
        name = local.partition("+")[0]
        if domain == our_domain and (name == ours or local in _ALWAYS):
            return True
        return domain == self.bounce_domain.lower() and (local.startswith("bounces+") or local in _ALWAYS)


class Listener:
    """``tls``: offered by STARTTLS, and then required."""

    def __init__(
        self,
        app: App,
        reception: Reception,
        *,
        kind: Kind,
        tls: ssl.SSLContext | None = None,
        patience: float = _PATIENCE_SECONDS,
        background: Background | None = None,
    ) -> None:
        settings = app.settings
        self._reception = reception
        self._kind = kind
        self._tls = tls
        self._patience = patience
        self._trusted = tuple(ipaddress.ip_network(each) for each in settings.mail_listen_trusted)
        self._hostname = settings.mail_inbox.rpartition("@")[2] or "localhost"
        self.addresses = Addresses(settings.mail_inbox, settings.message_domain)
        self.background = background or Background(reception)
        self.receiving = asyncio.Semaphore(_MOST_RECEIVING)
        self._server: asyncio.Server | None = None
        self._conversations: set[Conversation] = set()

    async def start(self, host: str, port: int) -> int:
        """Gives the port. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._make, host, port)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self, seconds: float = 8.0) -> None:
        """Messages that are being received are broken off: their sender still has them."""
        if self._server is not None:
            self._server.close()
        for conversation in tuple(self._conversations):
            conversation.break_off()
        await self.background.finish(seconds)

    def _make(self) -> "Conversation":
        return Conversation(self, kind=self._kind, tls=self._tls, hostname=self._hostname, patience=self._patience)

    def opened(self, conversation: "Conversation") -> bool:
        """False: there are too many."""
        self._conversations.add(conversation)
        return len(self._conversations) <= _MOST_CONNECTIONS

    def closed(self, conversation: "Conversation") -> None:
        self._conversations.discard(conversation)

    def trusts(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer.partition("%")[0])
        except ValueError:
            return False
        # A socket for both families writes an IPv4 address so.
        plain = getattr(address, "ipv4_mapped", None) or address
        return any(plain in network for network in self._trusted)

    # --- What aiosmtpd asks ---------------------------------------------------------------------------------

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks for this name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not self.addresses.takes(address):
            return "550 5.1.1 That is no address of ours"
        if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    def head_of(self, peer: str) -> bytes:
        """What we write above the message. ``peer``: the address of who connected."""
        return b"" if self.trusts(peer) else f"Authentication-Results: {self._hostname}; none\r\n".encode()

    async def receive(self, raw: RawMail, sender: str, recipient: str) -> str:
        """The answer to the message. After 250 it cannot be lost any more."""
        try:
            received = await asyncio.to_thread(
                lambda: self._reception.receive(raw, envelope_from=sender, envelope_to=recipient)
            )
        except Unavailable:
            return "451 4.3.0 We cannot store it just now; please try again"
        except Exception:
            _log.exception("a message could not be received")
            return "451 4.3.0 We cannot store it just now; please try again"
        if received.state is MailState.RECEIVED:
            self.background.take_on(received.inbound_id)
        return "250 2.6.0 It is ours now"


class Conversation(SMTP):
    """One connection. Of aiosmtpd's own, DATA is replaced: it keeps an object a line, a gigabyte for short lines."""

    line_length_limit = _LINE_BYTES

    def __init__(
        self, listener: Listener, *, kind: Kind, tls: ssl.SSLContext | None, hostname: str, patience: float
    ) -> None:
        super().__init__(
            listener,
            data_size_limit=MAIL_BYTES,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident="Usher",
            tls_context=tls,
            require_starttls=tls is not None,
            timeout=patience,
            command_call_limit=_MOST_COMMANDS,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )
        self._listener = listener
        self._kind = kind
        self._patience = patience
        self._ends: asyncio.TimerHandle | None = None
        # The hellos of the other protocol are unknown here.
        for word in ("HELO", "EHLO") if kind == "lmtp" else ("LHLO",):
            self._smtp_methods.pop(word, None)
        for word in ("AUTH", "VRFY", "EXPN", "HELP"):
            self._smtp_methods.pop(word, None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        is_first = self._original_transport is None
        super().connection_made(transport)
        if is_first:
            # However busy it is: an honest mail host comes again.
            self._ends = self.loop.call_later(self._patience * 4, self.break_off)
            if not self._listener.opened(self) and isinstance(transport, asyncio.WriteTransport):
                transport.write(b"421 4.3.2 Too many connections; please try again\r\n")
                transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._listener.closed(self)
        if self._ends is not None:
            self._ends.cancel()
        super().connection_lost(error)

    def break_off(self) -> None:
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    async def handle_exception(self, error: Exception) -> str:
        _log.error("a conversation ended", extra={"problem": type(error).__name__})
        return "451 4.3.0 That went wrong here; please try again"

    async def smtp_LHLO(self, arg: str) -> None:  # noqa: N802 - aiosmtpd looks for this name
        await super().smtp_EHLO(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd looks for this name
        envelope = self.envelope
        if envelope is None or not envelope.rcpt_tos:
            await self.push("503 5.5.1 First say for whom it is")
        elif arg:
            await self.push("501 5.5.4 DATA stands alone")
        else:
            async with self._listener.receiving:
                self._reset_timeout()
                await self.push("354 End with a dot on a line of its own")
                intake = Intake()
                intake.add(self._listener.head_of(self._peer()))
                is_taken = await self._take_content(intake)
                await self._answer(envelope, intake.taken() if is_taken else None)

    async def _answer(self, envelope: Envelope, raw: RawMail | None) -> None:
        recipients = list(envelope.rcpt_tos)
        self.envelope = self._create_envelope()
        if raw is None:
            answer = f"552 5.3.4 More than {MAIL_BYTES // 1024 // 1024} MB cannot be read"
        else:
            # aiosmtpd leaves the null sender its brackets.
            sender = (envelope.mail_from or "").strip("<>")
            answer = await self._listener.receive(raw, sender, recipients[0])
        # LMTP wants an answer for each.
        for _ in recipients if self._kind == "lmtp" else recipients[:1]:
            await self.push(answer)

    def _peer(self) -> str:
        known = None if self.transport is None else self.transport.get_extra_info("peername")
        return str(known[0]) if known else ""

    async def _take_content(self, intake: Intake) -> bool:
        """Up to the end, which is taken, too. False: it is too much, and was not kept."""
        # So that a dot in the first line is one at a line's beginning.
        waiting, size = bytearray(b"\r\n"), 0
        while (end := waiting.find(_END)) < 0:
            sure = _sure(waiting)
            if size <= MAIL_BYTES:
                intake.add(_without_dots(waiting[:sure], is_first=not size))
            size += sure
            del waiting[:sure]
            # All there is: nothing is left in the reader that would come before what is given back below.
            chunk = await self._reader.read(_CHUNK)
            if not chunk:
                # The connection is over; whatever is said now, nobody hears it.
                raise ConnectionResetError
            waiting += chunk
        rest = bytes(waiting[end + len(_END) :])
        if rest:
            self._give_back(rest)
        if size + end > MAIL_BYTES:
            return False
        intake.add(_without_dots(waiting[: end + 2], is_first=not size))
        return True

    def _give_back(self, rest: bytes) -> None:
        """Commands that came with the end of the message. aiosmtpd reaches for the same buffer at STARTTLS."""
        reader: Any = self._reader
        reader._buffer[:0] = rest
