"""Invitations of all runs whose e-mail did not arrive, and can still be answered: to correct, or to send again."""

from typing import Any

from msgspec import Struct
from sqlalchemy import bindparam, func, or_, select

from core import access
from core.access import Permission
from core.context import Context
from core.model import Course, CourseRun, Invitation, InvitationBatch, OutboundMessage, StaffMember
from core.pages import page_within
from core.rules.addresses import guess_typo
from core.rules.policy import PAGE_ROWS
from core.usecases.invitations.lists import InvitationRow, ListedState
from core.words import InvitationState, MessageState

# Written out in the statement, as the partial index has it: a parameter would hide the index.
_IS_PENDING = Invitation.state == bindparam("pending", InvitationState.PENDING, literal_execute=True)
IS_UNDELIVERED = OutboundMessage.state.in_((MessageState.BOUNCED, MessageState.DROPPED))


class ListUndelivered(Struct, frozen=True):
    page: int = 1


class UndeliveredRow(Struct, frozen=True):
    run_code: str
    course_title: str
    time_zone: str
    invitation: InvitationRow


class UndeliveredListed(Struct, frozen=True):
    """The newest first."""

    rows: tuple[UndeliveredRow, ...]
    page: int
    page_count: int
    total: int
    may_act: bool
    """Correct, send again."""


def list_undelivered(ctx: Context, command: ListUndelivered) -> UndeliveredListed:
    """Two queries besides who asks."""
    staff = access.require_staff(ctx, Permission.VIEW)
    wanted = (*answerable(ctx, staff), IS_UNDELIVERED)
    total = ctx.session.scalar(_joined(select(func.count())).where(*wanted)) or 0
    page, page_count = page_within(command.page, total)
    columns = select(
        Invitation, OutboundMessage.problem, InvitationBatch.number, CourseRun.code, CourseRun.time_zone, Course.title
    )
    rows = ctx.session.execute(
        _joined(columns)
        .join(InvitationBatch, InvitationBatch.id == Invitation.batch_id)
        .where(*wanted)
        .order_by(Invitation.created_at.desc(), Invitation.id)
        .limit(PAGE_ROWS)
        .offset((page - 1) * PAGE_ROWS)
    )
    may_act = Permission.INVITE in access.ROLE_PERMISSIONS[staff.role]
    return UndeliveredListed(tuple(_row(*row) for row in rows), page, page_count, total, may_act)


def _joined(query: Any) -> Any:
    return (
        query.select_from(Invitation)
        .join(OutboundMessage, OutboundMessage.id == Invitation.message_id)
        .join(CourseRun, CourseRun.id == Invitation.run_id)
        .join(Course, Course.id == CourseRun.course_id)
    )


def answerable(ctx: Context, staff: StaffMember) -> tuple[Any, ...]:
    """Of invitations joined with runs and courses: those that can still be answered, and that the asker may see."""
    granted = access.granted_provider_ids(ctx, staff)
    is_foreign = Course.organisation_id != staff.organisation_id
    of_granted = or_(is_foreign, Course.provider_id.is_(None), Course.provider_id.in_(granted or ()))
    return (
        _IS_PENDING,
        Invitation.replaced_at.is_(None),
        Invitation.organisation_id == staff.organisation_id,
        Invitation.expires_at > ctx.now,
        or_(CourseRun.enrolment_closes_at.is_(None), CourseRun.enrolment_closes_at > ctx.now),
        or_(CourseRun.ends_at.is_(None), CourseRun.ends_at > ctx.now),
        *(() if granted is None else (of_granted,)),
    )


def _row(invitation: Invitation, problem: str, number: int, code: str, time_zone: str, title: str) -> UndeliveredRow:
    row = InvitationRow(
        invitation_id=invitation.id,
        address=invitation.address,
        name=invitation.name,
        state=ListedState.BOUNCED,
        created_at=invitation.created_at,
        answered_at=None,
        expires_at=invitation.expires_at,
        problem=problem,
        batch_number=number,
        guess=guess_typo(invitation.address) or "",
    )
    return UndeliveredRow(code, title, time_zone, row)
