"""The learners of an applied import are invited: the ordinary preview, with everybody whom it can reach.

1. Those whom the import created, changed or found unchanged; nobody of a provider that the asker may not manage.
2. Whoever was removed since, or has no e-mail address, is counted and left out.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import select

from core import access
from core.access import Permission
from core.context import Context
from core.errors import ImportClosed, TooManyAddresses
from core.model import Import, ImportRow, Learner, LearnerAddress, StaffMember
from core.rules.addresses import Address, AddressList, address_key, guess_typo
from core.rules.policy import CONFIRMATION_ADDRESSES, IMPORT_CHUNK
from core.usecases.catalogue.runs import require_choosable
from core.usecases.imports.imports import find_import
from core.usecases.imports.offers import INVITED
from core.usecases.imports.values import import_ref, standing
from core.usecases.invitations.batches import InvitationPreviewed, LeftOut, draft_preview
from core.usecases.invitations.drafts import checked_note
from core.usecases.invitations.sending_times import sending_time
from core.usecases.invitations.sorting import EXAMPLES, Bucket
from core.words import ImportState, ImportSubject


class PrepareImportInvitation(Struct, frozen=True):
    """As ``PrepareInvitation``, for the learners of import ``number``."""

    run: str
    number: int
    note: str = ""
    when: str = ""
    time_zone: str = ""
    chosen: datetime | None = None


class FindInvitable(Struct, frozen=True):
    """By number, or by id."""

    number: int = 0
    import_id: int = 0


class InvitableFound(Struct, frozen=True):
    """How many of an import's learners the asker could invite to some run; the preview says who is new on it.

    ``invitable`` counts addresses: siblings who share one count once.
    """

    import_id: int
    number: int
    invitable: int
    without_address: int
    not_granted: int
    removed: int


def find_invitable(ctx: Context, command: FindInvitable) -> InvitableFound:
    """Raises ImportNotFound, and ImportClosed for one that is not applied, or is erased."""
    staff = access.require_staff(ctx, Permission.INVITE)
    imported = _applied(ctx, find_import(ctx, command.number, command.import_id))
    found = _learners(ctx, staff, imported)
    return InvitableFound(
        import_id=imported.id,
        number=imported.number,
        invitable=len(found.accepted),
        without_address=found.left_out(Bucket.NO_ADDRESS).count,
        not_granted=found.left_out(Bucket.NOT_GRANTED).count,
        removed=found.left_out(Bucket.REMOVED).count,
    )


def prepare_import_invitation(ctx: Context, command: PrepareImportInvitation) -> InvitationPreviewed:
    """Raises ImportNotFound, ImportClosed and TooManyAddresses besides."""
    staff = access.require_staff(ctx, Permission.INVITE)
    run = access.run_by_code(ctx, staff.organisation_id, command.run)
    require_choosable(ctx, staff, run)
    sending = sending_time(ctx, staff, run, words=command.when, time_zone=command.time_zone, chosen=command.chosen)
    note = checked_note(command.note)
    found = _learners(ctx, staff, _applied(ctx, find_import(ctx, command.number)))
    if len(found.accepted) > CONFIRMATION_ADDRESSES:
        raise TooManyAddresses(count=f"{len(found.accepted):,}", limit=f"{CONFIRMATION_ADDRESSES:,}")
    besides = {bucket: found.left_out(bucket) for bucket in found.others}
    return draft_preview(ctx, staff, run, found.listed(), note=note, sending=sending, besides=besides)


def _applied(ctx: Context, found: Import) -> Import:
    if found.state is not ImportState.APPLIED:
        raise ImportClosed(number=import_ref(found.number), reason=standing(found))
    if found.subject is not ImportSubject.LEARNERS:
        raise ImportClosed(number=import_ref(found.number), reason="it is of courses and runs, not of learners")
    if found.content is None or found.ends_at <= ctx.now:
        raise ImportClosed(number=import_ref(found.number), reason="its rows have been erased")
    return found


class _Found(Struct):
    accepted: dict[str, Address] = {}
    duplicates: list[Address] = []
    others: dict[Bucket, list[str]] = {}
    """What may be said of those who are left out; empty where nothing may."""

    def listed(self) -> AddressList:
        accepted = tuple(self.accepted.values())
        typos = tuple((each.address, guess) for each in accepted if (guess := guess_typo(each.address)) is not None)
        return AddressList(accepted, tuple(self.duplicates), (), typos)

    def leave_out(self, bucket: Bucket, name: str) -> None:
        self.others.setdefault(bucket, []).append(name)

    def left_out(self, bucket: Bucket) -> LeftOut:
        names = self.others.get(bucket, [])
        return LeftOut(len(names), tuple(name for name in names[:EXAMPLES] if name))


def _learners(ctx: Context, staff: StaffMember, imported: Import) -> _Found:
    found, granted = _Found(), access.granted_provider_ids(ctx, staff)
    last = 0
    while rows := _chunk(ctx, imported, last):
        addresses = _other_addresses(ctx, [row.id for row in rows if not row.email])
        for row in rows:
            _place(found, row, row.email or addresses.get(row.id), granted)
        last = rows[-1].number
    return found


def _chunk(ctx: Context, imported: Import, after: int) -> Sequence[Any]:
    return ctx.session.execute(
        select(
            ImportRow.number, Learner.id, Learner.first_name, Learner.last_name, Learner.email, Learner.provider_id,
            Learner.removed_at,
        )
        .join(Learner, Learner.id == ImportRow.learner_id)
        .where(ImportRow.import_id == imported.id, ImportRow.number > after, ImportRow.bucket.in_(INVITED))
        .order_by(ImportRow.number)
        .limit(IMPORT_CHUNK)
    ).all()  # fmt: skip


def _other_addresses(ctx: Context, learner_ids: Sequence[int]) -> dict[int, str]:
    """Whoever came by an invitation may have been imported without the address that they came with."""
    if not learner_ids:
        return {}
    query = select(LearnerAddress.learner_id, LearnerAddress.address).where(LearnerAddress.learner_id.in_(learner_ids))
    rows = ctx.session.execute(query.order_by(LearnerAddress.address.desc()))
    return {row.learner_id: row.address for row in rows}


def _place(found: _Found, row: Any, email: str | None, granted: frozenset[int] | None) -> None:
    name = f"{row.first_name} {row.last_name}".strip()
    if granted is not None and row.provider_id is not None and row.provider_id not in granted:
        found.leave_out(Bucket.NOT_GRANTED, "")
    elif row.removed_at is not None:
        found.leave_out(Bucket.REMOVED, name)
    elif not email:
        found.leave_out(Bucket.NO_ADDRESS, name)
    else:
        address = Address(email, address_key(email), name)
        if found.accepted.setdefault(address.key, address) is not address:
            found.duplicates.append(address)
