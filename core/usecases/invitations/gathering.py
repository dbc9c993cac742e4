"""Addresses whose run is not known yet: a file, pasted text or somebody's message.

    gather_addresses --(draft without a run, 15 minutes)--> choose_run --(draft with one)--> batches.invite_learners

1. The draft holds all that was found, mistakes too: the preview is the same as if the run had been named at once.
2. Choosing a run leaves the gathered draft alone: whoever chose a wrong one chooses again. Both are erased in time.
"""

from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from core import access
from core.access import Permission
from core.context import Context
from core.errors import NoAddresses, NoUsableAddress, PreviewExpired
from core.model import Draft, StaffMember
from core.rules.addresses import AddressList
from core.rules.policy import DRAFT_LIFE
from core.usecases.catalogue.runs import require_choosable
from core.usecases.invitations.batches import InvitationPreviewed, draft_preview
from core.usecases.invitations.drafts import checked_addresses, own_draft, require_fresh

_SHOWN_CHARACTERS: Final = 80


class GatherAddresses(Struct, frozen=True):
    """``addresses`` as in PrepareInvitation."""

    addresses: str


class AddressesGathered(Struct, frozen=True):
    """Counts only: this result is remembered for a repeated event, longer than the draft."""

    draft_id: int
    found: int
    duplicates: int
    invalid: int
    valid_until: datetime


class ChooseRun(Struct, frozen=True):
    draft_id: int
    run: str


def gather_addresses(ctx: Context, command: GatherAddresses) -> AddressesGathered:
    """Raises NoAddresses or NoUsableAddress where there is nobody to write to, and TooManyAddresses."""
    staff = access.require_staff(ctx, Permission.INVITE)
    listed = checked_addresses(command.addresses)
    if not listed.accepted:
        # A letter, a picture, one mistyped address: no run makes an invitation of it.
        meant = next((each.text for each in listed.invalid if "@" in each.text), "")
        raise NoUsableAddress(entry=meant[:_SHOWN_CHARACTERS]) if meant else NoAddresses
    draft = Draft(
        id=ctx.tokens.new_id(),
        organisation_id=staff.organisation_id,
        staff_id=staff.id,
        run_id=None,
        addresses=msgspec.json.encode(listed).decode(),
        created_at=ctx.now,
    )
    ctx.session.add(draft)
    counts = len(listed.accepted), len(listed.duplicates), len(listed.invalid)
    return AddressesGathered(draft.id, *counts, valid_until=ctx.now + DRAFT_LIFE)


def choose_run(ctx: Context, command: ChooseRun) -> InvitationPreviewed:
    """Raises PreviewExpired when the addresses are gone."""
    staff = access.require_staff(ctx, Permission.INVITE)
    gathered = _gathered(ctx, staff, command.draft_id)
    run = access.run_by_code(ctx, staff.organisation_id, command.run)
    require_choosable(ctx, staff, run)
    return draft_preview(
        ctx, staff, run, msgspec.json.decode(gathered.addresses, type=AddressList), note="", sending=None
    )


def _gathered(ctx: Context, staff: StaffMember, draft_id: int) -> Draft:
    draft = own_draft(ctx, staff, draft_id)
    if draft.run_id is not None:
        raise PreviewExpired
    require_fresh(ctx, draft)
    return draft
