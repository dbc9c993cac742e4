"""A learner is removed from the organisation (LM), and taken back within ten minutes whatever was done about one.

1. Who is removed keeps their courses, but for private (invite-only) runs; nobody here sees their data any more; their
   pending invitations become cancelled, reason removed; their enrolments still cost.
2. Joining a run, or an import that has them, brings them back.
3. Undo puts back what was replaced, unless somebody changed it since, or the learner has come meanwhile.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import delete, func, select, update

from core import access
from core.access import Permission
from core.context import Context
from core.errors import LearnerChangeNotFound, LearnerNotChosen, UndoOver
from core.model import (
    Charge,
    Course,
    CourseRun,
    Enrolment,
    Invitation,
    InvitationBatch,
    Learner,
    LearnerAddress,
    LearnerChange,
    OutboundMessage,
    StaffMember,
)
from core.outbox import revive, touch_scoreboards
from core.rules.policy import UNDO_LIFE
from core.rules.ucas.values import LearnerValues
from core.usecases.costs.budgets import require_room_again
from core.usecases.imports.applying import CHANGE_LEARNER, as_new, before_of, forget_addresses
from core.usecases.imports.matching import Matching
from core.usecases.imports.undoing import NOTHING
from core.usecases.imports.values import learner_row
from core.usecases.learners.cards import ShowLearner, invited_as, seen_learner
from core.usecases.learners.changes import WAS_PLACE, Was, matching_of
from core.usecases.learners.lists import LearnerCard, card_of, sight_of
from core.usecases.learners.recognising import learner_row_of
from core.words import CancelReason, CourseKind, InvitationState, LearnerDeed, MessageState, Subject


class PreviewRemoval(Struct, frozen=True):
    """By id, or by whatever names one learner."""

    learner_id: int = 0
    who: str = ""


class RemovalPreviewed(Struct, frozen=True):
    """Nothing is changed yet. ``kept`` and ``left``: runs, by code."""

    card: LearnerCard
    kept: tuple[str, ...]
    left: tuple[str, ...]
    invitations: int
    charges: int


class RemoveLearner(Struct, frozen=True):
    learner_id: int = 0
    who: str = ""


class LearnerRemoved(Struct, frozen=True):
    card: LearnerCard
    kept: tuple[str, ...]
    left: tuple[str, ...]
    invitations: int
    charges: int
    change_id: int
    undo_until: datetime


class UndoLearnerChange(Struct, frozen=True):
    change_id: int


class LearnerChangeUndone(Struct, frozen=True):
    """``learner_id`` 0: they were new, and are gone."""

    name: str
    deed: LearnerDeed
    learner_id: int


def preview_removal(ctx: Context, command: PreviewRemoval) -> RemovalPreviewed:
    """Raises LearnerNotFound, LearnerNotChosen."""
    staff = access.require_staff(ctx, Permission.MANAGE_LEARNERS)
    card = _card(ctx, staff, command.learner_id, command.who)
    runs = _runs(ctx, card.learner_id)
    return RemovalPreviewed(
        card=card,
        kept=tuple(run.code for run in runs if not run.is_private),
        left=tuple(run.code for run in runs if run.is_private),
        invitations=ctx.session.scalar(select(func.count()).where(Invitation.id.in_(_open(ctx, card.learner_id)))) or 0,
        charges=_charges(ctx, card.learner_id),
    )


def remove_learner(ctx: Context, command: RemoveLearner) -> LearnerRemoved:
    """Raises LearnerNotFound, LearnerNotChosen."""
    staff = access.require_staff(ctx, Permission.MANAGE_LEARNERS)
    work = matching_of(ctx, staff)
    card = _card(ctx, staff, command.learner_id, command.who)
    ctx.about(Subject.LEARNER, card.learner_id)
    learner, runs = learner_row_of(ctx, card.learner_id), _runs(ctx, card.learner_id)
    charges = _charges(ctx, card.learner_id)
    left = [run for run in runs if run.is_private]
    known = work.kept.learner_values(learner, work.reach.ukprns.get(learner.provider_id))
    was = Was(
        before_of(learner, known),
        learner.username,
        learner.username is not None,
        _cancel(ctx, card.learner_id),
        [run.id for run in left],
    )
    _leave(ctx, was.enrolments, ctx.now)
    ctx.session.execute(update(Learner).where(Learner.id == learner.id).values(removed_at=ctx.now))
    change = _noted(ctx, work, staff, learner, was)
    return LearnerRemoved(
        card=card,
        kept=tuple(run.code for run in runs if not run.is_private),
        left=tuple(run.code for run in left),
        invitations=len(was.invitations),
        charges=charges,
        change_id=change.id,
        undo_until=ctx.now + UNDO_LIFE,
    )


def _card(ctx: Context, staff: StaffMember, learner_id: int, who: str) -> LearnerCard:
    if not learner_id and not who.strip():
        raise LearnerNotChosen(word="remove")
    sight = sight_of(ctx, staff)
    return card_of(sight, seen_learner(ctx, staff, sight, ShowLearner(learner_id, who)))


def _runs(ctx: Context, learner_id: int) -> Sequence[Any]:
    """Those they are on."""
    is_private = (Course.kind == CourseKind.INVITE_ONLY).label("is_private")
    return ctx.session.execute(
        select(Enrolment.id, CourseRun.code, is_private)
        .join(CourseRun, CourseRun.id == Enrolment.run_id)
        .join(Course, Course.id == CourseRun.course_id)
        .where(Enrolment.learner_id == learner_id, Enrolment.left_at.is_(None))
        .order_by(CourseRun.code)
    ).all()


def _charges(ctx: Context, learner_id: int) -> int:
    query = (
        # From their enrolments: by a plain join SQLite would begin with all charges.
        select(func.count(Charge.id))
        .select_from(Enrolment)
        .outerjoin(Charge, Charge.enrolment_id == Enrolment.id)
        .where(Enrolment.learner_id == learner_id)
    )
    return ctx.session.scalar(query) or 0


def _open(ctx: Context, learner_id: int) -> Any:
    keys = ctx.session.scalars(select(LearnerAddress.address_key).where(LearnerAddress.learner_id == learner_id)).all()
    return select(Invitation.id).where(
        invited_as(learner_id, keys),
        Invitation.state == InvitationState.PENDING,
        Invitation.replaced_at.is_(None),
        Invitation.expires_at > ctx.now,
    )


def _cancel(ctx: Context, learner_id: int) -> list[int]:
    """A learner may answer at the same moment: the first one wins."""
    rows = ctx.session.execute(
        update(Invitation)
        .where(Invitation.id.in_(_open(ctx, learner_id)), Invitation.state == InvitationState.PENDING)
        .values(state=InvitationState.CANCELLED, cancel_reason=CancelReason.REMOVED, answered_at=ctx.now)
        .returning(Invitation.id, Invitation.batch_id, Invitation.message_id)
    ).all()
    ctx.session.execute(
        update(OutboundMessage)
        .where(OutboundMessage.id.in_([row.message_id for row in rows]), OutboundMessage.state == MessageState.PENDING)
        .values(state=MessageState.DROPPED, problem="cancelled")
    )
    _touch(ctx, [row.batch_id for row in rows])
    return [row.id for row in rows]


def _touch(ctx: Context, batch_ids: Sequence[int]) -> None:
    query = select(InvitationBatch.confirmation_id).where(InvitationBatch.id.in_(batch_ids)).distinct()
    touch_scoreboards(ctx, set(ctx.session.scalars(query)))


def _leave(ctx: Context, enrolment_ids: Sequence[int], at: datetime | None) -> None:
    ctx.session.execute(update(Enrolment).where(Enrolment.id.in_(enrolment_ids)).values(left_at=at))


def _noted(ctx: Context, work: Matching, staff: StaffMember, learner: Any, was: Was) -> LearnerChange:
    change = LearnerChange(
        id=ctx.tokens.new_id(),
        organisation_id=staff.organisation_id,
        learner_id=learner.id,
        staff_id=staff.id,
        door=ctx.actor.door,
        deed=LearnerDeed.REMOVED,
        columns="",
        content=work.kept.pack(was, WAS_PLACE),
        applied_hash=learner.detail_hash,
        prepared_at=ctx.now,
        made_at=ctx.now,
    )
    ctx.session.add(change)
    return change


# --- Taking back ------------------------------------------------------------------------------------------


def undo_learner_change(ctx: Context, command: UndoLearnerChange) -> LearnerChangeUndone:
    """By whoever may manage the learner. Raises LearnerChangeNotFound, UndoOver."""
    staff = access.require_staff(ctx, Permission.MANAGE_LEARNERS)
    work = matching_of(ctx, staff)
    change = ctx.session.get(LearnerChange, command.change_id)
    if change is None or change.made_at is None or change.content is None:
        raise LearnerChangeNotFound
    learner = learner_row_of(ctx, change.learner_id)
    _require_undoable(ctx, staff, change, learner)
    was = work.kept.unpack(change.content, WAS_PLACE, Was)
    change.undone_at, change.undone_by = ctx.now, staff.id
    ctx.about(Subject.LEARNER, change.learner_id)
    if was.before is None:
        return _gone(ctx, change, learner)
    _restore(ctx, work, learner, was, change)
    return LearnerChangeUndone(_name(LearnerValues._make(was.before.values)), change.deed, learner.id)


def _require_undoable(ctx: Context, staff: StaffMember, change: LearnerChange, learner: Any) -> None:
    if learner is not None and not sight_of(ctx, staff).may_see(learner.provider_id):
        raise LearnerChangeNotFound
    if change.undone_at is not None:
        raise _over("This was taken back already.")
    assert change.made_at is not None  # noqa: S101 - The caller has looked.
    if change.made_at + UNDO_LIFE <= ctx.now:
        raise _over(f"This was done more than {int(UNDO_LIFE.total_seconds() // 60)} minutes ago.")
    was_removed = change.deed is LearnerDeed.REMOVED
    if learner is None or learner.detail_hash != change.applied_hash or (learner.removed_at is not None) != was_removed:
        raise _over("The learner was changed since, so nothing was taken back.")
    if change.deed is LearnerDeed.CREATED and _has_come(ctx, learner):
        raise _over("The learner has joined a run or signed in since, so nothing was taken back.")


def _over(reason: str) -> UndoOver:
    return UndoOver(reason=reason, next_step="“learners” and their name shows what is true now.")


def _has_come(ctx: Context, learner: Any) -> bool:
    # One that they have left counts as well: its charge stays, and so do they.
    query = select(Enrolment.id).where(Enrolment.learner_id == learner.id).limit(1)
    return learner.access_code_used_at is not None or ctx.session.scalar(query) is not None


def _gone(ctx: Context, change: LearnerChange, learner: Any) -> LearnerChangeUndone:
    """They were new, so nothing else can be theirs."""
    session = ctx.session
    session.execute(delete(LearnerAddress).where(LearnerAddress.learner_id == learner.id))
    session.execute(delete(Learner).where(Learner.id == learner.id))
    return LearnerChangeUndone(f"{learner.first_name} {learner.last_name}", change.deed, 0)


def _restore(ctx: Context, work: Matching, learner: Any, was: Was, change: LearnerChange) -> None:
    assert was.before is not None  # noqa: S101 - The caller has looked.
    before = was.before
    written = learner_row(
        work.kept, work.hashes, LearnerValues._make(before.values), before.provider_id, before.academic_year
    )
    if not before.had_details:
        # They came by an invitation, and no sheet knew of them.
        written |= NOTHING
    keeps_code = was.has_account or learner.access_code_used_at is not None
    account = (was.username if was.has_account else learner.username, learner.access_code)
    written |= dict(zip(("username", "access_code"), account if keeps_code else (None, None), strict=True))
    access.update_each(
        ctx, CHANGE_LEARNER, [{"learner": learner.id, **as_new({**written, "removed_at": before.removed_at})}]
    )
    forget_addresses(ctx, [(learner.id, before.gained)])
    if change.deed is LearnerDeed.REMOVED:
        _leave(ctx, was.enrolments, None)
        _reopen(ctx, was.invitations)


def _reopen(ctx: Context, ids: Sequence[int]) -> None:
    """But those that were made anew since: two working invitations would confuse them."""
    newer = (
        select(Invitation.run_id, Invitation.address_key)
        .where(Invitation.state == InvitationState.PENDING, Invitation.replaced_at.is_(None))
        .where(Invitation.address_key.in_(select(Invitation.address_key).where(Invitation.id.in_(ids))))
    )
    taken = {tuple(row) for row in ctx.session.execute(newer)}
    rows = ctx.session.execute(
        select(Invitation.id, Invitation.run_id, Invitation.address_key, Invitation.batch_id).where(
            Invitation.id.in_(ids),
            Invitation.state == InvitationState.CANCELLED,
            Invitation.cancel_reason == CancelReason.REMOVED,
        )
    ).all()
    open_again = [row.id for row in rows if (row.run_id, row.address_key) not in taken]
    require_room_again(ctx, Invitation.id.in_(open_again))
    ctx.session.execute(
        update(Invitation)
        .where(Invitation.id.in_(open_again))
        .values(state=InvitationState.PENDING, cancel_reason=None, answered_at=None)
    )
    revive(ctx, select(Invitation.message_id).where(Invitation.id.in_(open_again)))
    _touch(ctx, [row.batch_id for row in rows])


def _name(values: LearnerValues) -> str:
    return f"{values.first_name} {values.last_name}"
