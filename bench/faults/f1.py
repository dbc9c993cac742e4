"""F1: the sending worker is killed, again and again, and started anew under the same name.

Killed 150-500 ms after its first mail, and at the failpoints; on SQLite and on PostgreSQL; the mail server says 250
after 2 ms. What it sends is a mixture: invitations may arrive twice, codes never.
"""

import random
import time
from bisect import bisect_right
from collections import Counter
from contextlib import nullcontext
from typing import Any, Final

from msgspec import Struct, field

from bench.faults import checker
from bench.faults.checker import Findings
from bench.faults.door import Door
from bench.faults.mail_server import MailServer
from bench.faults.workers import WorkerProcess, until, worker_process
from bench.processes import ProgramFailed
from bench.report import Goal, Report, progress, rounded
from bench.sinks import Accepted
from bench.world import make_world, new_folder, postgresql_url
from core.words import MessageKind

AT_RANDOM: Final = "at random"
FAULTS: Final = (AT_RANDOM, "claimed", "mail", "before_dot", "after_dot", "before_mark")
_CONNECTIONS: Final = 4
_LATEST_PASSAGE: Final = 25
_SETTLING_SECONDS: Final = 240


class Size(Struct, frozen=True):
    """``kills`` on each database. A worker that is about to be killed finds at least ``backlog`` mails."""

    kills: int = 250
    backlog: int = 300
    databases: tuple[str, ...] = ("sqlite", "postgresql")


SMALL: Final = Size(kills=3, backlog=60)


class _Kills(Struct):
    at: list[float] = []
    in_flight: list[int] = []
    by_fault: Counter[str] = field(default_factory=Counter)


def run(size: Size, seed: int) -> Report:
    figures: dict[str, Any] = {"runs": size.kills * len(size.databases), "seed": seed, "connections": _CONNECTIONS}
    found = {}
    for name in size.databases:
        figures[name], found[name] = _killed_on(name, size, random.Random(seed))
    total = {what: sum(figures[name][what] for name in found) for what in ("lost", "dup", "ghost", "stuck", "held")}
    return Report("F1", figures | total, _goals(figures, found))


def _killed_on(database: str, size: Size, noise: random.Random) -> tuple[dict[str, Any], Findings]:
    place = postgresql_url() if database == "postgresql" else nullcontext("")
    with (
        new_folder() as folder,
        place as url,
        MailServer(answer_seconds=0.002) as server,
        make_world(folder, smtp_port=server.port, database_url=url, USHER_SMTP_CONNECTIONS=str(_CONNECTIONS)) as world,
    ):
        door, kills = Door(world), _Kills()
        for number in range(size.kills):
            if number % 25 == 0:
                progress(f"F1: {database}, kill {number + 1} of {size.kills}, {len(server.accepted)} mails accepted")
            _fill(door, size.backlog)
            _kill_once(door, server, noise, kills, fault=FAULTS[noise.randrange(len(FAULTS))])
        settled = _settle(door)
        findings = checker.check(world.app, server.accepted, door.acknowledged)
        return _figures(findings, kills, server.accepted, door) | {"settled_seconds": rounded(settled)}, findings


def _fill(door: Door, backlog: int) -> None:
    """Codes before and after: what was asked for first goes out first, and kills are to meet either kind."""
    if door.unfinished_mail() < backlog:
        door.ask_for_codes(backlog // 2)
        door.invite(backlog)
        door.ask_for_codes(backlog // 2)


def _kill_once(door: Door, server: MailServer, noise: random.Random, kills: _Kills, *, fault: str) -> None:
    environment = door.world.environment
    if fault != AT_RANDOM:
        environment = {**environment, "USHER_FAILPOINTS": f"{fault}:{noise.randint(1, _LATEST_PASSAGE)}"}
    with worker_process(environment, door.world.folder / "worker.log") as worker:
        if fault == AT_RANDOM:
            _kill_while_sending(worker, server, after_seconds=noise.uniform(0.15, 0.5))
        else:
            worker.wait_for_kill(seconds=90)
    kills.at.append(time.monotonic())
    kills.by_fault[fault] += 1
    kills.in_flight.append(door.mails_being_sent())


def _kill_while_sending(worker: WorkerProcess, server: MailServer, *, after_seconds: float) -> None:
    if not server.wait_for(len(server.accepted) + 1, seconds=90):
        raise ProgramFailed(f"the worker sends nothing\n{worker.log}")
    until(lambda: False, seconds=after_seconds)
    worker.kill()


def _settle(door: Door) -> float:
    """A worker that is left alone ends what the killed ones began. Seconds until all was final."""
    began_at = time.monotonic()
    with worker_process(door.world.environment, door.world.folder / "worker.log") as worker:
        until(lambda: not checker.unfinished(door.app), seconds=_SETTLING_SECONDS)
        took = time.monotonic() - began_at
        worker.stop()
    return took


def _figures(findings: Findings, kills: _Kills, accepted: list[Accepted], door: Door) -> dict[str, Any]:
    states = Counter(row.state.value for row in door.rows(MessageKind.SLACK_CODE))
    doubled = _doubled_by_kill(accepted, kills.at)
    return {
        "kills": len(kills.at),
        "kills_by_fault": dict(kills.by_fault),
        **findings.figures(),
        "most_in_flight_at_a_kill": max(kills.in_flight, default=0),
        "most_dup_by_a_kill": max(doubled.values(), default=0),
        "dup_per_kill": rounded(findings.dup / max(1, len(kills.at))),
        "codes": dict(states),
    }


def _doubled_by_kill(accepted: list[Accepted], kills: list[float]) -> Counter[int]:
    """How many mails that a killed worker had handed over went out again: by the first kill after the handing over."""
    last: dict[str, float] = {}
    doubled: Counter[int] = Counter()
    for each in accepted:
        if each.message_id in last:
            doubled[bisect_right(kills, last[each.message_id])] += 1
        last[each.message_id] = each.at
    return doubled


def _goals(figures: dict[str, Any], found: dict[str, Findings]) -> list[Goal]:
    def most(name: str) -> int:
        return max(int(figures[database][name]) for database in found)

    return [
        Goal("lost", sum(each.lost for each in found.values()), "== 0"),
        Goal("ghost", sum(each.ghost for each in found.values()), "== 0"),
        Goal("stuck", sum(each.stuck for each in found.values()), "== 0"),
        Goal("dup by one kill, at most the open connections", most("most_dup_by_a_kill"), f"<= {_CONNECTIONS}"),
        Goal(
            "in flight at a kill, at most the open connections", most("most_in_flight_at_a_kill"), f"<= {_CONNECTIONS}"
        ),
        Goal("dup of kinds that must not arrive twice", sum(each.dup_held_kinds for each in found.values()), "== 0"),
        Goal("held and not shown by held list", sum(each.held_unlisted for each in found.values()), "== 0"),
        Goal("broken rules of the business", sum(len(each.broken) for each in found.values()), "== 0"),
    ]
