"""E-mail that comes in: stored before anything else, begun, settled. The states stand at ``core.model.inbound``.

    bytes --receive_mail--> row --begin_mail--> parsed and screened by the mail door --settle_mail, or with an effect-->

1. ``receive_mail`` commits before the message is filed or acknowledged. The same message again is the same row.
2. ``begin_mail`` counts a try before the work starts: what kills its process is given up at its third try. Whoever
   begins has the message while it renews its lease; others who come meanwhile leave it alone.
3. Of a message that is nobody's to answer (``settling``) the words are erased as soon as that is known: strangers
   would fill the disk, and nobody has a reason to read what they wrote. At the mail server it lies in Ignored.
4. Whoever does what a message asks settles its row with ``settle`` in the same transaction. A row that is settled
   already is left alone, so of two watchers one acts.
"""

import hashlib
from datetime import datetime, timedelta
from typing import ClassVar, cast

from msgspec import Struct
from sqlalchemy import Table, bindparam, or_, select, update

from core import access
from core.confidential import Confidential
from core.context import Assurance, Context
from core.errors import MailNotFound
from core.large_mail import RawMail, pieces_of, size_of
from core.model import InboundMessage
from core.queries import Query
from core.rules.policy import MAIL_LEASE, MAIL_TRIES
from core.usecases.mailbox.raw_mail import RAW_PLACE, keep_pieces, raw_of
from core.usecases.mailbox.settling import settle, state_of
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


class BeginMail(Struct, frozen=True):
    is_routine: ClassVar = True

    inbound_id: int


class MailBegun(Confidential, frozen=True):
    """``raw`` None: there is nothing to do, for it is settled already, was just given up, or somebody else is at it."""

    state: MailState
    raw: RawMail | None
    message_ref: str = ""
    envelope_from: str | None = None
    envelope_to: str = ""
    received_at: datetime | None = None
    is_released: bool = False
    has_twin: bool = False
    """Another message has the same Message-ID and other content."""


class RenewMails(Struct, frozen=True):
    """Of those that the same process has begun with."""

    is_routine: ClassVar = True

    inbound_ids: tuple[int, ...]


class MailsRenewed(Struct, frozen=True):
    count: int


class LayDownMail(Struct, frozen=True):
    """Of what was begun and could not be done for no fault of its own: the database was away."""

    is_routine: ClassVar = True

    inbound_id: int


class MailLaidDown(Struct, frozen=True):
    was_open: bool


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


# Built once, for every message comes by here; the table instead of the class, for no scope is to be added.
_ROWS = cast(Table, InboundMessage.__table__)
_KNOWN = Query(
    select(InboundMessage.id, InboundMessage.state).where(
        InboundMessage.message_ref == bindparam("ref"), InboundMessage.content_digest == bindparam("digest")
    )
)
_TWIN = Query(
    select(InboundMessage.id)
    .where(
        InboundMessage.message_ref == bindparam("ref"),
        InboundMessage.id != bindparam("inbound_id"),
        # Whoever forges a message first must not hold up the true one.
        InboundMessage.assurance == Assurance.VERIFIED,
    )
    .limit(1)
)
_CLAIM = (
    update(_ROWS)
    .where(
        _ROWS.c.id == bindparam("inbound_id"),
        _ROWS.c.state == MailState.RECEIVED,
        or_(_ROWS.c.begun_at.is_(None), _ROWS.c.begun_at <= bindparam("lease_began")),
    )
    .values(begun_at=bindparam("now"), attempts=_ROWS.c.attempts + 1)
    .returning(_ROWS.c.id)
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
        has_twin=_has_twin(ctx, inbound_id, ref),
    )


def derived_ref(content_digest: str, domain: str) -> str:
    """For a message without a Message-ID: from its content, so that its copy has the same."""
    return f"<{hashlib.sha256(content_digest.encode()).hexdigest()[:32]}.derived@{domain}>"


def begin_mail(ctx: Context, command: BeginMail) -> MailBegun:
    """Raises MailNotFound."""
    access.require_system(ctx)
    row = ctx.session.get(InboundMessage, command.inbound_id)
    if row is None:
        raise MailNotFound(number=command.inbound_id)
    if row.state is not MailState.RECEIVED or row.raw is None:
        return MailBegun(row.state, None)
    if row.begun_at is not None and ctx.now - row.begun_at < MAIL_LEASE:
        return MailBegun(row.state, None)
    if row.attempts >= MAIL_TRIES:
        settle(ctx, row.id, MailState.FAILED, MailRule.TRIED_TOO_OFTEN)
        return MailBegun(MailState.FAILED, None)
    if not _claim(ctx, row.id):
        return MailBegun(row.state, None)
    return _begun(ctx, row, raw_of(ctx, row.id, row.raw, row.size))


def _begun(ctx: Context, row: InboundMessage, raw: RawMail) -> MailBegun:
    return MailBegun(
        row.state,
        raw,
        message_ref=row.message_ref,
        envelope_from=row.envelope_from,
        envelope_to=row.envelope_to,
        received_at=row.received_at,
        is_released=row.released_at is not None,
        has_twin=_has_twin(ctx, row.id, row.message_ref),
    )


def _claim(ctx: Context, inbound_id: int) -> bool:
    """Of several who begin at once one succeeds. Counts the try."""
    values = {"inbound_id": inbound_id, "now": ctx.now, "lease_began": ctx.now - MAIL_LEASE}
    return access.change_unowned(ctx, _CLAIM, values).one_or_none() is not None


def renew_mails(ctx: Context, command: RenewMails) -> MailsRenewed:
    access.require_system(ctx)
    renewed = ctx.session.execute(
        update(InboundMessage)
        .where(
            InboundMessage.id.in_(command.inbound_ids),
            InboundMessage.state == MailState.RECEIVED,
            InboundMessage.begun_at.is_not(None),
        )
        .values(begun_at=ctx.now)
        .returning(InboundMessage.id),
    )
    return MailsRenewed(len(renewed.all()))


def lay_down_mail(ctx: Context, command: LayDownMail) -> MailLaidDown:
    """Somebody else may begin at once, and the try does not count."""
    access.require_system(ctx)
    laid_down = ctx.session.execute(
        update(InboundMessage)
        .where(
            InboundMessage.id == command.inbound_id,
            InboundMessage.state == MailState.RECEIVED,
            InboundMessage.begun_at.is_not(None),
        )
        .values(begun_at=None, attempts=InboundMessage.attempts - 1)
        .returning(InboundMessage.id),
    )
    return MailLaidDown(laid_down.one_or_none() is not None)


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


def _has_twin(ctx: Context, inbound_id: int, ref: str) -> bool:
    return _TWIN.run(ctx, ref=ref, inbound_id=inbound_id).first() is not None


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
