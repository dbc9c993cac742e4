"""What a use case did to invitations, said once for all of them: the audit keeps it, and histories are made of that."""

from collections.abc import Sequence

from core.context import Context
from core.model import Invitation, InvitationBatch
from core.words import Subject


def about_invitation(ctx: Context, invitation: Invitation) -> None:
    """Something became of this one; so it did within its batch and its run."""
    own = invitation.organisation_id
    ctx.about(Subject.INVITATION, invitation.id, organisation_id=own)
    ctx.within(Subject.BATCH, invitation.batch_id, organisation_id=own)
    ctx.within(Subject.RUN, invitation.run_id, organisation_id=own)


def about_batches(ctx: Context, batches: Sequence[InvitationBatch], count: int) -> None:
    """``count`` invitations of these, which are of one run."""
    ctx.about(Subject.BATCH, *(batch.id for batch in batches))
    ctx.within(Subject.RUN, batches[0].run_id)
    ctx.amount = count
