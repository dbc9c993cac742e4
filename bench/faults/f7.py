"""F7: PostgreSQL is ended as by a crash, its connections are cut, it has too few of them, it stays away.

People press on, with a key each, until they have their answer; a worker sends what they decided. Everything that was
acknowledged must be stored, once; what was unknown is settled by its key.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, Final

import psycopg
from msgspec import Struct

from bench.faults import checker
from bench.faults.checker import Findings
from bench.faults.f7_load import DEADLINE, Ledger, people_at_work
from bench.faults.mail_server import MailServer
from bench.faults.workers import until, worker_process
from bench.processes import ProgramFailed
from bench.report import Goal, Report, progress, rounded
from bench.world import World, make_world, new_folder
from core.context import Context
from core.errors import Unavailable
from core.usecases.catalogue.runs import ListChoosableRuns, list_choosable_runs
from core.usecases.invitations.batches import (
    InviteLearners,
    LearnersInvited,
    PrepareInvitation,
    invite_learners,
    prepare_invitation,
)
from core.words import Channel
from tests.servers.postgresql import SUPERUSER, PostgreSQL

_PEOPLE: Final = 3
_SOON_SECONDS: Final = 5
# Slack takes 45 edits a minute, and each confirmation wants some.
_SETTLING_SECONDS: Final = 900
# Ours 10 and 2 for jobs; the worker's 10, 2 and 2, the engine's 6 and its listener, and the lock on its name.
_MOST_CONNECTIONS: Final = 36
_POOL: Final = 10
_IDLE_MS: Final = 300


class Size(Struct, frozen=True):
    stops: int = 50
    cuts: int = 20
    tasks: int = 50
    outage_seconds: float = 20


SMALL: Final = Size(stops=3, cuts=1, tasks=30, outage_seconds=1)


class _Returns(Struct):
    """Seconds until somebody was served again, after each return of the database."""

    seconds: list[float] = []
    missed: int = 0


def run(size: Size, seed: int) -> Report:
    noise = random.Random(seed)
    with (
        new_folder() as folder,
        PostgreSQL() as database,
        MailServer() as mails,
        make_world(folder, smtp_port=mails.port, database_url=database.url(database.create_database())) as world,
    ):
        ledger, returns = Ledger(checker.begin(world.app)), _Returns()
        with worker_process(world.environment, folder / "worker.log") as worker:
            worker.wait_until_ready()
            with people_at_work(world, ledger, _PEOPLE, "busy"):
                _stop_again_and_again(database, ledger, noise, size.stops, returns)
                _cut_again_and_again(database, world, ledger, noise, size.cuts, returns)
                _stay_away(database, ledger, size.outage_seconds, returns)
            crowd = _crowd(world, ledger, size.tasks)
            idle = _idle_in_transaction(database, world, ledger)
            settled = _settle(world)
            is_alive, connections = worker.is_alive, _connections(database, world)
            worker.stop()
        findings = checker.check(world.app, mails.accepted, ledger.acknowledged)
        leaked = world.app.engine.pool.checkedout()  # type: ignore[attr-defined]  # A queue pool.
    figures = {**crowd, **idle, **settled, "worker_lived": int(is_alive), "connections": connections, "leaked": leaked}
    return _report(size, seed, findings, ledger, returns, figures)


def _settle(world: World) -> dict[str, float]:
    """Seconds until all mails, and until all messages were final."""
    began_at = time.monotonic()
    until(lambda: not checker.unfinished(world.app, Channel.EMAIL), seconds=_SETTLING_SECONDS)
    mail = time.monotonic() - began_at
    until(lambda: not checker.unfinished(world.app), seconds=_SETTLING_SECONDS)
    return {"mail_settled_seconds": rounded(mail), "all_settled_seconds": rounded(time.monotonic() - began_at)}


# --- Stops, cuts, an outage -------------------------------------------------------------------------------


def _stop_again_and_again(
    database: PostgreSQL, ledger: Ledger, noise: random.Random, stops: int, returns: _Returns
) -> None:
    for number in range(stops):
        if number % 10 == 0:
            progress(f"F7: stop {number + 1} of {stops}, {len(ledger.successes)} answers, {ledger.unknown} unknown")
        _work_for(noise.uniform(0.3, 1.0))
        database.stop("immediate")
        _work_for(noise.uniform(0, 0.3))
        database.start()
        _await_success(ledger, returns)


def _cut_again_and_again(
    database: PostgreSQL, world: World, ledger: Ledger, noise: random.Random, cuts: int, returns: _Returns
) -> None:
    """Every connection to our database but the administrator's, at one moment."""
    for _ in range(cuts):
        _work_for(noise.uniform(0.2, 0.6))
        _administer(
            database,
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and pid <> pg_backend_pid()",
            _name(world),
        )
        _await_success(ledger, returns)


def _stay_away(database: PostgreSQL, ledger: Ledger, seconds: float, returns: _Returns) -> None:
    progress(f"F7: away for {seconds:g} s")
    database.stop("immediate")
    _work_for(seconds)
    database.start()
    _await_success(ledger, returns)


def _await_success(ledger: Ledger, returns: _Returns) -> None:
    back_at = time.monotonic()
    if until(lambda: ledger.first_success_after(back_at) is not None, seconds=30):
        returns.seconds.append((ledger.first_success_after(back_at) or back_at) - back_at)
    else:
        returns.missed += 1


def _work_for(seconds: float) -> None:
    Event().wait(seconds)


# --- Too few connections ----------------------------------------------------------------------------------


def _crowd(world: World, ledger: Ledger, tasks: int) -> dict[str, Any]:
    """More people at once than connections; then the same while all connections are taken for longer than anybody
    waits.
    """
    progress(f"F7: {tasks} tasks, {_POOL} connections")
    free = _look_together(world, tasks, ledger)
    with _all_connections_taken(world):
        taken = _look_together(world, tasks, ledger)
    return {
        "crowd": tasks,
        "crowd_served": free.served,
        "crowd_longest_seconds": rounded(free.longest),
        "crowd_without_connections_told_so": tasks - taken.served,
        "crowd_without_connections_longest_seconds": rounded(taken.longest),
    }


class _Looked(Struct):
    served: int = 0
    longest: float = 0.0


def _look_together(world: World, tasks: int, ledger: Ledger) -> _Looked:
    looked = _Looked()

    def look(place: int) -> None:
        began_at = time.monotonic()
        try:
            if place % 2:
                world.app.read(list_choosable_runs, ListChoosableRuns(), world.owner)
            else:
                command = PrepareInvitation(world.sample.run, f"learner{place}.crowd@example.org")
                world.app.run(prepare_invitation, command, world.owner, deadline=DEADLINE)
                with ledger.lock:
                    ledger.acknowledged.note("prepare_invitation")
            looked.served += 1
        except Unavailable:
            pass
        except Exception as error:
            with ledger.lock:
                ledger.unworded.append(f"{type(error).__name__}: {str(error)[:200]}")
        looked.longest = max(looked.longest, time.monotonic() - began_at)

    _together(look, tasks)
    return looked


def _together(act: Any, count: int) -> None:
    threads = [Thread(target=act, args=(place,), daemon=True) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


@contextmanager
def _all_connections_taken(world: World) -> Iterator[None]:
    held = [world.app.engine.connect() for _ in range(_POOL)]
    try:
        yield
    finally:
        for connection in held:
            connection.close()


# --- Idle in a transaction --------------------------------------------------------------------------------


def _idle_in_transaction(database: PostgreSQL, world: World, ledger: Ledger) -> dict[str, Any]:
    """The server ends a transaction that stands still for too long. What it wanted is done all the same, once."""
    command = PrepareInvitation(world.sample.run, "learner.idle@example.org")
    draft_id = world.app.run(prepare_invitation, command, world.owner).draft_id
    ledger.acknowledged.note("prepare_invitation")
    _set_idle_limit(database, world, f"{_IDLE_MS}ms")
    stands_still = [True]

    def stand_still_then_invite(ctx: Context, command: InviteLearners) -> LearnersInvited:
        invited = invite_learners(ctx, command)
        if stands_still:
            stands_still.clear()
            Event().wait(2 * _IDLE_MS / 1000)
        return invited

    invited = _invited_in_the_end(world, stand_still_then_invite, draft_id, ledger)
    _set_idle_limit(database, world, "0")
    return {"idle_in_transaction_settled": invited}


def _invited_in_the_end(world: World, usecase: Any, draft_id: int, ledger: Ledger) -> int:
    for _ in range(3):
        try:
            invited = world.app.run(usecase, InviteLearners(draft_id), world.owner, key="F7:idle", deadline=DEADLINE)
        except Unavailable:
            continue
        except Exception as error:
            ledger.unworded.append(f"{type(error).__name__}: {str(error)[:200]}")
            continue
        ledger.acknowledged.note(usecase.__name__, invited)
        return 1
    return 0


def _set_idle_limit(database: PostgreSQL, world: World, limit: str) -> None:
    _administer(database, f"alter database {_name(world)} set idle_in_transaction_session_timeout = '{limit}'")
    # It counts for new connections only.
    world.app.engine.dispose()


# --- PostgreSQL -------------------------------------------------------------------------------------------


def _name(world: World) -> str:
    name = world.app.engine.url.database
    assert name is not None
    return name


def _administer(database: PostgreSQL, statement: str, *values: str) -> list[tuple[Any, ...]]:
    url = database.url(role=SUPERUSER).replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        cursor = connection.execute(statement.encode(), values or None)
        return cursor.fetchall() if cursor.description else []


def _connections(database: PostgreSQL, world: World) -> int:
    """At rest. Raises ProgramFailed when one of them stays in a transaction: it was leaked."""
    # The background engine holds its lock on a job in this way, on purpose and not for long.
    which = "and state like 'idle in transaction%%' and query not like '%%pg_try_advisory_xact_lock%%'"
    if not until(lambda: not _activity(database, world, which), seconds=10):
        raise ProgramFailed(f"a connection stays in a transaction: {_activity(database, world, which)}")
    return len(_activity(database, world, ""))


def _activity(database: PostgreSQL, world: World, which: str) -> list[tuple[Any, ...]]:
    columns = "pid, state, now() - xact_start, left(query, 200)"
    query = f"select {columns} from pg_stat_activity where datname = %s {which}"
    return _administer(database, query, _name(world))


# --- Report -----------------------------------------------------------------------------------------------


def _report(
    size: Size, seed: int, findings: Findings, ledger: Ledger, returns: _Returns, figures: dict[str, Any]
) -> Report:
    seconds = sorted(returns.seconds)
    figures = {
        "runs": size.stops,
        "seed": seed,
        **findings.figures(),
        "acked": len(ledger.successes),
        "unknown": ledger.unknown,
        "busy": ledger.busy,
        "recovery_seconds_median": rounded(seconds[len(seconds) // 2]),
        "recovery_seconds_most": rounded(seconds[-1]),
        "longest_answer_seconds": rounded(ledger.longest_answer),
        "unworded": len(ledger.unworded),
        "unworded_errors": sorted(set(ledger.unworded))[:10],
        **figures,
    }
    return Report("F7", figures, _goals(size, findings, figures, returns))


def _goals(size: Size, findings: Findings, figures: dict[str, Any], returns: _Returns) -> list[Goal]:
    longest = DEADLINE.total_seconds() + 1
    return [
        Goal("lost", findings.lost, "== 0"),
        Goal("ghost", findings.ghost, "== 0"),
        Goal("stuck", findings.stuck, "== 0"),
        Goal("dup", findings.dup, "== 0"),
        Goal("seconds until all mails were final", figures["mail_settled_seconds"], "<= 120"),
        Goal("commands not settled once", len(findings.broken), "== 0"),
        Goal("errors without words", figures["unworded"], "== 0"),
        Goal("returns without a success", returns.missed, "== 0"),
        Goal("seconds from a return to the first success", figures["recovery_seconds_most"], f"<= {_SOON_SECONDS}"),
        Goal("seconds to the latest answer", figures["longest_answer_seconds"], f"<= {longest}"),
        Goal("served of the crowd", figures["crowd_served"], f"== {size.tasks}"),
        Goal("told so, without connections", figures["crowd_without_connections_told_so"], f"== {size.tasks}"),
        Goal("seconds until told so", figures["crowd_without_connections_longest_seconds"], f"<= {longest}"),
        Goal("transactions that stood still, settled", figures["idle_in_transaction_settled"], "== 1"),
        Goal("worker still at work", figures["worker_lived"], "== 1"),
        Goal("connections left behind", figures["leaked"], "== 0"),
        Goal("connections at rest", figures["connections"], f"<= {_MOST_CONNECTIONS}"),
    ]
