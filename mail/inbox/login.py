"""Logging in: with a password, with an access token, or with one that was fetched for the occasion.

A refused access token is renewed once (RFC 6749, section 6). What is refused after that is for the operator.
"""

import asyncio
import ssl
from typing import Any, Final

import aiohttp
from msgspec.structs import replace

from core.app import App
from core.context import System
from core.rules.policy import MAIL_BYTES
from core.usecases.mailbox.mailboxes import MailboxSecret
from core.usecases.mailbox.watching import KeepTokens, WatchedMailbox, keep_tokens
from core.words import MailboxAuth
from mail.inbox.connection import Account, Connection, LoginRefused, open_connection
from mail.inbox.protocol import PATIENCE, ConnectionLost

# What stands around a message of the greatest size.
LARGEST_LITERAL: Final = MAIL_BYTES + 1024 * 1024
_LONGEST_ANSWER: Final = 64 * 1024


async def log_in(
    app: App, mailbox: WatchedMailbox, *, tls: ssl.SSLContext | None = None, patience: float = PATIENCE
) -> tuple[Connection, WatchedMailbox]:
    """With the mailbox as it is now: its tokens may have been renewed. Raises ConnectionLost, Refused, LoginRefused."""
    secret = mailbox.secret
    if mailbox.auth is MailboxAuth.PASSWORD:
        return await _open(mailbox, secret.password, tls, patience), mailbox
    if secret.access_token:
        try:
            return await _open(mailbox, secret.access_token, tls, patience), mailbox
        except LoginRefused:
            if not secret.refresh_token:
                raise
    mailbox = await _renewed(app, mailbox, patience)
    return await _open(mailbox, mailbox.secret.access_token, tls, patience), mailbox


async def _open(mailbox: WatchedMailbox, word: str, tls: ssl.SSLContext | None, patience: float) -> Connection:
    account = Account(mailbox.host, mailbox.port, mailbox.security, mailbox.auth, mailbox.user, word)
    return await open_connection(account, tls=tls, patience=patience, largest=LARGEST_LITERAL)


async def _renewed(app: App, mailbox: WatchedMailbox, patience: float) -> WatchedMailbox:
    """Stored before it is used: some servers take the former refresh token back at once."""
    answer = await _ask(mailbox.secret, patience)
    fresh = replace(
        mailbox.secret,
        access_token=_text(answer, "access_token"),
        refresh_token=_text(answer, "refresh_token") or mailbox.secret.refresh_token,
    )
    if not fresh.access_token:
        raise LoginRefused(f"no new access token was given: {_text(answer, 'error')[:60] or 'no reason was given'}")
    command = KeepTokens(mailbox.mailbox_id, mailbox.secret, fresh)
    kept = await asyncio.to_thread(app.run, keep_tokens, command, System())
    return replace(mailbox, secret=kept.secret)


async def _ask(secret: MailboxSecret, patience: float) -> dict[str, Any]:
    form = {"grant_type": "refresh_token", "refresh_token": secret.refresh_token, "client_id": secret.client_id}
    if secret.client_secret:
        form["client_secret"] = secret.client_secret
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=patience)) as session,
            # A redirect would carry the secrets elsewhere.
            session.post(secret.token_url, data=form, allow_redirects=False) as response,
        ):
            if response.status >= 500:
                raise ConnectionLost("who gives the access tokens cannot just now")
            body = b""
            async for chunk in response.content.iter_chunked(8192):
                body += chunk
                if len(body) > _LONGEST_ANSWER:
                    break
    except (aiohttp.ClientError, TimeoutError) as problem:
        raise ConnectionLost("who gives the access tokens cannot be reached") from problem
    return _parsed(body)


def _parsed(body: bytes) -> dict[str, Any]:
    import json

    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _text(answer: dict[str, Any], name: str) -> str:
    value = answer.get(name)
    return value if isinstance(value, str) else ""
