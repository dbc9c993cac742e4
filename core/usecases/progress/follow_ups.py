"""What a staff member does about a learner at risk without writing to them: snoozed, or spoken to; and taken back.

1. Whoever may invite to the run may do it, for a learner whom they may see.
2. Taking back a nudge works until it is on its way, the others as long as they hold.
"""

import re
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from msgspec import Struct
from sqlalchemy import and_, func, select, update

from core import access
from core.access import Permission
from core.context import Context
from core.errors import FollowUpNotFound, LearnerNotOnRun, MomentUnclear, UndoOver
from core.model import (
    Course,
    CourseRun,
    Enrolment,
    FollowUp,
    Learner,
    Organisation,
    OutboundMessage,
    Progress,
    RunRisk,
    StaffMember,
)
from core.rules.moments import Unread, read_moment
from core.rules.policy import LONGEST_SNOOZE, NUDGE_PAUSE, SNOOZE_LIFE, SPOKEN_LIFE
from core.rules.progress.risk import Risk, bits_of, risks_of
from core.rules.text import folded
from core.rules.zones import zone_named
from core.usecases.learners.naming import Named, learner_before_words, learner_named
from core.usecases.progress.naming import meant_learner
from core.usecases.progress.risk import FollowUpCard, cohort_of, cohorts, rule_of, standing_of
from core.words import FollowUpDeed, MessageState, Subject

_LENGTH: Final = re.compile(r"(?:for )?(\d{1,3}) ?(d|day|days|w|week|weeks)")


class SnoozeLearner(Struct, frozen=True):
    """The learner by id or by what names them, which a moment may follow: only who is on the run says where a name
    ends. ``until`` as typed: ``2 weeks``, ``Mon``; empty: a week.
    """

    run: str
    who: str = ""
    learner_id: int = 0
    until: str = ""


class NoteSpoken(Struct, frozen=True):
    run: str
    who: str = ""
    learner_id: int = 0


class FollowUpNoted(Struct, frozen=True):
    name: str
    learner_id: int
    run_code: str
    course_title: str
    follow_up: FollowUpCard


class UndoFollowUp(Struct, frozen=True):
    follow_up_id: int


class FollowUpUndone(Struct, frozen=True):
    name: str
    run_code: str
    deed: FollowUpDeed


class LearnerOnRun(NamedTuple):
    """A learner on a run, and why they are at risk."""

    learner: Any
    run: CourseRun
    row: Any
    risks: tuple[Risk, ...]
    rest: str
    """What was typed behind their name."""

    @property
    def name(self) -> str:
        return f"{self.learner.first_name} {self.learner.last_name}".strip()


def snooze_learner(ctx: Context, command: SnoozeLearner) -> FollowUpNoted:
    """Raises RunNotFound, LearnerNotFound, LearnerUnclear, LearnerNotOnRun, MomentUnclear."""
    staff = access.require_staff(ctx, Permission.INVITE)
    subject = subject_of(ctx, staff, command.run, command.learner_id, command.who)
    until = _until(ctx, staff, command.until or subject.rest)
    return _noted(ctx, staff, subject, FollowUpDeed.SNOOZED, until)


def note_spoken(ctx: Context, command: NoteSpoken) -> FollowUpNoted:
    """Raises RunNotFound, LearnerNotFound, LearnerUnclear, LearnerNotOnRun."""
    staff = access.require_staff(ctx, Permission.INVITE)
    run = _run_of(ctx, staff, command.run)
    if command.learner_id:
        learner = meant_learner(ctx, staff, command.learner_id)
    else:
        learner = learner_named(ctx, staff, command.who, run)
    subject = _standing(ctx, run, Named(learner, ""))
    return _noted(ctx, staff, subject, FollowUpDeed.SPOKEN, ctx.now + SPOKEN_LIFE)


def subject_of(ctx: Context, staff: StaffMember, code: str, learner_id: int, who: str) -> LearnerOnRun:
    """By id, or by what names one; words may follow. Raises RunNotFound, ProviderNotGranted, LearnerNotFound,
    LearnerUnclear, LearnerNotOnRun.
    """
    run = _run_of(ctx, staff, code)
    if learner_id:
        return _standing(ctx, run, Named(meant_learner(ctx, staff, learner_id), ""))
    return _standing(ctx, run, learner_before_words(ctx, staff, who, run))


def _run_of(ctx: Context, staff: StaffMember, code: str) -> CourseRun:
    run = access.invited_run_by_code(ctx, staff.organisation_id, code)
    access.require_provider(ctx, staff, run)
    return run


def _standing(ctx: Context, run: CourseRun, named: Named) -> LearnerOnRun:
    """Raises LearnerNotOnRun."""
    learner = named.learner
    cohort = cohorts(
        lambda rows: rows.run_id == run.id,
        Progress.learner_id.not_in(select(Learner.id).where(Learner.removed_at.is_not(None))),
    )
    row = ctx.session.execute(
        select(
            *(Enrolment.enrolled_at, Progress.step_percentage, Progress.active_at, Progress.steps_as_of),
            func.coalesce(Progress.left_at, Enrolment.left_at).label("left_at"),
            *(cohort.c.median, cohort.c.learners.label("cohort")),
            *(RunRisk.silent_days, RunRisk.behind_points, RunRisk.not_begun_days),
        )
        .select_from(Enrolment)
        .outerjoin(
            Progress,
            and_(Progress.learner_id == Enrolment.learner_id, Progress.run_id == Enrolment.run_id, Progress.is_latest),
        )
        .outerjoin(cohort, cohort.c.run_id == Enrolment.run_id)
        .outerjoin(RunRisk, RunRisk.run_id == Enrolment.run_id)
        .where(Enrolment.learner_id == learner.id, Enrolment.run_id == run.id)
    ).one_or_none()
    if row is None:
        raise LearnerNotOnRun(name=f"{learner.first_name} {learner.last_name}", run=run.code)
    standing = standing_of(row, run.starts_at, run.ends_at)
    risks = risks_of(standing, cohort_of(row), rule_of(row), ctx.now)
    return LearnerOnRun(learner, run, row, risks, named.rest)


def new_follow_up(
    ctx: Context, staff: StaffMember, subject: LearnerOnRun, deed: FollowUpDeed, until: datetime
) -> FollowUp:
    return FollowUp(
        id=ctx.tokens.new_id(),
        organisation_id=staff.organisation_id,
        learner_id=subject.learner.id,
        run_id=subject.run.id,
        staff_id=staff.id,
        door=ctx.actor.door,
        deed=deed,
        at=ctx.now,
        until_at=until,
        reasons=bits_of(subject.risks),
        active_at=subject.row.active_at,
        words="",
    )


def about_learner_on_run(ctx: Context, learner_id: int, run_id: int) -> None:
    """For the audit."""
    ctx.about(Subject.LEARNER, learner_id)
    ctx.within(Subject.RUN, run_id)


def _noted(
    ctx: Context, staff: StaffMember, subject: LearnerOnRun, deed: FollowUpDeed, until: datetime
) -> FollowUpNoted:
    # The newer one counts, be it shorter or longer: who presses twice takes it back with one Undo.
    ctx.session.execute(
        update(FollowUp)
        .where(*_theirs(subject), FollowUp.deed == deed, FollowUp.undone_at.is_(None))
        .values(undone_at=ctx.now, undone_by=staff.id)
    )
    follow_up = new_follow_up(ctx, staff, subject, deed, until)
    ctx.session.add(follow_up)
    about_learner_on_run(ctx, subject.learner.id, subject.run.id)
    return FollowUpNoted(
        name=subject.name,
        learner_id=subject.learner.id,
        run_code=subject.run.code,
        course_title=subject.run.course.title,
        follow_up=FollowUpCard(follow_up.id, deed, staff.name, ctx.now, until, None),
    )


def _theirs(subject: LearnerOnRun) -> tuple[Any, ...]:
    return FollowUp.learner_id == subject.learner.id, FollowUp.run_id == subject.run.id


def _until(ctx: Context, staff: StaffMember, words: str) -> datetime:
    """Raises MomentUnclear, also for what lies behind us or too far ahead."""
    plain = folded(words).removeprefix("until ").strip()
    if not plain:
        return ctx.now + SNOOZE_LIFE
    length = _LENGTH.fullmatch(plain)
    if length is not None:
        moment: datetime | None = ctx.now + timedelta(days=int(length[1]) * (7 if length[2].startswith("w") else 1))
    else:
        zone = zone_named(ctx.session.get_one(Organisation, staff.organisation_id).time_zone)
        wanted = read_moment(plain)
        if isinstance(wanted, Unread):
            wanted = read_moment(f"{plain} 08:00")
        moment = None if isinstance(wanted, Unread) else wanted.on(ctx.now, zone)
    if moment is None or not ctx.now < moment <= ctx.now + LONGEST_SNOOZE:
        raise MomentUnclear(words=words[:60])
    return moment


# --- Taking back ------------------------------------------------------------------------------------------


def undo_follow_up(ctx: Context, command: UndoFollowUp) -> FollowUpUndone:
    """Raises FollowUpNotFound, UndoOver."""
    staff = access.require_staff(ctx, Permission.INVITE)
    follow_up = ctx.session.get(FollowUp, command.follow_up_id)
    if follow_up is None:
        raise FollowUpNotFound
    code, name = _named(ctx, follow_up)
    run = access.invited_run_by_code(ctx, staff.organisation_id, code)
    access.require_provider(ctx, staff, run)
    meant_learner(ctx, staff, follow_up.learner_id)
    if follow_up.undone_at is not None:
        raise _over("This was taken back already.")
    if follow_up.until_at <= ctx.now:
        raise _over("This does not hold any more.")
    if follow_up.message_id is not None:
        _take_back(ctx, follow_up)
    follow_up.undone_at, follow_up.undone_by = ctx.now, staff.id
    about_learner_on_run(ctx, follow_up.learner_id, follow_up.run_id)
    return FollowUpUndone(name, code, follow_up.deed)


def _named(ctx: Context, follow_up: FollowUp) -> tuple[str, str]:
    row = ctx.session.execute(
        select(CourseRun.code, Learner.first_name, Learner.last_name)
        .join(Course, Course.id == CourseRun.course_id)
        .join(Learner, Learner.id == follow_up.learner_id)
        .where(CourseRun.id == follow_up.run_id)
    ).one()
    return row.code, f"{row.first_name} {row.last_name}".strip()


def _take_back(ctx: Context, follow_up: FollowUp) -> None:
    """Against a worker that claims it at the same moment whoever is first wins: both ask for ``pending``."""
    dropped = ctx.session.execute(
        update(OutboundMessage)
        .where(OutboundMessage.id == follow_up.message_id, OutboundMessage.state == MessageState.PENDING)
        .values(state=MessageState.DROPPED, problem="taken back")
        .returning(OutboundMessage.id)
    ).one_or_none()
    if dropped is None:
        message = ctx.session.get(OutboundMessage, follow_up.message_id, populate_existing=True)
        if message is not None and message.state is MessageState.DROPPED:
            raise _over("The nudge was not sent: it was no longer needed, or not wanted.")
        raise _over("The nudge is on its way already.")
    before = ctx.session.scalar(
        select(func.max(FollowUp.until_at)).where(
            FollowUp.learner_id == follow_up.learner_id,
            FollowUp.deed == FollowUpDeed.NUDGED,
            FollowUp.undone_at.is_(None),
            FollowUp.id != follow_up.id,
        )
    )
    ctx.session.execute(
        update(Learner)
        .where(Learner.id == follow_up.learner_id)
        .values(nudged_at=before - NUDGE_PAUSE if before is not None else None)
    )


def _over(reason: str) -> UndoOver:
    return UndoOver(reason=reason, next_step="“at-risk” and the run's code shows what is true now.")
