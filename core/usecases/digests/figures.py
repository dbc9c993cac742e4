"""What digests are made of: one query a kind of news for a whole batch of readers, whoever they are.

1. Readers share windows: (organisation, since). Figures come by window, run, and the provider of the learner, and each
   reader adds up those that they are granted: a thousand readers ask no more than one.
2. Every statement names its organisation itself: the worker asks for many at once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Row,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from core.context import Context
from core.database import DaysBetween, Id, UtcDateTime
from core.model import (
    Agreement,
    Charge,
    Course,
    CourseRun,
    Enrolment,
    Import,
    Invitation,
    Learner,
    Organisation,
    OutboundMessage,
    Progress,
    ProgressChange,
    RunRisk,
    SharedLink,
    Suppression,
)
from core.model.invitations import IS_LIVE
from core.rules.policy import (
    COMPLETED_SHARE,
    DIGEST_ENDING,
    DIGEST_NAMES,
    STALLED_AFTER,
)
from core.usecases.learners.addresses import FIRST_ADDRESS
from core.usecases.links.states import may_end_by
from core.usecases.progress.risk import IS_RULE, STORED, cohorts, is_set_aside, of_cohort, risk_test
from core.words import ImportState, MessageState, SuppressReason

Rows = Sequence[Row[*tuple[Any, ...]]]


class Window(Struct, frozen=True):
    organisation_id: int
    since: datetime


class Windows:
    """As a table of the statement, in which ``place`` is a window's number."""

    def __init__(self, windows: Sequence[Window], until: datetime) -> None:
        self.until = until
        self.organisation_ids = sorted({each.organisation_id for each in windows})
        self._table: FromClause = union_all(
            *(
                select(
                    literal(place, Integer()).label("place"),
                    literal(each.organisation_id, Id).label("organisation_id"),
                    literal(each.since, UtcDateTime()).label("since"),
                    literal(each.since - STALLED_AFTER, UtcDateTime()).label("silent_since"),
                )
                for place, each in enumerate(windows)
            )
        ).subquery("news_window")
        self.place = self._table.c.place
        self.silent_since = self._table.c.silent_since

    def of(self, model: Any, *columns: Any) -> Select[*tuple[Any, ...]]:
        """From the windows to the rows of their organisations."""
        return (
            select(self.place, *columns)
            .select_from(self._table)
            .join(model, model.organisation_id == self._table.c.organisation_id)
        )

    def within(self, moment: Any) -> ColumnElement[bool]:
        return and_(moment > self._table.c.since, moment <= self.until)


def _number(condition: ColumnElement[bool], name: str) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0).label(name)


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


# --- By window, run and the learner's provider ------------------------------------------------------------


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
            _number(_COMPLETED, "completed"),
            _number(_SCORED, "scored"),
            func.coalesce(func.sum(score), 0).label("score_sum"),
            _number(_RETURNED, "returned"),
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


# --- By organisation --------------------------------------------------------------------------------------


def totals(ctx: Context, windows: Windows, run_ids: Sequence[int]) -> Rows:
    """How a run stands now, for its bar: those who are on it, counted as ``progress RUN`` does."""
    stays = and_(_P.left_at.is_(None), Enrolment.left_at.is_(None))
    # Without the organisation SQLite would look for each learner among all of the run.
    whose = and_(_P.organisation_id == Enrolment.organisation_id, _P.run_id == Enrolment.run_id)
    query = (
        select(
            Enrolment.organisation_id,
            Enrolment.run_id,
            Learner.provider_id,
            func.count().label("learners"),
            _number(and_(_P.step_percentage >= COMPLETED_SHARE, stays), "finished"),
            _number(and_(_P.step_percentage.is_(None), stays), "unknown"),
            _number(not_(stays), "left"),
        )
        .join(Learner, Learner.id == Enrolment.learner_id)
        .outerjoin(_P, and_(whose, _P.learner_id == Enrolment.learner_id, _P.is_latest))
        .where(Enrolment.organisation_id.in_(windows.organisation_ids), Enrolment.run_id.in_(run_ids))
        .where(Learner.removed_at.is_(None))
        .group_by(Enrolment.organisation_id, Enrolment.run_id, Learner.provider_id)
    )
    return ctx.session.execute(query).all()


def invitations(ctx: Context, windows: Windows) -> Rows:
    """Those that can still be answered: whose e-mail came back, and which end soon."""
    soon = windows.until + DIGEST_ENDING
    is_over_soon = or_(Invitation.expires_at <= soon, CourseRun.enrolment_closes_at <= soon, CourseRun.ends_at <= soon)
    query = (
        select(
            Invitation.organisation_id,
            Invitation.run_id,
            _number(OutboundMessage.state.in_((MessageState.BOUNCED, MessageState.DROPPED)), "bounced"),
            _number(is_over_soon, "ending"),
        )
        .join(OutboundMessage, OutboundMessage.id == Invitation.message_id)
        .join(CourseRun, CourseRun.id == Invitation.run_id)
        .where(
            IS_LIVE,
            Invitation.organisation_id.in_(windows.organisation_ids),
            Invitation.expires_at > windows.until,
            or_(CourseRun.enrolment_closes_at.is_(None), CourseRun.enrolment_closes_at > windows.until),
            or_(CourseRun.ends_at.is_(None), CourseRun.ends_at > windows.until),
        )
        .group_by(Invitation.organisation_id, Invitation.run_id)
    )
    return ctx.session.execute(query).all()


def complaints(ctx: Context, windows: Windows) -> Rows:
    """By window and run: who called an e-mail unwanted, once each, with the run they were last invited to."""
    theirs = aliased(Invitation)
    newest = (
        select(theirs.id)
        .where(theirs.organisation_id == Suppression.organisation_id, theirs.address_key == Suppression.address_key)
        .order_by(theirs.created_at.desc(), theirs.id)
        .limit(1)
        .correlate(Suppression)
        .scalar_subquery()
    )
    query = (
        windows.of(Suppression, Invitation.run_id, func.count().label("complained"))
        .join(Invitation, Invitation.id == newest)
        .where(Suppression.reason == SuppressReason.COMPLAINED, windows.within(Suppression.suppressed_at))
        .group_by(windows.place, Invitation.run_id)
    )
    return ctx.session.execute(query).all()


def links(ctx: Context, windows: Windows) -> Rows:
    """Shared links that may end soon; ``core.rules.expiry`` says when."""
    query = (
        select(
            *(SharedLink.organisation_id, SharedLink.counted_from, SharedLink.run_id, Organisation.time_zone),
            *(Course.organisation_id.label("owner_id"), Course.provider_id, Course.code.label("course_code")),
            *(Course.title, CourseRun.code, CourseRun.time_zone.label("run_zone")),
            *(CourseRun.enrolment_closes_at, CourseRun.ends_at),
        )
        .join(Organisation, Organisation.id == SharedLink.organisation_id)
        .join(Course, Course.id == SharedLink.course_id)
        .outerjoin(CourseRun, CourseRun.id == SharedLink.run_id)
        .where(
            SharedLink.organisation_id.in_(windows.organisation_ids),
            may_end_by(windows.until + DIGEST_ENDING),
        )
    )
    return ctx.session.execute(query).all()


def imports(ctx: Context, windows: Windows) -> Rows:
    """By window: the applied ones of it, and those that are held now."""
    is_applied = and_(Import.state == ImportState.APPLIED, windows.within(Import.settled_at))
    is_held = Import.state == ImportState.HELD
    query = (
        windows.of(
            Import,
            _number(is_applied, "applied"),
            func.coalesce(func.sum(case((is_applied, Import.created + Import.updated), else_=0)), 0).label("learners"),
            _number(is_held, "held"),
        )
        .where(or_(is_applied, is_held))
        .group_by(windows.place)
    )
    return ctx.session.execute(query).all()


def budgets(ctx: Context, windows: Windows) -> Rows:
    query = (
        select(
            *(Agreement.organisation_id, Organisation.name, Agreement.spent_pence, Agreement.budget_pence),
        )
        .join(Organisation, Organisation.id == Agreement.owner_id)
        .where(
            Agreement.organisation_id.in_(windows.organisation_ids),
            Agreement.budget_pence.is_not(None),
            Agreement.starts_at <= windows.until,
            or_(Agreement.ends_at.is_(None), Agreement.ends_at > windows.until),
        )
        .order_by(Organisation.name, Agreement.id)
    )
    return ctx.session.execute(query).all()


def runs(ctx: Context, run_ids: Sequence[int]) -> dict[int, Row[*tuple[Any, ...]]]:
    query = (
        select(CourseRun.id, CourseRun.code, CourseRun.organisation_id, Course.title, Course.provider_id)
        .join(Course, Course.id == CourseRun.course_id)
        .where(CourseRun.id.in_(run_ids))
    )
    return {row.id: row for row in ctx.session.execute(query)}
