"""Who may do what, and the only way to rows.

1. Every statement on an organisation's rows is scoped to the actor's organisation, whoever writes it: a session
   without a scope refuses to run. Another organisation's row and an absent one give the same answer.
2. A use case's first line is one of the ``require_*`` functions. Roles and grants are read in that transaction:
   what a door or a cache believed a minute ago decides nothing.
3. What crosses organisations on purpose (agreements, links, Slack identities, the worker) is a named function here,
   the only module that may use the execution option ``all_organisations``.
4. Bulk inserts and updates bypass the scope (they skip the flush): ``insert_all`` stamps the organisation,
   ``update_each`` asks for it.
"""

import difflib
import functools
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from sqlalchemy import Insert, Row, Select, Update, bindparam, event, exists, insert, or_, select, update
from sqlalchemy.orm import ORMExecuteState, Session, contains_eager, with_loader_criteria
from sqlalchemy.orm.interfaces import LoaderOption

from core.context import Actor, Context, Door, LinkHolder, Operator, SlackVisitor, StaffActor, System
from core.errors import (
    LinkNotFound,
    NotStaff,
    OperatorOnly,
    OrganisationNotFound,
    ProviderNotGranted,
    RoleMissing,
    RunNotFound,
    TermsNotAccepted,
)
from core.model import (
    Agreement,
    Base,
    Course,
    CourseRun,
    Enrolment,
    Invitation,
    InvitationBatch,
    InvitationChange,
    JoinRequest,
    Organisation,
    OrganisationOwned,
    ProviderGrant,
    SharedLink,
    SignIn,
    SlackUser,
    SlackWorkspace,
    StaffMember,
    StaffSession,
)
from core.queries import EVERY_ORGANISATION, Query
from core.rules.links import LinkKind
from core.rules.policy import SIGN_IN_TRIES
from core.rules.text import folded
from core.words import Role

Owned = TypeVar("Owned", Invitation, JoinRequest, SignIn, StaffMember)

Owning = TypeVar("Owning", bound=Base)

NO_ORGANISATION: Final = 0
"""No row has this id: a link holder sees nothing until the link has named an organisation."""


class Permission(StrEnum):
    VIEW = "view"
    INVITE = "invite"
    MANAGE_STAFF = "manage_staff"
    SET_RULES = "set_rules"
    """What holds for the whole organisation, such as its quiet hours."""


ROLE_PERMISSIONS: Final = {
    Role.OWNER: frozenset(Permission),
    Role.MANAGER: frozenset({Permission.VIEW, Permission.INVITE}),
    Role.VIEWER: frozenset({Permission.VIEW}),
}


# --- Scope ------------------------------------------------------------------------------------------------


def open_session(bind: Any, actor: Actor) -> Session:
    return Session(bind=bind, info={"scope": _scope_of(actor)}, autoflush=False, expire_on_commit=False)


def _scope_of(actor: Actor) -> int | str:
    if isinstance(actor, StaffActor):
        return actor.organisation_id
    return EVERY_ORGANISATION if isinstance(actor, Operator | System) else NO_ORGANISATION


@event.listens_for(Session, "do_orm_execute")
def _scope_statement(state: ORMExecuteState) -> None:
    options = state.execution_options
    if state.is_column_load or options.get("is_scoped") or options.get("all_organisations"):
        return
    scope = state.session.info.get("scope")
    if scope is None:
        raise RuntimeError("This session has no organisation: open it with core.access.open_session.")
    if scope != EVERY_ORGANISATION:
        state.statement = state.statement.options(
            with_loader_criteria(OrganisationOwned, lambda owned: owned.organisation_id == scope, include_aliases=True)
        )


@event.listens_for(Session, "before_flush")
def _refuse_foreign_rows(session: Session, _flush: object, _instances: object) -> None:
    scope = session.info.get("scope")
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, OrganisationOwned) and scope not in (EVERY_ORGANISATION, row.organisation_id):
            raise RuntimeError("A row of another organisation cannot be written here.")


def enter_organisation(ctx: Context, organisation_id: int) -> None:
    """From here on the transaction sees this organisation only. For link holders and Slack visitors."""
    if ctx.session.info["scope"] not in (NO_ORGANISATION, organisation_id):
        raise RuntimeError("A transaction stays in one organisation.")
    ctx.session.info["scope"] = organisation_id


def insert_all(ctx: Context, model: type[Owning], rows: Sequence[Mapping[str, Any]]) -> None:
    """One statement for all rows. Each row is stamped with the transaction's organisation."""
    if not rows:
        return
    scope = ctx.session.info["scope"]
    if scope == EVERY_ORGANISATION:
        if any("organisation_id" not in row for row in rows):
            raise RuntimeError("Say which organisation these rows belong to.")
        stamped: Sequence[Mapping[str, Any]] = rows
    else:
        stamped = [{**row, "organisation_id": scope} for row in rows]
    ctx.session.connection().execute(insert_into(model), stamped)


@functools.cache
def insert_into(model: type[Base]) -> Insert:
    """Into the table, not the class: the mapper's bookkeeping would cost as much as the insert."""
    return insert(model.metadata.tables[model.__tablename__])


def update_each(ctx: Context, statement: Update, rows: Sequence[Mapping[str, Any]]) -> None:
    """One statement, prepared once and run for each row of values. It bypasses the session: the scope is added."""
    if not rows:
        return
    scope = ctx.session.info["scope"]
    if scope != EVERY_ORGANISATION:
        statement = statement.where(statement.table.c.organisation_id == scope)
    ctx.session.connection().execute(statement, rows)


def insert_shared(model: type[Course] | type[CourseRun]) -> Insert:
    """Catalogue rows name their organisation themselves; the caller is an operator."""
    return insert(model)


# --- Who --------------------------------------------------------------------------------------------------


def require_staff(ctx: Context, permission: Permission) -> StaffMember:
    """The asking staff member, working, in an organisation that works. Raises a NotAllowed, else."""
    staff = _working_staff(ctx)
    if permission not in ROLE_PERMISSIONS[staff.role]:
        raise RoleMissing(role=staff.role)
    return staff


_WORKING_STAFF: Final = Query(
    select(StaffMember, Organisation.terms_accepted_at)
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
    found = _WORKING_STAFF.run(ctx, staff_id=ctx.actor.staff_id).one_or_none()
    if found is None:
        raise NotStaff
    return found.StaffMember, found.terms_accepted_at


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


# --- Runs -------------------------------------------------------------------------------------------------


def with_course() -> LoaderOption:
    """For queries that join CourseRun.course themselves."""
    return contains_eager(CourseRun.course)


_RUNS: Final = select(CourseRun).join(CourseRun.course).options(with_course())
_IS_CURRENT: Final = (
    Agreement.starts_at <= bindparam("now"),
    or_(Agreement.ends_at.is_(None), Agreement.ends_at > bindparam("now")),
)
_IS_AGREED: Final = exists().where(
    Agreement.organisation_id == bindparam("organisation_id"),
    Agreement.owner_id == Course.organisation_id,
    or_(Agreement.course_id.is_(None), Agreement.course_id == Course.id),
    *_IS_CURRENT,
)
REACHABLE_RUNS: Final = _RUNS.where(or_(CourseRun.organisation_id == bindparam("organisation_id"), _IS_AGREED))
"""Own runs, and those of other organisations' courses under an agreement that is current (LM).

Takes ``organisation_id`` and ``now``.
"""
_REACHABLE_BY_CODE: Final = Query(REACHABLE_RUNS.where(CourseRun.code == bindparam("code")))
_REACHABLE_BY_ID: Final = Query(REACHABLE_RUNS.where(CourseRun.id == bindparam("run_id")))
_REACHABLE_CODES: Final = Query(REACHABLE_RUNS.with_only_columns(CourseRun.code))
_REACHABLE_COURSES: Final = Query(
    select(Course).where(
        Course.code == bindparam("code"), or_(Course.organisation_id == bindparam("organisation_id"), _IS_AGREED)
    )
)
_RUN_BY_ID: Final = Query(_RUNS.where(CourseRun.id == bindparam("run_id")))
_INVITED_RUNS_BY_CODE: Final = Query(
    _RUNS.where(
        CourseRun.code == bindparam("code"),
        exists().where(
            InvitationBatch.run_id == CourseRun.id, InvitationBatch.organisation_id == bindparam("organisation_id")
        ),
    )
)


def run_by_code(ctx: Context, organisation_id: int, code: str) -> CourseRun:
    """Own runs come first where both have the code. Raises RunNotFound with the nearest codes."""
    wanted = folded(code)
    found = _REACHABLE_BY_CODE.run(ctx, organisation_id=organisation_id, now=ctx.now, code=wanted).scalars()
    own_first = sorted(found, key=lambda run: run.organisation_id != organisation_id)
    if own_first:
        return own_first[0]
    codes = _REACHABLE_CODES.run(ctx, organisation_id=organisation_id, now=ctx.now).scalars().all()
    raise RunNotFound(run=code, nearest=tuple(difflib.get_close_matches(wanted, codes, n=3, cutoff=0.5)))


def invited_run_by_code(ctx: Context, organisation_id: int, code: str) -> CourseRun:
    """Besides, a run that was once invited to: its agreement may have ended, its invitations are still ours."""
    try:
        return run_by_code(ctx, organisation_id, code)
    except RunNotFound:
        runs = _INVITED_RUNS_BY_CODE.run(ctx, organisation_id=organisation_id, code=folded(code)).scalars().all()
        if not runs:
            raise
        return runs[0]


def course_by_code(ctx: Context, organisation_id: int, code: str) -> Course | None:
    """Own, or another organisation's under a current agreement; own courses come first where both have the code."""
    found = _REACHABLE_COURSES.run(ctx, organisation_id=organisation_id, now=ctx.now, code=folded(code)).scalars()
    own_first = sorted(found, key=lambda course: course.organisation_id != organisation_id)
    return own_first[0] if own_first else None


def run_by_id(ctx: Context, organisation_id: int, run_id: int) -> CourseRun:
    found = _REACHABLE_BY_ID.run(ctx, organisation_id=organisation_id, now=ctx.now, run_id=run_id)
    run = found.scalars().one_or_none()
    if run is None:
        raise RunNotFound(run="this run")
    return run


def run_of_invitation(ctx: Context, invitation: Invitation | InvitationBatch | InvitationChange) -> CourseRun:
    """Whatever became of the agreement: what was once invited to stays visible to both sides."""
    return _RUN_BY_ID.run(ctx, run_id=invitation.run_id).scalars().one()


_AGREEMENT: Final = Query(
    select(Agreement)
    .where(
        Agreement.organisation_id == bindparam("organisation_id"),
        Agreement.owner_id == bindparam("owner_id"),
        or_(Agreement.course_id.is_(None), Agreement.course_id == bindparam("course_id")),
        *_IS_CURRENT,
    )
    .order_by(Agreement.course_id.is_(None), Agreement.starts_at.desc(), Agreement.id)
    .limit(1)
)


def joined_run(ctx: Context, run_id: int) -> CourseRun:
    """The run of an enrolment that the caller has reached: whatever became of the agreement since."""
    return _RUN_BY_ID.run(ctx, run_id=run_id).scalars().one()


def agreement_for(ctx: Context, organisation_id: int, course: Course) -> Agreement | None:
    """The current agreement for another organisation's course: one for this very course before a general one."""
    if course.organisation_id == organisation_id:
        return None
    found = _AGREEMENT.run(
        ctx, organisation_id=organisation_id, owner_id=course.organisation_id, course_id=course.id, now=ctx.now
    )
    return found.scalars().one_or_none()


_CURRENT_AGREEMENTS: Final = Query(
    select(Agreement)
    .where(Agreement.organisation_id == bindparam("organisation_id"), *_IS_CURRENT)
    .order_by(Agreement.course_id.is_(None), Agreement.starts_at.desc(), Agreement.id)
)


def agreements_for(ctx: Context, organisation_id: int, courses: Sequence[Course]) -> dict[int, Agreement]:
    """As ``agreement_for``, for many at once, by course id. Own courses need none and are left out."""
    foreign = [course for course in courses if course.organisation_id != organisation_id]
    if not foreign:
        return {}
    current = _CURRENT_AGREEMENTS.run(ctx, organisation_id=organisation_id, now=ctx.now).scalars().all()
    fitting = {
        course.id: next(
            (
                each
                for each in current
                if each.owner_id == course.organisation_id and each.course_id in (None, course.id)
            ),
            None,
        )
        for course in foreign
    }
    return {course_id: agreement for course_id, agreement in fitting.items() if agreement is not None}


# --- Links ------------------------------------------------------------------------------------------------


def invitation_by_link(ctx: Context, token: str) -> Invitation:
    """The link is the proof. The transaction enters the invitation's organisation. Raises LinkNotFound."""
    target = ctx.links.read(LinkKind.INVITATION, token)
    if target is None:
        raise LinkNotFound
    owner = select(Invitation.organisation_id).where(
        Invitation.id == target.id, Invitation.generation == target.generation
    )
    return _entered(ctx, Invitation, owner, target.id)


def staff_by_link(ctx: Context, token: str) -> StaffMember:
    target = ctx.links.read(LinkKind.STAFF_INVITATION, token)
    if target is None:
        raise LinkNotFound
    owner = select(StaffMember.organisation_id).where(
        StaffMember.id == target.id,
        StaffMember.generation == target.generation,
        StaffMember.disabled_at.is_(None),
    )
    return _entered(ctx, StaffMember, owner, target.id)


def shared_link_by_link(ctx: Context, token: str) -> int:
    """The link's id. One query: ten thousand learners may press at once. Raises LinkNotFound."""
    target = ctx.links.read(LinkKind.SHARED, token)
    if target is None:
        raise LinkNotFound
    _enter_owner(ctx, _OWNER_OF_SHARED_LINK, {"id": target.id, "generation": target.generation})
    return target.id


def join_request_by_link(ctx: Context, token: str) -> JoinRequest:
    """The mail came to the address that was typed. Raises LinkNotFound."""
    target = ctx.links.read(LinkKind.JOIN_CONFIRMATION, token)
    if target is None:
        raise LinkNotFound
    owner = select(JoinRequest.organisation_id).where(JoinRequest.id == target.id)
    return _entered(ctx, JoinRequest, owner, target.id)


def enrolment_by_link(ctx: Context, token: str) -> int:
    """The enrolment's id: the mail that welcomed the learner carried the link. Raises LinkNotFound."""
    target = ctx.links.read(LinkKind.PLACE, token)
    if target is None:
        raise LinkNotFound
    _enter_owner(ctx, select(Enrolment.organisation_id).where(Enrolment.id == target.id))
    return target.id


_OWNER_OF_SHARED_LINK = select(SharedLink.organisation_id).where(
    SharedLink.id == bindparam("id"), SharedLink.generation == bindparam("generation")
)


def sign_in_by_link(ctx: Context, token: str) -> SignIn:
    target = ctx.links.read(LinkKind.SIGN_IN, token)
    if target is None:
        raise LinkNotFound
    return _entered(ctx, SignIn, select(SignIn.organisation_id).where(SignIn.id == target.id), target.id)


def _entered(ctx: Context, model: type[Owned], owner: Select[int], row_id: int) -> Owned:
    """Looks in every organisation for the owner's id only; the row itself is read inside its organisation."""
    _enter_owner(ctx, owner)
    row = ctx.session.get(model, row_id)
    if row is None:
        raise LinkNotFound
    return row


def _enter_owner(ctx: Context, owner: Select[int], values: Mapping[str, int] | None = None) -> None:
    if not isinstance(ctx.actor, LinkHolder):
        raise LinkNotFound
    found = ctx.session.execute(owner, values, execution_options={"all_organisations": True})
    organisation_id = found.scalar_one_or_none()
    if organisation_id is None:
        raise LinkNotFound
    enter_organisation(ctx, organisation_id)


# --- Browsers ---------------------------------------------------------------------------------------------


def try_sign_ins(ctx: Context, browser_digest: str) -> Sequence[Row[int, int, int, int]]:
    """Counts one more code against each sign-in that this browser waits for, and says which ones may still be tried."""
    tried = (
        update(SignIn)
        .where(SignIn.browser_digest == browser_digest, SignIn.used_at.is_(None), SignIn.expires_at > ctx.now)
        .where(SignIn.code_tries < SIGN_IN_TRIES)
        # In one statement: of many guesses at once each counts.
        .values(code_tries=SignIn.code_tries + 1)
        .returning(SignIn.id, SignIn.organisation_id, SignIn.staff_id, SignIn.code_tries)
    )
    return ctx.session.execute(tried, execution_options={"all_organisations": True, "synchronize_session": False}).all()


def session_staff(ctx: Context, digest: str) -> StaffActor | None:
    """Whose browser this is, as long as the session lasts and nothing ended it."""
    query = (
        select(StaffSession.organisation_id, StaffSession.staff_id)
        .join(StaffMember, StaffMember.id == StaffSession.staff_id)
        .where(
            StaffSession.digest == digest,
            StaffSession.expires_at > ctx.now,
            StaffSession.username == StaffMember.username,
            StaffMember.disabled_at.is_(None),
        )
    )
    found = ctx.session.execute(query, execution_options={"all_organisations": True}).one_or_none()
    return StaffActor(found.organisation_id, found.staff_id, Door.WEB) if found else None


# --- Slack ------------------------------------------------------------------------------------------------


def slack_staff(ctx: Context, visitor: SlackVisitor) -> StaffActor | None:
    """The staff member whom this Slack user confirmed to be, in the organisation the workspace is bound to."""
    query = (
        select(SlackUser.organisation_id, SlackUser.staff_id)
        .join(SlackWorkspace, SlackWorkspace.id == SlackUser.workspace_id)
        .join(StaffMember, StaffMember.id == SlackUser.staff_id)
        .where(
            *_is_workspace(visitor),
            SlackUser.user_id == visitor.user_id,
            SlackUser.confirmed_at.is_not(None),
            StaffMember.disabled_at.is_(None),
        )
    )
    found = ctx.session.execute(query, execution_options={"all_organisations": True}).one_or_none()
    return StaffActor(found.organisation_id, found.staff_id, visitor.door) if found else None


def workspace_of(ctx: Context, visitor: SlackVisitor) -> SlackWorkspace | None:
    """The bound workspace; the transaction enters its organisation."""
    query = select(SlackWorkspace.organisation_id, SlackWorkspace.id).where(*_is_workspace(visitor))
    found = ctx.session.execute(query, execution_options={"all_organisations": True}).one_or_none()
    if found is None:
        return None
    enter_organisation(ctx, found.organisation_id)
    return ctx.session.get(SlackWorkspace, found.id)


def _is_workspace(visitor: SlackVisitor) -> tuple[Any, ...]:
    return (
        SlackWorkspace.enterprise_id == visitor.enterprise_id,
        SlackWorkspace.team_id == visitor.team_id,
        SlackWorkspace.removed_at.is_(None),
    )


# --- Organisations ----------------------------------------------------------------------------------------


def organisation_by_slug(ctx: Context, slug: str) -> Organisation:
    """For operators and for set-up codes. Raises OrganisationNotFound."""
    found = ctx.session.scalars(select(Organisation).where(Organisation.slug == folded(slug))).one_or_none()
    if found is None:
        raise OrganisationNotFound(slug=slug)
    return found
