"""What is shown of a staff member: who they are, whom they look after, and whether they have come in yet."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from sqlalchemy import select

from core.context import Context
from core.model import Provider, ProviderGrant, SlackUser, StaffMember
from core.usecases.staff.staff import is_invitation_open
from core.words import Role


class StaffState(StrEnum):
    INVITED = "invited"
    TOO_OLD = "too_old"
    WORKING = "working"
    DISABLED = "disabled"


class ProviderCard(Struct, frozen=True):
    ukprn: str
    name: str


class StaffCard(Struct, frozen=True):
    """``providers`` empty: all of them."""

    staff_id: int
    name: str
    first_name: str
    last_name: str
    email: str
    role: Role
    providers: tuple[ProviderCard, ...]
    state: StaffState
    is_in_slack: bool
    is_asker: bool


def staff_card(ctx: Context, staff: StaffMember, asker: StaffMember) -> StaffCard:
    return staff_cards(ctx, [staff], asker)[0]


def staff_cards(ctx: Context, rows: Sequence[StaffMember], asker: StaffMember) -> tuple[StaffCard, ...]:
    ctx.session.flush()
    ids = [staff.id for staff in rows]
    providers = _providers(ctx, ids)
    connected = set(
        ctx.session.scalars(
            select(SlackUser.staff_id).where(SlackUser.staff_id.in_(ids), SlackUser.confirmed_at.is_not(None))
        )
    )
    return tuple(
        StaffCard(
            staff_id=staff.id,
            name=staff.name,
            first_name=staff.first_name,
            last_name=staff.last_name,
            email=staff.email,
            role=staff.role,
            providers=() if staff.all_providers else tuple(providers.get(staff.id, ())),
            state=_state(staff, ctx.now),
            is_in_slack=staff.id in connected,
            is_asker=staff.id == asker.id,
        )
        for staff in rows
    )


def _providers(ctx: Context, staff_ids: Sequence[int]) -> dict[int, list[ProviderCard]]:
    query = (
        select(ProviderGrant.staff_id, Provider.ukprn, Provider.name)
        .join(Provider, Provider.id == ProviderGrant.provider_id)
        .where(ProviderGrant.staff_id.in_(staff_ids))
        .order_by(Provider.name, Provider.ukprn)
    )
    found: dict[int, list[ProviderCard]] = {}
    for row in ctx.session.execute(query):
        found.setdefault(row.staff_id, []).append(ProviderCard(row.ukprn, row.name))
    return found


def _state(staff: StaffMember, now: datetime) -> StaffState:
    if staff.disabled_at is not None:
        return StaffState.DISABLED
    if staff.accepted_at is not None:
        return StaffState.WORKING
    return StaffState.INVITED if is_invitation_open(staff, now) else StaffState.TOO_OLD
