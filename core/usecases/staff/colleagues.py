"""What an owner does about the other staff members: list, invite, change, disable, enable (UM 3; LM, Accessing).

    invited --accepts--> working --disable--> disabled --enable--> as before
       +-- 14 days without an answer: too old --invited again--> invited

1. Only an owner; the last working owner is neither disabled nor made less than an owner, by whomever.
2. Who is disabled is signed out and unconnected at once: enabling gives back the role, not the connection.
"""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, delete, func, or_, select, update

from core import access
from core.access import Permission
from core.context import Context
from core.errors import InvitationClosed, LastOwner, StaffNotFound
from core.model import Organisation, Provider, ProviderGrant, SlackUser, StaffMember, StaffSession
from core.pages import page_within
from core.rules.addresses import InvalidAddress, parse_address
from core.rules.policy import PAGE_ROWS
from core.usecases.staff.cards import ProviderCard, StaffCard, staff_card, staff_cards
from core.usecases.staff.staff import (
    InviteStaffMember,
    add_staff_member,
    grant_providers,
    invitation_ends,
    renew_invitation,
)
from core.words import Role, Subject


class ListStaff(Struct, frozen=True):
    search: str = ""
    page: int = 1


class StaffListed(Struct, frozen=True):
    organisation: str
    rows: tuple[StaffCard, ...]
    page: int
    page_count: int
    total: int
    search: str


class ShowColleague(Struct, frozen=True):
    """By id, or by e-mail address."""

    staff_id: int = 0
    email: str = ""


class ColleagueShown(Struct, frozen=True):
    staff: StaffCard


class ListProviders(Struct, frozen=True):
    search: str = ""
    rows: int = 50


class ProvidersListed(Struct, frozen=True):
    providers: tuple[ProviderCard, ...]


class InviteColleague(Struct, frozen=True):
    """``providers`` are UKPRNs; empty means all of the organisation."""

    email: str
    role: Role
    first_name: str
    last_name: str
    providers: tuple[str, ...] = ()


class ColleagueInvited(Struct, frozen=True):
    staff: StaffCard
    until: datetime


class ChangeColleague(Struct, frozen=True):
    staff_id: int
    role: Role
    providers: tuple[str, ...] | None
    """None: those of now."""


class ColleagueChanged(Struct, frozen=True):
    staff: StaffCard


class DisableColleague(Struct, frozen=True):
    staff_id: int


class ColleagueDisabled(Struct, frozen=True):
    staff: StaffCard


class EnableColleague(Struct, frozen=True):
    staff_id: int


class ColleagueEnabled(Struct, frozen=True):
    staff: StaffCard


class ReinviteColleague(Struct, frozen=True):
    staff_id: int


class DisableStaffMember(Struct, frozen=True):
    """For the command line."""

    organisation: str
    email: str


class StaffMemberDisabled(Struct, frozen=True):
    name: str
    email: str


def list_staff(ctx: Context, command: ListStaff) -> StaffListed:
    asker = access.require_staff(ctx, Permission.MANAGE_STAFF)
    fits = _fits(command.search)
    total = ctx.session.scalar(select(func.count()).select_from(StaffMember).where(*fits)) or 0
    page, page_count = page_within(command.page, total)
    query = select(StaffMember).where(*fits).order_by(StaffMember.last_name, StaffMember.first_name, StaffMember.id)
    rows = ctx.session.scalars(query.limit(PAGE_ROWS).offset((page - 1) * PAGE_ROWS)).all()
    name = ctx.session.get_one(Organisation, asker.organisation_id).name
    return StaffListed(name, staff_cards(ctx, rows, asker), page, page_count, total, command.search)


def show_colleague(ctx: Context, command: ShowColleague) -> ColleagueShown:
    """Raises StaffNotFound."""
    asker = access.require_staff(ctx, Permission.MANAGE_STAFF)
    staff = _by_address(ctx, command.email) if command.email else _by_id(ctx, command.staff_id)
    return ColleagueShown(staff_card(ctx, staff, asker))


def list_providers(ctx: Context, command: ListProviders) -> ProvidersListed:
    access.require_staff(ctx, Permission.MANAGE_STAFF)
    query = select(Provider.ukprn, Provider.name).order_by(Provider.name, Provider.ukprn).limit(command.rows)
    if command.search:
        words = command.search.strip()
        query = query.where(
            or_(Provider.name.icontains(words, autoescape=True), Provider.ukprn.startswith(words, autoescape=True))
        )
    return ProvidersListed(tuple(ProviderCard(row.ukprn, row.name) for row in ctx.session.execute(query)))


def invite_colleague(ctx: Context, command: InviteColleague) -> ColleagueInvited:
    """Raises StaffDetailsInvalid, AlreadyThere."""
    asker = access.require_staff(ctx, Permission.MANAGE_STAFF)
    organisation = ctx.session.get_one(Organisation, asker.organisation_id)
    added = add_staff_member(
        ctx,
        organisation,
        InviteStaffMember(
            organisation=organisation.slug,
            first_name=command.first_name,
            last_name=command.last_name,
            email=command.email,
            role=command.role,
            providers=_providers_for(command.role, command.providers),
        ),
    )
    staff = ctx.session.get_one(StaffMember, added.staff_id)
    return ColleagueInvited(staff_card(ctx, staff, asker), invitation_ends(staff))


def change_colleague(ctx: Context, command: ChangeColleague) -> ColleagueChanged:
    """Raises StaffNotFound, LastOwner, StaffDetailsInvalid."""
    asker = access.require_staff(ctx, Permission.MANAGE_STAFF)
    staff = _by_id(ctx, command.staff_id)
    ctx.about(Subject.STAFF, staff.id)
    if command.role is not Role.OWNER:
        _require_another_owner(ctx, staff)
    staff.role = command.role
    if command.providers is not None or command.role is Role.OWNER:
        _give_providers(ctx, staff, _providers_for(command.role, command.providers or ()))
    return ColleagueChanged(staff_card(ctx, staff, asker))


def disable_colleague(ctx: Context, command: DisableColleague) -> ColleagueDisabled:
    """Raises StaffNotFound, LastOwner. Twice is as good as once."""
    asker = access.require_staff(ctx, Permission.MANAGE_STAFF)
    staff = _by_id(ctx, command.staff_id)
    ctx.about(Subject.STAFF, staff.id)
    _disable(ctx, staff)
    return ColleagueDisabled(staff_card(ctx, staff, asker))


def enable_colleague(ctx: Context, command: EnableColleague) -> ColleagueEnabled:
    asker = access.require_staff(ctx, Permission.MANAGE_STAFF)
    staff = _by_id(ctx, command.staff_id)
    ctx.about(Subject.STAFF, staff.id)
    staff.disabled_at = None
    return ColleagueEnabled(staff_card(ctx, staff, asker))


def reinvite_colleague(ctx: Context, command: ReinviteColleague) -> ColleagueInvited:
    """A new link, which lives anew; the former one stops working. Raises InvitationClosed once they have answered."""
    asker = access.require_staff(ctx, Permission.MANAGE_STAFF)
    staff = _by_id(ctx, command.staff_id)
    ctx.about(Subject.STAFF, staff.id)
    if staff.disabled_at is not None:
        raise InvitationClosed(state="of somebody who is disabled", next_step="Enable them first.")
    if staff.accepted_at is not None:
        raise InvitationClosed(state="accepted already", next_step="They connect Slack with “/usher link”.")
    renew_invitation(ctx, staff)
    return ColleagueInvited(staff_card(ctx, staff, asker), invitation_ends(staff))


def disable_staff_member(ctx: Context, command: DisableStaffMember) -> StaffMemberDisabled:
    """Raises OrganisationNotFound, StaffNotFound, LastOwner."""
    access.require_operator(ctx)
    organisation = access.organisation_by_slug(ctx, command.organisation)
    staff = _by_address(ctx, command.email, organisation.id)
    ctx.about(Subject.STAFF, staff.id, organisation_id=organisation.id)
    _disable(ctx, staff)
    return StaffMemberDisabled(staff.name, staff.email)


# --- Parts ------------------------------------------------------------------------------------------------


def _disable(ctx: Context, staff: StaffMember) -> None:
    _require_another_owner(ctx, staff)
    staff.disabled_at = staff.disabled_at or ctx.now
    ctx.session.execute(delete(StaffSession).where(StaffSession.staff_id == staff.id))
    ctx.session.execute(
        update(SlackUser).where(SlackUser.staff_id == staff.id).values(confirmed_at=None, code_valid_until=None)
    )


def _require_another_owner(ctx: Context, staff: StaffMember) -> None:
    """Before ``staff`` stops being a working owner. Raises LastOwner."""
    # Two owners who disable each other at once: the row makes the second one wait and count anew. SQLite has one
    # writer at a time anyhow, and leaves the lock out.
    ctx.session.execute(select(Organisation.id).where(Organisation.id == staff.organisation_id).with_for_update())
    others = select(func.count()).where(
        StaffMember.organisation_id == staff.organisation_id,
        StaffMember.id != staff.id,
        StaffMember.role == Role.OWNER,
        StaffMember.accepted_at.is_not(None),
        StaffMember.disabled_at.is_(None),
    )
    is_working_owner = staff.role is Role.OWNER and staff.accepted_at is not None and staff.disabled_at is None
    if is_working_owner and not ctx.session.scalar(others):
        raise LastOwner(name=staff.name)


def _give_providers(ctx: Context, staff: StaffMember, ukprns: tuple[str, ...]) -> None:
    """These and no others."""
    staff.all_providers = not ukprns
    ctx.session.execute(delete(ProviderGrant).where(ProviderGrant.staff_id == staff.id))
    ctx.session.flush()
    grant_providers(ctx, ctx.session.get_one(Organisation, staff.organisation_id), staff, ukprns)


def _providers_for(role: Role, ukprns: tuple[str, ...]) -> tuple[str, ...]:
    """An owner looks after all of them."""
    return () if role is Role.OWNER else ukprns


def _by_id(ctx: Context, staff_id: int) -> StaffMember:
    staff = ctx.session.scalars(select(StaffMember).where(StaffMember.id == staff_id)).one_or_none()
    if staff is None:
        raise StaffNotFound(who="this person")
    return staff


def _by_address(ctx: Context, typed: str, organisation_id: int | None = None) -> StaffMember:
    """Operators name the organisation; staff see their own only."""
    address = parse_address(typed)
    key = "" if isinstance(address, InvalidAddress) else address.key
    query = select(StaffMember).where(StaffMember.email_key == key)
    if organisation_id is not None:
        query = query.where(StaffMember.organisation_id == organisation_id)
    staff = ctx.session.scalars(query).one_or_none()
    if staff is None:
        raise StaffNotFound(who=typed)
    return staff


def _fits(search: str) -> tuple[ColumnElement[bool], ...]:
    """Each word stands in the name or the address."""
    return tuple(
        or_(
            StaffMember.first_name.icontains(word, autoescape=True),
            StaffMember.last_name.icontains(word, autoescape=True),
            StaffMember.email.icontains(word, autoescape=True),
        )
        for word in search.split()
    )
