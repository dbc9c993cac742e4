"""A learner asked for a new link; a staff member says yes or no.

waiting --approve--> approved   (a new invitation, or the e-mail that still fits)
   +-----decline--> declined
"""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import select, update

from core import access
from core.access import Permission
from core.cards import RunCard, run_card
from core.context import Context
from core.deeds import about_invitation
from core.errors import AlreadyAnswered, RequestNotFound
from core.model import CourseRun, Enrolment, Invitation, Learner, LinkRequest, StaffMember
from core.rules.addresses import Address
from core.usecases.catalogue.runs import require_choosable
from core.usecases.invitations.answers import LinkState, link_state, welcome
from core.usecases.invitations.single import reinvite, require_not_suppressed, send_again
from core.words import InvitationState, RequestState


class ApproveLinkRequest(Struct, frozen=True):
    request_id: int


class DeclineLinkRequest(Struct, frozen=True):
    request_id: int


class LinkRequestApproved(Struct, frozen=True):
    address: str
    run: RunCard


class LinkRequestDeclined(Struct, frozen=True):
    address: str
    run: RunCard


class LinkRequestShown(Struct, frozen=True):
    """What the staff member is asked in Slack."""

    request_id: int
    address: str
    name: str
    run: RunCard
    was: LinkState
    asked_at: datetime
    state: RequestState
    answered_by: str


def approve_link_request(ctx: Context, command: ApproveLinkRequest) -> LinkRequestApproved:
    """Asking was the learner's second thought, so a declined invitation needs no other confirmation."""
    staff = access.require_staff(ctx, Permission.INVITE)
    request, invitation, run = _found(ctx, staff, command.request_id)
    _settle(ctx, request, staff, RequestState.APPROVED)
    _send_what_fits(ctx, staff, request, invitation, run)
    return LinkRequestApproved(invitation.address, run_card(run))


def decline_link_request(ctx: Context, command: DeclineLinkRequest) -> LinkRequestDeclined:
    """The learner is not written to: their page has told them whom to ask."""
    staff = access.require_staff(ctx, Permission.INVITE)
    request, invitation, run = _found(ctx, staff, command.request_id)
    _settle(ctx, request, staff, RequestState.DECLINED)
    return LinkRequestDeclined(invitation.address, run_card(run))


def link_request_shown(ctx: Context, request_id: int) -> LinkRequestShown:
    """The caller has authorised."""
    request, invitation, run, who = ctx.session.execute(
        select(LinkRequest, Invitation, CourseRun, StaffMember)
        .join(Invitation, Invitation.id == LinkRequest.invitation_id)
        .join(CourseRun, CourseRun.id == Invitation.run_id)
        .join(CourseRun.course)
        .outerjoin(StaffMember, StaffMember.id == LinkRequest.answered_by)
        .options(access.with_course())
        .where(LinkRequest.id == request_id)
    ).one()
    return LinkRequestShown(
        request_id=request.id,
        address=invitation.address,
        name=invitation.name,
        run=run_card(run),
        was=link_state(ctx, invitation, run),
        asked_at=request.asked_at,
        state=request.state,
        answered_by=who.name if who else "",
    )


def _send_what_fits(
    ctx: Context, staff: StaffMember, request: LinkRequest, invitation: Invitation, run: CourseRun
) -> None:
    joined = _joined_one(ctx, invitation)
    if joined is not None:
        welcome(ctx, joined, f"welcome:{joined.id}:{request.id}")
        return
    require_choosable(ctx, staff, run)
    newer = _live_one(ctx, invitation)
    if newer is not None:
        require_not_suppressed(ctx, newer.address, newer.address_key)
        send_again(ctx, newer)
        return
    address = Address(invitation.address, invitation.address_key, invitation.name)
    reinvite(ctx, staff, run, address, is_confirmed=True)


def _joined_one(ctx: Context, invitation: Invitation) -> Invitation | None:
    """By this invitation or another one to the same run, and there still: a new link would be of no use."""
    query = (
        select(Invitation)
        .join(Learner, Learner.id == Invitation.learner_id)
        .join(Enrolment, (Enrolment.learner_id == Learner.id) & (Enrolment.run_id == Invitation.run_id))
        .where(
            Invitation.run_id == invitation.run_id,
            Invitation.address_key == invitation.address_key,
            Invitation.state == InvitationState.ACCEPTED,
            Learner.removed_at.is_(None),
            Enrolment.left_at.is_(None),
        )
        .order_by(Invitation.answered_at.desc())
        .limit(1)
    )
    return ctx.session.scalars(query).one_or_none()


def _live_one(ctx: Context, invitation: Invitation) -> Invitation | None:
    return ctx.session.scalars(
        select(Invitation).where(
            Invitation.run_id == invitation.run_id,
            Invitation.address_key == invitation.address_key,
            Invitation.state == InvitationState.PENDING,
            Invitation.replaced_at.is_(None),
            Invitation.expires_at > ctx.now,
        )
    ).one_or_none()


def _found(ctx: Context, staff: StaffMember, request_id: int) -> tuple[LinkRequest, Invitation, CourseRun]:
    request = ctx.session.get(LinkRequest, request_id)
    if request is None:
        raise RequestNotFound
    invitation = ctx.session.get_one(Invitation, request.invitation_id)
    run = access.run_of_invitation(ctx, invitation)
    access.require_provider(ctx, staff, run)
    about_invitation(ctx, invitation)
    return request, invitation, run


def _settle(ctx: Context, request: LinkRequest, staff: StaffMember, state: RequestState) -> None:
    """Of two colleagues who press at once, one decides."""
    won = ctx.session.execute(
        update(LinkRequest)
        .where(LinkRequest.id == request.id, LinkRequest.state == RequestState.WAITING)
        .values(state=state, answered_at=ctx.now, answered_by=staff.id)
        .returning(LinkRequest.id)
    ).one_or_none()
    if won is None:
        ctx.session.refresh(request)
        who = ctx.session.get(StaffMember, request.answered_by) if request.answered_by else None
        raise AlreadyAnswered(who=who.name if who else "Somebody")
