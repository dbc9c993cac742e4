"""F17: two schedulers of reminders and digests at once, on SQLite and on PostgreSQL; one of them is stopped amid its
work, and goes on later.

Each is a process of its own that ticks until nothing is due. SIGSTOP falls wherever it falls: between two statements,
before a commit, with the write lock in hand.
"""

import multiprocessing
import os
import random
import signal
from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Barrier
from threading import Event
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import func, select, update

from bench.digests import fill_readers
from bench.report import Goal, Report, progress
from bench.world import new_folder, postgresql_url
from core.app import App
from core.context import System, SystemTokens
from core.database import open_engine
from core.errors import Unavailable
from core.model import Digest, Invitation, OutboundMessage
from core.usecases.digests.digests import (
    CollectDueDigests,
    FindDueDigests,
    WriteDueDigests,
    collect_due_digests,
    find_due_digests,
    write_due_digests,
)
from core.usecases.invitations.batches import InviteLearners, PrepareInvitation, invite_learners, prepare_invitation
from core.usecases.invitations.reminders import FindDueReminders, RemindDue, find_due_reminders, remind_due
from core.words import MessageKind, MessageState
from tests.factories import FixedClock, make_app, make_engine, make_school

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["bench.faults.f17"])
_RUN: Final = "maths-2026-03"
# Small bites, so that the two meet often and the stop falls into one of many transactions.
_FOUND: Final = 100
_BITE: Final = 10
_PATIENCE_SECONDS: Final = 300


class Size(Struct, frozen=True):
    """``stopped`` in seconds."""

    invitations: int = 3000
    readers: int = 600
    stopped: float = 60
    rounds: int = 2


SMALL: Final = Size(invitations=300, readers=60, stopped=1, rounds=1)


def run(size: Size, seed: int) -> Report:
    chance = random.Random(seed)
    totals: Counter[str] = Counter()
    for _ in range(size.rounds):
        with ExitStack() as stack:
            folder = stack.enter_context(new_folder())
            for url in (f"sqlite:///{folder}/usher.db", stack.enter_context(postgresql_url())):
                progress(f"F17: two schedulers on {url.partition(':')[0]}")
                totals.update(_round(url, size, chance))
    return _report(size, seed, totals)


def _round(url: str, size: Size, chance: random.Random) -> dict[str, int]:
    app = make_app(make_engine(url), recall_window=timedelta(0))
    _prepare(app, size)
    at_once = _forks.Barrier(3)
    processes = [_forks.Process(target=_tick, args=(url, app.clock(), at_once)) for _ in range(2)]
    for process in processes:
        process.start()
    at_once.wait(60)
    _stop_amid_work(app, processes[0], size, chance)
    for process in processes:
        process.join(_PATIENCE_SECONDS)
    found = _count(app, size) | {"failed": sum(process.exitcode != 0 for process in processes)}
    app.engine.dispose()
    return found


def _prepare(app: App, size: Size) -> None:
    """All mailed, and the third day has come, and the week of those who read digests is over."""
    school = make_school(app)
    addresses = " ".join(f"learner{place}@example.org" for place in range(size.invitations))
    draft_id = app.run(prepare_invitation, PrepareInvitation(_RUN, addresses), school.owner).draft_id
    app.run(invite_learners, InviteLearners(draft_id), school.owner)
    with app.engine.begin() as connection:
        mailed = update(OutboundMessage).where(OutboundMessage.kind == MessageKind.INVITATION)
        connection.execute(mailed.values(state=MessageState.SENT, sent_at=app.clock()))
        fill_readers(connection, school.organisation_id, size.readers)
    assert isinstance(app.clock, FixedClock)
    app.clock.advance(days=7)


def _stop_amid_work(app: App, process: ForkServerProcess, size: Size, chance: random.Random) -> None:
    """Once a random part is done."""
    part = chance.uniform(0.1, 0.5) * size.invitations
    while _reminded(app) < part and process.is_alive():
        Event().wait(0.005)
    if process.pid is not None and process.is_alive():
        os.kill(process.pid, signal.SIGSTOP)
        Event().wait(size.stopped)
        os.kill(process.pid, signal.SIGCONT)


def _tick(url: str, now: datetime, at_once: Barrier) -> None:
    """A scheduler: as ``worker.reminding`` and ``worker.digesting``, in smaller bites."""
    app = make_app(open_engine(url), clock=FixedClock(now))
    # Two processes with the same ids would be told apart by nothing but luck.
    app.tokens = SystemTokens()
    at_once.wait(60)
    is_done = False
    while not is_done:
        try:
            is_done = not _remind(app) + _tell(app)
        except Unavailable:
            Event().wait(0.2)


def _remind(app: App) -> int:
    found = app.read(find_due_reminders, FindDueReminders(_FOUND), System()).invitation_ids
    for start in range(0, len(found), _BITE):
        app.run(remind_due, RemindDue(found[start : start + _BITE]), System())
    return len(found)


def _tell(app: App) -> int:
    found = app.read(find_due_digests, FindDueDigests(_FOUND // 5), System()).setting_ids
    for start in range(0, len(found), _BITE):
        collected = app.read(collect_due_digests, CollectDueDigests(found[start : start + _BITE]), System())
        app.run(write_due_digests, WriteDueDigests(collected), System())
    return len(found)


def _reminded(app: App) -> int:
    query = select(func.count()).select_from(OutboundMessage).where(OutboundMessage.kind == MessageKind.REMINDER)
    return app.read(lambda ctx, _: ctx.session.scalar(query) or 0, None, System())


def _count(app: App, size: Size) -> dict[str, int]:
    reminders, digests = _said(app, MessageKind.REMINDER), _said(app, MessageKind.DIGEST)
    counted = select(func.count()).select_from(Invitation).where(Invitation.reminder_count != 1)
    readers = app.read(lambda ctx, _: list(ctx.session.scalars(select(Digest.staff_id))), None, System())
    return {
        "reminders": reminders.total(),
        "digests": digests.total(),
        "lost": size.invitations - len(reminders) + size.readers - len(set(readers)),
        "dup": reminders.total() - len(reminders) + digests.total() - size.readers,
        "miscounted": app.read(lambda ctx, _: ctx.session.scalar(counted) or 0, None, System()),
    }


def _said(app: App, kind: MessageKind) -> Counter[int]:
    about = select(OutboundMessage.about_id).where(OutboundMessage.kind == kind)
    return Counter(app.read(lambda ctx, _: list(ctx.session.scalars(about)), None, System()))


def _report(size: Size, seed: int, totals: Counter[str]) -> Report:
    figures: dict[str, Any] = {
        "runs": 2 * size.rounds,
        "lost": totals["lost"],
        "dup": totals["dup"],
        "seed": seed,
        "reminders": totals["reminders"],
        "digests": totals["digests"],
        "stopped_seconds": size.stopped,
    }
    return Report(
        "F17",
        figures,
        [
            Goal("lost: reminders and digests", totals["lost"], "== 0"),
            Goal("dup", totals["dup"], "== 0"),
            Goal("invitations not counted as reminded once", totals["miscounted"], "== 0"),
            Goal("schedulers that failed", totals["failed"], "== 0"),
        ],
    )
