"""What digests say of learners: one query a kind of news for a whole batch of readers, whoever they are.

1. Readers share ``windows``. Figures come by window, run, and the provider of the learner, and each
   reader adds up those that they are granted: a thousand readers ask no more than one.
2. Every statement names its organisation itself: the worker asks for many at once.
"""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, or_, select

from core.context import Context
from core.database import DaysBetween, UtcDateTime
from core.model import Charge, CourseRun, Enrolment, Learner, Progress, ProgressChange, RunRisk
from core.rules.policy import COMPLETED_SHARE, DIGEST_NAMES, STALLED_AFTER
from core.usecases.digests.windows import Rows, Windows, number
from core.usecases.learners.addresses import FIRST_ADDRESS
from core.usecases.progress.risk import IS_RULE, STORED, cohorts, is_set_aside, of_cohort, risk_test

_IS_DUE: Final = and_(Charge.waived_at.is_(None), Charge.is_prepaid.is_(False))
_C, _P = ProgressChange, Progress
_COMPLETED: Final = and_(
    _C.step_percentage >= COMPLETED_SHARE,
    or_(_C.was_step_percentage.is_(None), _C.was_step_percentage < COMPLETED_SHARE),
)
_SCORED: Final = and_(
    _C.average_test_score.is_not(None), _C.average_test_score.is_distinct_from(_C.was_average_test_score)
)
_RETURNED: Final = and_(
    _C.left_at.is_(None),
    DaysBetween(_C.was_active_at, _C.active_at) >= STALLED_AFTER / timedelta(days=1),
)


def enrolments(ctx: Context, windows: Windows) -> Rows:
    """Each enrolment has its charge, and the charges lie by organisation and time."""
    query = (
        windows.of(
            Charge,
            Charge.run_id,
            Learner.provider_id,
            func.count().label("enrolled"),
            func.coalesce(func.sum(case((_IS_DUE, Charge.price_pence), else_=0)), 0).label("pence"),
        )
        .join(Enrolment, Enrolment.id == Charge.enrolment_id)
        .join(Learner, Learner.id == Enrolment.learner_id)
        .where(windows.within(Charge.charged_at))
        .group_by(windows.place, Charge.run_id, Learner.provider_id)
    )
    return ctx.session.execute(query).all()


def changes(ctx: Context, windows: Windows) -> Rows:
    score = case((_SCORED, _C.average_test_score), else_=0)
    query = (
        windows.of(
            _C,
            _C.run_id,
            Learner.provider_id,
            number(_COMPLETED, "completed"),
            number(_SCORED, "scored"),
            func.coalesce(func.sum(score), 0).label("score_sum"),
            number(_RETURNED, "returned"),
        )
        .join(Learner, Learner.id == _C.learner_id)
        .where(windows.within(_C.at), _C.is_first.is_(False), Learner.removed_at.is_(None))
        .group_by(windows.place, _C.run_id, Learner.provider_id)
    )
    return ctx.session.execute(query).all()


def _stalled(windows: Windows, *columns: Any) -> Select[*tuple[Any, ...]]:
    return (
        windows.of(_P, _P.run_id, Learner.provider_id, *columns)
        .join(Learner, Learner.id == _P.learner_id)
        .join(Enrolment, and_(Enrolment.learner_id == _P.learner_id, Enrolment.run_id == _P.run_id))
        .join(CourseRun, CourseRun.id == _P.run_id)
        .where(
            _P.is_latest,
            _P.active_at > windows.silent_since,
            _P.active_at <= windows.until - STALLED_AFTER,
            _P.step_percentage > 0,
            _P.step_percentage < COMPLETED_SHARE,
            _P.left_at.is_(None),
            Enrolment.left_at.is_(None),
            Learner.removed_at.is_(None),
            # Nobody can go on in a run that is over.
            or_(CourseRun.ends_at.is_(None), CourseRun.ends_at > windows.until),
        )
    )


def stalled(ctx: Context, windows: Windows) -> Rows:
    query = _stalled(windows, func.count().label("stalled")).group_by(windows.place, _P.run_id, Learner.provider_id)
    return ctx.session.execute(query).all()


def stalled_names(ctx: Context, windows: Windows) -> Rows:
    """Whoever came furthest first: a few of each run and provider, for who may see which is not known here."""
    rank = _ranked(windows, _P.run_id, _P.step_percentage.desc(), _P.active_at.desc(), _P.id)
    return _named(ctx, _stalled(windows, _P.learner_id, _P.step_percentage, _P.active_at, rank))


def returned_names(ctx: Context, windows: Windows) -> Rows:
    rank = _ranked(windows, _C.run_id, _C.active_at.desc(), _C.id)
    query = (
        windows.of(_C, _C.run_id, Learner.provider_id, _C.learner_id, _C.step_percentage, _C.active_at, rank)
        .join(Learner, Learner.id == _C.learner_id)
        .where(windows.within(_C.at), _C.is_first.is_(False), Learner.removed_at.is_(None), _RETURNED)
    )
    return _named(ctx, query)


def at_risk(ctx: Context, windows: Windows) -> Rows:
    """A few of each run and provider with ``number``, how many there are; set aside is nobody of them."""
    is_removed = exists().where(Learner.id == _P.learner_id, Learner.removed_at.is_not(None))
    cohort = cohorts(lambda rows: rows.organisation_id.in_(windows.organisation_ids), ~is_removed)
    now = literal(windows.until, UtcDateTime())
    test = risk_test(STORED, cohort.c.median, CourseRun.starts_at, now)
    among = (windows.place, Enrolment.run_id, Learner.provider_id)
    query = (
        windows.of(
            Enrolment,
            *(Enrolment.run_id, Learner.provider_id, Enrolment.learner_id, Enrolment.enrolled_at),
            *(_P.step_percentage, _P.active_at, _P.steps_as_of, _P.left_at, CourseRun.starts_at, CourseRun.ends_at),
            *(cohort.c.median, cohort.c.learners.label("cohort")),
            *(RunRisk.silent_days, RunRisk.behind_points, RunRisk.not_begun_days),
            func.count().over(partition_by=among).label("number"),
            _ranked(windows, Enrolment.run_id, _P.step_percentage.desc(), _P.active_at.desc(), _P.id),
        )
        .join(_P, and_(_P.learner_id == Enrolment.learner_id, _P.run_id == Enrolment.run_id, _P.is_latest))
        .join(Learner, Learner.id == Enrolment.learner_id)
        .join(CourseRun, CourseRun.id == Enrolment.run_id)
        .outerjoin(cohort, of_cohort(cohort))
        .outerjoin(RunRisk, IS_RULE)
        .where(
            test.is_met,
            ~is_set_aside(test, now),
            Learner.removed_at.is_(None),
            or_(CourseRun.ends_at.is_(None), CourseRun.ends_at > windows.until),
        )
    )
    return _named(ctx, query)


def _ranked(windows: Windows, run_id: Any, *order: Any) -> ColumnElement[int]:
    return func.row_number().over(partition_by=(windows.place, run_id, Learner.provider_id), order_by=order).label("n")


def _named(ctx: Context, query: Select[*tuple[Any, ...]]) -> Rows:
    found = query.subquery("found")
    rows = (
        select(found, Learner.first_name, Learner.last_name, FIRST_ADDRESS.label("address"))
        .join(Learner, Learner.id == found.c.learner_id)
        .where(found.c.n <= DIGEST_NAMES)
        .order_by(found.c.n, found.c.learner_id)
    )
    return ctx.session.execute(rows).all()
