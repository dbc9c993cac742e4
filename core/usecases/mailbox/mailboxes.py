"""Mailboxes that Usher reads: operators add, change and remove them.

1. A secret is stored encrypted; only ``core.usecases.mailbox.watching`` gives it away, to whoever connects.
2. What lay in a mailbox before the first connection waits, unread, until the operator decides.
"""

import ipaddress
import re
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import delete, select, update

from core import access
from core.confidential import Confidential
from core.context import Context
from core.errors import AlreadyThere, MailboxInvalid, MailboxNotFound
from core.model import InboundMessage, Mailbox
from core.rules.addresses import InvalidAddress, parse_address
from core.words import MailboxAuth, MailboxSecurity, OldMail

_PLACE: Final = "mailbox.secret"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_HOST: Final = re.compile(r"[A-Za-z0-9.:-]{1,255}")


class MailboxSecret(Confidential, frozen=True):
    """A password; or an access token, or what gets new ones (RFC 6749, section 6) from ``token_url``."""

    password: str = ""
    access_token: str = ""
    refresh_token: str = ""
    client_secret: str = ""
    client_id: str = ""
    token_url: str = ""


class AddMailbox(Struct, frozen=True):
    name: str
    address: str
    host: str
    port: int
    security: MailboxSecurity
    auth: MailboxAuth
    user: str
    secret: MailboxSecret


class ChangeMailboxSecret(Struct, frozen=True):
    name: str
    secret: MailboxSecret


class SwitchMailbox(Struct, frozen=True):
    """``is_on`` False: it is not read any more; everything about it is kept."""

    name: str
    is_on: bool


class DecideOldMail(Struct, frozen=True):
    name: str
    old_mail: OldMail


class RemoveMailbox(Struct, frozen=True):
    """What came from there is kept; the mailbox itself is not touched."""

    name: str


class MailboxChanged(Struct, frozen=True):
    name: str
    waiting_old: int


class ListMailboxes(Struct, frozen=True):
    """One of them where there is a ``name``."""

    name: str = ""


class MailboxRow(Struct, frozen=True):
    name: str
    address: str
    user: str
    host: str
    port: int
    security: MailboxSecurity
    auth: MailboxAuth
    connected_at: datetime | None
    seen_at: datetime | None
    is_on: bool
    old_mail: OldMail
    waiting: int
    waiting_old: int
    problem: str


class MailboxesListed(Struct, frozen=True):
    rows: tuple[MailboxRow, ...]


def add_mailbox(ctx: Context, command: AddMailbox) -> MailboxChanged:
    """Raises MailboxInvalid, AlreadyThere."""
    access.require_operator(ctx)
    address = parse_address(command.address)
    if isinstance(address, InvalidAddress):
        raise MailboxInvalid(reason="the address is none")
    _check(command)
    if ctx.session.scalar(select(Mailbox.id).where(Mailbox.name == command.name)):
        raise AlreadyThere(what=f"The mailbox “{command.name}”", next_step="Remove it first, or choose another name.")
    row = Mailbox(
        id=ctx.tokens.new_id(),
        name=command.name,
        address=address.address,
        host=command.host,
        port=command.port,
        security=command.security,
        auth=command.auth,
        user=command.user,
        secret=sealed(ctx, command.secret),
        created_at=ctx.now,
    )
    ctx.session.add(row)
    return MailboxChanged(command.name, 0)


def _check(command: AddMailbox) -> None:
    if not _NAME.fullmatch(command.name):
        raise MailboxInvalid(reason="its name has small letters, digits and hyphens, at most 40")
    if not _HOST.fullmatch(command.host) or not 0 < command.port < 65536:
        raise MailboxInvalid(reason="host or port is none")
    if not command.user.strip():
        raise MailboxInvalid(reason="the user name is missing")
    if command.security is MailboxSecurity.NONE and not _is_loopback(command.host):
        raise MailboxInvalid(reason="without TLS the password could be read on the way; only this machine may be so")
    _check_secret(command.auth, command.secret)


def _check_secret(auth: MailboxAuth, secret: MailboxSecret) -> None:
    if auth is MailboxAuth.PASSWORD:
        if not secret.password:
            raise MailboxInvalid(reason="the password is missing")
        return
    if not secret.access_token and not secret.refresh_token:
        raise MailboxInvalid(reason="the access token, or the refresh token, is missing")
    if secret.refresh_token and not (secret.client_id and secret.token_url):
        raise MailboxInvalid(reason="a refresh token needs the client id and the address that gives tokens")
    if secret.token_url and not _is_safe(secret.token_url):
        raise MailboxInvalid(reason="the address that gives tokens must begin with https://")


def _is_safe(url: str) -> bool:
    found = re.fullmatch(r"(https?)://(\[[0-9a-fA-F:]+\]|[^\s/?#@:\\]+)(:\d+)?(/[^\s?#]*)?(\?[^\s#]*)?", url)
    return found is not None and (found[1] == "https" or _is_loopback(found[2].strip("[]")))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def change_mailbox_secret(ctx: Context, command: ChangeMailboxSecret) -> MailboxChanged:
    """Raises MailboxNotFound, MailboxInvalid."""
    access.require_operator(ctx)
    row = mailbox_by_name(ctx, command.name)
    _check_secret(row.auth, command.secret)
    row.secret = sealed(ctx, command.secret)
    return MailboxChanged(row.name, row.waiting_old)


def switch_mailbox(ctx: Context, command: SwitchMailbox) -> MailboxChanged:
    """Raises MailboxNotFound."""
    access.require_operator(ctx)
    row = mailbox_by_name(ctx, command.name)
    row.disabled_at = None if command.is_on else row.disabled_at or ctx.now
    return MailboxChanged(row.name, row.waiting_old)


def decide_old_mail(ctx: Context, command: DecideOldMail) -> MailboxChanged:
    """Raises MailboxNotFound."""
    access.require_operator(ctx)
    row = mailbox_by_name(ctx, command.name)
    row.old_mail = command.old_mail
    return MailboxChanged(row.name, row.waiting_old)


def remove_mailbox(ctx: Context, command: RemoveMailbox) -> MailboxChanged:
    """Raises MailboxNotFound."""
    access.require_operator(ctx)
    row = mailbox_by_name(ctx, command.name)
    ctx.session.execute(update(InboundMessage).where(InboundMessage.mailbox_id == row.id).values(mailbox_id=None))
    ctx.session.execute(delete(Mailbox).where(Mailbox.id == row.id))
    return MailboxChanged(command.name, row.waiting_old)


def list_mailboxes(ctx: Context, command: ListMailboxes) -> MailboxesListed:
    """Raises MailboxNotFound."""
    access.require_operator(ctx)
    if command.name:
        return MailboxesListed((_row(mailbox_by_name(ctx, command.name)),))
    return MailboxesListed(tuple(map(_row, ctx.session.scalars(select(Mailbox).order_by(Mailbox.name)))))


def _row(row: Mailbox) -> MailboxRow:
    return MailboxRow(
        row.name,
        row.address,
        row.user,
        row.host,
        row.port,
        row.security,
        row.auth,
        row.connected_at,
        row.seen_at,
        is_on=row.disabled_at is None,
        old_mail=row.old_mail,
        waiting=row.waiting,
        waiting_old=row.waiting_old,
        problem=row.problem,
    )


def mailbox_by_name(ctx: Context, name: str) -> Mailbox:
    row = ctx.session.scalar(select(Mailbox).where(Mailbox.name == name))
    if row is None:
        raise MailboxNotFound(name=name)
    return row


def sealed(ctx: Context, secret: MailboxSecret) -> str:
    return ctx.vault.encrypt(msgspec.json.encode(secret).decode(), _PLACE)


def opened(ctx: Context, stored: str) -> MailboxSecret:
    return msgspec.json.decode(ctx.vault.decrypt(stored, _PLACE), type=MailboxSecret)
