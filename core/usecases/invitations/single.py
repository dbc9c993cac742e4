"""Looking after single invitations: resend, cancel, re-invite (LM, Managing existing invitations and links)."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import select, update

from core import access
from core.access import Permission
from core.cards import RunCard, run_card
from core.context import Context
from core.deeds import about_invitation
from core.errors import InvitationClosed, InvitationNotFound, NeedsConfirmation, NoAddresses
from core.model import (
    CourseRun,
    Invitation,
    InvitationBatch,
    InvitationChange,
    OutboundMessage,
    StaffMember,
    Suppression,
)
from core.outbox import email_row, is_first_invitation, next_invitation_key, say, touch_scoreboards
from core.rules.addresses import Address, InvalidAddress, parse_address
from core.rules.policy import MAIL_GAP, UNDO_LIFE
from core.usecases.catalogue.runs import require_choosable
from core.usecases.invitations.batches import LearnersInvited, start_batches
from core.usecases.invitations.sorting import Bucket, Sorted, sort_addresses
from core.words import CancelReason, InvitationState, MessageKind, MessageState


class ResendInvitation(Struct, frozen=True):
    """By id (a button), or by run and address as typed."""

    invitation_id: int | None = None
    run: str = ""
    address: str = ""


class InvitationResent(Struct, frozen=True):
    address: str
    run: RunCard
    expires_at: datetime


class CancelInvitation(Struct, frozen=True):
    invitation_id: int | None = None
    run: str = ""
    address: str = ""


class InvitationCancelled(Struct, frozen=True):
    address: str
    run: RunCard
    was_sent: bool
    change_id: int
    undo_until: datetime


class ReinviteLearner(Struct, frozen=True):
    """``is_confirmed``: the person has read why this needs a second thought (declined, removed)."""

    run: str
    address: str
    is_confirmed: bool = False


def resend_invitation(ctx: Context, command: ResendInvitation) -> InvitationResent:
    """The same link, the same expiry; a new e-mail. Raises InvitationClosed when there is nothing to open."""
    staff = access.require_staff(ctx, Permission.INVITE)
    invitation, run = found_invitation(ctx, staff, command.invitation_id, command.run, command.address)
    require_open(ctx, invitation, run)
    require_not_suppressed(ctx, invitation.address, invitation.address_key)
    send_again(ctx, invitation)
    return InvitationResent(invitation.address, run_card(run), invitation.expires_at)


def send_again(ctx: Context, invitation: Invitation) -> None:
    """A new e-mail about the same invitation; one that still waits to go out is not doubled."""
    about_invitation(ctx, invitation)
    former = ctx.session.get_one(OutboundMessage, invitation.message_id)
    if former.state in (MessageState.PENDING, MessageState.SENDING):
        return
    message = email_row(
        ctx,
        MessageKind.INVITATION,
        to=invitation.address,
        to_key=invitation.address_key,
        about_id=invitation.id,
        key=next_invitation_key(former.idempotency_key),
        not_before=ctx.now,
    )
    say(ctx, [message])
    invitation.message_id = message["id"]
    # No reminder may follow at its heels; the tick finds out when one is due.
    invitation.next_reminder_at = ctx.now + MAIL_GAP
    ctx.session.flush()
    touch_scoreboards(ctx, _confirmations(ctx, invitation))


def cancel_invitation(ctx: Context, command: CancelInvitation) -> InvitationCancelled:
    """Pending only. Raises InvitationClosed after an answer: withdrawal is another thing."""
    staff = access.require_staff(ctx, Permission.INVITE)
    invitation, run = found_invitation(ctx, staff, command.invitation_id, command.run, command.address)
    change = start_change(ctx, staff, run)
    if not cancel_one(ctx, invitation, CancelReason.CANCELLED, change):
        raise _not_cancellable(invitation.state)
    was_sent = not drop_waiting(ctx, invitation)
    touch_scoreboards(ctx, _confirmations(ctx, invitation))
    return InvitationCancelled(invitation.address, run_card(run), was_sent, change.id, change.made_at + UNDO_LIFE)


def start_change(ctx: Context, staff: StaffMember, run: CourseRun) -> InvitationChange:
    """What one press cancels carries its id, so that it can be taken back."""
    change = InvitationChange(
        id=ctx.tokens.new_id(),
        organisation_id=staff.organisation_id,
        staff_id=staff.id,
        run_id=run.id,
        made_at=ctx.now,
    )
    ctx.session.add(change)
    ctx.session.flush()
    return change


def reinvite_learner(ctx: Context, command: ReinviteLearner) -> LearnersInvited:
    """Always ends in a working link, or raises what stands against it: InvitationClosed, NeedsConfirmation."""
    staff = access.require_staff(ctx, Permission.INVITE)
    run = access.run_by_code(ctx, staff.organisation_id, command.run)
    require_choosable(ctx, staff, run)
    address = one_address(command.address)
    return reinvite(ctx, staff, run, address, is_confirmed=command.is_confirmed)


def reinvite(
    ctx: Context, staff: StaffMember, run: CourseRun, address: Address, *, is_confirmed: bool, note: str = ""
) -> LearnersInvited:
    """The caller has authorised and checked the run."""
    # Looked for before the sorting: what a colleague invites from now on is found by the sorting or by the index.
    unanswered_ids = _unanswered_ids(ctx, run, address)
    found = sort_addresses(ctx, run, [address])
    bucket = next(bucket for bucket, rows in found.by_bucket.items() if rows)
    _require_reinvitable(ctx, bucket, address, run, is_confirmed=is_confirmed)
    as_new = Sorted({**found.by_bucket, Bucket.NEW: [address]}, unanswered_ids)
    return start_batches(ctx, staff, run, as_new, note=note, confirmation_id=ctx.tokens.new_id())


def _unanswered_ids(ctx: Context, run: CourseRun, address: Address) -> tuple[int, ...]:
    """What a new invitation replaces: expired ones, and the open one of somebody who was removed."""
    query = select(Invitation.id).where(
        Invitation.run_id == run.id,
        Invitation.address_key == address.key,
        Invitation.state == InvitationState.PENDING,
        Invitation.replaced_at.is_(None),
    )
    return tuple(ctx.session.scalars(query))


def _require_reinvitable(ctx: Context, bucket: Bucket, address: Address, run: CourseRun, *, is_confirmed: bool) -> None:
    if bucket is Bucket.ENROLLED:
        raise InvitationClosed(state="accepted: the learner is on the run", next_step="No new invitation is needed.")
    if bucket is Bucket.INVITED:
        raise InvitationClosed(
            state="still open", next_step=f"Send the same link again with “resend {run.code} {address.address}”."
        )
    # Not by the bucket: somebody who was removed may have asked for no more as well.
    require_not_suppressed(ctx, address.address, address.key)
    reasons = {
        Bucket.DECLINED: "has declined an invitation to this run",
        Bucket.REMOVED: "was removed from your organisation",
    }
    if bucket in reasons and not is_confirmed:
        raise NeedsConfirmation(address=address.address, reason=reasons[bucket])


# --- Finding ----------------------------------------------------------------------------------------------


def found_invitation(
    ctx: Context, staff: StaffMember, invitation_id: int | None, code: str, address: str
) -> tuple[Invitation, CourseRun]:
    if invitation_id is not None:
        invitation = ctx.session.get(Invitation, invitation_id)
        if invitation is None:
            raise InvitationNotFound(address="this address", run="CODE")
        run = access.run_of_invitation(ctx, invitation)
        access.require_provider(ctx, staff, run)
        return invitation, run
    run = access.invited_run_by_code(ctx, staff.organisation_id, code)
    access.require_provider(ctx, staff, run)
    return _newest(ctx, run, address), run


def _newest(ctx: Context, run: CourseRun, typed: str) -> Invitation:
    query = (
        select(Invitation)
        .where(Invitation.run_id == run.id, Invitation.address_key == one_address(typed).key)
        .order_by(Invitation.created_at.desc(), Invitation.replaced_at.is_not(None))
        .limit(1)
    )
    invitation = ctx.session.scalars(query).one_or_none()
    if invitation is None:
        raise InvitationNotFound(address=typed, run=run.code)
    return invitation


def one_address(typed: str) -> Address:
    found = parse_address(typed)
    if isinstance(found, InvalidAddress):
        raise NoAddresses
    return found


def _confirmations(ctx: Context, invitation: Invitation) -> set[int]:
    return {ctx.session.get_one(InvitationBatch, invitation.batch_id).confirmation_id}


def require_open(ctx: Context, invitation: Invitation, run: CourseRun) -> None:
    if invitation.state is not InvitationState.PENDING:
        raise InvitationClosed(
            state=f"already {invitation.state}",
            next_step=f"Invite again with “reinvite {run.code} {invitation.address}”.",
        )
    if invitation.expires_at <= ctx.now or run.is_closed(ctx.now) or invitation.replaced_at is not None:
        raise InvitationClosed(
            state="expired", next_step=f"Invite again with “reinvite {run.code} {invitation.address}”."
        )


def require_not_suppressed(ctx: Context, address: str, key: str) -> None:
    if ctx.session.scalar(select(Suppression.id).where(Suppression.address_key == key)) is not None:
        raise InvitationClosed(
            state=f"not sendable: mail to {address} came back, or its owner asked for no more",
            next_step="Check the address with the learner and invite the right one.",
        )


def cancel_one(
    ctx: Context, invitation: Invitation, reason: CancelReason, change: InvitationChange | None = None
) -> bool:
    """A learner may answer at the same moment: only what is still pending moves. False: ``state`` now says why not."""
    moved = ctx.session.execute(
        update(Invitation)
        .where(Invitation.id == invitation.id, Invitation.state == InvitationState.PENDING)
        .values(
            state=InvitationState.CANCELLED,
            cancel_reason=reason,
            answered_at=ctx.now,
            change_id=change.id if change else None,
        )
        .returning(Invitation.id)
    ).one_or_none()
    ctx.session.refresh(invitation)
    about_invitation(ctx, invitation)
    return moved is not None


def _not_cancellable(state: InvitationState) -> InvitationClosed:
    if state is InvitationState.ACCEPTED:
        return InvitationClosed(
            state="accepted: the learner has joined", next_step="To take them off the run, withdraw their enrolment."
        )
    return InvitationClosed(state=f"already {state}", next_step="There is nothing left to cancel.")


def drop_waiting(ctx: Context, invitation: Invitation) -> bool:
    """True when no e-mail about it had been tried yet, and now none will be."""
    dropped = ctx.session.execute(
        update(OutboundMessage)
        .where(OutboundMessage.id == invitation.message_id, OutboundMessage.state == MessageState.PENDING)
        .values(state=MessageState.DROPPED, problem="cancelled")
        .returning(OutboundMessage.attempts, OutboundMessage.idempotency_key)
    ).one_or_none()
    return dropped is not None and dropped.attempts == 0 and is_first_invitation(dropped.idempotency_key)
