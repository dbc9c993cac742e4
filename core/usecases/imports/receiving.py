"""A file of learners, or of courses and runs, is taken in: stored before anything is read, and the same one once."""

import hashlib
from typing import Any

from msgspec import Struct
from sqlalchemy import and_, or_, select, update

from core import access
from core.access import Permission
from core.context import Context, Door
from core.jobs import Job, JobKind
from core.model import Import, Organisation, StaffMember
from core.rules.policy import IMPORT_FILE_NAME_CHARACTERS, IMPORT_LEASE, IMPORT_LIFE, IMPORT_RULES_VERSION
from core.rules.text import clean_name
from core.usecases.imports.corrections import require_correctable
from core.usecases.imports.imports import find_import
from core.usecases.imports.telling import tell_received
from core.usecases.imports.values import keeper, reach_of
from core.usecases.one_at_a_time import lock_organisation
from core.words import ImportPolicy, ImportState, ImportSubject, Subject

_UNFINISHED = (ImportState.RECEIVED, ImportState.READING, ImportState.CHECKED)


class ReceiveImport(Struct, frozen=True):
    """``policy``: None takes the organisation's."""

    file_name: str
    content: bytes
    policy: ImportPolicy | None = None
    inbound_id: int | None = None
    """The e-mail that brought it."""
    runs_later: bool = False
    """A worker runs it; else the caller does."""
    corrects: int | None = None
    """The number of the import to whose answer somebody replied with this file."""


class ImportReceived(Struct, frozen=True):
    import_id: int
    number: int
    is_repeat: bool
    """The same file is here already: the sender's, under way, held or imported, or anybody's that is imported whole."""


def receive_import(ctx: Context, command: ReceiveImport) -> ImportReceived:
    """Stored before it is looked at. A rejected file is taken in anew: what one may do can have changed.

    Raises ImportNotFound or ImportClosed about the one that it corrects.
    """
    staff = access.require_staff(ctx, Permission.IMPORT)
    corrected = find_import(ctx, command.corrects) if command.corrects is not None else None
    if corrected is not None:
        require_correctable(staff, corrected)
    file_hash = hashlib.sha256(command.content).hexdigest()
    # The row's lock: of the same file twice at a moment, the second finds the first.
    organisation = lock_organisation(ctx, staff.organisation_id)
    known = _same_file(ctx, staff, file_hash)
    if known is not None and not _is_asked_again(ctx, staff, known, corrected, command.policy):
        ctx.about(Subject.IMPORT, known.id)
        return ImportReceived(known.id, known.number, is_repeat=True)
    # A held one that is looked at again is closed when this one is applied; of an applied one only the rest is run.
    corrected = corrected or known
    number = _next_number(ctx, staff.organisation_id)
    row = {
        **_row(ctx, command),
        "number": number,
        "staff_id": staff.id,
        "policy": command.policy or organisation.import_policy,
        "file_hash": file_hash,
        "corrects_id": corrected.id if corrected is not None else None,
    }
    access.insert_all(ctx, Import, [row])
    ctx.about(Subject.IMPORT, row["id"])
    if ctx.actor.door is Door.SLACK:
        tell_received(ctx, row)
    if command.runs_later:
        ctx.jobs.enqueue(ctx.session, [import_job(row["id"], "0")])
    return ImportReceived(row["id"], number, is_repeat=False)


def _row(ctx: Context, command: ReceiveImport) -> dict[str, Any]:
    """What is known of it before anybody looks: of whom and which number it is comes on top."""
    vault = keeper(ctx).vault
    return {
        "id": ctx.tokens.new_id(),
        "door": ctx.actor.door,
        "subject": ImportSubject.LEARNERS,
        "state": ImportState.RECEIVED,
        "rules_version": IMPORT_RULES_VERSION,
        "file_name": vault.encrypt(clean_name(command.file_name, IMPORT_FILE_NAME_CHARACTERS), "import.file_name"),
        "content": vault.encrypt_bytes(command.content, "import.content"),
        "inbound_id": command.inbound_id,
        "busy_until": ctx.now + IMPORT_LEASE,
        "received_at": ctx.now,
        "ends_at": ctx.now + IMPORT_LIFE,
    }


def _is_asked_again(
    ctx: Context, staff: StaffMember, known: Import, corrected: Import | None, policy: ImportPolicy | None
) -> bool:
    """A file that waits or left rows out, after its sender was granted, or lost, a provider: the advice was to ask for
    one. A held file also in answer to itself, and what is not imported yet by another policy.
    """
    if known.state is not ImportState.APPLIED and policy not in (None, known.policy):
        return True
    is_held = known.state is ImportState.HELD
    if not is_held and not known.problem:
        return False
    return (is_held and known is corrected) or known.reach_hash != reach_of(ctx, staff).digest


def import_job(import_id: int, generation: str) -> Job:
    return Job(JobKind.RUN_IMPORT, f"{JobKind.RUN_IMPORT}-{import_id}-{generation}", (import_id,))


def _next_number(ctx: Context, organisation_id: int) -> int:
    return ctx.session.execute(
        update(Organisation)
        .where(Organisation.id == organisation_id)
        .values(import_count=Organisation.import_count + 1)
        .returning(Organisation.import_count),
    ).scalar_one()


def _same_file(ctx: Context, staff: StaffMember, file_hash: str) -> Import | None:
    """What is decided by a colleague's grants is no answer: they may lack the very provider for which this one was
    asked to send the file. Nor is a colleague's that left rows out.
    """
    is_own = and_(Import.state.in_((*_UNFINISHED, ImportState.HELD, ImportState.APPLIED)), Import.staff_id == staff.id)
    is_whole = and_(Import.state == ImportState.APPLIED, Import.problem == 0)
    query = select(Import).where(
        Import.file_hash == file_hash,
        Import.rules_version == IMPORT_RULES_VERSION,
        # Courses and runs may have been changed back since: then the same file is wanted again.
        or_(Import.subject == ImportSubject.LEARNERS, Import.state != ImportState.APPLIED),
        or_(is_own, is_whole),
    )
    return ctx.session.scalars(query.order_by(Import.number.desc()).limit(1)).one_or_none()
