"""The runs and courses that an organisation can reach: its own, and others' under an agreement that is current (LM)."""

import difflib
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Row, bindparam, exists, or_, select
from sqlalchemy.orm import contains_eager
from sqlalchemy.orm.interfaces import LoaderOption

from core.access.scope import reaching_every_row
from core.context import Context
from core.errors import RunNotFound
from core.model import (
    Agreement,
    Base,
    Course,
    CourseRun,
    Enrolment,
    Invitation,
    InvitationBatch,
    InvitationChange,
    Organisation,
)
from core.queries import Query
from core.rules.text import folded


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
_REACHABLE_CODES: Final = Query(REACHABLE_RUNS.with_only_columns(CourseRun.code, CourseRun.ends_at))
# Shorter words begin too many codes.
_HEAD_CHARACTERS: Final = 3
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
    known = _REACHABLE_CODES.run(ctx, organisation_id=organisation_id, now=ctx.now).all()
    ends = {row.code: row.ends_at for row in known}
    raise RunNotFound(run=code, nearest=_nearest(wanted, ends, ctx.now))


def _nearest(wanted: str, ends: Mapping[str, datetime | None], now: datetime) -> tuple[str, ...]:
    """At most three. Of those that are as near as one another, as all runs of a course are to its code, past ones come
    last.
    """
    heads = {code[: len(wanted)] for code in ends} if len(wanted) >= _HEAD_CHARACTERS else set()
    near_heads = set(difflib.get_close_matches(wanted, heads, n=3, cutoff=0.75))
    near = difflib.get_close_matches(wanted, ends, n=3, cutoff=0.5)
    begun = {code for code in ends if code[: len(wanted)] in near_heads}

    def rank(code: str) -> tuple[float, bool, str]:
        likeness = difflib.SequenceMatcher(None, wanted, code[: len(wanted)] if code in begun else code).ratio()
        end = ends[code]
        return -round(likeness, 1), end is not None and end <= now, code

    return tuple(sorted({*near, *begun}, key=rank)[:3])


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


class KnownAgreement(Struct, frozen=True):
    """``course_code`` and ``course_title`` are empty where it is about all of their courses."""

    agreement: Agreement
    owner: str
    slug: str
    course_code: str
    course_title: str


_AGREEMENTS: Final = Query(
    select(Agreement, Organisation.name, Organisation.slug, Course.code, Course.title)
    .join(Organisation, Organisation.id == Agreement.owner_id)
    .outerjoin(Course, Course.id == Agreement.course_id)
    .where(Agreement.organisation_id == bindparam("organisation_id"), *_IS_CURRENT)
    .order_by(Organisation.slug, Course.code, Agreement.starts_at, Agreement.id)
)


def agreements_of(ctx: Context, organisation_id: int) -> tuple[KnownAgreement, ...]:
    """The current ones, with the names of those whose courses they are about."""
    found = _AGREEMENTS.run(ctx, organisation_id=organisation_id, now=ctx.now)
    return tuple(KnownAgreement(row[0], row[1], row[2], row[3] or "", row[4] or "") for row in found)


def used_runs(ctx: Context, run_ids: Sequence[int]) -> frozenset[int]:
    """Those that any organisation has something about: an invitation, an enrolment, a link, a preview."""
    return _referred(ctx, CourseRun, run_ids)


def used_courses(ctx: Context, course_ids: Sequence[int]) -> frozenset[int]:
    """Those that have a run, or something else of any organisation."""
    return _referred(ctx, Course, course_ids)


def _referred(ctx: Context, model: type[Course] | type[CourseRun], ids: Sequence[int]) -> frozenset[int]:
    """By foreign key, of whatever table: what is referred to cannot be deleted."""
    places = [
        key.parent
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == model.__tablename__
    ]
    looks = [select(place).where(place.in_(ids)).distinct() for place in places]
    with reaching_every_row(ctx) as connection:
        found = [connection.scalars(look, execution_options={"all_organisations": True}).all() for look in looks]
    return frozenset(chain.from_iterable(found))


_FED_RUNS: Final = Query(
    _RUNS.with_only_columns(
        CourseRun.id,
        CourseRun.organisation_id,
        CourseRun.code,
        CourseRun.uuid,
        CourseRun.slug,
        CourseRun.title,
        CourseRun.starts_at,
        CourseRun.time_zone,
        CourseRun.step_count,
        Course.code.label("course_code"),
        Course.uuid.label("course_uuid"),
        Course.title.label("course_title"),
        Course.provider_id,
    ).where(
        or_(
            CourseRun.organisation_id == bindparam("organisation_id"),
            _IS_AGREED,
            # An agreement may have ended since: who joined then is still on the run.
            exists().where(Enrolment.run_id == CourseRun.id, Enrolment.organisation_id == bindparam("organisation_id")),
        ),
        or_(
            CourseRun.id.in_(bindparam("ids", expanding=True)),
            CourseRun.code.in_(bindparam("codes", expanding=True)),
            CourseRun.slug.in_(bindparam("slugs", expanding=True)),
            CourseRun.uuid.in_(bindparam("uuids", expanding=True)),
            CourseRun.title.in_(bindparam("titles", expanding=True)),
            Course.title.in_(bindparam("titles", expanding=True)),
            Course.uuid.in_(bindparam("course_uuids", expanding=True)),
            Course.code.in_(bindparam("course_codes", expanding=True)),
        ),
    )
)


def fed_runs(ctx: Context, organisation_id: int, **named: Sequence[object]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Those that a feed of progress may mean: own ones, agreed ones, and any that a learner of ours has joined."""
    return _FED_RUNS.run(ctx, organisation_id=organisation_id, now=ctx.now, **named).all()
