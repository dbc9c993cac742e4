"""How tests connect."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest_asyncio

from core.words import MailboxAuth, MailboxSecurity
from mail.inbox.connection import Account, Connection, open_connection
from tests.mail.inbox.scripted_imap import ScriptedImap
from tests.mail.inbox.watching import PATIENCE_SECONDS

Connect = Callable[..., Awaitable[Connection]]


@pytest_asyncio.fixture
async def connect() -> AsyncIterator[Connect]:
    """Logged in, with INBOX selected. What is open is closed at the end."""
    opened: list[Connection] = []

    async def open_one(
        server: ScriptedImap,
        *,
        user: str = "bot",
        secret: str = "secret",
        auth: MailboxAuth = MailboxAuth.PASSWORD,
        patience: float = PATIENCE_SECONDS,
        largest: int = 2**26,
        tls: ssl.SSLContext | None = None,
    ) -> Connection:
        security = MailboxSecurity.NONE if tls is None else MailboxSecurity.TLS
        account = Account("localhost" if tls else "127.0.0.1", server.port, security, auth, user, secret)
        connection = await open_connection(account, tls=tls, patience=patience, largest=largest)
        opened.append(connection)
        await connection.make_folders()
        await connection.select()
        return connection

    yield open_one
    for connection in opened:
        await connection.close()
