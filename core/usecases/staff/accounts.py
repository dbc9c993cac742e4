"""A staff member's own account on the web, and the terms that an owner accepts for the organisation."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import select

from core import access
from core.context import Context
from core.errors import RoleMissing, TermsChanged
from core.model import Organisation, SlackUser, SlackWorkspace, StaffMember
from core.rules.policy import TERMS_VERSION
from core.words import Role


class ShowAccount(Struct, frozen=True):
    pass


class AccountShown(Struct, frozen=True):
    organisation: str
    name: str
    email: str
    username: str
    role: Role
    is_in_slack: bool
    time_zone: str
    terms_version: str
    """The newest; what was accepted may be an older one."""
    accepted_version: str
    accepted_at: datetime | None

    @property
    def must_accept(self) -> bool:
        return self.accepted_at is None or self.accepted_version != self.terms_version


class AcceptTerms(Struct, frozen=True):
    """``version``: the one that was read."""

    version: str


class TermsAccepted(Struct, frozen=True):
    organisation: str
    version: str


def show_account(ctx: Context, command: ShowAccount) -> AccountShown:
    """Also where the terms wait: this is the way to them."""
    staff = access.require_member(ctx)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    return AccountShown(
        organisation=organisation.name,
        name=staff.name,
        email=staff.email,
        username=staff.username,
        role=staff.role,
        is_in_slack=_is_in_slack(ctx, staff),
        time_zone=organisation.time_zone,
        terms_version=TERMS_VERSION,
        accepted_version=organisation.terms_version or "",
        accepted_at=organisation.terms_accepted_at,
    )


def accept_terms(ctx: Context, command: AcceptTerms) -> TermsAccepted:
    """Version and time are kept. Raises RoleMissing for anybody but an owner, TermsChanged for an older version."""
    staff = access.require_member(ctx)
    if staff.role is not Role.OWNER:
        raise RoleMissing(role=staff.role)
    if command.version != TERMS_VERSION:
        raise TermsChanged
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    if organisation.terms_accepted_at is None or organisation.terms_version != TERMS_VERSION:
        organisation.terms_version = TERMS_VERSION
        organisation.terms_accepted_at = ctx.now
    return TermsAccepted(organisation.name, TERMS_VERSION)


def _is_in_slack(ctx: Context, staff: StaffMember) -> bool:
    query = (
        select(SlackUser.id)
        .join(SlackWorkspace, SlackWorkspace.id == SlackUser.workspace_id)
        .where(SlackUser.staff_id == staff.id, SlackUser.confirmed_at.is_not(None))
        .where(SlackWorkspace.removed_at.is_(None))
        .limit(1)
    )
    return ctx.session.scalar(query) is not None
