"""Addresses that an organisation must not write to: how one comes to be so, who it is, and how it is lifted."""

from datetime import datetime
from typing import Final

from msgspec import Struct
from sqlalchemy import delete, select, update

from core import access
from core.access import Permission
from core.context import Context
from core.errors import NeedsConfirmation
from core.model import Invitation, Organisation, OutboundMessage, Suppression
from core.model.invitations import IS_LIVE
from core.rules.addresses import Address
from core.usecases.invitations.single import one_address
from core.words import MessageKind, MessageState, SuppressReason

NOT_TO_BE_WRITTEN_TO: Final = "this address must not be written to"


class ListSuppressions(Struct, frozen=True):
    address: str


class SuppressionRow(Struct, frozen=True):
    organisation: str
    """The short name."""
    reason: SuppressReason
    suppressed_at: datetime


class SuppressionsListed(Struct, frozen=True):
    address: str
    rows: tuple[SuppressionRow, ...]


class LiftSuppression(Struct, frozen=True):
    """In the own organisation. ``is_confirmed``: its owner wants e-mail again, though they asked for no more."""

    address: str
    is_confirmed: bool = False


class LiftSuppressionIn(Struct, frozen=True):
    """By an operator, in one ``organisation`` by its short name."""

    organisation: str
    address: str
    is_confirmed: bool = False


class SuppressionLifted(Struct, frozen=True):
    address: str
    was_suppressed: bool


def list_suppressions(ctx: Context, command: ListSuppressions) -> SuppressionsListed:
    access.require_operator(ctx)
    address = one_address(command.address)
    rows = ctx.session.execute(
        select(Organisation.slug, Suppression.reason, Suppression.suppressed_at)
        .join(Organisation, Organisation.id == Suppression.organisation_id)
        .where(Suppression.address_key == address.key)
        .order_by(Organisation.slug)
    )
    return SuppressionsListed(address.address, tuple(SuppressionRow(*row) for row in rows))


def lift_suppression(ctx: Context, command: LiftSuppression) -> SuppressionLifted:
    """Raises NeedsConfirmation where the address itself asked for no more."""
    staff = access.require_staff(ctx, Permission.INVITE)
    return _lift(ctx, staff.organisation_id, one_address(command.address), is_confirmed=command.is_confirmed)


def lift_suppression_in(ctx: Context, command: LiftSuppressionIn) -> SuppressionLifted:
    """As ``lift_suppression``."""
    access.require_operator(ctx)
    organisation = access.organisation_by_slug(ctx, command.organisation)
    return _lift(ctx, organisation.id, one_address(command.address), is_confirmed=command.is_confirmed)


def suppress(ctx: Context, organisation_id: int, key: str, reason: SuppressReason) -> bool:
    """The first reason stands, but a person's wish outweighs a mail server's word. True: this one was news."""
    theirs = (Suppression.organisation_id == organisation_id, Suppression.address_key == key)
    known = ctx.session.scalar(select(Suppression.reason).where(*theirs))
    if known is None:
        row = {
            "id": ctx.tokens.new_id(),
            "organisation_id": organisation_id,
            "address_key": key,
            "reason": reason,
            "suppressed_at": ctx.now,
        }
        access.insert_all(ctx, Suppression, [row])
        return True
    if known is not SuppressReason.BOUNCED or reason is SuppressReason.BOUNCED:
        return False
    outweighed = update(Suppression).where(*theirs).values(reason=reason, suppressed_at=ctx.now)
    ctx.session.execute(outweighed)
    return True


def silence(ctx: Context, organisation_id: int, key: str, reason: SuppressReason) -> bool:
    """Suppresses; and invitations, reminders and nudges that wait for their time are given up at once."""
    is_news = suppress(ctx, organisation_id, key, reason)
    ctx.session.execute(
        update(OutboundMessage)
        .where(
            OutboundMessage.organisation_id == organisation_id,
            OutboundMessage.recipient_key == key,
            OutboundMessage.kind.in_((MessageKind.INVITATION, MessageKind.REMINDER, MessageKind.NUDGE)),
            OutboundMessage.state == MessageState.PENDING,
        )
        .values(state=MessageState.DROPPED, problem=NOT_TO_BE_WRITTEN_TO)
    )
    ctx.session.execute(
        update(Invitation)
        .where(Invitation.organisation_id == organisation_id, Invitation.address_key == key, IS_LIVE)
        .values(next_reminder_at=None)
    )
    return is_news


def _lift(ctx: Context, organisation_id: int, address: Address, *, is_confirmed: bool) -> SuppressionLifted:
    theirs = (Suppression.organisation_id == organisation_id, Suppression.address_key == address.key)
    reason = ctx.session.scalar(select(Suppression.reason).where(*theirs))
    if reason not in (None, SuppressReason.BOUNCED) and not is_confirmed:
        raise NeedsConfirmation(address=address.address, reason="has asked for no more e-mails")
    lifted = ctx.session.scalars(
        delete(Suppression).where(*theirs, Suppression.reason == reason).returning(Suppression.id)
    )
    return SuppressionLifted(address.address, was_suppressed=lifted.one_or_none() is not None)
