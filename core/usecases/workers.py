"""Workers' heartbeats, and the reaping of dead ones: once, by whoever wins the UPDATE."""

from datetime import datetime
from typing import ClassVar

from msgspec import Struct
from sqlalchemy import select, update

from core import access
from core.context import Context
from core.model import WorkerBeat
from core.rules.policy import HEARTBEAT_SILENCE


class Beat(Struct, frozen=True):
    is_routine: ClassVar = True
    executor: str
    is_start: bool = False


class Beaten(Struct, frozen=True):
    is_reaped: bool
    """True: another worker took this one for dead. It must stop: its work is being done elsewhere."""


class FindDead(Struct, frozen=True):
    is_routine: ClassVar = True
    executor: str


class DeadFound(Struct, frozen=True):
    executors: tuple[str, ...]
    """Reaped by this call; nobody else will be told."""


class ListWorkers(Struct, frozen=True):
    pass


class WorkerSeen(Struct, frozen=True):
    executor: str
    beat_at: datetime
    is_silent: bool
    is_reaped: bool


class WorkersListed(Struct, frozen=True):
    workers: tuple[WorkerSeen, ...]


def beat(ctx: Context, command: Beat) -> Beaten:
    access.require_system(ctx)
    known = ctx.session.get(WorkerBeat, command.executor)
    if known is None:
        ctx.session.add(WorkerBeat(executor_id=command.executor, started_at=ctx.now, beat_at=ctx.now))
        return Beaten(is_reaped=False)
    if command.is_start:
        known.started_at, known.reaped_at = ctx.now, None
    known.beat_at = ctx.now
    return Beaten(is_reaped=known.reaped_at is not None)


def find_dead(ctx: Context, command: FindDead) -> DeadFound:
    access.require_system(ctx)
    reaped = ctx.session.execute(
        update(WorkerBeat)
        .where(
            WorkerBeat.executor_id != command.executor,
            WorkerBeat.reaped_at.is_(None),
            WorkerBeat.beat_at < ctx.now - HEARTBEAT_SILENCE,
        )
        .values(reaped_at=ctx.now)
        .returning(WorkerBeat.executor_id)
    )
    return DeadFound(tuple(reaped.scalars()))


def list_workers(ctx: Context, command: ListWorkers) -> WorkersListed:
    access.require_operator(ctx)
    limit = ctx.now - HEARTBEAT_SILENCE
    rows = ctx.session.scalars(select(WorkerBeat).order_by(WorkerBeat.executor_id))
    return WorkersListed(
        tuple(WorkerSeen(row.executor_id, row.beat_at, row.beat_at < limit, row.reaped_at is not None) for row in rows)
    )
