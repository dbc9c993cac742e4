"""Looking after shared links: make or be offered one, list, pause, resume, revoke, extend, settings (LM).

A change tells which link and what happened, not the link itself: an answer may be kept under an idempotency key, and
no link is stored. Doors then show it with ``show_shared_link``.
"""

from msgspec import Struct
from sqlalchemy import select

from core import access
from core.access import Permission
from core.context import Context
from core.errors import CoursePaidFor, RunNotFound, SharedLinkClosed, SharedLinkNotFound, UndoOver
from core.model import Course, CourseRun, SharedLink, StaffMember
from core.rules.policy import UNDO_LIFE
from core.usecases.catalogue.runs import require_choosable
from core.usecases.invitations.batch_rows import provider_of
from core.usecases.links.showing import LinkEvent, SharedLinkShown, code_of, is_forgotten, shown
from core.usecases.links.states import LinkNow, link_now, links_now
from core.words import AccessModel, CourseKind, SharedLinkState, Subject


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
