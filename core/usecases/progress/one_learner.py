"""One learner's runs with what is known of each, and their invitations that were not accepted.

LM, Track learner progress. Six statements at most.
"""

from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import and_, bindparam, or_, select

from core import access
from core.access import Permission
from core.context import Context
from core.model import (
    Course,
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
from core.queries import Query
from core.rules.progress.risk import Risk, risks_of
from core.usecases.progress.known import FIGURES, Figures, figures_of
from core.usecases.progress.naming import learner_by_address, meant_learner
from core.usecases.progress.risk import (
    FOLLOW_UP,
    IS_MESSAGE,
    IS_NEWEST,
    IS_RULE,
    IS_STAFF,
    FollowUpCard,
    cohort_of,
    cohorts,
    follow_up_of,
    of_cohort,
    rule_of,
    standing_of,
)
from core.words import InvitationState, JoinedBy


class ShowLearnerProgress(Struct, frozen=True):
    """An address or a username; or an id."""

    learner: str = ""
    learner_id: int = 0


class LearnerRun(Struct, frozen=True):
    run_code: str
    course_title: str
    run_title: str
    starts_at: datetime
    time_zone: str
    enrolled_at: datetime
    joined_by: JoinedBy
    attempt: int
    figures: Figures
    risks: tuple[Risk, ...]
    follow_up: FollowUpCard | None


class LearnerInvitation(Struct, frozen=True):
    run_code: str
    course_title: str
    address: str
    at: datetime
    """Sent, or declined."""
    is_declined: bool


class LearnerProgressShown(Struct, frozen=True):
    learner_id: int
    name: str
    addresses: tuple[str, ...]
    runs: tuple[LearnerRun, ...]
    """The newest first; of each the latest attempt."""
    invitations: tuple[LearnerInvitation, ...]
    """Pending and declined ones."""


_P: Final = Progress
_LEARNER_ROWS: Final = 30
_THEIR_RUNS: Final = select(Enrolment.run_id).where(Enrolment.learner_id == bindparam("learner_id")).correlate(None)
_COHORT: Final = cohorts(
    lambda rows: rows.run_id.in_(_THEIR_RUNS),
    _P.learner_id.not_in(select(Learner.id).where(Learner.removed_at.is_not(None)).correlate(None)),
)
_RUNS_OF: Final = Query(
    select(
        CourseRun.code, Course.title.label("course_title"), CourseRun.title, CourseRun.starts_at, CourseRun.time_zone,
        Enrolment.enrolled_at, Enrolment.joined_by, Enrolment.left_at.label("enrolment_left_at"), _P.attempt, *FIGURES,
        _COHORT.c.median, _COHORT.c.learners.label("cohort"), RunRisk.silent_days, RunRisk.behind_points,
        RunRisk.not_begun_days, CourseRun.ends_at, *FOLLOW_UP,
    )
    .select_from(Enrolment)
    .join(CourseRun, CourseRun.id == Enrolment.run_id)
    .join(Course, Course.id == CourseRun.course_id)
    .outerjoin(
        _P, and_(_P.learner_id == Enrolment.learner_id, _P.run_id == Enrolment.run_id, _P.is_latest)
    )
    .outerjoin(_COHORT, of_cohort(_COHORT))
    .outerjoin(RunRisk, IS_RULE)
    .outerjoin(FollowUp, IS_NEWEST)
    .outerjoin(StaffMember, IS_STAFF)
    .outerjoin(OutboundMessage, IS_MESSAGE)
    .where(Enrolment.learner_id == bindparam("learner_id"))
    .order_by(Enrolment.enrolled_at.desc(), Enrolment.id)
    .limit(_LEARNER_ROWS)
)  # fmt: skip
_ADDRESSES_OF: Final = Query(
    select(LearnerAddress.address, LearnerAddress.address_key)
    .where(LearnerAddress.learner_id == bindparam("learner_id"))
    .order_by(LearnerAddress.id)
)
_INVITED: Final = Query(
    select(
        CourseRun.code, Course.title.label("course_title"), Invitation.address, Invitation.created_at,
        Invitation.answered_at, Invitation.state,
    )
    .select_from(Invitation)
    .join(CourseRun, CourseRun.id == Invitation.run_id)
    .join(Course, Course.id == CourseRun.course_id)
    .where(
        Invitation.address_key.in_(bindparam("keys", expanding=True)),
        Invitation.replaced_at.is_(None),
        or_(
            and_(Invitation.state == InvitationState.PENDING, Invitation.expires_at > bindparam("now")),
            Invitation.state == InvitationState.DECLINED,
        ),
    )
    .order_by(Invitation.created_at.desc(), Invitation.id)
    .limit(_LEARNER_ROWS)
)  # fmt: skip


def show_learner_progress(ctx: Context, command: ShowLearnerProgress) -> LearnerProgressShown:
    """Raises LearnerNotFound, also for one of a provider that the caller does not look after."""
    staff = access.require_staff(ctx, Permission.VIEW)
    if command.learner_id:
        learner = meant_learner(ctx, staff, command.learner_id)
    else:
        learner = learner_by_address(ctx, staff, command.learner)
    addresses = _ADDRESSES_OF.run(ctx, learner_id=learner.id).all()
    runs = _RUNS_OF.run(ctx, learner_id=learner.id, now=ctx.now).all()
    invited = _INVITED.run(ctx, keys=[row.address_key for row in addresses], now=ctx.now)
    return LearnerProgressShown(
        learner_id=learner.id,
        name=f"{learner.first_name} {learner.last_name}",
        addresses=tuple(row.address for row in addresses),
        runs=tuple(_learner_run(row, ctx.now) for row in runs),
        invitations=tuple(
            LearnerInvitation(
                row.code,
                row.course_title,
                row.address,
                row.answered_at or row.created_at,
                row.state is InvitationState.DECLINED,
            )
            for row in invited
        ),
    )


def _learner_run(row: Any, now: datetime) -> LearnerRun:
    standing = standing_of(row, row.starts_at, row.ends_at)
    has_left = standing.has_left or row.enrolment_left_at is not None
    return LearnerRun(
        run_code=row.code,
        course_title=row.course_title,
        run_title=row.title,
        starts_at=row.starts_at,
        time_zone=row.time_zone,
        enrolled_at=row.enrolled_at,
        joined_by=row.joined_by,
        attempt=row.attempt or 1,
        figures=replace(figures_of(row, now), left_at=row.left_at or row.enrolment_left_at),
        risks=risks_of(replace(standing, has_left=has_left), cohort_of(row), rule_of(row), now),
        follow_up=follow_up_of(row),
    )
