"""A shared link as its staff see it: who made it, who joined by it, where it leads now."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct
from sqlalchemy import func, select

from core.context import Context
from core.model import Enrolment, StaffMember
from core.rules.links import LinkKind
from core.rules.policy import SHARED_LINK_MEMORY
from core.usecases.links.states import LinkNow, openings
from core.words import CourseKind, LinkRule, SharedLinkState

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


def is_forgotten(now: LinkNow, at: datetime) -> bool:
    """Expired so long ago that it is no longer listed: kept for the audit only."""
    return now.end.at + SHARED_LINK_MEMORY <= at


def code_of(now: LinkNow) -> str:
    return now.own_run.code if now.own_run is not None else now.course.code


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
