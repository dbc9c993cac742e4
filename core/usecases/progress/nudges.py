"""A nudge: an e-mail to one learner in the name of the staff member who looked at it first.

    prepare_nudge (a read: the very letter) -> nudge_learner --recall window, quiet hours--> sent, if it makes sense

1. One a week for a learner, whoever sends it: ``learner.nudged_at`` moves by a conditional UPDATE in the transaction
   that writes the e-mail. Of two at the same moment one finds it moved. One that is dropped counts no more.
2. Never to somebody who has finished, has left, declined, or asked for no more. It is looked at again when it is about
   to leave (``nudge_letters``): whoever has done a step meanwhile gets none.
3. The words may be one's own, without links. It comes from the do-not-reply address; a reply goes to its author.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import Row, and_, exists, func, or_, select, tuple_, update

from core import access
from core.access import Permission
from core.cards import RunCard, run_card
from core.context import Context
from core.errors import NudgeRefused, NudgeWordsUnclear
from core.letters import Letter, NudgeLetter
from core.model import (
    CourseRun,
    Enrolment,
    FollowUp,
    Invitation,
    Learner,
    LearnerAddress,
    Organisation,
    OutboundMessage,
    Progress,
    StaffMember,
    Suppression,
)
from core.outbox import email_row, say
from core.rules.addresses import address_key
from core.rules.links import LinkKind
from core.rules.policy import COMPLETED_SHARE, NUDGE_PAUSE
from core.rules.progress.nudges import checked_words, proposed_words
from core.rules.progress.risk import Risk
from core.usecases.messages.letter_heads import letter_head
from core.usecases.progress.follow_ups import LearnerOnRun, about_learner_on_run, new_follow_up, subject_of
from core.words import FollowUpDeed, InvitationState, MessageKind, MessageState, SuppressReason


class PrepareNudge(Struct, frozen=True):
    """The learner by id or by what names them, which the words may follow: only who is on the run says where a name
    ends. No words: those that are proposed.
    """

    run: str
    who: str = ""
    learner_id: int = 0
    words: str = ""


class NudgePreviewed(Struct, frozen=True):
    """Nothing is sent yet. The letter says the name, the words, and who wrote it."""

    learner_id: int
    name: str
    first_name: str
    address: str
    run: RunCard
    author: str
    reply_to: str
    words: str
    risks: tuple[Risk, ...]
    sends_at: datetime


class NudgeLearner(Struct, frozen=True):
    run: str
    who: str = ""
    learner_id: int = 0
    words: str = ""


class LearnerNudged(Struct, frozen=True):
    letter: NudgePreviewed
    follow_up_id: int
    next_from: datetime
    """No other goes out before."""


def prepare_nudge(ctx: Context, command: PrepareNudge) -> NudgePreviewed:
    """Raises RunNotFound, LearnerNotFound, LearnerUnclear, LearnerNotOnRun, NudgeRefused, NudgeWordsUnclear."""
    staff = access.require_staff(ctx, Permission.INVITE)
    subject = subject_of(ctx, staff, command.run, command.learner_id, command.who)
    return previewed(ctx, staff, subject, command.words or subject.rest)


def nudge_learner(ctx: Context, command: NudgeLearner) -> LearnerNudged:
    """As ``prepare_nudge``; and of two at the same moment one is refused."""
    staff = access.require_staff(ctx, Permission.INVITE)
    subject = subject_of(ctx, staff, command.run, command.learner_id, command.who)
    letter = previewed(ctx, staff, subject, command.words or subject.rest)
    claimed = ctx.session.execute(
        update(Learner)
        .where(Learner.id == subject.learner.id)
        .where(or_(Learner.nudged_at.is_(None), Learner.nudged_at <= letter.sends_at - NUDGE_PAUSE))
        .values(nudged_at=letter.sends_at)
        .returning(Learner.id)
    ).one_or_none()
    if claimed is None:
        raise _refused(subject, _TOO_SOON)
    follow_up = new_follow_up(ctx, staff, subject, FollowUpDeed.NUDGED, letter.sends_at + NUDGE_PAUSE)
    message = email_row(
        ctx,
        MessageKind.NUDGE,
        to=letter.address,
        to_key=address_key(letter.address),
        about_id=follow_up.id,
        key=f"nudge:{follow_up.id}",
        not_before=letter.sends_at,
    )
    follow_up.words, follow_up.message_id = letter.words, message["id"]
    ctx.session.add(follow_up)
    ctx.session.flush()
    say(ctx, [message])
    about_learner_on_run(ctx, subject.learner.id, subject.run.id)
    return LearnerNudged(letter, follow_up.id, follow_up.until_at)


_TOO_SOON: Final = "a nudge was written to them less than a week ago"


def _refused(subject: LearnerOnRun, reason: str) -> NudgeRefused:
    return NudgeRefused(name=subject.name, reason=reason)


def previewed(ctx: Context, staff: StaffMember, subject: LearnerOnRun, typed: str) -> NudgePreviewed:
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    sends_at = ctx.now + ctx.settings.recall_window
    if (quiet := organisation.quiet_hours) is not None:
        sends_at = quiet.wait_out(sends_at, ZoneInfo(organisation.time_zone))
    (facts,) = _facts(ctx, [(subject.learner.id, subject.run.id)])
    reason = _why_not(facts, subject.run.ends_at, sends_at) or ("" if facts.address else "no address of theirs works")
    if facts.nudged_at is not None and facts.nudged_at > sends_at - NUDGE_PAUSE:
        reason = reason or _TOO_SOON
    if reason:
        raise _refused(subject, reason)
    title = subject.run.course.title
    words, problem = checked_words(typed or proposed_words(subject.risks, title), title)
    if problem:
        raise NudgeWordsUnclear(reason=problem)
    return NudgePreviewed(
        learner_id=subject.learner.id,
        name=subject.name,
        first_name=subject.learner.first_name,
        address=facts.address,
        run=run_card(subject.run),
        author=staff.name,
        reply_to=staff.email,
        words=words,
        risks=subject.risks,
        sends_at=sends_at,
    )


# --- Whether it still makes sense -------------------------------------------------------------------------


def _facts(ctx: Context, pairs: Sequence[tuple[int, int]]) -> Sequence[Any]:
    """One query for learners on runs, as they are now."""
    mine = and_(LearnerAddress.learner_id == Learner.id, LearnerAddress.organisation_id == Learner.organisation_id)
    silent = and_(
        Suppression.organisation_id == Learner.organisation_id,
        Suppression.address_key == LearnerAddress.address_key,
    )
    asked = exists().where(mine, silent, Suppression.reason != SuppressReason.BOUNCED)
    working = (
        select(LearnerAddress.address)
        .where(mine, ~select(Suppression.id).where(silent).correlate(Learner, LearnerAddress).exists())
        .order_by(LearnerAddress.id)
        .limit(1)
        .correlate(Learner)
        .scalar_subquery()
    )
    declined = exists().where(
        Invitation.organisation_id == Learner.organisation_id,
        Invitation.run_id == Enrolment.run_id,
        Invitation.state == InvitationState.DECLINED,
        Invitation.answered_at >= Enrolment.enrolled_at,
        or_(
            Invitation.learner_id == Learner.id,
            Invitation.address_key.in_(select(LearnerAddress.address_key).where(mine).correlate(Learner)),
        ),
    )
    query = (
        select(
            *(Enrolment.id, Enrolment.learner_id, Enrolment.run_id, Learner.first_name, Learner.nudged_at),
            *(Learner.removed_at, Progress.step_percentage, Progress.active_at),
            func.coalesce(Progress.left_at, Enrolment.left_at).label("left_at"),
            *(asked.label("has_asked"), declined.label("has_declined"), working.label("address")),
        )
        # Each has a learner. But by a plain join SQLite would begin with all learners of the organisation.
        .select_from(Enrolment)
        .outerjoin(Learner, Learner.id == Enrolment.learner_id)
        .outerjoin(
            Progress,
            and_(Progress.learner_id == Enrolment.learner_id, Progress.run_id == Enrolment.run_id, Progress.is_latest),
        )
        .where(tuple_(Enrolment.learner_id, Enrolment.run_id).in_(pairs))
    )
    return ctx.session.execute(query).all()


def _why_not(facts: Any, ends_at: datetime | None, at: datetime) -> str:
    """Empty: they may be written to."""
    if facts.left_at is not None or facts.removed_at is not None:
        return "they have left"
    if facts.step_percentage is not None and facts.step_percentage >= COMPLETED_SHARE:
        return "they have finished"
    if facts.has_declined:
        return "they have declined"
    if facts.has_asked:
        return "they asked for no more e-mails"
    return "the run is over" if ends_at is not None and ends_at <= at else ""


def nudge_letters(ctx: Context, rows: Sequence[Row[Any]]) -> list[Letter]:
    """Only those that still make sense: nothing was taken back, nobody has moved, finished, left or said stop."""
    query = (
        select(FollowUp, StaffMember, Organisation.name, CourseRun.ends_at)
        .join(StaffMember, StaffMember.id == FollowUp.staff_id)
        .join(Organisation, Organisation.id == FollowUp.organisation_id)
        .join(CourseRun, CourseRun.id == FollowUp.run_id)
        .where(FollowUp.id.in_([row.about_id for row in rows]), FollowUp.undone_at.is_(None))
        .where(StaffMember.disabled_at.is_(None))
    )
    found = {each.FollowUp.id: each for each in ctx.session.execute(query)}
    pairs = [(each.FollowUp.learner_id, each.FollowUp.run_id) for each in found.values()]
    facts = {(row.learner_id, row.run_id): row for row in _facts(ctx, pairs)} if pairs else {}
    runs = _runs(ctx, {run_id for _, run_id in pairs})
    letters: list[Letter] = []
    for row in rows:
        each = found.get(row.about_id)
        now = facts.get((each.FollowUp.learner_id, each.FollowUp.run_id)) if each is not None else None
        if each is None or now is None or _why_not(now, each.ends_at, ctx.now):
            continue
        if now.active_at != each.FollowUp.active_at:
            continue
        letters.append(
            NudgeLetter(
                head=letter_head(row, now.first_name, each.name, each.StaffMember.email),
                token=ctx.links.token(LinkKind.PLACE, now.id),
                run=runs[each.FollowUp.run_id],
                author=each.StaffMember.name,
                words=each.FollowUp.words,
            )
        )
    return letters


def _runs(ctx: Context, ids: set[int]) -> dict[int, RunCard]:
    query = select(CourseRun).join(CourseRun.course).options(access.with_course()).where(CourseRun.id.in_(ids))
    return {run.id: run_card(run) for run in ctx.session.scalars(query)}


def release_nudges(ctx: Context, message_ids: Sequence[int]) -> None:
    """Whose nudge was dropped got none this week. A newer one that was promised meanwhile stays."""
    dropped = (
        select(FollowUp.learner_id, FollowUp.until_at)
        .join(OutboundMessage, OutboundMessage.id == FollowUp.message_id)
        .where(OutboundMessage.id.in_(message_ids), OutboundMessage.state == MessageState.DROPPED)
        .where(OutboundMessage.kind == MessageKind.NUDGE, FollowUp.undone_at.is_(None))
    )
    for row in ctx.session.execute(dropped).all():
        ctx.session.execute(
            update(Learner)
            .where(Learner.id == row.learner_id, Learner.nudged_at == row.until_at - NUDGE_PAUSE)
            # An earlier one was a week before this one.
            .values(nudged_at=None)
        )
