"""What somebody can do with an import now: the buttons below it."""

from typing import Final

from msgspec import Struct
from sqlalchemy import func, or_, select

from core import access
from core.access import Permission
from core.context import Context
from core.model import Import, ImportRow, Learner, LearnerAddress, StaffMember
from core.rules.policy import CONFIRMATION_ADDRESSES, IMPORT_ROWS_CORRECTED, OWN_WORKBOOK_ROWS
from core.rules.ucas.buckets import Bucket
from core.words import ImportReason, ImportState, ImportSubject

INVITED: Final = (Bucket.CREATED, Bucket.UPDATED, Bucket.UNCHANGED)
"""The rows of an applied import whose learners can be invited."""


class ImportOffers(Struct, frozen=True):
    good_rows: int = 0
    """So many would be imported if it were released."""
    corrections: int = 0
    """So many rows can be corrected one by one: 0, or five at most."""
    invitable: int = 0
    """So many addresses of its learners could be invited to some run."""
    undo: bool = False
    copy: bool = False
    """Its file, marked."""
    full_copy: bool = False
    """That copy would have the faulty rows only; there can be one with all."""
    corrected_by: int | None = None
    """The number of the newest applied import that corrects it."""


def offers_of(ctx: Context, staff: StaffMember, found: Import) -> ImportOffers:
    may_import = Permission.IMPORT in access.ROLE_PERMISSIONS[staff.role]
    is_owner = Permission.SET_RULES in access.ROLE_PERMISSIONS[staff.role]
    is_sender = may_import and found.staff_id == staff.id and (is_owner or found.subject is ImportSubject.LEARNERS)
    is_kept = found.content is not None and found.ends_at > ctx.now
    rows = found.created + found.updated + found.unchanged + found.duplicate + found.problem
    corrected_by = _corrected_by(ctx, found)
    return ImportOffers(
        good_rows=rows - found.problem - found.duplicate if is_sender and is_kept and _would_change(found) else 0,
        corrections=found.problem if is_sender and is_kept and corrected_by is None and is_correctable(found) else 0,
        invitable=count_invitable(ctx, staff, found) if is_kept and found.state is ImportState.APPLIED else 0,
        undo=(is_sender or is_owner) and found.state is ImportState.APPLIED and found.ends_at > ctx.now,
        copy=is_sender and is_kept and rows > 0 and found.settled_at is not None,
        full_copy=rows > OWN_WORKBOOK_ROWS,
        corrected_by=corrected_by,
    )


def _would_change(found: Import) -> bool:
    """Nobody need import rows that are all stored as they are."""
    return found.state is ImportState.HELD and found.created + found.updated > 0


def count_invitable(ctx: Context, staff: StaffMember, found: Import) -> int:
    """As many as the preview of ``PrepareImportInvitation`` would begin with; 0 where it would refuse them all."""
    if found.subject is not ImportSubject.LEARNERS or Permission.INVITE not in access.ROLE_PERMISSIONS[staff.role]:
        return 0
    other = (
        select(func.min(LearnerAddress.address_key))
        .where(LearnerAddress.learner_id == Learner.id)
        .correlate(Learner)
        .scalar_subquery()
    )
    query = (
        select(func.count(func.coalesce(Learner.email_key, other).distinct()))
        .select_from(ImportRow)
        .join(Learner, Learner.id == ImportRow.learner_id)
        .where(ImportRow.import_id == found.id, ImportRow.bucket.in_(INVITED), Learner.removed_at.is_(None))
    )
    granted = access.granted_provider_ids(ctx, staff)
    if granted is not None:
        query = query.where(or_(Learner.provider_id.is_(None), Learner.provider_id.in_(granted)))
    count = ctx.session.scalar(query) or 0
    return count if count <= CONFIRMATION_ADDRESSES else 0


def is_correctable(found: Import) -> bool:
    """One by one: few rows, and, where the others wait with them, a file that is quickly written anew."""
    if found.subject is not ImportSubject.LEARNERS or not 0 < found.problem <= IMPORT_ROWS_CORRECTED:
        return False
    if found.state is ImportState.APPLIED:
        return True
    rows = found.created + found.updated + found.unchanged + found.duplicate + found.problem
    is_waiting = found.state is ImportState.HELD or (
        found.state is ImportState.REJECTED and found.reason is ImportReason.ROWS
    )
    return is_waiting and rows <= OWN_WORKBOOK_ROWS


def _corrected_by(ctx: Context, found: Import) -> int | None:
    query = select(func.max(Import.number)).where(
        Import.corrects_id == found.id, Import.state == ImportState.APPLIED
    )  # fmt: skip
    return ctx.session.scalar(query)
