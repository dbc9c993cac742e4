"""The rows of a confirmation: its batches, and each learner's invitation with the e-mail that brings it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, update

from core import access
from core.context import Context
from core.model import Course, CourseRun, Invitation, InvitationBatch, StaffMember
from core.outbox import email_row, first_invitation_key
from core.rules.addresses import Address
from core.rules.policy import BATCH_ADDRESSES
from core.usecases.costs.budgets import require_room
from core.words import InvitationState, MessageKind

ROWS_AT_ONCE: Final = 1000


def batches_of(ctx: Context, confirmation_id: int) -> list[InvitationBatch]:
    """In the order of their numbers; none for an id that is unknown here."""
    query = select(InvitationBatch).where(InvitationBatch.confirmation_id == confirmation_id)
    return list(ctx.session.scalars(query.order_by(InvitationBatch.number)))


def new_batches(
    ctx: Context,
    staff: StaffMember,
    run: CourseRun,
    count: int,
    numbers: range,
    *,
    note: str,
    confirmation_id: int,
    chosen: datetime | None,
) -> list[InvitationBatch]:
    soonest = ctx.now + ctx.settings.recall_window
    is_scheduled = chosen is not None and chosen > soonest
    agreement = access.agreement_for(ctx, staff.organisation_id, run.course)
    require_room(ctx, agreement, count)
    batches = [
        InvitationBatch(
            id=ctx.tokens.new_id(),
            organisation_id=staff.organisation_id,
            number=number,
            confirmation_id=confirmation_id,
            run_id=run.id,
            staff_id=staff.id,
            provider_id=provider_of(ctx, staff, run.course),
            agreement_id=agreement.id if agreement else None,
            note=note,
            size=min(BATCH_ADDRESSES, count - place * BATCH_ADDRESSES),
            created_at=ctx.now,
            sends_at=chosen if chosen is not None and is_scheduled else soonest,
            is_scheduled=is_scheduled,
        )
        for place, number in enumerate(numbers)
    ]
    ctx.session.add_all(batches)
    ctx.session.flush()
    return batches


def provider_of(ctx: Context, staff: StaffMember, course: Course) -> int | None:
    """The provider that those who join will belong to: the course's own, else the staff member's only one."""
    if course.organisation_id == staff.organisation_id and course.provider_id is not None:
        return course.provider_id
    granted = access.granted_provider_ids(ctx, staff)
    return next(iter(granted)) if granted is not None and len(granted) == 1 else None


def rows_for(
    ctx: Context, batch: InvitationBatch, address: Address, expires_at: datetime, remind_at: datetime | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    invitation_id = ctx.tokens.new_id()
    message = email_row(
        ctx,
        MessageKind.INVITATION,
        to=address.address,
        to_key=address.key,
        about_id=invitation_id,
        key=first_invitation_key(invitation_id),
        not_before=batch.sends_at,
    )
    invitation = {
        "id": invitation_id,
        "batch_id": batch.id,
        "run_id": batch.run_id,
        "address": address.address,
        "address_key": address.key,
        "name": address.name,
        "state": InvitationState.PENDING,
        "generation": 0,
        "created_at": ctx.now,
        "expires_at": expires_at,
        "next_reminder_at": remind_at,
        "reminder_count": 0,
        "message_id": message["id"],
    }
    return invitation, message


def replace_invitations(ctx: Context, ids: Sequence[int]) -> None:
    for start in range(0, len(ids), ROWS_AT_ONCE):
        ctx.session.execute(
            update(Invitation).where(Invitation.id.in_(ids[start : start + ROWS_AT_ONCE])).values(replaced_at=ctx.now)
        )
