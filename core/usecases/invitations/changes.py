"""Many invitations at once: send again, cancel, and take a cancelling back (LM, Managing existing invitations).

    open --cancel_invitations--> cancelled --restore_invitations, within ten minutes--> open

What is meant is said by ids, or by what the list shows: a state and search words. It is found anew when the button is
pressed, so whoever answered meanwhile is left alone.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Row, Select, exists, func, select, update
from sqlalchemy.orm import aliased

from core import access
from core.access import Permission
from core.cards import RunCard, run_card
from core.context import Context
from core.errors import ChangeNotFound, NothingOpen, UndoOver
from core.model import (
    CourseRun,
    Enrolment,
    Invitation,
    InvitationBatch,
    InvitationChange,
    LearnerAddress,
    OutboundMessage,
    StaffMember,
    Suppression,
)
from core.outbox import email_row, is_first_invitation, next_invitation_key, revive, say, touch_scoreboards
from core.rules.policy import CONFIRMATION_ADDRESSES, MAIL_GAP, RESEND_PAUSE, UNDO_LIFE
from core.usecases.costs.budgets import require_room_again
from core.usecases.invitations.lists import ListedState, ListInvitations, matching
from core.usecases.invitations.single import start_change
from core.words import CancelReason, InvitationState, MessageKind, MessageState, Subject

_OPEN_STATES = (None, ListedState.PENDING, ListedState.BOUNCED)


class Chosen(Struct, frozen=True):
    """These ids; without ids, every open invitation that the list shows with this state and search."""

    run: str
    invitation_ids: tuple[int, ...] = ()
    state: ListedState | None = None
    search: str = ""


class ResendInvitations(Struct, frozen=True):
    chosen: Chosen


class InvitationsResent(Struct, frozen=True):
    """The five numbers add up to the open invitations that were meant."""

    run: RunCard
    resent: int
    waiting: int
    """Their e-mail has not left yet."""
    recent: int
    """They got it within the last hour."""
    suppressed: int
    """Mail to them came back, or they asked for no more."""
    left: int
    """More than one press takes: the next one takes these."""


class CancelInvitations(Struct, frozen=True):
    chosen: Chosen


class InvitationsCancelled(Struct, frozen=True):
    run: RunCard
    cancelled: int
    unsent: int
    """Never left the house."""
    change_id: int
    undo_until: datetime


class RestoreInvitations(Struct, frozen=True):
    change_id: int


class InvitationsRestored(Struct, frozen=True):
    run: RunCard
    restored: int
    kept: int
    """Stay cancelled: invited again or enrolled since."""


# --- Send again -------------------------------------------------------------------------------------------


def resend_invitations(ctx: Context, command: ResendInvitations) -> InvitationsResent:
    """Same links, same expiry. Nobody who waits for the e-mail or has just got it is written to twice."""
    staff = access.require_staff(ctx, Permission.INVITE)
    run = _run(ctx, staff, command.chosen)
    found = ctx.session.execute(_deliveries(ctx, _open(ctx, run, command.chosen))).all()
    if not found:
        raise NothingOpen(run=run.code)
    groups: dict[str, list[Row[*tuple[Any, ...]]]] = {"go": [], "waiting": [], "recent": [], "suppressed": []}
    for row in found:
        groups[_group(row, ctx.now)].append(row)
    going = groups["go"][:CONFIRMATION_ADDRESSES]
    _send_again(ctx, going)
    _about(ctx, run.id, going)
    return InvitationsResent(
        run=run_card(run),
        resent=len(going),
        waiting=len(groups["waiting"]),
        recent=len(groups["recent"]),
        suppressed=len(groups["suppressed"]),
        left=len(groups["go"]) - len(going),
    )


def _deliveries(ctx: Context, ids: Select[int]) -> Select[*tuple[Any, ...]]:
    """Longest ago first: what one press leaves is the next one's."""
    return (
        select(
            Invitation.id,
            Invitation.batch_id,
            Invitation.address,
            Invitation.address_key,
            InvitationBatch.confirmation_id,
            OutboundMessage.idempotency_key,
            OutboundMessage.state,
            OutboundMessage.sent_at,
            Suppression.id.label("suppression_id"),
        )
        .join(OutboundMessage, OutboundMessage.id == Invitation.message_id)
        .join(InvitationBatch, InvitationBatch.id == Invitation.batch_id)
        .outerjoin(Suppression, Suppression.address_key == Invitation.address_key)
        .where(Invitation.id.in_(ids))
        .order_by(OutboundMessage.sent_at, Invitation.id)
    )


def _group(row: Row[*tuple[Any, ...]], now: datetime) -> str:
    if row.suppression_id is not None:
        return "suppressed"
    if row.state in (MessageState.PENDING, MessageState.SENDING):
        return "waiting"
    is_recent = row.sent_at is not None and row.sent_at > now - RESEND_PAUSE
    return "recent" if is_recent else "go"


def _send_again(ctx: Context, rows: list[Row[*tuple[Any, ...]]]) -> None:
    messages = [
        email_row(
            ctx,
            MessageKind.INVITATION,
            to=row.address,
            to_key=row.address_key,
            about_id=row.id,
            key=next_invitation_key(row.idempotency_key),
            not_before=ctx.now,
        )
        for row in rows
    ]
    say(ctx, messages)
    # No reminder may follow at their heels; the tick finds out when one is due.
    remind_at = ctx.now + MAIL_GAP
    newest = [
        {"id": message["about_id"], "message_id": message["id"], "next_reminder_at": remind_at} for message in messages
    ]
    if newest:
        ctx.session.execute(update(Invitation), newest)
    touch_scoreboards(ctx, {row.confirmation_id for row in rows})


# --- Cancel -----------------------------------------------------------------------------------------------


def cancel_invitations(ctx: Context, command: CancelInvitations) -> InvitationsCancelled:
    """Raises NothingOpen. ``change_id`` takes it back within ten minutes."""
    staff = access.require_staff(ctx, Permission.INVITE)
    run = _run(ctx, staff, command.chosen)
    change = start_change(ctx, staff, run)
    cancelled = _cancel(ctx, change, _open(ctx, run, command.chosen))
    if not cancelled:
        raise NothingOpen(run=run.code)
    unsent = _drop_waiting(ctx, change)
    touch_scoreboards(ctx, _confirmations(ctx, {row.batch_id for row in cancelled}))
    _about(ctx, run.id, cancelled)
    return InvitationsCancelled(run_card(run), len(cancelled), unsent, change.id, change.made_at + UNDO_LIFE)


def _cancel(ctx: Context, change: InvitationChange, ids: Select[int]) -> Sequence[Row[int, int]]:
    """Each one that was cancelled, and its batch. A learner may answer at the same moment: the first one wins."""
    moved = ctx.session.execute(
        update(Invitation)
        .where(Invitation.id.in_(ids), Invitation.state == InvitationState.PENDING)
        .values(
            state=InvitationState.CANCELLED,
            cancel_reason=CancelReason.CANCELLED,
            answered_at=ctx.now,
            change_id=change.id,
        )
        .returning(Invitation.id, Invitation.batch_id)
    )
    return moved.all()


def _drop_waiting(ctx: Context, change: InvitationChange) -> int:
    dropped = ctx.session.execute(
        update(OutboundMessage)
        .where(OutboundMessage.id.in_(_messages_of(change)), OutboundMessage.state == MessageState.PENDING)
        .values(state=MessageState.DROPPED, problem="cancelled")
        .returning(OutboundMessage.attempts, OutboundMessage.idempotency_key)
    )
    return sum(row.attempts == 0 and is_first_invitation(row.idempotency_key) for row in dropped)


def _messages_of(change: InvitationChange) -> Select[int]:
    return select(Invitation.message_id).where(Invitation.change_id == change.id)


# --- Take back --------------------------------------------------------------------------------------------


def restore_invitations(ctx: Context, command: RestoreInvitations) -> InvitationsRestored:
    """The same links work again; e-mails that had not left go out. Raises ChangeNotFound, UndoOver, BudgetExceeded."""
    staff = access.require_staff(ctx, Permission.INVITE)
    change = ctx.session.get(InvitationChange, command.change_id)
    if change is None:
        raise ChangeNotFound
    run = access.run_of_invitation(ctx, change)
    access.require_provider(ctx, staff, run)
    _claim(ctx, change, run)
    require_room_again(ctx, *_reopenable(change))
    reopened = _reopen(ctx, change)
    revive(ctx, _reopened_messages(change))
    touch_scoreboards(ctx, _confirmations(ctx, {row.batch_id for row in reopened}))
    _about(ctx, run.id, reopened)
    return InvitationsRestored(run_card(run), len(reopened), _still_cancelled(ctx, change))


def _claim(ctx: Context, change: InvitationChange, run: CourseRun) -> None:
    """Of two who press at once, one takes it back."""
    if change.made_at + UNDO_LIFE <= ctx.now:
        raise _over(f"This was cancelled more than {_minutes(UNDO_LIFE)} minutes ago.", run)
    won = ctx.session.execute(
        update(InvitationChange)
        .where(InvitationChange.id == change.id, InvitationChange.undone_at.is_(None))
        .values(undone_at=ctx.now)
        .returning(InvitationChange.id)
    ).one_or_none()
    if won is None:
        raise _over("This was taken back already.", run)


def _over(reason: str, run: CourseRun) -> UndoOver:
    return UndoOver(reason=reason, next_step=f"“reinvite {run.code}” and an address invites somebody again.")


def _reopenable(change: InvitationChange) -> tuple[ColumnElement[bool], ...]:
    """Not those who are invited again or enrolled by now: two working invitations would confuse them."""
    newer = aliased(Invitation)
    is_invited_again = exists().where(
        newer.run_id == Invitation.run_id,
        newer.address_key == Invitation.address_key,
        newer.state == InvitationState.PENDING,
        newer.replaced_at.is_(None),
        newer.organisation_id == change.organisation_id,
    )
    is_enrolled = exists().where(
        LearnerAddress.organisation_id == change.organisation_id,
        LearnerAddress.address_key == Invitation.address_key,
        Enrolment.learner_id == LearnerAddress.learner_id,
        Enrolment.run_id == Invitation.run_id,
        Enrolment.left_at.is_(None),
    )
    is_cancelled = Invitation.state == InvitationState.CANCELLED
    return Invitation.change_id == change.id, is_cancelled, ~is_invited_again, ~is_enrolled


def _reopen(ctx: Context, change: InvitationChange) -> Sequence[Row[int, int]]:
    reopened = ctx.session.execute(
        update(Invitation)
        .where(*_reopenable(change))
        .values(state=InvitationState.PENDING, cancel_reason=None, answered_at=None)
        .returning(Invitation.id, Invitation.batch_id)
    )
    return reopened.all()


def _reopened_messages(change: InvitationChange) -> Select[int]:
    return _messages_of(change).where(Invitation.state == InvitationState.PENDING)


def _still_cancelled(ctx: Context, change: InvitationChange) -> int:
    query = select(func.count()).where(Invitation.change_id == change.id, Invitation.state == InvitationState.CANCELLED)
    return ctx.session.scalar(query) or 0


# --- Finding ----------------------------------------------------------------------------------------------


def _run(ctx: Context, staff: StaffMember, chosen: Chosen) -> CourseRun:
    run = access.invited_run_by_code(ctx, staff.organisation_id, chosen.run)
    access.require_provider(ctx, staff, run)
    return run


def _open(ctx: Context, run: CourseRun, chosen: Chosen) -> Select[int]:
    if chosen.state not in _OPEN_STATES or run.is_closed(ctx.now):
        raise NothingOpen(run=run.code)
    shown = matching(ctx, run, ListInvitations(run.code, chosen.state, chosen.search))
    is_open = shown.where(Invitation.state == InvitationState.PENDING, Invitation.expires_at > ctx.now)
    if chosen.invitation_ids:
        is_open = is_open.where(Invitation.id.in_(chosen.invitation_ids))
    return is_open.with_only_columns(Invitation.id)


def _about(ctx: Context, run_id: int, invitations: Sequence[Any]) -> None:
    ctx.about(Subject.INVITATION, *(row.id for row in invitations))
    ctx.within(Subject.BATCH, *{row.batch_id for row in invitations})
    ctx.within(Subject.RUN, run_id)
    ctx.amount = len(invitations)


def _confirmations(ctx: Context, batch_ids: set[int]) -> set[int]:
    query = select(InvitationBatch.confirmation_id).where(InvitationBatch.id.in_(batch_ids)).distinct()
    return set(ctx.session.scalars(query))


def _minutes(life: timedelta) -> int:
    return int(life.total_seconds() // 60)
