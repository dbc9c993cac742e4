"""Mail that waits for the one whose address it bears: "was this you?", asked in Slack or at the address on record.

    received --hold_mail--> held --yes--> received, counts as verified     held --no--> ignored

1. A yes is about the one message that was shown, never about what else waits: that may be somebody else's.
2. The question goes to a place that the message did not name.
3. However many messages are held, one question an hour is asked, and three a day; whoever answers one is shown the
   next at once.
4. What nobody has proven is held up to so many bytes a day for one claimed sender, and in all. More is ignored by the
   rule ``no_room``, its words are not kept, and whoever is asked about the others need not know.
"""

from datetime import datetime, timedelta
from typing import ClassVar

from msgspec import Struct
from sqlalchemy import ColumnElement, func, select, update

from core import access
from core.access import Permission
from core.confidential import Confidential
from core.context import Assurance, Context
from core.errors import HeldMailClosed, HeldMailNotFound
from core.model import InboundMessage, Organisation, OutboundMessage, StaffMember
from core.outbox import email_row, say, slack_row
from core.rules.links import LinkKind
from core.rules.policy import (
    HELD_MAIL_BYTES,
    HELD_MAIL_BYTES_A_DAY,
    HELD_MAIL_PAUSE,
    HELD_MAIL_QUESTIONS_A_DAY,
    HELD_MAIL_SUBJECT,
    MAIL_LIFE,
)
from core.rules.text import clean_name
from core.usecases.mailbox.settling import RECEIVED_ANEW, settle, state_of
from core.usecases.staff.slack_identity import linked_staff
from core.words import MailRule, MailState, MessageKind

_PLACE = "inbound_message.subject"
_DAY = timedelta(days=1)


class HoldMail(Confidential, frozen=True):
    """``subject`` and ``server`` are a stranger's words, for whoever is asked. ``detail`` is for operators."""

    is_routine: ClassVar = True

    inbound_id: int
    rule: MailRule
    detail: str = ""
    subject: str = ""
    server: str = ""


class MailHeld(Struct, frozen=True):
    """``is_asked``: the claimed sender gets a question."""

    state: MailState
    """IGNORED: there is no room for it. Or as somebody else has settled it before."""
    is_asked: bool


class ShowHeldMail(Confidential, frozen=True):
    token: str


class HeldMailShown(Confidential, frozen=True):
    """``subject`` is a stranger's text, one clean line of at most 80 characters; ``server`` is what a host claims."""

    inbound_id: int
    token: str
    organisation: str
    time_zone: str
    received_at: datetime
    size: int
    """Bytes."""
    server: str
    subject: str
    rule: MailRule | None
    state: MailState
    waiting: int
    """Others that are held and bear the same address."""
    erased_at: datetime
    """Without an answer it is thrown away then."""


class ConfirmHeldMail(Confidential, frozen=True):
    token: str


class DenyHeldMail(Confidential, frozen=True):
    token: str


class ReleaseHeldMail(Struct, frozen=True):
    inbound_id: int


class RefuseHeldMail(Struct, frozen=True):
    inbound_id: int


class HeldMailReleased(Struct, frozen=True):
    """It is done as if it were proven; ``next`` waits for an answer of its own."""

    next: HeldMailShown | None


class HeldMailRefused(Struct, frozen=True):
    next: HeldMailShown | None


def hold_mail(ctx: Context, command: HoldMail) -> MailHeld:
    access.require_system(ctx)
    if command.rule is not MailRule.TOO_MANY and not _has_room(ctx, command.inbound_id):
        was_open = settle(ctx, command.inbound_id, MailState.IGNORED, MailRule.NO_ROOM, detail=command.rule.value)
        return MailHeld(MailState.IGNORED if was_open else state_of(ctx, command.inbound_id), is_asked=False)
    subject = clean_name(command.subject, HELD_MAIL_SUBJECT)
    was_open = settle(
        ctx,
        command.inbound_id,
        MailState.HELD,
        command.rule,
        detail=command.detail,
        subject=ctx.vault.encrypt(subject, _PLACE),
        server=clean_name(command.server, 255),
    )
    if not was_open:
        return MailHeld(state_of(ctx, command.inbound_id), is_asked=False)
    if command.rule is MailRule.TOO_MANY:
        # They have proven that it was them, and it goes on by itself.
        return MailHeld(MailState.HELD, is_asked=False)
    row = ctx.session.get_one(InboundMessage, command.inbound_id)
    staff = ctx.session.get(StaffMember, row.staff_id) if row.staff_id is not None else None
    if staff is None or staff.disabled_at is not None or _asked_lately(ctx, staff):
        return MailHeld(MailState.HELD, is_asked=False)
    _ask(ctx, row, staff)
    return MailHeld(MailState.HELD, is_asked=True)


def show_held_mail(ctx: Context, command: ShowHeldMail) -> HeldMailShown:
    return held_mail_shown(ctx, access.held_mail_by_link(ctx, command.token))


def confirm_held_mail(ctx: Context, command: ConfirmHeldMail) -> HeldMailReleased:
    """Raises HeldMailClosed."""
    row = ctx.session.get_one(InboundMessage, access.held_mail_by_link(ctx, command.token))
    release(ctx, InboundMessage.id == row.id)
    return HeldMailReleased(_next(ctx, row))


def deny_held_mail(ctx: Context, command: DenyHeldMail) -> HeldMailRefused:
    """Raises HeldMailClosed."""
    row = ctx.session.get_one(InboundMessage, access.held_mail_by_link(ctx, command.token))
    _refuse(ctx, row)
    return HeldMailRefused(_next(ctx, row))


def release_held_mail(ctx: Context, command: ReleaseHeldMail) -> HeldMailReleased:
    """Raises HeldMailClosed; HeldMailNotFound for a message that bears somebody else's address."""
    staff = access.require_staff(ctx, Permission.VIEW)
    row = _own(ctx, staff, command.inbound_id)
    release(ctx, InboundMessage.id == row.id)
    return HeldMailReleased(_next(ctx, row))


def refuse_held_mail(ctx: Context, command: RefuseHeldMail) -> HeldMailRefused:
    """As ``release_held_mail``."""
    staff = access.require_staff(ctx, Permission.VIEW)
    row = _own(ctx, staff, command.inbound_id)
    _refuse(ctx, row)
    return HeldMailRefused(_next(ctx, row))


def held_mail_shown(ctx: Context, inbound_id: int) -> HeldMailShown:
    """The caller has authorised."""
    row = ctx.session.get_one(InboundMessage, inbound_id)
    organisation = ctx.session.get_one(Organisation, row.organisation_id)
    others = select(func.count()).where(*_waiting_for(row), InboundMessage.id != row.id)
    return HeldMailShown(
        inbound_id=row.id,
        token=ctx.links.token(LinkKind.HELD_MAIL, row.id),
        organisation=organisation.name,
        time_zone=organisation.time_zone,
        received_at=row.received_at,
        size=row.size,
        server=row.server,
        subject=ctx.vault.decrypt(row.subject, _PLACE) if row.subject else "",
        rule=row.rule,
        state=row.state,
        waiting=ctx.session.scalar(others) or 0,
        erased_at=row.received_at + MAIL_LIFE,
    )


def release(ctx: Context, *which: ColumnElement[bool]) -> None:
    """Received once more, by the word of its sender or an operator, and swept up soon. Raises HeldMailClosed."""
    _closing(ctx, which, **RECEIVED_ANEW, released_at=ctx.now)


# --- Parts ------------------------------------------------------------------------------------------------


def _has_room(ctx: Context, inbound_id: int) -> bool:
    """Two at once may both find the last room: the caps are no promise to the byte."""
    which = InboundMessage.id == inbound_id
    columns = (InboundMessage.size, InboundMessage.staff_id, InboundMessage.assurance)
    row = ctx.session.execute(select(*columns).where(which)).one()
    if row.assurance is Assurance.VERIFIED:
        return True
    held = select(func.sum(InboundMessage.size)).where(
        InboundMessage.state == MailState.HELD,
        InboundMessage.rule != MailRule.TOO_MANY,
        InboundMessage.assurance.is_distinct_from(Assurance.VERIFIED),
        InboundMessage.raw.is_not(None),
    )
    # A stranger's are counted together.
    of_sender = held.where(
        InboundMessage.received_at > ctx.now - _DAY, InboundMessage.staff_id.is_not_distinct_from(row.staff_id)
    )
    caps = ((of_sender, HELD_MAIL_BYTES_A_DAY), (held, HELD_MAIL_BYTES))
    return all((ctx.session.scalar(query) or 0) + row.size <= most for query, most in caps)


def _refuse(ctx: Context, row: InboundMessage) -> None:
    closed = {"state": MailState.IGNORED, "rule": MailRule.NOT_THEM, "settled_at": ctx.now, "subject": ""}
    _closing(ctx, (InboundMessage.id == row.id,), **closed)


def _closing(ctx: Context, which: tuple[ColumnElement[bool], ...], **values: object) -> None:
    """One statement: of a yes and a no at once one counts."""
    changed = ctx.session.execute(
        update(InboundMessage)
        .where(*which, InboundMessage.state == MailState.HELD, InboundMessage.raw.is_not(None))
        .values(**values)
        .returning(InboundMessage.id)
    )
    if changed.one_or_none() is None:
        raise HeldMailClosed


def _own(ctx: Context, staff: StaffMember, inbound_id: int) -> InboundMessage:
    row = ctx.session.scalars(
        select(InboundMessage).where(
            InboundMessage.id == inbound_id,
            # These rows are no organisation's, so nothing else scopes them.
            InboundMessage.organisation_id == staff.organisation_id,
            InboundMessage.staff_id == staff.id,
        )
    ).one_or_none()
    if row is None:
        raise HeldMailNotFound
    return row


def _next(ctx: Context, row: InboundMessage) -> HeldMailShown | None:
    """The oldest of those that still wait."""
    query = select(InboundMessage.id).where(*_waiting_for(row)).order_by(InboundMessage.received_at, InboundMessage.id)
    next_id = ctx.session.scalar(query.limit(1))
    return None if next_id is None else held_mail_shown(ctx, next_id)


def _waiting_for(row: InboundMessage) -> tuple[ColumnElement[bool], ...]:
    return (
        InboundMessage.staff_id == row.staff_id,
        InboundMessage.organisation_id == row.organisation_id,
        InboundMessage.state == MailState.HELD,
        InboundMessage.rule != MailRule.TOO_MANY,
        InboundMessage.raw.is_not(None),
    )


def _asked_lately(ctx: Context, staff: StaffMember) -> bool:
    row = ctx.session.execute(
        select(func.count().label("asked"), func.max(OutboundMessage.created_at).label("last")).where(
            OutboundMessage.recipient_key.in_((f"staff:{staff.id}", staff.email_key)),
            OutboundMessage.organisation_id == staff.organisation_id,
            OutboundMessage.kind == MessageKind.HELD_MAIL,
            OutboundMessage.created_at > ctx.now - _DAY,
        )
    ).one()
    return row.asked >= HELD_MAIL_QUESTIONS_A_DAY or (row.last is not None and row.last > ctx.now - HELD_MAIL_PAUSE)


def _ask(ctx: Context, row: InboundMessage, staff: StaffMember) -> None:
    # A message can be held again after an operator ran it again.
    key = f"held_mail:{row.id}:{int(ctx.now.timestamp())}"
    if linked_staff(ctx, [staff.id]):
        question = slack_row(ctx, MessageKind.HELD_MAIL, staff_id=staff.id, about_id=row.id, key=key)
    else:
        question = email_row(
            ctx,
            MessageKind.HELD_MAIL,
            to=staff.email,
            to_key=staff.email_key,
            about_id=row.id,
            key=key,
            not_before=ctx.now,
        )
    say(ctx, [{**question, "organisation_id": staff.organisation_id}])
