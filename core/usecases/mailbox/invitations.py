"""Inviting by e-mail: a few at once, many after a "yes B-0041" (design decision 5).

invite_by_mail --up to 50 an hour--> invited, with the recall window to undo it
      |
      +--more--> preview with its numbers, good for a day --"yes"--> batches.invite_learners
                                                          --"no"--> discard_preview
"""

from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import func, select

from core import access
from core.access import Permission
from core.context import Context
from core.errors import QuestionAnswered
from core.model import Draft, InvitationBatch, StaffMember
from core.rules.policy import MAIL_INVITES_AT_ONCE
from core.usecases.costs.budgets import require_within
from core.usecases.imports.invitations import PrepareImportInvitation, prepare_import_invitation
from core.usecases.invitations.batches import (
    InvitationPreviewed,
    InviteLearners,
    LearnersInvited,
    PrepareInvitation,
    invite_learners,
    prepare_invitation,
)
from core.usecases.invitations.drafts import own_draft, tell_question
from core.usecases.invitations.numbers import next_numbers
from core.usecases.invitations.sorting import Bucket

_HOUR = timedelta(hours=1)


class InvitedAtOnce(Struct, frozen=True):
    """``preview`` says what became of everybody in the list."""

    preview: InvitationPreviewed
    invited: LearnersInvited


class PreviewNumbered(Struct, frozen=True):
    """``numbers`` are kept for the batches."""

    preview: InvitationPreviewed
    numbers: tuple[int, ...]


class DiscardPreview(Struct, frozen=True):
    draft_id: int


class PreviewDiscarded(Struct, frozen=True):
    numbers: tuple[int, ...]


def invite_by_mail(ctx: Context, command: PrepareInvitation) -> InvitedAtOnce | PreviewNumbered | InvitationPreviewed:
    """The preview alone where nobody is left to invite. What many small e-mails ask for is as much as one large one."""
    staff = access.require_staff(ctx, Permission.INVITE)
    return _invited(ctx, staff, prepare_invitation(ctx, command))


def invite_import_by_mail(
    ctx: Context, command: PrepareImportInvitation
) -> InvitedAtOnce | PreviewNumbered | InvitationPreviewed:
    """As ``invite_by_mail``, the learners of an import."""
    staff = access.require_staff(ctx, Permission.INVITE)
    return _invited(ctx, staff, prepare_import_invitation(ctx, command))


def _invited(
    ctx: Context, staff: StaffMember, preview: InvitationPreviewed
) -> InvitedAtOnce | PreviewNumbered | InvitationPreviewed:
    new = preview.count(Bucket.NEW)
    if not new:
        return preview
    require_within(preview.cost)
    if new + _invited_at_once(ctx, staff) <= MAIL_INVITES_AT_ONCE:
        return InvitedAtOnce(preview, invite_learners(ctx, InviteLearners(preview.draft_id)))
    draft = ctx.session.get_one(Draft, preview.draft_id)
    numbers = next_numbers(ctx, draft.organisation_id, preview.batch_count)
    draft.first_number, draft.last_number = numbers[0], numbers[-1]
    return PreviewNumbered(replace(preview, valid_until=draft.ends_at), tuple(numbers))


def _invited_at_once(ctx: Context, staff: StaffMember) -> int:
    """How many within the last hour: whose preview was confirmed in the very transaction that made it."""
    query = (
        select(func.coalesce(func.sum(InvitationBatch.size), 0))
        .join(Draft, Draft.id == InvitationBatch.confirmation_id)
        .where(
            InvitationBatch.staff_id == staff.id,
            # Never before it was made; for the index.
            InvitationBatch.sends_at > ctx.now - _HOUR,
            InvitationBatch.created_at > ctx.now - _HOUR,
            InvitationBatch.recalled_at.is_(None),
            Draft.confirmed_at == Draft.created_at,
        )
    )
    return int(ctx.session.scalar(query) or 0)


def discard_preview(ctx: Context, command: DiscardPreview) -> PreviewDiscarded:
    """Raises QuestionAnswered after a yes."""
    staff = access.require_staff(ctx, Permission.INVITE)
    draft = own_draft(ctx, staff, command.draft_id)
    if draft.confirmed_at is not None:
        raise QuestionAnswered
    numbers = tuple(draft.numbers)
    tell_question(ctx, draft)
    ctx.session.delete(draft)
    return PreviewDiscarded(numbers)
