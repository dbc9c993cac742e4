"""Addresses that an organisation must not write to: how one comes to be so, who it is, and how it is lifted."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from core import access
from core.access import Permission
from core.context import Context
from core.errors import NeedsConfirmation, NoAddresses
from core.model import Organisation, Suppression
from core.rules.addresses import Address, InvalidAddress, parse_address
from core.words import SuppressReason


@dataclass(frozen=True, slots=True)
class ListSuppressions:
    address: str


@dataclass(frozen=True, slots=True)
class SuppressionRow:
    organisation: str
    """The short name."""
    reason: SuppressReason
    suppressed_at: datetime


@dataclass(frozen=True, slots=True)
class SuppressionsListed:
    address: str
    rows: tuple[SuppressionRow, ...]


@dataclass(frozen=True, slots=True)
class LiftSuppression:
    """In the own organisation. ``is_confirmed``: its owner wants e-mail again, though they asked for no more."""

    address: str
    is_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class LiftSuppressionIn:
    """By an operator, in one ``organisation`` by its short name."""

    organisation: str
    address: str
    is_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class SuppressionLifted:
    address: str
    was_suppressed: bool


def list_suppressions(ctx: Context, command: ListSuppressions) -> SuppressionsListed:
    access.require_operator(ctx)
    address = _checked(command.address)
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
    return _lift(ctx, staff.organisation_id, _checked(command.address), is_confirmed=command.is_confirmed)


def lift_suppression_in(ctx: Context, command: LiftSuppressionIn) -> SuppressionLifted:
    """As ``lift_suppression``."""
    access.require_operator(ctx)
    organisation = access.organisation_by_slug(ctx, command.organisation)
    return _lift(ctx, organisation.id, _checked(command.address), is_confirmed=command.is_confirmed)


def suppress(ctx: Context, organisation_id: int, key: str, reason: SuppressReason) -> None:
    """Once: the first reason stands."""
    if ctx.session.scalar(
        select(Suppression.id).where(Suppression.organisation_id == organisation_id, Suppression.address_key == key)
    ):
        return
    row = {
        "id": ctx.tokens.new_id(),
        "organisation_id": organisation_id,
        "address_key": key,
        "reason": reason,
        "suppressed_at": ctx.now,
    }
    access.insert_all(ctx, Suppression, [row])


def _checked(typed: str) -> Address:
    found = parse_address(typed)
    if isinstance(found, InvalidAddress):
        raise NoAddresses
    return found


def _lift(ctx: Context, organisation_id: int, address: Address, *, is_confirmed: bool) -> SuppressionLifted:
    theirs = (Suppression.organisation_id == organisation_id, Suppression.address_key == address.key)
    reason = ctx.session.scalar(select(Suppression.reason).where(*theirs))
    if reason not in (None, SuppressReason.BOUNCED) and not is_confirmed:
        raise NeedsConfirmation(address=address.address, reason="has asked for no more e-mails")
    lifted = ctx.session.scalars(
        delete(Suppression).where(*theirs, Suppression.reason == reason).returning(Suppression.id),
        execution_options={"synchronize_session": False},
    )
    return SuppressionLifted(address.address, was_suppressed=lifted.one_or_none() is not None)
