"""What a shared link is worth right now: its end, its state, and the run to which it leads at this moment.

The state is the first that fits: revoked, expired, paused, full, waiting, open. Nothing of it is stored.
"""

import functools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select
from sqlalchemy.orm import aliased

from core import access
from core.context import Context
from core.model import Agreement, Course, CourseRun, Organisation, SharedLink
from core.queries import Query, columns_of, copy_of
from core.rules.expiry import LinkEnd, course_link_end, run_link_end
from core.rules.links import LinkTarget
from core.rules.policy import SHARED_LINK_COURSE_LIFE, SHARED_LINK_RUN_LIFE
from core.rules.zones import zone_named
from core.words import SharedLinkState

END_MARGIN: Final = timedelta(days=3)
"""What SQL counts in hours ends with a day of some zone: that much later at most."""


class LinkNow(Struct, frozen=True):
    """Rows and what follows from them; for use cases only. ``run`` takes learners at this moment."""

    link: SharedLink
    course: Course
    organisation: str
    own_run: CourseRun | None
    """The run that the link is for; None: it is for an open course."""
    run: CourseRun | None
    agreement: Agreement | None
    end: LinkEnd
    state: SharedLinkState
    time_zone: str


_each = aliased(CourseRun)
_current_run = (
    select(_each.id)
    .where(
        _each.course_id == SharedLink.course_id,
        or_(_each.ends_at.is_(None), _each.ends_at > bindparam("now")),
        or_(_each.enrolment_closes_at.is_(None), _each.enrolment_closes_at > bindparam("now")),
        or_(_each.enrolment_opens_at.is_(None), _each.enrolment_opens_at <= bindparam("now")),
    )
    .order_by(_each.starts_at, _each.code)
    .limit(1)
    .correlate(SharedLink)
    .scalar_subquery()
)
_LINKS = (
    select(SharedLink, Course, Organisation.name, Organisation.time_zone, CourseRun)
    .join(Course, Course.id == SharedLink.course_id)
    .join(Organisation, Organisation.id == SharedLink.organisation_id)
    .outerjoin(CourseRun, CourseRun.id == func.coalesce(SharedLink.run_id, _current_run))
)
_NOW = Query(_LINKS.options(access.with_course()).where(SharedLink.id.in_(bindparam("ids", expanding=True))))
_OF_LINK, _OF_COURSE, _OF_RUN = columns_of(SharedLink), columns_of(Course), columns_of(CourseRun)
# It runs at every click.
_HELD = Query(
    _LINKS.with_only_columns(
        SharedLink.organisation_id,
        Organisation.name,
        Organisation.time_zone,
        *_OF_LINK,
        *_OF_COURSE,
        *_OF_RUN,
    ).where(SharedLink.id == bindparam("id"), SharedLink.generation == bindparam("generation"))
)


class _Rows(Struct, frozen=True):
    """For reading only: shared by all clicks that find the same."""

    link: SharedLink
    course: Course
    organisation: str
    organisation_zone: str
    run: CourseRun | None


def held_link(ctx: Context, target: LinkTarget) -> LinkNow:
    """The link that somebody holds, for reading only. One query, as ``links_now``. Raises LinkNotFound."""
    rows = _rows(tuple(access.row_of_shared_link(ctx, target, _HELD)))
    agreements = access.agreements_for(ctx, rows.link.organisation_id, [rows.course])
    return _now(ctx, rows, agreements.get(rows.course.id))


# Of ten thousand clicks all but one find the same values: making objects of them costs five times the query.
@functools.lru_cache(maxsize=256)
def _rows(values: tuple[Any, ...]) -> _Rows:
    _, organisation, zone, *rest = values
    of_course, of_run = rest[len(_OF_LINK) :], rest[-len(_OF_RUN) :]
    course = copy_of(Course, of_course[: len(_OF_COURSE)])
    run = copy_of(CourseRun, of_run, course=course) if any(of_run) else None
    return _Rows(copy_of(SharedLink, rest[: len(_OF_LINK)]), course, organisation, zone, run)


def links_now(ctx: Context, ids: Sequence[int]) -> list[LinkNow]:
    """One query, and one more where a course is another organisation's. The caller has authorised."""
    rows = _NOW.run(ctx, ids=list(ids), now=ctx.now).all()
    if not rows:
        return []
    courses = [row.Course for row in rows]
    agreements = access.agreements_for(ctx, rows[0].SharedLink.organisation_id, courses)
    return [_now(ctx, _Rows(*row), agreements.get(row.Course.id)) for row in rows]


def link_now(ctx: Context, link_id: int) -> LinkNow:
    """Of one that is there. The caller has authorised."""
    (now,) = links_now(ctx, (link_id,))
    return now


def _now(ctx: Context, rows: _Rows, agreement: Agreement | None) -> LinkNow:
    link, course, found = rows.link, rows.course, rows.run
    own_run = found if link.run_id is not None else None
    time_zone = own_run.time_zone if own_run is not None else rows.organisation_zone
    end = _end(link, own_run, time_zone)
    is_ours = course.organisation_id == link.organisation_id
    run = found if found is not None and _takes(found, ctx.now) and (is_ours or agreement is not None) else None
    state = _state(link, end, run, ctx.now)
    return LinkNow(link, course, rows.organisation, own_run, run, agreement, end, state, time_zone)


def _end(link: SharedLink, own_run: CourseRun | None, time_zone: str) -> LinkEnd:
    zone = zone_named(time_zone)
    if own_run is None:
        return course_link_end(link.counted_from, zone)
    return run_link_end(link.counted_from, own_run.enrolment_closes_at, own_run.ends_at, zone)


def _takes(run: CourseRun, now: datetime) -> bool:
    has_opened = run.enrolment_opens_at is None or run.enrolment_opens_at <= now
    return has_opened and not run.is_closed(now)


def _state(link: SharedLink, end: LinkEnd, run: CourseRun | None, now: datetime) -> SharedLinkState:
    if link.revoked_at is not None or link.replaced_at is not None:
        return SharedLinkState.REVOKED
    if end.at <= now:
        return SharedLinkState.EXPIRED
    if link.paused_at is not None:
        return SharedLinkState.PAUSED
    if link.is_full:
        return SharedLinkState.FULL
    return SharedLinkState.WAITING if run is None else SharedLinkState.OPEN


def may_end_by(moment: datetime) -> ColumnElement[bool]:
    """Of links that live a few more than end until then; ``LinkNow.end`` is exact. For a query with their runs."""
    soon = moment + END_MARGIN
    return and_(
        SharedLink.revoked_at.is_(None),
        SharedLink.replaced_at.is_(None),
        or_(
            SharedLink.counted_from < soon - SHARED_LINK_COURSE_LIFE,
            and_(
                SharedLink.run_id.is_not(None),
                or_(
                    SharedLink.counted_from < soon - SHARED_LINK_RUN_LIFE,
                    CourseRun.enrolment_closes_at <= soon,
                    CourseRun.ends_at <= soon,
                ),
            ),
        ),
    )


def openings(ctx: Context, waiting: Sequence[LinkNow]) -> dict[int, datetime]:
    """By link id: when the next run of the course begins to take learners, where that is known. One query."""
    if not waiting:
        return {}
    rows = ctx.session.execute(
        select(CourseRun.course_id, CourseRun.id, CourseRun.enrolment_opens_at)
        .where(
            CourseRun.course_id.in_({each.course.id for each in waiting}),
            CourseRun.enrolment_opens_at > ctx.now,
            or_(CourseRun.ends_at.is_(None), CourseRun.ends_at > ctx.now),
        )
        .order_by(CourseRun.enrolment_opens_at.desc())
    ).all()
    return {
        each.link.id: row.enrolment_opens_at
        for row in rows
        for each in waiting
        if row.course_id == each.course.id and each.link.run_id in (None, row.id)
    }
