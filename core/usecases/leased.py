"""What a worker does alone in somebody's name: imports, orders about them, reports of progress.

open --its job--> done in its sender's name, its own until ``busy_until`` --> settled: whoever sent it is told
 |                          |
 +--------------------------+-- nobody has been at it for a while --swept--> a job once more; after a few tries it is
                                hopeless, and settled as our mistake
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec import Struct
from sqlalchemy import ColumnElement, select

from core.context import Assurance, Context, StaffActor
from core.jobs import Job
from core.model import Import, ImportOrder, ProgressReport
from core.rules.policy import IMPORT_LEASE, IMPORTS_SWEPT
from core.usecases.one_at_a_time import lock_organisation

Leased = TypeVar("Leased", Import, ImportOrder, ProgressReport)


class SenderFound(Struct, frozen=True):
    """In whose name it is done. None: it is settled, or gone."""

    staff: StaffActor | None


class Settled(Struct, frozen=True):
    """``was_open``: by this call. False: somebody else was faster, or it is gone."""

    was_open: bool


class Swept(Struct, frozen=True):
    """``hopeless`` are for whoever sweeps to give up."""

    enqueued: int
    hopeless: tuple[int, ...]


def sender_of(found: Import | ImportOrder | ProgressReport | None) -> SenderFound:
    if found is None or found.settled_at is not None:
        return SenderFound(None)
    # The door that let it in has made sure of the sender; what they may do is read anew when it is done.
    return SenderFound(StaffActor(found.organisation_id, found.staff_id, found.door, Assurance.VERIFIED))


def held_open(ctx: Context, kind: type[Leased], its_id: int) -> Leased | None:
    """Nobody else settles it before this transaction ends. None: it is settled, or gone."""
    found = ctx.session.get(kind, its_id)
    if found is None:
        return None
    # Somebody slow may be at it at this moment: they are waited for.
    lock_organisation(ctx, found.organisation_id)
    ctx.session.refresh(found)
    return found if found.settled_at is None else None


def take_forgotten(ctx: Context, kind: type[Leased], *which: ColumnElement[bool]) -> Sequence[Leased]:
    """Those nobody is at, the longest forgotten first. Nobody else takes them for a while."""
    query = (
        select(kind)
        .where(kind.settled_at.is_(None), kind.busy_until <= ctx.now, *which)
        .order_by(kind.busy_until, kind.id)
        .limit(IMPORTS_SWEPT)
        .with_for_update(skip_locked=True)
    )
    forgotten = ctx.session.scalars(query).all()
    for each in forgotten:
        each.busy_until = ctx.now + IMPORT_LEASE
    return forgotten


def go_on(
    ctx: Context,
    forgotten: Sequence[Leased],
    is_hopeless: Callable[[Leased], bool],
    job: Callable[[int, str], Job],
) -> Swept:
    """The others get a job once more. ``job`` makes one of an id and of what tells this job from those before."""
    hopeless = tuple(each.id for each in forgotten if is_hopeless(each))
    again = [job(each.id, f"swept-{int(ctx.now.timestamp())}") for each in forgotten if each.id not in hopeless]
    ctx.jobs.enqueue(ctx.session, again)
    return Swept(len(again), hopeless)
