"""What is found when a mailbox is connected to once, in words: for ``usher mailbox check`` and ``usher doctor``."""

from __future__ import annotations

from msgspec import Struct

from core.app import App
from core.context import System
from core.usecases.mailbox.watching import ListWatched, WatchedMailbox, list_watched
from core.words import MailboxSecurity
from mail.inbox.connection import Connection, Folder, LoginRefused
from mail.inbox.login import log_in
from mail.inbox.protocol import ConnectionLost, Refused

_PATIENCE_SECONDS = 10.0


def watched_mailboxes(app: App) -> tuple[WatchedMailbox, ...]:
    """Raises UsherError."""
    return app.read(list_watched, ListWatched(), System()).mailboxes


class Look(Struct, frozen=True):
    """``problem`` empty: all is well."""

    lines: tuple[str, ...]
    problem: str = ""


async def look_at(app: App, mailbox: WatchedMailbox) -> Look:
    """Reads and moves nothing; the folders are made."""
    lines: list[str] = []
    try:
        connection, _ = await log_in(app, mailbox, patience=_PATIENCE_SECONDS)
        try:
            await _describe(connection, mailbox, lines)
        finally:
            await connection.close()
    except (ConnectionLost, Refused, LoginRefused) as problem:
        return Look(tuple(lines), f"{mailbox.host}:{mailbox.port}: {problem}.")
    return Look(tuple(lines))


async def _describe(connection: Connection, mailbox: WatchedMailbox, lines: list[str]) -> None:
    way = "over TLS" if mailbox.security is MailboxSecurity.TLS else "without TLS, on this machine"
    lines.append(f"Logged in at {mailbox.host}:{mailbox.port} {way}.")
    await connection.make_folders()
    lines.append(f"Folders: {', '.join(connection.name_of(folder) for folder in Folder)}.")
    await connection.select()
    waiting = len(await connection.search())
    lines.append(f"In INBOX: {waiting}.")
    lines.append(
        "New mail is announced at once." if connection.can_idle else "It is asked for new mail twice a minute."
    )
    if not connection.can_move:
        gone = "marked as deleted" if not connection.can_expunge_one else "removed"
        lines.append(f"It cannot move messages: they are copied, and {gone} in INBOX.")
