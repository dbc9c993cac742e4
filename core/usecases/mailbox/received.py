"""Mail that came in, for operators: what waits or went wrong, why, and what may be done about it."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Row, func, select, update

from core import access
from core.confidential import Confidential
from core.context import Assurance, Context
from core.errors import HeldMailClosed, MailNotFound
from core.large_mail import pieces_of
from core.model import InboundMessage, Organisation
from core.rules.policy import MAIL_LIFE
from core.usecases.mailbox.held_mail import release
from core.usecases.mailbox.raw_mail import raw_of
from core.usecases.mailbox.settling import RECEIVED_ANEW
from core.words import MailRule, MailState

_WAITING = (MailState.HELD, MailState.FAILED)
_AGAIN = (MailState.HELD, MailState.FAILED, MailState.IGNORED)


class ListReceived(Struct, frozen=True):
    """``rule`` None: whatever decided. ``state`` None: held and failed ones."""

    rule: MailRule | None = None
    state: MailState | None = None
    page: int = 1
    page_rows: int = 50


class ReceivedMail(Struct, frozen=True):
    inbound_id: int
    state: MailState
    rule: MailRule | None
    detail: str
    reference: str
    organisation: str
    sender: str
    received_at: datetime
    size: int
    attempts: int
    is_released: bool
    erased_at: datetime | None
    """None: its words are erased already."""


class ReceivedListed(Struct, frozen=True):
    mails: tuple[ReceivedMail, ...]
    total: int
    counts: tuple[tuple[MailRule, int], ...]
    """Of all that are listed, by the rule that decided, the most frequent first."""


class ShowReceived(Struct, frozen=True):
    inbound_id: int


class ReceivedShown(Confidential, frozen=True):
    mail: ReceivedMail
    message_ref: str
    assurance: Assurance | None
    envelope_from: str | None
    envelope_to: str
    server: str
    raw: bytes | None
    """The message as it came; None once it is erased."""


class RunReceived(Struct, frozen=True):
    """``inbound_id`` None: all held or failed ones that ``rule`` decided."""

    inbound_id: int | None = None
    rule: MailRule | None = None


class ReceivedRunAgain(Struct, frozen=True):
    count: int


class ReleaseReceived(Struct, frozen=True):
    inbound_id: int


class ReceivedReleased(Struct, frozen=True):
    inbound_id: int


class IgnoreReceived(Struct, frozen=True):
    inbound_id: int


class ReceivedIgnored(Struct, frozen=True):
    inbound_id: int


def list_received(ctx: Context, command: ListReceived) -> ReceivedListed:
    access.require_operator(ctx)
    states = _WAITING if command.state is None else (command.state,)
    conditions: tuple[ColumnElement[bool], ...] = (InboundMessage.state.in_(states),)
    if command.rule is not None:
        conditions = (*conditions, InboundMessage.rule == command.rule)
    rows = ctx.session.execute(
        _MAILS.where(*conditions)
        .order_by(InboundMessage.received_at, InboundMessage.id)
        .limit(command.page_rows)
        .offset((max(command.page, 1) - 1) * command.page_rows)
    )
    counts = ctx.session.execute(
        select(InboundMessage.rule, func.count().label("mails"))
        .where(*conditions)
        .group_by(InboundMessage.rule)
        .order_by(func.count().desc(), InboundMessage.rule)
    ).all()
    by_rule = tuple((row.rule, row.mails) for row in counts if row.rule is not None)
    return ReceivedListed(tuple(_as_mail(row) for row in rows), sum(row.mails for row in counts), by_rule)


def show_received(ctx: Context, command: ShowReceived) -> ReceivedShown:
    """Raises MailNotFound."""
    access.require_operator(ctx)
    found = ctx.session.execute(_MAILS.where(InboundMessage.id == command.inbound_id)).one_or_none()
    if found is None:
        raise MailNotFound(number=command.inbound_id)
    row = ctx.session.get_one(InboundMessage, command.inbound_id)
    return ReceivedShown(
        mail=_as_mail(found),
        message_ref=row.message_ref,
        assurance=row.assurance,
        envelope_from=row.envelope_from,
        envelope_to=row.envelope_to,
        server=row.server,
        raw=None if row.raw is None else b"".join(pieces_of(raw_of(ctx, row.id, row.raw, row.size))),
    )


def run_received(ctx: Context, command: RunReceived) -> ReceivedRunAgain:
    """They are screened once more by the same rules. Raises MailNotFound; HeldMailClosed for one that cannot be."""
    access.require_operator(ctx)
    if command.inbound_id is not None:
        _require(ctx, command.inbound_id)
    if command.inbound_id is not None:
        which: tuple[ColumnElement[bool], ...] = (
            InboundMessage.id == command.inbound_id,
            InboundMessage.state.in_(_AGAIN),
        )
    else:
        which = (InboundMessage.rule == command.rule, InboundMessage.state.in_(_WAITING))
    again = ctx.session.execute(
        update(InboundMessage)
        .where(*which, InboundMessage.raw.is_not(None))
        .values(**RECEIVED_ANEW, detail="", reference="")
        .returning(InboundMessage.id)
    ).all()
    if command.inbound_id is not None and not again:
        raise HeldMailClosed
    return ReceivedRunAgain(len(again))


def release_received(ctx: Context, command: ReleaseReceived) -> ReceivedReleased:
    """The operator vouches for its sender. Raises MailNotFound, HeldMailClosed."""
    access.require_operator(ctx)
    _require(ctx, command.inbound_id)
    release(ctx, InboundMessage.id == command.inbound_id)
    return ReceivedReleased(command.inbound_id)


def ignore_received(ctx: Context, command: IgnoreReceived) -> ReceivedIgnored:
    """The rule that decided stays. Raises MailNotFound, HeldMailClosed."""
    access.require_operator(ctx)
    _require(ctx, command.inbound_id)
    ignored = ctx.session.execute(
        update(InboundMessage)
        .where(InboundMessage.id == command.inbound_id, InboundMessage.state.in_(_WAITING))
        .values(state=MailState.IGNORED, settled_at=ctx.now, subject="")
        .returning(InboundMessage.id)
    )
    if ignored.one_or_none() is None:
        raise HeldMailClosed
    return ReceivedIgnored(command.inbound_id)


def _require(ctx: Context, inbound_id: int) -> None:
    if ctx.session.scalar(select(InboundMessage.id).where(InboundMessage.id == inbound_id)) is None:
        raise MailNotFound(number=inbound_id)


# Not the bytes: there may be fifty times 35 MiB of them.
_MAILS = select(
    InboundMessage.id,
    InboundMessage.state,
    InboundMessage.rule,
    InboundMessage.detail,
    InboundMessage.reference,
    InboundMessage.sender,
    InboundMessage.received_at,
    InboundMessage.size,
    InboundMessage.attempts,
    InboundMessage.released_at,
    InboundMessage.raw.is_not(None).label("has_raw"),
    Organisation.name.label("organisation"),
).outerjoin(Organisation, Organisation.id == InboundMessage.organisation_id)


def _as_mail(row: Row[*tuple[Any, ...]]) -> ReceivedMail:
    return ReceivedMail(
        inbound_id=row.id,
        state=row.state,
        rule=row.rule,
        detail=row.detail,
        reference=row.reference,
        organisation=row.organisation or "",
        sender=row.sender,
        received_at=row.received_at,
        size=row.size,
        attempts=row.attempts,
        is_released=row.released_at is not None,
        erased_at=row.received_at + MAIL_LIFE if row.has_raw else None,
    )
