"""The rows of an export of progress, one a learner and run, piece by piece: never all of them at once.

One statement reads them, in one snapshot, through a cursor at the server; the few values of their runs are read before.
Learners who were removed are left out, and so is who is of a provider that the asker does not look after.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from msgspec import Struct
from sqlalchemy import Integer, String, and_, bindparam, func, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from core import access
from core.context import Context
from core.model import Course, CourseRun, Enrolment, Learner, Progress, StaffMember
from core.queries import Query
from core.usecases.learners.addresses import FIRST_ADDRESS

ROWS_AT_ONCE: Final = 1000


class _MomentText(FunctionElement[str]):
    """A moment as the database writes it, for making an object of each costs more than all the rest of its cell."""

    type = String()
    inherit_cache = True


@compiles(_MomentText, "sqlite")
def _sqlite_text(element: Any, compiler: Any, **options: Any) -> str:
    stored = compiler.process(element.clauses, **options)
    return f"substr({stored}, 1, 19) || ' UTC'"


@compiles(_MomentText, "postgresql")
def _postgresql_text(element: Any, compiler: Any, **options: Any) -> str:
    stored = compiler.process(element.clauses, **options)
    return f"""to_char({stored} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')"""


class _NotSought(FunctionElement[int]):
    """A column that SQLite is not to look for in an index; PostgreSQL counts its rows and knows better."""

    type = Integer()
    inherit_cache = True


@compiles(_NotSought, "sqlite")
def _not_sought(element: Any, compiler: Any, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"


@compiles(_NotSought, "postgresql")
def _as_it_is(element: Any, compiler: Any, **options: Any) -> str:
    column: str = compiler.process(element.clauses, **options)
    return column


class RunValues(NamedTuple):
    """What all learners of a run share."""

    starts_at: datetime
    time_zone: str
    slug: str
    title: str
    course_uuid: str
    uuid: str


class ProgressRows(Struct, frozen=True):
    runs: dict[int, RunValues]
    pieces: Iterator[Sequence[Any]]
    """Of rows with the COLUMNS."""


_P = Progress
COLUMNS: Final = (
    Enrolment.run_id, _P.membership_id, func.coalesce(FIRST_ADDRESS, Learner.email), Learner.first_name,
    Learner.last_name, _P.profile_url, _P.steps_completed, _P.comments_posted, _P.average_test_score,
    _MomentText(func.coalesce(_P.left_at, Enrolment.left_at)), _P.partner_course_code, _P.partner_run_code,
    _MomentText(_P.last_step_at), _MomentText(_P.last_comment_at), _P.step_percentage,
)  # fmt: skip
_SEEN: Final = or_(
    bindparam("is_whole"), Learner.provider_id.is_(None), Learner.provider_id.in_(bindparam("granted", expanding=True))
)
_RUN_SEEN: Final = or_(
    bindparam("is_whole"),
    Course.organisation_id != bindparam("organisation_id"),
    Course.provider_id.is_(None),
    Course.provider_id.in_(bindparam("granted", expanding=True)),
)
# By the learner: the index that finds all of a run is three times as wide, which is a tenth of the reading (measured).
_IS_THEIRS: Final = and_(_P.learner_id == Enrolment.learner_id, _NotSought(_P.run_id) == Enrolment.run_id, _P.is_latest)
# By name, and so in the order of the index that finds those who are there (``ix_learner_search``): nothing is sorted,
# whatever their number. In any other order SQLite sorts them all, which was half of an export of a hundred thousand.
_ALL: Final = (
    select(*COLUMNS)
    .select_from(Learner)
    .join(Enrolment, Enrolment.learner_id == Learner.id)
    .outerjoin(_P, _IS_THEIRS)
    .where(Learner.removed_at.is_(None), _SEEN)
    .order_by(Learner.search_words, Learner.id, Enrolment.run_id)
)
_IS_OF_RUN: Final = Enrolment.run_id == bindparam("run_id")


def _with_run_seen(query: Any) -> Any:
    joined = query.join(CourseRun, CourseRun.id == Enrolment.run_id).join(Course, Course.id == CourseRun.course_id)
    return joined.where(_RUN_SEEN)


_OF_ALL: Final = Query(_ALL)
_OF_GRANTED: Final = Query(_with_run_seen(_ALL))
_OF_RUN: Final = Query(_ALL.where(_IS_OF_RUN))
_RUNS: Final = Query(
    select(CourseRun.id, CourseRun.starts_at, CourseRun.time_zone, CourseRun.slug, CourseRun.title, Course.uuid,
           CourseRun.uuid)
    .join(Course, Course.id == CourseRun.course_id)
    .where(CourseRun.id.in_(select(Enrolment.run_id).distinct()))
)  # fmt: skip
_COUNTED: Final = (
    select(func.count())
    .select_from(Learner)
    .join(Enrolment, Enrolment.learner_id == Learner.id)
    .where(Learner.removed_at.is_(None), _SEEN)
)
_COUNT_OF_ALL: Final = Query(_COUNTED)
_COUNT_OF_GRANTED: Final = Query(_with_run_seen(_COUNTED))
_COUNT_OF_RUN: Final = Query(_COUNTED.where(_IS_OF_RUN))


def progress_rows(ctx: Context, staff: StaffMember, run_id: int | None) -> ProgressRows:
    """``run_id`` None: of all runs that the asker may see. The caller has authorised the run."""
    values = _values(ctx, staff, run_id)
    query = _OF_RUN if run_id is not None else _OF_ALL if values["is_whole"] else _OF_GRANTED
    runs = {row[0]: RunValues(*row[1:]) for row in _RUNS.run(ctx)}
    return ProgressRows(runs, _pieces(query.stream(ctx, **values)))


def _pieces(result: Any) -> Iterator[Sequence[Any]]:
    """SQLite's own tuples: making rows of them costs a fifth of an export. What streams from a server is buffered."""
    cursor = result.cursor
    if cursor is None or not isinstance(cursor, sqlite3.Cursor):
        yield from result.partitions(ROWS_AT_ONCE)
        return
    while piece := cursor.fetchmany(ROWS_AT_ONCE):
        yield piece
    result.close()


def count_progress_rows(ctx: Context, staff: StaffMember, run_id: int | None) -> int:
    values = _values(ctx, staff, run_id)
    query = _COUNT_OF_RUN if run_id is not None else _COUNT_OF_ALL if values["is_whole"] else _COUNT_OF_GRANTED
    count: int = query.run(ctx, **values).scalar_one()
    return count


def _values(ctx: Context, staff: StaffMember, run_id: int | None) -> dict[str, Any]:
    granted = access.granted_provider_ids(ctx, staff)
    values: dict[str, Any] = {"is_whole": granted is None, "granted": sorted(granted or ())}
    if run_id is not None:
        values["run_id"] = run_id
    elif granted is not None:
        values["organisation_id"] = staff.organisation_id
    return values
