"""Imports that a worker runs, because the door through which they came does not wait.

    received --its job--> run in its sender's name --> settled: whoever sent it is told (``import_telling``)
       |                        |
       +------------------------+-- nobody has been at it for a while --swept--> a job once more; after a few tries,
                                    settled as our mistake

From the command line a person waits, and runs an import again themselves: these are left alone, and settled as expired
when their time is over (``import_retention``).
"""

from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import select

from core import access
from core.context import Assurance, Context, Door, StaffActor
from core.model import Import
from core.rules.policy import IMPORT_ATTEMPTS, IMPORT_LEASE, IMPORTS_SWEPT
from core.usecases.imports.imports import import_job, lock_organisation
from core.usecases.imports.telling import tell_settled
from core.words import ImportReason, ImportState, Subject

_UNATTENDED = (Door.SLACK, Door.MAIL, Door.WEB)


@dataclass(frozen=True, slots=True)
class FindSender:
    import_id: int


@dataclass(frozen=True, slots=True)
class SenderOfImport:
    """In whose name it runs. None: it is settled, or gone."""

    staff: StaffActor | None


def sender_of_import(ctx: Context, command: FindSender) -> SenderOfImport:
    access.require_system(ctx)
    found = ctx.session.get(Import, command.import_id)
    if found is None or found.settled_at is not None:
        return SenderOfImport(None)
    # Whoever let it in has made sure of the sender; what they may do is read anew when it runs.
    return SenderOfImport(StaffActor(found.organisation_id, found.staff_id, found.door, Assurance.VERIFIED))


@dataclass(frozen=True, slots=True)
class GiveUpImport:
    """It cannot be finished: its sender may no longer import, or it failed several times."""

    import_id: int


@dataclass(frozen=True, slots=True)
class ImportGivenUp:
    was_open: bool


def give_up_import(ctx: Context, command: GiveUpImport) -> ImportGivenUp:
    """By the worker: its sender may be no staff member any more."""
    access.require_system(ctx)
    found = ctx.session.get(Import, command.import_id)
    if found is None:
        return ImportGivenUp(was_open=False)
    # Somebody slow may be writing it at this moment: they are waited for.
    lock_organisation(ctx, found.organisation_id)
    ctx.session.refresh(found)
    if found.settled_at is not None:
        return ImportGivenUp(was_open=False)
    found.state, found.reason, found.settled_at = ImportState.REJECTED, ImportReason.OUR_MISTAKE, ctx.now
    tell_settled(ctx, found)
    ctx.about(Subject.IMPORT, found.id, organisation_id=found.organisation_id)
    return ImportGivenUp(was_open=True)


@dataclass(frozen=True, slots=True)
class SweepImports:
    is_routine: ClassVar = True


@dataclass(frozen=True, slots=True)
class ImportsSwept:
    """``hopeless`` are for whoever sweeps to give up."""

    enqueued: int
    hopeless: tuple[int, ...]


def sweep_imports(ctx: Context, command: SweepImports) -> ImportsSwept:
    """Those nobody is at get a job once more, the longest forgotten first."""
    access.require_system(ctx)
    query = (
        select(Import)
        .where(Import.settled_at.is_(None), Import.busy_until <= ctx.now, Import.door.in_(_UNATTENDED))
        .order_by(Import.busy_until, Import.id)
        .limit(IMPORTS_SWEPT)
        .with_for_update(skip_locked=True)
    )
    forgotten = ctx.session.scalars(query).all()
    hopeless = tuple(each.id for each in forgotten if each.attempt >= IMPORT_ATTEMPTS)
    again = [each for each in forgotten if each.attempt < IMPORT_ATTEMPTS]
    for each in forgotten:
        each.busy_until = ctx.now + IMPORT_LEASE
        if each.state is not ImportState.READING:
            # Whoever begins counts; what fails before that, or after all rows are checked, is counted here.
            each.attempt += 1
    ctx.jobs.enqueue(ctx.session, [import_job(each.id, f"swept-{int(ctx.now.timestamp())}") for each in again])
    return ImportsSwept(len(again), hopeless)
