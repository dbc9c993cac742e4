"""A received message is worked on: somebody begins, renews the lease, settles it or lays it down.

``begin_mail`` counts a try before the work starts: what kills its process is given up at its third try. Whoever begins
has the message while it renews its lease; others who come meanwhile leave it alone.
"""

from datetime import datetime
from typing import ClassVar, cast

from msgspec import Struct
from sqlalchemy import Table, bindparam, or_, select, update

from core import access
from core.confidential import Confidential
from core.context import Assurance, Context
from core.errors import MailNotFound
from core.large_mail import RawMail
from core.model import InboundMessage
from core.queries import Query
from core.rules.policy import MAIL_LEASE, MAIL_TRIES
from core.usecases.mailbox.raw_mail import raw_of
from core.usecases.mailbox.settling import settle
from core.words import MailRule, MailState


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


# Built once, for every message comes by here; the table instead of the class, for no scope is to be added.
_ROWS = cast(Table, InboundMessage.__table__)
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
        has_twin=has_twin_of(ctx, row.id, row.message_ref),
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


def has_twin_of(ctx: Context, inbound_id: int, ref: str) -> bool:
    return _TWIN.run(ctx, ref=ref, inbound_id=inbound_id).first() is not None
