"""Batches that wait for the moment somebody chose: listed, and sent now after all. Cancelling one is ``recall``."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Select, func, or_, select, update

from core import access
from core.access import Permission
from core.cards import RunCard, run_card
from core.context import Context
from core.deeds import about_batches
from core.errors import BatchNotFound, NothingScheduled
from core.model import Course, CourseRun, Invitation, InvitationBatch, OutboundMessage, StaffMember
from core.outbox import hasten, touch_scoreboards
from core.pages import page_within
from core.rules.policy import PAGE_ROWS
from core.usecases.catalogue.runs import require_choosable
from core.usecases.invitations.batch_rows import batches_of
from core.usecases.invitations.batches import LearnersInvited, as_invited
from core.usecases.invitations.reminders import first_reminder
from core.words import InvitationState, MessageState


class ListScheduled(Struct, frozen=True):
    """Pages count from 1, soonest first."""

    page: int = 1


class ScheduledRow(Struct, frozen=True):
    confirmation_id: int
    numbers: tuple[int, ...]
    """The first and the last, or the only one."""
    run: RunCard
    invited: int
    staff: str
    sends_at: datetime


class ScheduledListed(Struct, frozen=True):
    rows: tuple[ScheduledRow, ...]
    page: int
    page_count: int
    total: int


class SendNow(Struct, frozen=True):
    confirmation_id: int


def list_scheduled(ctx: Context, command: ListScheduled) -> ScheduledListed:
    """Four queries at most, however many there are."""
    staff = access.require_staff(ctx, Permission.VIEW)
    waiting = _waiting(ctx, staff)
    total = ctx.session.scalar(select(func.count()).select_from(waiting.subquery())) or 0
    page, page_count = page_within(command.page, total)
    shown = waiting.subquery()
    rows = ctx.session.execute(
        select(shown, CourseRun, StaffMember)
        .join(CourseRun, CourseRun.id == shown.c.run_id)
        .join(CourseRun.course)
        .join(StaffMember, StaffMember.id == shown.c.staff_id)
        .options(access.with_course())
        .order_by(shown.c.sends_at, shown.c.confirmation_id)
        .limit(PAGE_ROWS)
        .offset((page - 1) * PAGE_ROWS)
    )
    return ScheduledListed(tuple(map(_row, rows)), page, page_count, total)


def send_now(ctx: Context, command: SendNow) -> LearnersInvited:
    """After the recall window, as if it had not been scheduled. Raises NothingScheduled when nothing waits."""
    staff = access.require_staff(ctx, Permission.INVITE)
    batches = batches_of(ctx, command.confirmation_id)
    if not batches:
        raise BatchNotFound(number="this one")
    run = access.run_by_id(ctx, staff.organisation_id, batches[0].run_id)
    require_choosable(ctx, staff, run)
    sends_at = ctx.now + ctx.settings.recall_window
    if not _bring_forward(ctx, batches, sends_at):
        raise NothingScheduled
    expires_at = run.invitation_expires_at(sends_at)
    ctx.session.execute(
        update(Invitation)
        .where(Invitation.batch_id.in_([batch.id for batch in batches]), Invitation.state == InvitationState.PENDING)
        .values(
            expires_at=expires_at,
            next_reminder_at=first_reminder(ctx, run, staff.organisation_id, sends_at, expires_at),
        )
    )
    hasten(ctx, _unsent(batches), sends_at)
    touch_scoreboards(ctx, {command.confirmation_id})
    about_batches(ctx, batches, sum(batch.size for batch in batches))
    return as_invited(run, batches)


def _waiting(ctx: Context, staff: StaffMember) -> Select[*tuple[Any, ...]]:
    """One row a confirmation, of the runs that this person looks after."""
    batch = InvitationBatch
    query = (
        select(
            batch.confirmation_id,
            func.min(batch.number).label("first"),
            func.max(batch.number).label("last"),
            func.sum(batch.size).label("invited"),
            func.min(batch.sends_at).label("sends_at"),
            func.min(batch.run_id).label("run_id"),
            func.min(batch.staff_id).label("staff_id"),
        )
        .where(batch.is_scheduled.is_(True), batch.recalled_at.is_(None), batch.sends_at > ctx.now)
        .group_by(batch.confirmation_id)
    )
    granted = access.granted_provider_ids(ctx, staff)
    if granted is None:
        return query
    is_granted = or_(
        Course.provider_id.is_(None), Course.organisation_id != staff.organisation_id, Course.provider_id.in_(granted)
    )
    runs = select(CourseRun.id).join(Course, Course.id == CourseRun.course_id).where(is_granted)
    return query.where(batch.run_id.in_(runs))


def _row(row: Any) -> ScheduledRow:
    return ScheduledRow(
        confirmation_id=row.confirmation_id,
        numbers=(row.first,) if row.first == row.last else (row.first, row.last),
        run=run_card(row.CourseRun),
        invited=row.invited,
        staff=row.StaffMember.name,
        sends_at=row.sends_at,
    )


def _bring_forward(ctx: Context, batches: list[InvitationBatch], sends_at: datetime) -> bool:
    """False when nothing waits any more. Of two people who press at once, or one who cancels, the first one wins."""
    moved = ctx.session.execute(
        update(InvitationBatch)
        .where(
            InvitationBatch.id.in_([batch.id for batch in batches]),
            InvitationBatch.is_scheduled.is_(True),
            InvitationBatch.recalled_at.is_(None),
            InvitationBatch.sends_at > sends_at,
        )
        .values(sends_at=sends_at, is_scheduled=False)
        .returning(InvitationBatch.id)
    ).all()
    for batch in batches:
        ctx.session.refresh(batch)
    return bool(moved)


def _unsent(batches: list[InvitationBatch]) -> Select[int]:
    return (
        select(OutboundMessage.id)
        .join(Invitation, Invitation.message_id == OutboundMessage.id)
        .where(Invitation.batch_id.in_([batch.id for batch in batches]), OutboundMessage.state == MessageState.PENDING)
    )
