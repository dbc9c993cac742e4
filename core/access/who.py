"""Who asks, and what their role and their grants allow: read in the transaction that acts."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import bindparam, select

from core.context import Assurance, Context, LinkHolder, Operator, SlackVisitor, StaffActor, System
from core.errors import (
    LinkNotFound,
    NotStaff,
    OperatorOnly,
    ProviderNotGranted,
    RoleMissing,
    SenderUnproven,
    TermsNotAccepted,
)
from core.model import Course, CourseRun, Organisation, ProviderGrant, StaffMember
from core.queries import Query, columns_of, copy_of
from core.words import Role


class Permission(StrEnum):
    VIEW = "view"
    INVITE = "invite"
    IMPORT = "import"
    MANAGE_LEARNERS = "manage_learners"
    """See what identifies learners; create, change and remove them; print their access codes."""
    MANAGE_STAFF = "manage_staff"
    SET_RULES = "set_rules"
    """What holds for the whole organisation, such as its quiet hours."""


ROLE_PERMISSIONS: Final = {
    Role.OWNER: frozenset(Permission),
    Role.MANAGER: frozenset({Permission.VIEW, Permission.INVITE, Permission.IMPORT, Permission.MANAGE_LEARNERS}),
    Role.VIEWER: frozenset({Permission.VIEW}),
}


def require_staff(ctx: Context, permission: Permission) -> StaffMember:
    """The asking staff member, working, in an organisation that works. Raises a NotAllowed, else.

    A copy, for reading only: who changes them loads the row.
    """
    staff = _working_staff(ctx)
    if permission not in ROLE_PERMISSIONS[staff.role]:
        raise RoleMissing(role=staff.role)
    return staff


# With every request of theirs: see ``core.queries``.
_WORKING_STAFF: Final = Query(
    select(*columns_of(StaffMember), Organisation.terms_accepted_at)
    .join(Organisation, Organisation.id == StaffMember.organisation_id)
    .where(
        StaffMember.id == bindparam("staff_id"),
        StaffMember.accepted_at.is_not(None),
        StaffMember.disabled_at.is_(None),
    )
)


def require_member(ctx: Context) -> StaffMember:
    """The asking staff member, also where the organisation's terms still wait: this is how an owner accepts them."""
    return _member(ctx)[0]


def _working_staff(ctx: Context) -> StaffMember:
    staff, accepted_at = _member(ctx)
    if accepted_at is None:
        page = f"{ctx.settings.base_url}/terms"
        who = "Read and accept them" if staff.role is Role.OWNER else "An owner of your organisation accepts them"
        raise TermsNotAccepted(who=who, page=page)
    return staff


def _member(ctx: Context) -> tuple[StaffMember, datetime | None]:
    if not isinstance(ctx.actor, StaffActor):
        raise NotStaff
    if ctx.actor.assurance is not Assurance.VERIFIED:
        # Whoever writes in somebody's name learns nothing and changes nothing (design decision 5).
        raise SenderUnproven
    found = _WORKING_STAFF.run(ctx, staff_id=ctx.actor.staff_id).one_or_none()
    if found is None:
        raise NotStaff
    *staff, terms_accepted_at = found
    return copy_of(StaffMember, staff), terms_accepted_at


def require_operator(ctx: Context) -> None:
    if not isinstance(ctx.actor, Operator):
        raise OperatorOnly


def require_system(ctx: Context) -> None:
    """The worker, or the operator doing by hand what the worker does."""
    if not isinstance(ctx.actor, System | Operator):
        raise OperatorOnly


def require_visitor(ctx: Context) -> SlackVisitor:
    if not isinstance(ctx.actor, SlackVisitor):
        raise NotStaff
    return ctx.actor


def require_link_holder(ctx: Context) -> None:
    """Somebody who holds a link, a cookie or nothing yet. What they hold is part of the command."""
    if not isinstance(ctx.actor, LinkHolder):
        raise LinkNotFound


_GRANTS: Final = Query(select(ProviderGrant.provider_id).where(ProviderGrant.staff_id == bindparam("staff_id")))


def granted_provider_ids(ctx: Context, staff: StaffMember) -> frozenset[int] | None:
    """None: all providers of the organisation."""
    if staff.all_providers or staff.role is Role.OWNER:
        return None
    return frozenset(_GRANTS.run(ctx, staff_id=staff.id).scalars())


def require_provider(ctx: Context, staff: StaffMember, run: CourseRun) -> None:
    """An own run of a provider needs the grant; another organisation's provider is none of ours."""
    require_provider_of(ctx, staff, run.course, run.code)


def require_provider_of(ctx: Context, staff: StaffMember, course: Course, code: str) -> None:
    """``code`` is what the refusal names: the course's, or a run's."""
    if course.provider_id is None or course.organisation_id != staff.organisation_id:
        return
    granted = granted_provider_ids(ctx, staff)
    if granted is not None and course.provider_id not in granted:
        raise ProviderNotGranted(run=code)
