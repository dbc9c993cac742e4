"""E-mail that comes in: stored before anything else, begun, settled. The states stand at ``core.model.inbound``.

    bytes --receive_mail--> row --begin_mail--> parsed and screened by the mail door --settle_mail, or with an effect-->

1. ``receive_mail`` commits before the message is filed or acknowledged. The same message again is the same row.
2. Whoever begins (``under_way``) has the message alone.
3. Of a message that is nobody's to answer (``settling``) the words are erased as soon as that is known: strangers
   would fill the disk, and nobody has a reason to read what they wrote. At the mail server it lies in Ignored.
4. Whoever does what a message asks settles its row with ``settle`` in the same transaction. A row that is settled
   already is left alone, so of two watchers one acts.
"""

import hashlib
from datetime import timedelta
from typing import ClassVar

from msgspec import Struct
from sqlalchemy import bindparam, or_, select

from core import access
from core.confidential import Confidential
from core.context import Context
from core.large_mail import RawMail, pieces_of, size_of
from core.model import InboundMessage
from core.queries import Query
from core.usecases.mailbox.raw_mail import RAW_PLACE, keep_pieces
from core.usecases.mailbox.settling import settle, state_of
from core.usecases.mailbox.under_way import MailBegun, has_twin_of
from core.words import MailRule, MailState


class ReceiveMail(Confidential, frozen=True):
    """``message_ref`` empty: none that can be used. ``content_digest``: hex SHA-256 without the trace headers.

    ``begins``: whoever receives it begins at once, so that this is one commit and not two.
    """

    is_routine: ClassVar = True

    raw: RawMail
    message_ref: str
    content_digest: str
    mailbox_id: int | None = None
    envelope_from: str | None = None
    envelope_to: str = ""
    begins: bool = False


class MailReceived(Struct, frozen=True):
    """``is_new`` False: the same message was received before; ``state`` tells how far it is.

    ``begun`` None: that is still to be done.
    """

    inbound_id: int
    state: MailState
    is_new: bool
    begun: "MailBegun | None" = None


class ReceiveMails(Struct, frozen=True):
    """Those of a moment, in one commit: a commit each costs more than all the rest of storing them."""

    is_routine: ClassVar = True

    mails: tuple[ReceiveMail, ...]


class MailsReceived(Struct, frozen=True):
    """In the same order."""

    mails: tuple[MailReceived, ...]


class HoldUnread(Struct, frozen=True):
    """A message whose bytes we do not have. ``reference`` names it where it lies."""

    is_routine: ClassVar = True

    mailbox_id: int
    reference: str
    size: int
    rule: MailRule


class SettleMail(Struct, frozen=True):
    """For what has no effect besides. ``detail`` and ``reference`` are for operators; no addresses."""

    is_routine: ClassVar = True

    inbound_id: int
    state: MailState
    rule: MailRule
    detail: str = ""
    reference: str = ""
    sender: str = ""


class MailSettled(Struct, frozen=True):
    """``was_open`` False: somebody else had settled it before; ``state`` is theirs."""

    state: MailState
    was_open: bool


class ListUnsettled(Struct, frozen=True):
    """Received at least so long ago, and whoever began with it has not come to its end."""

    older_than: timedelta
    limit: int = 100


class UnsettledListed(Struct, frozen=True):
    inbound_ids: tuple[int, ...]


# Built once, for every message comes by here.
_KNOWN = Query(
    select(InboundMessage.id, InboundMessage.state).where(
        InboundMessage.message_ref == bindparam("ref"), InboundMessage.content_digest == bindparam("digest")
    )
)


def receive_mail(ctx: Context, command: ReceiveMail) -> MailReceived:
    access.require_system(ctx)
    ref = command.message_ref or derived_ref(command.content_digest, ctx.settings.message_domain)
    known = _known(ctx, ref, command.content_digest)
    if known is not None:
        return known
    inbound_id = ctx.tokens.new_id()
    pieces = pieces_of(command.raw)
    row = {
        "id": inbound_id,
        "mailbox_id": command.mailbox_id,
        "message_ref": ref,
        "content_digest": command.content_digest,
        "raw": ctx.vault.encrypt_bytes(next(pieces), RAW_PLACE),
        "size": size_of(command.raw),
        "envelope_from": command.envelope_from,
        "envelope_to": command.envelope_to,
        "received_at": ctx.now,
        "attempts": 1 if command.begins else 0,
        "begun_at": ctx.now if command.begins else None,
        "state": MailState.RECEIVED,
    }
    access.change_unowned(ctx, access.insert_into(InboundMessage), row)
    keep_pieces(ctx, inbound_id, pieces)
    begun = _begun_at_once(ctx, command, inbound_id, ref) if command.begins else None
    return MailReceived(inbound_id, MailState.RECEIVED, is_new=True, begun=begun)


def _known(ctx: Context, ref: str, digest: str) -> MailReceived | None:
    row = _KNOWN.run(ctx, ref=ref, digest=digest).one_or_none()
    return None if row is None else MailReceived(row.id, row.state, is_new=False)


def receive_mails(ctx: Context, command: ReceiveMails) -> MailsReceived:
    access.require_system(ctx)
    return MailsReceived(tuple(receive_mail(ctx, each) for each in command.mails))


def _begun_at_once(ctx: Context, command: ReceiveMail, inbound_id: int, ref: str) -> MailBegun:
    return MailBegun(
        MailState.RECEIVED,
        command.raw,
        message_ref=ref,
        envelope_from=command.envelope_from,
        envelope_to=command.envelope_to,
        received_at=ctx.now,
        has_twin=has_twin_of(ctx, inbound_id, ref),
    )


def derived_ref(content_digest: str, domain: str) -> str:
    """For a message without a Message-ID: from its content, so that its copy has the same."""
    return f"<{hashlib.sha256(content_digest.encode()).hexdigest()[:32]}.derived@{domain}>"


def hold_unread(ctx: Context, command: HoldUnread) -> MailReceived:
    """Once for a message: another watcher may have seen it, too."""
    access.require_system(ctx)
    digest = hashlib.sha256(f"{command.mailbox_id} {command.reference}".encode()).hexdigest()
    ref = derived_ref(digest, ctx.settings.message_domain)
    known = _known(ctx, ref, digest)
    if known is not None:
        return known
    row = InboundMessage(
        id=ctx.tokens.new_id(),
        mailbox_id=command.mailbox_id,
        message_ref=ref,
        content_digest=digest,
        size=command.size,
        received_at=ctx.now,
        state=MailState.HELD,
        rule=command.rule,
        detail=command.reference,
        settled_at=ctx.now,
    )
    ctx.session.add(row)
    ctx.session.flush()
    return MailReceived(row.id, row.state, is_new=True)


def settle_mail(ctx: Context, command: SettleMail) -> MailSettled:
    access.require_system(ctx)
    was_open = settle(
        ctx,
        command.inbound_id,
        command.state,
        command.rule,
        detail=command.detail,
        reference=command.reference,
        sender=command.sender,
    )
    if was_open:
        return MailSettled(command.state, was_open=True)
    return MailSettled(state_of(ctx, command.inbound_id), was_open=False)


def list_unsettled(ctx: Context, command: ListUnsettled) -> UnsettledListed:
    """Nobody is about to begin with what was released: that is listed at once."""
    access.require_system(ctx)
    is_left = InboundMessage.received_at <= ctx.now - command.older_than
    query = (
        select(InboundMessage.id)
        .where(InboundMessage.state == MailState.RECEIVED, or_(is_left, InboundMessage.released_at.is_not(None)))
        .order_by(InboundMessage.received_at)
        .limit(command.limit)
    )
    return UnsettledListed(tuple(ctx.session.scalars(query)))
