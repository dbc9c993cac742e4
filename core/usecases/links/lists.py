"""The list of an organisation's shared links: current ones, and those that expired at most six months ago."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import or_, select

from core import access
from core.access import Permission
from core.context import Context
from core.model import CourseRun, SharedLink, StaffMember
from core.pages import page_within
from core.rules.policy import PAGE_ROWS, SHARED_LINK_COURSE_LIFE, SHARED_LINK_MEMORY
from core.rules.text import folded
from core.usecases.links.showing import SharedLinkShown, code_of, is_forgotten, shown
from core.usecases.links.states import END_MARGIN, LinkNow, links_now, may_end_by
from core.words import SharedLinkState

# As many ids as SQLite takes in one statement, by far.
_AT_ONCE = 5000


class ListSharedLinks(Struct, frozen=True):
    """``search`` matches code and title; empty lists all. Pages count from 1."""

    search: str = ""
    page: int = 1


class SharedLinksListed(Struct, frozen=True):
    """Current ones first, then expired ones; each soonest end first."""

    links: tuple[SharedLinkShown, ...]
    page: int
    page_count: int
    total: int
    search: str


def list_shared_links(ctx: Context, command: ListSharedLinks) -> SharedLinksListed:
    staff = access.require_staff(ctx, Permission.VIEW)
    wanted = folded(command.search).split()
    fitting = [now for now in _listed(ctx, staff) if _matches(now, wanted)]
    fitting.sort(key=lambda now: (now.state is SharedLinkState.EXPIRED, now.end.at, now.course.code, now.link.id))
    page, page_count = page_within(command.page, len(fitting))
    rows = fitting[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    return SharedLinksListed(tuple(shown(ctx, rows)), page, page_count, len(fitting), command.search)


def count_ending(ctx: Context, staff: StaffMember, until: datetime) -> int:
    """How many links work now and will not at that moment. Two queries; the caller has authorised."""
    ids = ctx.session.scalars(
        select(SharedLink.id)
        .outerjoin(CourseRun, CourseRun.id == SharedLink.run_id)
        .where(
            SharedLink.organisation_id == staff.organisation_id,
            may_end_by(until),
        )
    ).all()
    granted = access.granted_provider_ids(ctx, staff)
    near = [now for now in links_now(ctx, ids) if ctx.now < now.end.at <= until]
    return sum(_is_granted(now, staff, granted) for now in near)


def links_to(ctx: Context, run: CourseRun) -> list[SharedLinkShown]:
    """The live links by which somebody comes to this run: its own, or its open course's. The caller has authorised."""
    ids = ctx.session.scalars(
        select(SharedLink.id).where(
            SharedLink.course_id == run.course_id,
            or_(SharedLink.run_id.is_(None), SharedLink.run_id == run.id),
            SharedLink.revoked_at.is_(None),
            SharedLink.replaced_at.is_(None),
        )
    ).all()
    return shown(ctx, [now for now in links_now(ctx, ids) if not is_forgotten(now, ctx.now)])


def _listed(ctx: Context, staff: StaffMember) -> list[LinkNow]:
    """At most one a course or run is live, so they are few enough to sort by what is derived."""
    longest = SHARED_LINK_COURSE_LIFE + SHARED_LINK_MEMORY
    ids = ctx.session.scalars(
        select(SharedLink.id).where(
            SharedLink.revoked_at.is_(None),
            SharedLink.replaced_at.is_(None),
            # A few more than can be listed; ``is_forgotten`` is exact.
            SharedLink.counted_from > ctx.now - longest - END_MARGIN,
        )
    ).all()
    granted = access.granted_provider_ids(ctx, staff)
    return [
        now
        for start in range(0, len(ids), _AT_ONCE)
        for now in links_now(ctx, ids[start : start + _AT_ONCE])
        if not is_forgotten(now, ctx.now) and _is_granted(now, staff, granted)
    ]


def _is_granted(now: LinkNow, staff: StaffMember, granted: frozenset[int] | None) -> bool:
    provider_id = now.course.provider_id
    is_ours = now.course.organisation_id == staff.organisation_id
    return granted is None or provider_id is None or not is_ours or provider_id in granted


def _matches(now: LinkNow, wanted: list[str]) -> bool:
    text = folded(f"{code_of(now)} {now.course.code} {now.course.title} {now.course.partner}")
    return all(word in text for word in wanted)
