"""Imports that a worker runs (see ``leased``), because the door through which they came does not wait.

From the command line a person waits, and runs an import again themselves: these are left alone, and settled as expired
when their time is over (``retention``).
"""

from typing import ClassVar

from msgspec import Struct

from core import access
from core.context import Context, Door
from core.model import Import
from core.rules.policy import IMPORT_ATTEMPTS
from core.usecases.imports.receiving import import_job
from core.usecases.imports.telling import tell_settled
from core.usecases.leased import SenderFound, Settled, Swept, go_on, held_open, sender_of, take_forgotten
from core.words import ImportReason, ImportState, Subject

_UNATTENDED = (Door.SLACK, Door.MAIL, Door.WEB)


class FindSender(Struct, frozen=True):
    import_id: int


def sender_of_import(ctx: Context, command: FindSender) -> SenderFound:
    access.require_system(ctx)
    return sender_of(ctx.session.get(Import, command.import_id))


class GiveUpImport(Struct, frozen=True):
    """It cannot be finished: its sender may no longer import, or it failed several times."""

    import_id: int


def give_up_import(ctx: Context, command: GiveUpImport) -> Settled:
    """By the worker: its sender may be no staff member any more."""
    access.require_system(ctx)
    found = held_open(ctx, Import, command.import_id)
    if found is None:
        return Settled(was_open=False)
    found.state, found.reason, found.settled_at = ImportState.REJECTED, ImportReason.OUR_MISTAKE, ctx.now
    tell_settled(ctx, found)
    ctx.about(Subject.IMPORT, found.id, organisation_id=found.organisation_id)
    return Settled(was_open=True)


class SweepImports(Struct, frozen=True):
    is_routine: ClassVar = True


def sweep_imports(ctx: Context, command: SweepImports) -> Swept:
    """Those nobody is at get a job once more, the longest forgotten first."""
    access.require_system(ctx)
    forgotten = take_forgotten(ctx, Import, Import.door.in_(_UNATTENDED))
    swept = go_on(ctx, forgotten, lambda each: each.attempt >= IMPORT_ATTEMPTS, import_job)
    for each in forgotten:
        if each.state is not ImportState.READING:
            # Whoever begins counts; what fails before that, or after all rows are checked, is counted here.
            each.attempt += 1
    return swept
