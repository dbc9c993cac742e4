"""What is going on: one run's learners with their progress, and who is at risk (LM, Track learner progress).

Six statements at most, whatever the size of the organisation: one counts, one lists a page, and both begin at the run's
own rows. Enrolled without progress is "not known", never 0.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, case, exists, func, or_, select, true

from core import access
from core.access import Permission
from core.cards import RunCard, run_card
from core.context import Context
from core.database import UtcDateTime
from core.model import (
    CourseRun,
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
from core.pages import Page, page_within
from core.queries import Query
from core.rules.policy import COMPLETED_SHARE, HALF_SHARE, NAME_CHARACTERS, PAGE_ROWS, STALLED_AFTER
from core.rules.progress.bands import Band
from core.rules.progress.risk import NO_RISK, Cohort, Risk, RiskRule, risks_of
from core.rules.text import clean_name, folded
from core.usecases.learners.addresses import FIRST_ADDRESS
from core.usecases.progress.known import FIGURES, Figures, figures_of
from core.usecases.progress.risk import (
    FOLLOW_UP,
    GIVEN,
    IS_MESSAGE,
    IS_NEWEST,
    IS_STAFF,
    FollowUpCard,
    cohort_of,
    cohorts,
    follow_up_of,
    is_set_aside,
    risk_test,
    rule_of,
    standing_of,
)
from core.words import FeedKind, InvitationState


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


class ShowProgress(Struct, frozen=True):
    """``search`` matches names and addresses. Pages count from 1."""

    run: str
    shown: ProgressList = ProgressList.ALL
    search: str = ""
    page: int = 1


class ProgressRow(Struct, frozen=True):
    learner_id: int
    name: str
    address: str
    enrolled_at: datetime
    figures: Figures
    risks: tuple[Risk, ...]
    follow_up: FollowUpCard | None


class SourceShown(Struct, frozen=True):
    """Where the figures come from, how old they are, and of how many learners."""

    source: FeedKind
    as_of: datetime
    oldest_as_of: datetime
    learners: int


class ProgressShown(Struct, frozen=True):
    run: RunCard
    enrolled: int
    waiting: int
    """Invited and not accepted yet."""
    bands: tuple[tuple[Band, int], ...]
    """Of the whole run, those who left aside; they add up to ``enrolled`` with ``left``."""
    left: int
    stalled: int
    average_test_score: int | None
    """Of those who have one."""
    scored: int
    comments_posted: int | None
    sources: tuple[SourceShown, ...]
    """The one of most learners first."""
    shown: ProgressList
    search: str
    page: Page[ProgressRow]
    at_risk: int
    set_aside: int
    """At risk, and nudged, snoozed or spoken to."""
    rule: RiskRule
    is_rule_default: bool
    cohort: Cohort
    may_act: bool
    """Nudge, snooze, and say by which rule they are at risk."""
    is_rule_changed: bool = False


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
_COUNTS: Final = Query(
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


_FACTS: Final = _facts()
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


_PAGES: Final = {shown: _page_of(*conditions) for shown, conditions in _LISTED.items()}


def show_progress(ctx: Context, command: ShowProgress) -> ProgressShown:
    """Raises RunNotFound, ProviderNotGranted."""
    staff = access.require_staff(ctx, Permission.VIEW)
    run = access.invited_run_by_code(ctx, staff.organisation_id, command.run)
    access.require_provider(ctx, staff, run)
    about = _about(ctx, run)
    counts = _COUNTS.run(ctx, **about.values).all()
    bands = tuple((band, sum(getattr(row, band.value) for row in counts)) for band in Band)
    scored = sum(row.scored for row in counts)
    told = [row.comments for row in counts if row.comments is not None]
    return ProgressShown(
        run=run_card(run),
        enrolled=sum(row.learners for row in counts),
        waiting=about.waiting,
        bands=bands,
        left=sum(row.gone for row in counts),
        stalled=sum(row.stalled for row in counts),
        average_test_score=round(sum(row.score_sum or 0 for row in counts) / scored) if scored else None,
        scored=scored,
        comments_posted=sum(told) if told else None,
        sources=_sources(counts),
        shown=command.shown,
        search=command.search,
        page=_page(ctx, about, command, _totals(counts, dict(bands))),
        at_risk=sum(row.at_risk for row in counts),
        set_aside=sum(row.set_aside for row in counts),
        rule=about.rule,
        is_rule_default=about.is_rule_default,
        cohort=about.cohort,
        may_act=Permission.INVITE in access.ROLE_PERMISSIONS[staff.role],
    )


class _About(Struct, frozen=True):
    """What holds for all of a run."""

    run: CourseRun
    waiting: int
    rule: RiskRule
    is_rule_default: bool
    cohort: Cohort
    now: datetime

    @property
    def values(self) -> dict[str, Any]:
        """Given to every statement of the run."""
        is_over = self.run.ends_at is not None and self.run.ends_at <= self.now
        rule = NO_RISK if is_over else self.rule
        return {
            "run_id": self.run.id, "now": self.now, "silent_since": self.now - STALLED_AFTER,
            "median": self.cohort.median, "starts_at": self.run.starts_at, "silent_days": rule.silent_days,
            "behind_points": rule.behind_points, "not_begun_days": rule.not_begun_days,
        }  # fmt: skip

    def risks(self, row: Any) -> tuple[Risk, ...]:
        return risks_of(standing_of(row, self.run.starts_at, self.run.ends_at), self.cohort, self.rule, self.now)


def _about(ctx: Context, run: CourseRun) -> _About:
    row = _FACTS.run(ctx, run_id=run.id, now=ctx.now).one()
    return _About(run, row.waiting, rule_of(row), row.silent_days is None, cohort_of(row), ctx.now)


def _sources(counts: Any) -> tuple[SourceShown, ...]:
    known = [row for row in counts if row.source is not None]
    ranked = sorted(known, key=lambda row: -row.learners)
    return tuple(SourceShown(row.source, row.as_of, row.oldest, row.learners) for row in ranked)


def _totals(counts: Any, bands: dict[Band, int]) -> dict[ProgressList, int]:
    return {
        ProgressList.ALL: sum(row.learners for row in counts),
        ProgressList.STALLED: sum(row.stalled for row in counts),
        ProgressList.COMPLETED: bands[Band.COMPLETED],
        ProgressList.UNDER_WAY: bands[Band.OVER_HALF] + bands[Band.BEGUN],
        ProgressList.NOT_BEGUN: bands[Band.NOT_BEGUN],
        ProgressList.AT_RISK: sum(row.at_risk for row in counts),
        ProgressList.SET_ASIDE: sum(row.set_aside for row in counts),
    }


def _page(ctx: Context, about: _About, command: ShowProgress, totals: dict[ProgressList, int]) -> Page[ProgressRow]:
    if command.search:
        return _found(ctx, about, command)
    page, page_count = page_within(command.page, totals[command.shown])
    rows = _PAGES[command.shown].run(ctx, **about.values, offset=(page - 1) * PAGE_ROWS)
    return Page(tuple(_row(row, about) for row in rows), page, page_count, totals[command.shown])


def _found(ctx: Context, about: _About, command: ShowProgress) -> Page[ProgressRow]:
    """Counted with the rows: a search takes no statement more. A page too far shows the first one."""
    query = _searched(command).add_columns(func.count().over().label("total"))
    for page in dict.fromkeys((max(command.page, 1), 1)):
        rows = ctx.session.execute(query, {**about.values, "offset": (page - 1) * PAGE_ROWS}).all()
        if rows:
            total = rows[0].total
            return Page(tuple(_row(row, about) for row in rows), *page_within(page, total), total)
    return Page((), 1, 1, 0)


def _searched(command: ShowProgress) -> Select[*tuple[Any, ...]]:
    wanted = folded(command.search)
    has_address = exists().where(
        LearnerAddress.learner_id == Learner.id, LearnerAddress.address_key.contains(wanted, autoescape=True)
    )
    # As typed besides: SQLite lowers no accented letter.
    is_named = func.lower(_NAME).contains(wanted, autoescape=True) | _NAME.contains(
        clean_name(command.search, NAME_CHARACTERS), autoescape=True
    )
    return (
        _ROWS.where(Enrolment.run_id == bindparam("run_id"), Learner.removed_at.is_(None))
        .where(*_LISTED[command.shown], has_address | is_named)
        .limit(PAGE_ROWS)
        .offset(bindparam("offset"))
    )


def _row(row: Any, about: _About) -> ProgressRow:
    return ProgressRow(
        learner_id=row.id,
        name=row.name,
        address=row.address or "",
        enrolled_at=row.enrolled_at,
        figures=figures_of(row, about.now),
        risks=about.risks(row),
        follow_up=follow_up_of(row),
    )
