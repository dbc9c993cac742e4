"""Who is at risk, asked of the database: the same as ``core.rules.progress.risk``, for counts and pages.

1. The rule's numbers and the median come as columns: given for one run, or joined for many. Either way it takes no
   statement a learner or a run.
2. Set aside is who is at risk and was nudged, snoozed or spoken to: see ``core.model.follow_ups``.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple

from msgspec import Struct
from sqlalchemy import CTE, ColumnElement, Integer, and_, bindparam, case, cast, exists, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from core.database import DaysBetween, UtcDateTime
from core.model import Enrolment, FollowUp, OutboundMessage, Progress, RunRisk, StaffMember
from core.rules.policy import COMPLETED_SHARE, RISK_COHORT, RISK_FRESH, RISK_GRACE
from core.rules.progress.risk import DEFAULT_RISK, LEEWAY_DAYS, Cohort, RiskKind, RiskRule, Standing
from core.words import FollowUpDeed, MessageState

_P: Final = Progress


class RuleColumns(NamedTuple):
    silent_days: Any
    behind_points: Any
    not_begun_days: Any


GIVEN: Final = RuleColumns(*(bindparam(name, type_=Integer()) for name in RuleColumns._fields))
"""For one run; all 0 where the run is over."""
STORED: Final = RuleColumns(
    *(func.coalesce(getattr(RunRisk, name), getattr(DEFAULT_RISK, name)) for name in RuleColumns._fields)
)
"""From the joined rule of each run."""


class RiskTest(NamedTuple):
    """Why somebody is at risk, as conditions."""

    silent: ColumnElement[bool]
    behind: ColumnElement[bool]
    not_begun: ColumnElement[bool]

    @property
    def is_met(self) -> ColumnElement[bool]:
        return or_(self.silent, self.behind, self.not_begun)


def risk_test(rule: RuleColumns, median: Any, starts_at: Any, now: Any) -> RiskTest:
    """``median`` NULL: nobody is compared. Of the latest progress of who has not left."""
    age = DaysBetween(_P.steps_as_of, now)
    fresh = case((age > RISK_FRESH.days, RISK_FRESH.days), else_=age)
    is_there = and_(_P.is_latest, _P.left_at.is_(None), Enrolment.left_at.is_(None))
    share = _P.step_percentage

    def lasts(since: Any, days: Any) -> ColumnElement[bool]:
        reached: ColumnElement[bool] = DaysBetween(since, _P.steps_as_of) + fresh >= days - LEEWAY_DAYS
        return reached

    def is_here_for(days: Any) -> ColumnElement[bool]:
        return and_(lasts(Enrolment.enrolled_at, days), lasts(starts_at, days))

    return RiskTest(
        silent=and_(
            is_there,
            rule.silent_days > 0,
            share > 0,
            share < COMPLETED_SHARE,
            lasts(_P.active_at, rule.silent_days),
        ),
        behind=and_(
            is_there,
            rule.behind_points > 0,
            share < COMPLETED_SHARE,
            median - share >= rule.behind_points * 100,
            is_here_for(RISK_GRACE.days),
        ),
        not_begun=and_(is_there, rule.not_begun_days > 0, share == 0, is_here_for(rule.not_begun_days)),
    )


def is_set_aside(test: RiskTest, now: Any) -> ColumnElement[bool]:
    """Of somebody at risk. Whoever was spoken to comes back with a reason that was none then."""
    is_other = or_(
        and_(test.silent, or_(_lacks(RiskKind.SILENT), FollowUp.active_at.is_distinct_from(_P.active_at))),
        and_(test.behind, _lacks(RiskKind.BEHIND)),
        and_(test.not_begun, _lacks(RiskKind.NOT_BEGUN)),
    )
    did_not_arrive = exists().where(
        OutboundMessage.id == FollowUp.message_id,
        OutboundMessage.state.in_((MessageState.DROPPED, MessageState.BOUNCED, MessageState.HELD)),
    )
    return exists().where(
        FollowUp.learner_id == _P.learner_id,
        FollowUp.run_id == _P.run_id,
        FollowUp.organisation_id == _P.organisation_id,
        FollowUp.undone_at.is_(None),
        FollowUp.until_at > now,
        or_(FollowUp.deed != FollowUpDeed.SPOKEN, case((is_other, 0), else_=1) == 1),
        ~did_not_arrive,
    )


def _lacks(kind: RiskKind) -> ColumnElement[bool]:
    return FollowUp.reasons.bitwise_and(kind.bit) == 0


# --- The median -------------------------------------------------------------------------------------------


def cohorts(on: Callable[[Any], ColumnElement[bool]], *among: ColumnElement[bool]) -> CTE:
    """By organisation and run: ``median`` (NULL below five) and ``learners``, of whom steps are known.

    Whoever has left is none of them, be it by a report or here: those who stay are compared with one another. ``on``
    says of progress and of enrolments alike which runs are meant.
    """
    # Few leave: they are looked up once. Asked of each learner, it took as long again as the median itself.
    left = select(Enrolment.learner_id, Enrolment.run_id).where(on(Enrolment), Enrolment.left_at.is_not(None))
    stays = tuple_(_P.learner_id, _P.run_id).not_in(left.correlate(None))
    run = (_P.organisation_id, _P.run_id)
    place = func.row_number().over(partition_by=run, order_by=_P.step_percentage)
    number = func.count().over(partition_by=run)
    ranked = (
        select(*run, _P.step_percentage.label("share"), place.label("n"), number.label("of"))
        .where(on(_P), _P.is_latest, _P.left_at.is_(None), _P.step_percentage.is_not(None), stays, *among)
        .cte("ranked")
    )
    in_the_middle = (ranked.c.n * 2).between(ranked.c.of, ranked.c.of + 2)
    middle = cast(func.round(func.avg(case((in_the_middle, ranked.c.share)))), Integer)
    learners = func.max(ranked.c.of)
    return (
        select(
            ranked.c.organisation_id,
            ranked.c.run_id,
            learners.label("learners"),
            case((learners >= RISK_COHORT, middle)).label("median"),
        )
        .group_by(ranked.c.organisation_id, ranked.c.run_id)
        .cte("cohort")
    )


def of_cohort(cohort: CTE) -> ColumnElement[bool]:
    return and_(cohort.c.organisation_id == Enrolment.organisation_id, cohort.c.run_id == Enrolment.run_id)


IS_RULE: Final = and_(RunRisk.organisation_id == Enrolment.organisation_id, RunRisk.run_id == Enrolment.run_id)


def cohort_of(row: Any) -> Cohort:
    return Cohort(row.median, row.cohort or 0)


def rule_of(row: Any) -> RiskRule:
    """Of a row with the columns of RunRisk, NULL where the default holds."""
    if row.silent_days is None:
        return DEFAULT_RISK
    return RiskRule(row.silent_days, row.behind_points, row.not_begun_days)


def standing_of(row: Any, starts_at: datetime, ends_at: datetime | None) -> Standing:
    return Standing(
        step_percentage=row.step_percentage,
        active_at=row.active_at,
        as_of=row.steps_as_of,
        enrolled_at=row.enrolled_at,
        starts_at=starts_at,
        ends_at=ends_at,
        has_left=row.left_at is not None,
    )


# --- What was done last -----------------------------------------------------------------------------------


class FollowUpCard(Struct, frozen=True):
    """``delivery``: of a nudge's e-mail."""

    follow_up_id: int
    deed: FollowUpDeed
    by: str
    at: datetime
    until_at: datetime
    delivery: MessageState | None


_Newer: Final = aliased(FollowUp)
_NEWEST: Final = (
    select(_Newer.id)
    .where(
        _Newer.learner_id == Enrolment.learner_id,
        _Newer.run_id == Enrolment.run_id,
        _Newer.organisation_id == Enrolment.organisation_id,
        _Newer.undone_at.is_(None),
        _Newer.until_at > bindparam("now", type_=UtcDateTime()),
    )
    .order_by(_Newer.at.desc(), _Newer.id)
    .limit(1)
    .correlate(Enrolment)
    .scalar_subquery()
)
IS_NEWEST: Final = FollowUp.id == _NEWEST
"""Joined with ``StaffMember`` and ``OutboundMessage`` by the two below."""
IS_STAFF: Final = StaffMember.id == FollowUp.staff_id
IS_MESSAGE: Final = OutboundMessage.id == FollowUp.message_id
FOLLOW_UP: Final = (
    FollowUp.id.label("follow_up_id"), FollowUp.deed, FollowUp.at.label("deed_at"), FollowUp.until_at,
    StaffMember.first_name.label("staff_first"), StaffMember.last_name.label("staff_last"),
    OutboundMessage.state.label("delivery"),
)  # fmt: skip


def follow_up_of(row: Any) -> FollowUpCard | None:
    if row.follow_up_id is None:
        return None
    by = f"{row.staff_first} {row.staff_last}".strip()
    return FollowUpCard(row.follow_up_id, row.deed, by, row.deed_at, row.until_at, row.delivery)
