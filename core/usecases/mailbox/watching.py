"""What watchers of mailboxes need: which to watch and how to log in, and where they note what they find.

A mailbox that was never connected to remembers its first connection: what is older waits for the operator.
"""

from datetime import datetime
from typing import ClassVar, Final

from msgspec import Struct
from sqlalchemy import select

from core import access
from core.confidential import Confidential
from core.context import Context
from core.errors import MailboxNotFound
from core.model import Mailbox
from core.usecases.mailbox.mailboxes import MailboxSecret, mailbox_by_name, opened, sealed
from core.words import MailboxAuth, MailboxSecurity, OldMail

_PROBLEM_CHARACTERS: Final = 300


class ListWatched(Struct, frozen=True):
    """Those that are read; or the one with this ``name``, in any case."""

    name: str = ""


class WatchedMailbox(Confidential, frozen=True):
    """Equal to another: whoever watches it may go on."""

    mailbox_id: int
    name: str
    host: str
    port: int
    security: MailboxSecurity
    auth: MailboxAuth
    user: str
    secret: MailboxSecret
    old_mail: OldMail


class WatchedListed(Struct, frozen=True):
    mailboxes: tuple[WatchedMailbox, ...]


class NoteConnected(Struct, frozen=True):
    """``uid_next`` 0: the server does not tell."""

    is_routine: ClassVar = True

    mailbox_id: int
    uid_validity: int
    uid_next: int


class ConnectionNoted(Struct, frozen=True):
    """Of before the first connection: a UID below ``first_uid``; where there is none, whatever arrived earlier."""

    first_uid: int | None
    connected_at: datetime


class NoteWatching(Struct, frozen=True):
    """``problem`` empty: all is well. None for a number: it was not looked."""

    is_routine: ClassVar = True

    mailbox_id: int
    problem: str = ""
    waiting: int | None = None
    waiting_old: int | None = None


class WatchingNoted(Struct, frozen=True):
    pass


class KeepTokens(Struct, frozen=True):
    """The server gave new ones instead of those we had."""

    is_routine: ClassVar = True

    mailbox_id: int
    former: MailboxSecret
    secret: MailboxSecret


class TokensKept(Confidential, frozen=True):
    """``secret``: what counts now. Another watcher may have been first, or the operator."""

    secret: MailboxSecret


def list_watched(ctx: Context, command: ListWatched) -> WatchedListed:
    """Raises MailboxNotFound; SettingInvalid where the key of the secrets is gone."""
    access.require_system(ctx)
    if command.name:
        return WatchedListed((_watched(ctx, mailbox_by_name(ctx, command.name)),))
    query = select(Mailbox).where(Mailbox.disabled_at.is_(None)).order_by(Mailbox.name)
    return WatchedListed(tuple(_watched(ctx, row) for row in ctx.session.scalars(query)))


def _watched(ctx: Context, row: Mailbox) -> WatchedMailbox:
    return WatchedMailbox(
        row.id,
        row.name,
        row.host,
        row.port,
        row.security,
        row.auth,
        row.user,
        secret=opened(ctx, row.secret),
        old_mail=row.old_mail,
    )


def note_connected(ctx: Context, command: NoteConnected) -> ConnectionNoted:
    """Raises MailboxNotFound."""
    access.require_system(ctx)
    row = _by_id(ctx, command.mailbox_id)
    if row.connected_at is None:
        row.connected_at = ctx.now
        row.uid_validity = command.uid_validity
        row.first_uid = command.uid_next or None
    elif row.uid_validity != command.uid_validity:
        row.uid_validity = command.uid_validity
        row.first_uid = None
    row.seen_at = ctx.now
    row.problem = ""
    return ConnectionNoted(row.first_uid, row.connected_at)


def note_watching(ctx: Context, command: NoteWatching) -> WatchingNoted:
    """Raises MailboxNotFound."""
    access.require_system(ctx)
    row = _by_id(ctx, command.mailbox_id)
    row.problem = command.problem[:_PROBLEM_CHARACTERS]
    if not command.problem:
        row.seen_at = ctx.now
    row.waiting = row.waiting if command.waiting is None else command.waiting
    row.waiting_old = row.waiting_old if command.waiting_old is None else command.waiting_old
    return WatchingNoted()


def keep_tokens(ctx: Context, command: KeepTokens) -> TokensKept:
    """Raises MailboxNotFound."""
    access.require_system(ctx)
    row = _by_id(ctx, command.mailbox_id)
    present = opened(ctx, row.secret)
    if present != command.former:
        return TokensKept(present)
    row.secret = sealed(ctx, command.secret)
    return TokensKept(command.secret)


def _by_id(ctx: Context, mailbox_id: int) -> Mailbox:
    row = ctx.session.get(Mailbox, mailbox_id)
    if row is None:
        raise MailboxNotFound(name=mailbox_id)
    return row
