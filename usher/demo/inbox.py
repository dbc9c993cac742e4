"""The mailbox that Usher reads in the demo: an IMAP server in this process, with nothing on disk.

It stands for the mail host of an organisation: what is delivered here has passed its checks, so it says so, as such a
host does, in an Authentication-Results header of its own; one of that name that a sender brings is taken away.
"""

import asyncio
import re
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pysasl.hashing import BuiltinHash

from core.context import Clock

HOST_ID = "mail.demo.example.org"
"""What the demo's house is told to believe."""
# As RFC 8601, section 5, wants it of a border host.
_FORGED = re.compile(
    rb"^Authentication-Results:\s*" + re.escape(HOST_ID.encode()) + rb"[^\n]*\n(?:[ \t][^\n]*\n)*", re.M | re.I
)
_LIMIT = 64 * 1024 * 1024


class Inbox:
    """Listens on the loopback address in the running loop, on a free port. One account, known to this process only."""

    def __init__(self, clock: Clock, *, address: str, password: str) -> None:
        """``address``: what people write to; the account has the same name."""
        self.host = "127.0.0.1"
        self.port = 0
        self.address = address
        self.password = password
        self._clock = clock
        self._connections: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Inbox"]:
        # The password is made for this process and stored nowhere: to hash it slowly would only make each login slow.
        hashing = BuiltinHash(rounds=1)
        self._backend, config = await DictBackend.init(_arguments(self.address, self.password), hash_context=hashing)
        greet = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(self._backend.login, config))

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - a connection is served by a task, always
            self._connections.add(task)
            try:
                await greet(reader, writer)
            finally:
                self._connections.discard(task)

        server = await asyncio.start_server(talk, self.host, 0, limit=_LIMIT)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in tuple(self._connections):
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    def now(self) -> datetime:
        return self._clock()

    async def deliver(self, raw: bytes, *, sender: str, recipient: str) -> None:
        """``sender``: the address whose account the mail was written with; the demo's people cannot write as others."""
        domain = sender.rpartition("@")[2]
        head, blank, body = raw.partition(b"\r\n\r\n")
        kept = _FORGED.sub(b"", head + b"\r\n").removesuffix(b"\r\n")
        trace = (
            f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n"
            f"Authentication-Results: {HOST_ID}; dmarc=pass header.from={domain}\r\n"
        )
        message = AppendMessage(trace.encode() + kept + blank + body, self._clock(), frozenset())
        async with self._backend.login.demo_user_identity.new_session() as session:
            mailbox = await session.mailbox_set.get_mailbox("INBOX")
            await mailbox.append(message, recent=True)


def _arguments(user: str, password: str) -> Namespace:
    """What pymap's own command line would have made."""
    return Namespace(
        host=None, port="0", debug=False, cert=None, key=None, tls=False, proxy_protocol=None, inherited_sockets=None,
        passlib_cfg=None, demo_data=False, demo_user=user, demo_password=password,
    )  # fmt: skip
