"""Looking after shared links: make or be offered one, list, pause, resume, revoke, extend, settings (LM).

A change tells which link and what happened, not the link itself: an answer may be kept under an idempotency key, and
no link is stored. Doors then show it with ``show_shared_link``.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct
from sqlalchemy import func, select

from core import access
from core.access import Permission
from core.context import Context
from core.errors import (
    CoursePaidFor,
    RunNotFound,
    SharedLinkClosed,
    SharedLinkNotFound,
    UndoOver,
)
from core.model import Course, CourseRun, Enrolment, SharedLink, StaffMember
from core.rules.links import LinkKind
from core.rules.policy import SHARED_LINK_MEMORY, UNDO_LIFE
from core.usecases.catalogue.runs import require_choosable
from core.usecases.invitations.batch_rows import provider_of
from core.usecases.links.states import LinkNow, link_now, links_now, openings
from core.words import AccessModel, CourseKind, LinkRule, SharedLinkState, Subject

_WEEK = timedelta(days=7)


class LinkEvent(StrEnum):
    CREATED = "created"
    FOUND = "found"
    """It was there already: one for each course or run."""
    EXPIRED = "expired"
    """It was there, and is over; it can be extended."""
    PAUSED = "paused"
    RESUMED = "resumed"
    REVOKED = "revoked"
    RESTORED = "restored"
    EXTENDED = "extended"
    CHANGED = "changed"


class CreateSharedLink(Struct, frozen=True):
    """``code`` of a run or a course, as typed."""

    code: str


class PauseSharedLink(Struct, frozen=True):
    link_id: int


class ResumeSharedLink(Struct, frozen=True):
    link_id: int


class RevokeSharedLink(Struct, frozen=True):
    link_id: int


class RestoreSharedLink(Struct, frozen=True):
    """Undoes a revocation."""

    link_id: int


class ExtendSharedLink(Struct, frozen=True):
    link_id: int


class SharedLinkChanged(Struct, frozen=True):
    link_id: int
    event: LinkEvent
    title: str


class ShowSharedLink(Struct, frozen=True):
    link_id: int


class SharedLinkShown(Struct, frozen=True):
    """Whoever has ``url`` can join: every door says so beside it."""

    link_id: int
    url: str
    code: str
    """The run's, or the course's where the link is for an open course."""
    title: str
    kind: CourseKind
    state: SharedLinkState
    ends_at: datetime
    ends_by: LinkRule
    time_zone: str
    leads_to: str
    """Code of the run that somebody who joins now gets; empty: none takes learners."""
    opens_at: datetime | None
    joins: int
    joins_of_week: int
    use_cap: int | None
    allowed_domains: tuple[str, ...]
    confirms_address: bool
    """Also true where domains are allowed."""
    made_by: str
    can_extend: bool
    event: LinkEvent | None = None
    """What has just happened to it, where something has."""


def create_shared_link(ctx: Context, command: CreateSharedLink) -> SharedLinkChanged:
    """Asking again offers the one that is there. Raises RunNotFound, CoursePaidFor, RunNotChoosable."""
    staff = access.require_staff(ctx, Permission.INVITE)
    course, run = _target(ctx, staff, command.code)
    known = _live_one(ctx, course, run)
    if known is not None:
        now = link_now(ctx, known.id)
        if not is_forgotten(now, ctx.now):
            event = LinkEvent.EXPIRED if now.state is SharedLinkState.EXPIRED else LinkEvent.FOUND
            return SharedLinkChanged(known.id, event, course.title)
        known.replaced_at = ctx.now
        ctx.session.flush()
    link = _new_link(ctx, staff, course, run)
    about_link(ctx, link)
    return SharedLinkChanged(link.id, LinkEvent.CREATED, course.title)


def show_shared_link(ctx: Context, command: ShowSharedLink) -> SharedLinkShown:
    staff = access.require_staff(ctx, Permission.VIEW)
    now = seen_link(ctx, staff, command.link_id)
    return shown(ctx, [now])[0]


def pause_shared_link(ctx: Context, command: PauseSharedLink) -> SharedLinkChanged:
    """Pausing twice pauses once."""
    staff = access.require_staff(ctx, Permission.INVITE)
    now = working_link(ctx, staff, command.link_id)
    now.link.paused_at = now.link.paused_at or ctx.now
    return _changed(ctx, now, LinkEvent.PAUSED)


def resume_shared_link(ctx: Context, command: ResumeSharedLink) -> SharedLinkChanged:
    staff = access.require_staff(ctx, Permission.INVITE)
    now = working_link(ctx, staff, command.link_id)
    now.link.paused_at = None
    return _changed(ctx, now, LinkEvent.RESUMED)


def revoke_shared_link(ctx: Context, command: RevokeSharedLink) -> SharedLinkChanged:
    """For good after ten minutes: whoever wants another one makes a new link with a new address."""
    staff = access.require_staff(ctx, Permission.INVITE)
    now = seen_link(ctx, staff, command.link_id)
    now.link.revoked_at = now.link.revoked_at or ctx.now
    return _changed(ctx, now, LinkEvent.REVOKED)


def restore_shared_link(ctx: Context, command: RestoreSharedLink) -> SharedLinkChanged:
    """Raises UndoOver, or SharedLinkClosed when another link has taken its place."""
    staff = access.require_staff(ctx, Permission.INVITE)
    now = seen_link(ctx, staff, command.link_id)
    if now.link.revoked_at is not None:
        _require_restorable(ctx, now)
        now.link.revoked_at = None
    return _changed(ctx, now, LinkEvent.RESTORED)


def extend_shared_link(ctx: Context, command: ExtendSharedLink) -> SharedLinkChanged:
    """The same link; its time is counted from now. Raises SharedLinkClosed where that cannot help."""
    staff = access.require_staff(ctx, Permission.INVITE)
    now = seen_link(ctx, staff, command.link_id)
    if now.state is SharedLinkState.REVOKED or is_forgotten(now, ctx.now):
        raise _gone()
    if now.own_run is not None and now.own_run.is_closed(ctx.now):
        raise SharedLinkClosed(
            state="cannot be extended: its run takes nobody any more", next_step="Make a link to a later run."
        )
    now.link.counted_from = ctx.now
    return _changed(ctx, now, LinkEvent.EXTENDED)


# --- Finding ----------------------------------------------------------------------------------------------


def seen_link(ctx: Context, staff: StaffMember, link_id: int) -> LinkNow:
    """Raises SharedLinkNotFound, ProviderNotGranted."""
    rows = links_now(ctx, (link_id,))
    if not rows:
        raise SharedLinkNotFound
    access.require_provider_of(ctx, staff, rows[0].course, code_of(rows[0]))
    return rows[0]


def working_link(ctx: Context, staff: StaffMember, link_id: int) -> LinkNow:
    """Raises SharedLinkClosed besides."""
    now = seen_link(ctx, staff, link_id)
    if now.state in (SharedLinkState.REVOKED, SharedLinkState.EXPIRED):
        raise _gone()
    return now


def _gone() -> SharedLinkClosed:
    return SharedLinkClosed(state="is over", next_step="Make a new one with “links” and the code of the run or course.")


def is_forgotten(now: LinkNow, at: datetime) -> bool:
    """Expired so long ago that it is no longer listed: kept for the audit only."""
    return now.end.at + SHARED_LINK_MEMORY <= at


def code_of(now: LinkNow) -> str:
    return now.own_run.code if now.own_run is not None else now.course.code


def _changed(ctx: Context, now: LinkNow, event: LinkEvent) -> SharedLinkChanged:
    about_link(ctx, now.link)
    return SharedLinkChanged(now.link.id, event, now.course.title)


def _require_restorable(ctx: Context, now: LinkNow) -> None:
    if now.link.revoked_at is not None and now.link.revoked_at + UNDO_LIFE <= ctx.now:
        minutes = int(UNDO_LIFE.total_seconds() // 60)
        raise UndoOver(
            reason=f"This link was taken back more than {minutes} minutes ago.",
            next_step=f"Make a new link with “links {code_of(now)}”.",
        )
    if _live_one(ctx, now.course, now.own_run) is not None:
        raise SharedLinkClosed(state="has a successor", next_step=f"“links {code_of(now)}” shows it.")


# --- Making -----------------------------------------------------------------------------------------------


def _target(ctx: Context, staff: StaffMember, code: str) -> tuple[Course, CourseRun | None]:
    """The run of an invite-only course, or an open course, by the code of either."""
    try:
        run = access.run_by_code(ctx, staff.organisation_id, code)
    except RunNotFound as unknown:
        course = access.course_by_code(ctx, staff.organisation_id, code)
        if course is None:
            raise
        if course.kind is CourseKind.INVITE_ONLY:
            raise RunNotFound(run=code, nearest=_run_codes(ctx, course)) from unknown
        _require_shareable(ctx, staff, course, code)
        return course, None
    _require_shareable(ctx, staff, run.course, code)
    if run.course.kind is CourseKind.OPEN:
        return run.course, None
    require_choosable(ctx, staff, run)
    return run.course, run


def _require_shareable(ctx: Context, staff: StaffMember, course: Course, code: str) -> None:
    access.require_provider_of(ctx, staff, course, code)
    if course.model is AccessModel.PAID_FOR:
        raise CoursePaidFor(course=course.title)


def _run_codes(ctx: Context, course: Course) -> tuple[str, ...]:
    query = select(CourseRun).where(CourseRun.course_id == course.id).order_by(CourseRun.starts_at)
    return tuple(run.code for run in ctx.session.scalars(query) if not run.is_closed(ctx.now))[:3]


def about_link(ctx: Context, link: SharedLink) -> None:
    """For the audit."""
    ctx.about(Subject.LINK, link.id)
    if link.run_id is not None:
        ctx.within(Subject.RUN, link.run_id)


def _live_one(ctx: Context, course: Course, run: CourseRun | None) -> SharedLink | None:
    wanted = SharedLink.run_id.is_(None) if run is None else SharedLink.run_id == run.id
    query = select(SharedLink).where(
        SharedLink.course_id == course.id,
        wanted,
        SharedLink.revoked_at.is_(None),
        SharedLink.replaced_at.is_(None),
    )
    return ctx.session.scalars(query).one_or_none()


def _new_link(ctx: Context, staff: StaffMember, course: Course, run: CourseRun | None) -> SharedLink:
    """Two colleagues who ask at once: the index lets one through, and the other's second try finds it."""
    link = SharedLink(
        id=ctx.tokens.new_id(),
        organisation_id=staff.organisation_id,
        course_id=course.id,
        run_id=run.id if run is not None else None,
        staff_id=staff.id,
        provider_id=provider_of(ctx, staff, course),
        created_at=ctx.now,
        counted_from=ctx.now,
    )
    ctx.session.add(link)
    ctx.session.flush()
    return link


# --- Showing ----------------------------------------------------------------------------------------------


def shown(ctx: Context, links: list[LinkNow]) -> list[SharedLinkShown]:
    """Three queries, however many links. The caller has authorised."""
    joins = _joins(ctx, [now.link.id for now in links])
    makers = _makers(ctx, {now.link.staff_id for now in links})
    opening = openings(ctx, [now for now in links if now.state is SharedLinkState.WAITING])
    return [
        _shown(ctx, now, joins.get(now.link.id, (0, 0)), makers[now.link.staff_id], opening.get(now.link.id))
        for now in links
    ]


def _shown(
    ctx: Context, now: LinkNow, joins: tuple[int, int], made_by: str, opens_at: datetime | None
) -> SharedLinkShown:
    link = now.link
    is_closed = now.own_run is not None and now.own_run.is_closed(ctx.now)
    return SharedLinkShown(
        link_id=link.id,
        url=f"{ctx.settings.base_url}/j/{ctx.links.token(LinkKind.SHARED, link.id, link.generation)}",
        code=code_of(now),
        title=now.course.title,
        kind=now.course.kind,
        state=now.state,
        ends_at=now.end.at,
        ends_by=now.end.by,
        time_zone=now.time_zone,
        leads_to=now.run.code if now.run is not None else "",
        opens_at=opens_at,
        joins=joins[0],
        joins_of_week=joins[1],
        use_cap=link.use_cap,
        allowed_domains=link.domains,
        confirms_address=link.must_confirm,
        made_by=made_by,
        can_extend=now.state is not SharedLinkState.REVOKED and not is_closed and not is_forgotten(now, ctx.now),
    )


def _joins(ctx: Context, ids: list[int]) -> dict[int, tuple[int, int]]:
    """By link: all, and those of the last seven days."""
    lately = func.count().filter(Enrolment.enrolled_at > ctx.now - _WEEK)
    rows: Any = ctx.session.execute(
        select(Enrolment.shared_link_id, func.count().label("every"), lately.label("lately"))
        .where(Enrolment.shared_link_id.in_(ids))
        .group_by(Enrolment.shared_link_id)
    )
    return {row.shared_link_id: (row.every, row.lately) for row in rows}


def _makers(ctx: Context, staff_ids: set[int]) -> dict[int, str]:
    query = select(StaffMember).where(StaffMember.id.in_(staff_ids))
    return {staff.id: staff.name for staff in ctx.session.scalars(query)}
