"""An invitation that went to a mistyped address goes to the right one."""

from msgspec import Struct

from core import access
from core.access import Permission
from core.context import Context
from core.errors import AddressUnchanged
from core.model import CourseRun, Invitation, InvitationBatch
from core.outbox import touch_scoreboards
from core.rules.addresses import Address, guess_typo
from core.usecases.catalogue.runs import require_choosable
from core.usecases.invitations.batches import LearnersInvited
from core.usecases.invitations.single import (
    cancel_one,
    drop_waiting,
    found_invitation,
    one_address,
    reinvite,
    require_open,
)
from core.words import CancelReason


class ShowCorrection(Struct, frozen=True):
    invitation_id: int


class CorrectionShown(Struct, frozen=True):
    invitation_id: int
    address: str
    guess: str
    """The address that was probably meant; empty when nothing comes to mind."""


class CorrectAddress(Struct, frozen=True):
    """By id (a form), or by run and address as typed; ``new_address`` is where it should have gone."""

    new_address: str
    invitation_id: int | None = None
    run: str = ""
    address: str = ""


class AddressCorrected(Struct, frozen=True):
    former: str
    address: str
    invited: LearnersInvited


def show_correction(ctx: Context, command: ShowCorrection) -> CorrectionShown:
    """Raises InvitationClosed when it was answered meanwhile."""
    staff = access.require_staff(ctx, Permission.INVITE)
    invitation, run = found_invitation(ctx, staff, command.invitation_id, "", "")
    require_open(ctx, invitation, run)
    return CorrectionShown(invitation.id, invitation.address, guess_typo(invitation.address) or "")


def correct_address(ctx: Context, command: CorrectAddress) -> AddressCorrected:
    """The former link stops working. Raises AddressUnchanged, InvitationClosed, NeedsConfirmation: nothing changes."""
    staff = access.require_staff(ctx, Permission.INVITE)
    invitation, run = found_invitation(ctx, staff, command.invitation_id, command.run, command.address)
    require_open(ctx, invitation, run)
    require_choosable(ctx, staff, run)
    right = one_address(command.new_address)
    if right.key == invitation.address_key:
        raise AddressUnchanged(address=right.address)
    batch = _take_back(ctx, invitation, run)
    named = Address(right.address, right.key, invitation.name)
    invited = reinvite(ctx, staff, run, named, is_confirmed=False, note=batch.note)
    return AddressCorrected(invitation.address, right.address, invited)


def _take_back(ctx: Context, invitation: Invitation, run: CourseRun) -> InvitationBatch:
    if not cancel_one(ctx, invitation, CancelReason.CORRECTED):
        # Answered at this very moment: it says so by itself.
        require_open(ctx, invitation, run)
    drop_waiting(ctx, invitation)
    batch = ctx.session.get_one(InvitationBatch, invitation.batch_id)
    touch_scoreboards(ctx, {batch.confirmation_id})
    return batch
