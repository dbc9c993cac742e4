"""Who may do what, which runs they reach, and where a link leads."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import select, update

from core import access
from core.access import Permission
from core.context import Actor, Context, Door, Operator, SlackVisitor, StaffActor, System
from core.errors import (
    LinkNotFound,
    NotStaff,
    OperatorOnly,
    OrganisationNotFound,
    ProviderNotGranted,
    RoleMissing,
    RunNotFound,
    TermsNotAccepted,
    UsherError,
)
from core.model import Agreement, Course, CourseRun, Organisation, Provider, StaffMember
from core.rules.links import LinkKind
from core.usecases.staff.organisations import CreateOrganisation, OrganisationCreated, create_organisation
from core.usecases.staff.staff import InviteStaffMember, StaffMemberInvited, invite_staff_member
from core.words import Role
from tests.factories import LEARNER, NOW, OPERATOR, SYSTEM, FixedClock, School, in_context

VISITOR = SlackVisitor("", "T1", "U1", "olive@north.example.org")
NORTH = {"olive@north.example.org", "max@northfield.example.org", "vera@northfield.example.org"}


def emails(ctx: Context, statement: Any) -> set[str]:
    return set(ctx.session.scalars(statement))


def as_staff(ctx: Context) -> StaffMember:
    return access.require_staff(ctx, Permission.VIEW)


def row_of_staff(ctx: Context) -> StaffMember:
    """What ``require_staff`` gives is a copy, for reading only."""
    return ctx.session.get_one(StaffMember, as_staff(ctx).id)


def change(school: School, actor: Actor, write: Callable[[Context], Any]) -> Any:
    return school.app.run(lambda ctx, _command: write(ctx), None, actor)


# --- Roles ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "permissions"),
    [
        (Role.OWNER, set(Permission)),
        (Role.MANAGER, {Permission.VIEW, Permission.INVITE, Permission.IMPORT, Permission.MANAGE_LEARNERS}),
        (Role.VIEWER, {Permission.VIEW}),
    ],
)
def test_each_role_has_its_permissions_and_no_others(school: School, role: Role, permissions: set[Permission]) -> None:
    actor: StaffActor = getattr(school, role.value)

    for permission in Permission:
        if permission in permissions:
            staff = in_context(school.app, actor, partial(access.require_staff, permission=permission))
            assert (staff.id, staff.role) == (actor.staff_id, role)
        else:
            with pytest.raises(RoleMissing):
                in_context(school.app, actor, partial(access.require_staff, permission=permission))


@pytest.mark.parametrize("actor", [OPERATOR, SYSTEM, LEARNER, VISITOR, StaffActor(1, 1, Door.WEB)])
def test_whoever_is_no_staff_member_is_told_the_same(school: School, actor: Actor) -> None:
    with pytest.raises(NotStaff):
        in_context(school.app, actor, as_staff)


def test_a_staff_member_of_another_organisation_is_nobody_here(school: School) -> None:
    for actor in (
        replace(school.owner, organisation_id=school.other_organisation_id),
        replace(school.other_owner, organisation_id=school.organisation_id),
    ):
        with pytest.raises(NotStaff):
            in_context(school.app, actor, as_staff)


def test_a_disabled_staff_member_is_nobody_from_that_moment(school: School) -> None:
    in_context(school.app, school.manager, as_staff)

    change(school, school.manager, lambda ctx: setattr(row_of_staff(ctx), "disabled_at", ctx.now))

    with pytest.raises(NotStaff):
        in_context(school.app, school.manager, as_staff)


def test_a_role_counts_as_it_is_now(school: School) -> None:
    change(school, school.owner, lambda ctx: setattr(row_of_staff(ctx), "role", Role.VIEWER))

    with pytest.raises(RoleMissing):
        in_context(school.app, school.owner, lambda ctx: access.require_staff(ctx, Permission.INVITE))


def test_staff_who_have_not_accepted_yet_do_not_work_yet(school: School) -> None:
    command = InviteStaffMember("northfield", "Nia", "New", "nia@north.example.org", Role.OWNER)
    invited: StaffMemberInvited = school.app.run(invite_staff_member, command, OPERATOR)

    with pytest.raises(NotStaff):
        in_context(school.app, replace(school.owner, staff_id=invited.staff_id), as_staff)


def test_an_organisation_works_after_its_terms_are_accepted(school: School) -> None:
    def withdraw(ctx: Context) -> None:
        ctx.session.get_one(Organisation, school.organisation_id).terms_accepted_at = None

    change(school, OPERATOR, withdraw)

    for actor in (school.owner, school.manager, school.viewer):
        with pytest.raises(TermsNotAccepted):
            in_context(school.app, actor, as_staff)
    in_context(school.app, school.other_owner, as_staff)


def test_the_operator_and_the_worker_have_commands_of_their_own(school: School) -> None:
    allowed: dict[Callable[[Context], None], set[type]] = {
        access.require_operator: {Operator},
        access.require_system: {Operator, System},
    }

    for require, kinds in allowed.items():
        for actor in (OPERATOR, SYSTEM, LEARNER, VISITOR, school.owner):
            if type(actor) in kinds:
                in_context(school.app, actor, require)
            else:
                with pytest.raises(OperatorOnly):
                    in_context(school.app, actor, require)


def test_only_a_visitor_is_a_visitor(school: School) -> None:
    assert in_context(school.app, VISITOR, access.require_visitor) == VISITOR
    for actor in (OPERATOR, SYSTEM, LEARNER, school.owner):
        with pytest.raises(NotStaff):
            in_context(school.app, actor, access.require_visitor)


# --- Providers and runs -----------------------------------------------------------------------------------


def reach(ctx: Context, code: str) -> CourseRun:
    staff = as_staff(ctx)
    run = access.run_by_code(ctx, staff.organisation_id, code)
    access.require_provider(ctx, staff, run)
    return run


def test_a_run_of_a_provider_needs_the_grant(school: School) -> None:
    assert in_context(school.app, school.owner, lambda ctx: reach(ctx, "safety-2026-03")).code == "safety-2026-03"
    with pytest.raises(ProviderNotGranted):
        in_context(school.app, school.manager, lambda ctx: reach(ctx, "safety-2026-03"))
    for code in ("maths-2026-03", "poetry-2026-03"):
        in_context(school.app, school.manager, partial(reach, code=code))


def test_grants_name_the_providers_of_a_manager_only(school: School) -> None:
    def granted(ctx: Context) -> frozenset[int] | None:
        return access.granted_provider_ids(ctx, as_staff(ctx))

    adults = in_context(
        school.app, SYSTEM, lambda ctx: ctx.session.scalar(select(Provider.id).where(Provider.ukprn == "10000002"))
    )
    assert in_context(school.app, school.manager, granted) == {adults}
    assert in_context(school.app, school.owner, granted) is None
    change(school, school.manager, lambda ctx: setattr(row_of_staff(ctx), "role", Role.OWNER))
    assert in_context(school.app, school.manager, granted) is None


def test_a_run_is_found_as_people_type_its_code(school: School) -> None:
    for typed in ("maths-2026-03", " MATHS-2026-03 ", "ｍａｔｈｓ-2026-03"):
        assert in_context(school.app, school.owner, partial(reach, code=typed)).code == "maths-2026-03"


def test_another_organisations_run_and_an_absent_one_give_the_same_answer(school: School) -> None:
    for code in ("secret-2026-03", "maths-2026-04", "", "%", "x" * 5000):
        with pytest.raises(RunNotFound) as refused:
            in_context(school.app, school.owner, partial(reach, code=code))

        assert "secret" not in refused.value.hint


def test_the_nearest_codes_are_offered(school: School) -> None:
    with pytest.raises(RunNotFound) as refused:
        in_context(school.app, school.owner, lambda ctx: reach(ctx, "mahts-2026-03"))

    assert "maths-2026-03" in refused.value.hint


def test_an_agreement_opens_its_course_while_it_is_current(school: School) -> None:
    clock = school.app.clock
    assert isinstance(clock, FixedClock)

    for moment, is_open in (
        (NOW - timedelta(days=30, seconds=1), False),
        (NOW - timedelta(days=30), True),
        (NOW + timedelta(days=300, seconds=-1), True),
        (NOW + timedelta(days=300), False),
    ):
        clock.now = moment
        if is_open:
            run = in_context(school.app, school.owner, lambda ctx: reach(ctx, "poetry-2026-03"))
            by_id = in_context(
                school.app,
                school.owner,
                partial(access.run_by_id, organisation_id=school.organisation_id, run_id=run.id),
            )
            assert by_id.id == run.id
        else:
            with pytest.raises(RunNotFound):
                in_context(school.app, school.owner, lambda ctx: reach(ctx, "poetry-2026-03"))


def test_an_own_run_comes_before_a_lent_one_of_the_same_code(school: School) -> None:
    def rename(ctx: Context) -> None:
        ctx.session.execute(update(CourseRun).where(CourseRun.code == "maths-2026-03").values(code="poetry-2026-03"))

    change(school, OPERATOR, rename)

    run = in_context(school.app, school.owner, lambda ctx: reach(ctx, "poetry-2026-03"))
    assert run.organisation_id == school.organisation_id


def test_an_agreement_for_the_very_course_comes_before_a_general_one(school: School) -> None:
    def add_general(ctx: Context) -> None:
        common = {"organisation_id": school.organisation_id, "owner_id": school.other_organisation_id}
        ctx.session.add(Agreement(id=7, **common, starts_at=ctx.now, price_pence=1, prepaid_count=0, prepaid_used=0))

    def price(ctx: Context, code: str) -> int | None:
        course = ctx.session.scalars(select(Course).where(Course.code == code)).one()
        agreement = access.agreement_for(ctx, school.organisation_id, course)
        return agreement.price_pence if agreement else None

    change(school, OPERATOR, add_general)

    assert in_context(school.app, school.owner, lambda ctx: price(ctx, "poetry")) == 2000
    assert in_context(school.app, school.owner, lambda ctx: price(ctx, "secret")) == 1
    assert in_context(school.app, school.owner, lambda ctx: price(ctx, "maths")) is None


def test_an_unknown_organisation_is_named(school: School) -> None:
    assert in_context(school.app, OPERATOR, lambda ctx: access.organisation_by_slug(ctx, " NORTHFIELD ")).id
    with pytest.raises(OrganisationNotFound):
        in_context(school.app, OPERATOR, lambda ctx: access.organisation_by_slug(ctx, "westfield"))


# --- Links ------------------------------------------------------------------------------------------------


def test_a_staff_link_enters_its_organisation_and_no_other_kind_does(school: School) -> None:
    links, staff_id = school.app.links, school.owner.staff_id

    def open_link(ctx: Context, token: str) -> set[str]:
        assert access.staff_by_link(ctx, token).id == staff_id
        return emails(ctx, select(StaffMember.email))

    good = links.token(LinkKind.STAFF_INVITATION, staff_id)
    assert in_context(school.app, LEARNER, lambda ctx: open_link(ctx, good)) == NORTH
    for bad in (
        links.token(LinkKind.STAFF_INVITATION, staff_id, 1),
        links.token(LinkKind.INVITATION, staff_id),
        links.token(LinkKind.STAFF_INVITATION, 2**63 - 1),
        "",
        good + "=",
    ):
        with pytest.raises(LinkNotFound):
            in_context(school.app, LEARNER, partial(open_link, token=bad))


def test_the_link_of_somebody_who_left_leads_nowhere(school: School) -> None:
    change(school, school.manager, lambda ctx: setattr(row_of_staff(ctx), "disabled_at", ctx.now))

    token = school.app.links.token(LinkKind.STAFF_INVITATION, school.manager.staff_id)
    with pytest.raises(LinkNotFound):
        in_context(school.app, LEARNER, lambda ctx: access.staff_by_link(ctx, token))


@pytest.mark.parametrize("actor", [OPERATOR, SYSTEM, VISITOR])
def test_a_link_serves_its_holder_only(school: School, actor: Actor) -> None:
    token = school.app.links.token(LinkKind.STAFF_INVITATION, school.owner.staff_id)

    with pytest.raises(UsherError):
        in_context(school.app, actor, lambda ctx: access.staff_by_link(ctx, token))


def test_a_new_organisation_has_no_working_staff_before_its_owner_accepts(school: School) -> None:
    command = CreateOrganisation("westfield", "Westfield", "UTC", "Will", "West", "will@west.example.org")
    created: OrganisationCreated = school.app.run(create_organisation, command, OPERATOR)

    with pytest.raises(NotStaff):
        in_context(school.app, StaffActor(created.organisation_id, created.owner.staff_id, Door.SLACK), as_staff)
