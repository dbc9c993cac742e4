"""The statements behind a run's progress: its counts, what holds for all of it, and a page of its learners."""

from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, case, exists, func, or_, select, true

from core.database import UtcDateTime
from core.model import (
    Enrolment,
    FollowUp,
    Invitation,
    Learner,
    LearnerAddress,
    OutboundMessage,
    Progress,
    RunRisk,
    StaffMember,
)
from core.queries import Query
from core.rules.policy import COMPLETED_SHARE, HALF_SHARE, NAME_CHARACTERS, PAGE_ROWS
from core.rules.progress.bands import Band
from core.rules.text import clean_name, folded
from core.usecases.learners.addresses import FIRST_ADDRESS
from core.usecases.progress.known import FIGURES
from core.usecases.progress.risk import (
    FOLLOW_UP,
    GIVEN,
    IS_MESSAGE,
    IS_NEWEST,
    IS_STAFF,
    cohorts,
    is_set_aside,
    risk_test,
)
from core.words import InvitationState


class ProgressList(StrEnum):
    """The lists of a run's progress."""

    ALL = "all"
    STALLED = "stalled"
    COMPLETED = "completed"
    UNDER_WAY = "under-way"
    NOT_BEGUN = "not-begun"
    AT_RISK = "at-risk"
    """Whoever needs somebody now; the next list has whom somebody has dealt with."""
    SET_ASIDE = "set-aside"


_P = Progress
_ON_RUN: Final = and_(
    _P.learner_id == Enrolment.learner_id, _P.run_id == Enrolment.run_id, _P.is_latest, Enrolment.left_at.is_(None)
)
_HAS_LEFT: Final = or_(_P.left_at.is_not(None), Enrolment.left_at.is_not(None))
_STAYS: Final = and_(_P.left_at.is_(None), Enrolment.left_at.is_(None))
_IS: Final[dict[Band, ColumnElement[bool]]] = {
    Band.COMPLETED: _P.step_percentage >= COMPLETED_SHARE,
    Band.OVER_HALF: and_(_P.step_percentage >= HALF_SHARE, _P.step_percentage < COMPLETED_SHARE),
    Band.BEGUN: and_(_P.step_percentage > 0, _P.step_percentage < HALF_SHARE),
    Band.NOT_BEGUN: _P.step_percentage == 0,
    Band.UNKNOWN: _P.step_percentage.is_(None),
}
_HAS_STALLED: Final = and_(
    _P.step_percentage > 0, _P.step_percentage < COMPLETED_SHARE, _P.active_at <= bindparam("silent_since"), _STAYS
)
_NOW: Final = bindparam("now", type_=UtcDateTime())
_RISK: Final = risk_test(GIVEN, bindparam("median", type_=Integer()), bindparam("starts_at", type_=UtcDateTime()), _NOW)
_ASIDE: Final = is_set_aside(_RISK, _NOW)
_LISTED: Final[dict[ProgressList, tuple[ColumnElement[bool], ...]]] = {
    ProgressList.ALL: (),
    ProgressList.STALLED: (_HAS_STALLED,),
    ProgressList.COMPLETED: (_IS[Band.COMPLETED], _STAYS),
    ProgressList.UNDER_WAY: (_P.step_percentage > 0, _P.step_percentage < COMPLETED_SHARE, _STAYS),
    ProgressList.NOT_BEGUN: (_IS[Band.NOT_BEGUN], _STAYS),
    ProgressList.AT_RISK: (_RISK.is_met, ~_ASIDE),
    ProgressList.SET_ASIDE: (_RISK.is_met, _ASIDE),
}


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


# Few are removed: they are looked up once, not each learner of the run, who lie scattered over the whole table.
_IS_THERE: Final = Enrolment.learner_id.not_in(
    select(Learner.id).where(Learner.removed_at.is_not(None)).correlate(None)
)
COUNTS: Final = Query(
    select(
        _P.steps_source.label("source"),
        func.count().label("learners"),
        _number(_HAS_LEFT).label("gone"),
        *(_number(and_(condition, _STAYS)).label(band.value) for band, condition in _IS.items()),
        _number(_HAS_STALLED).label("stalled"),
        _number(and_(*_LISTED[ProgressList.AT_RISK])).label("at_risk"),
        _number(and_(*_LISTED[ProgressList.SET_ASIDE])).label("set_aside"),
        func.sum(_P.average_test_score).label("score_sum"),
        func.count(_P.average_test_score).label("scored"),
        func.sum(_P.comments_posted).label("comments"),
        func.max(_P.steps_as_of).label("as_of"),
        func.min(_P.steps_as_of).label("oldest"),
    )
    .select_from(Enrolment)
    .outerjoin(_P, _ON_RUN)
    .where(Enrolment.run_id == bindparam("run_id"), _IS_THERE)
    .group_by(_P.steps_source)
)
_WAITING: Final = (
    select(func.count())
    .select_from(Invitation)
    .where(
        Invitation.run_id == bindparam("run_id"),
        Invitation.state == InvitationState.PENDING,
        Invitation.replaced_at.is_(None),
        Invitation.expires_at > bindparam("now"),
    )
    .scalar_subquery()
)
_NOT_REMOVED: Final = Progress.learner_id.not_in(
    select(Learner.id).where(Learner.removed_at.is_not(None)).correlate(None)
)


def _facts() -> Query[*tuple[Any, ...]]:
    """One row of what holds for the whole run, where nothing is known of anybody, too."""
    cohort = cohorts(lambda rows: rows.run_id == bindparam("run_id"), _NOT_REMOVED)
    one = select(_WAITING.label("waiting")).cte("one")
    columns = (cohort.c.median, cohort.c.learners.label("cohort"))
    return Query(
        select(one.c.waiting, *columns, RunRisk.silent_days, RunRisk.behind_points, RunRisk.not_begun_days)
        .select_from(one)
        .outerjoin(cohort, true())
        .outerjoin(RunRisk, RunRisk.run_id == bindparam("run_id"))
    )


FACTS: Final = _facts()
_NAME: Final = Learner.first_name + " " + Learner.last_name
_ORDER: Final = (func.coalesce(_P.step_percentage, -1).desc(), Enrolment.id)
_ROWS: Final = (
    select(Learner.id, _NAME.label("name"), FIRST_ADDRESS.label("address"), Enrolment.enrolled_at, *FIGURES, *FOLLOW_UP)
    .select_from(Enrolment)
    .join(Learner, Learner.id == Enrolment.learner_id)
    .outerjoin(_P, _ON_RUN)
    .outerjoin(FollowUp, IS_NEWEST)
    .outerjoin(StaffMember, IS_STAFF)
    .outerjoin(OutboundMessage, IS_MESSAGE)
    .order_by(*_ORDER)
)


def _page_of(*conditions: ColumnElement[bool]) -> Query[*tuple[Any, ...]]:
    """Names, addresses and the other figures are fetched of a page's learners only; an index has the order."""
    page = (
        select(Enrolment.id)
        .outerjoin(_P, _ON_RUN)
        .where(Enrolment.run_id == bindparam("run_id"), _IS_THERE, *conditions)
        .order_by(*_ORDER)
        .limit(PAGE_ROWS)
        .offset(bindparam("offset"))
        .correlate(None)
    )
    return Query(_ROWS.where(Enrolment.id.in_(page)))


PAGES: Final = {shown: _page_of(*conditions) for shown, conditions in _LISTED.items()}


def searched(shown: ProgressList, search: str) -> Select[*tuple[Any, ...]]:
    wanted = folded(search)
    has_address = exists().where(
        LearnerAddress.learner_id == Learner.id, LearnerAddress.address_key.contains(wanted, autoescape=True)
    )
    # As typed besides: SQLite lowers no accented letter.
    is_named = func.lower(_NAME).contains(wanted, autoescape=True) | _NAME.contains(
        clean_name(search, NAME_CHARACTERS), autoescape=True
    )
    return (
        _ROWS.where(Enrolment.run_id == bindparam("run_id"), Learner.removed_at.is_(None))
        .where(*_LISTED[shown], has_address | is_named)
        .limit(PAGE_ROWS)
        .offset(bindparam("offset"))
    )
