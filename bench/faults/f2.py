"""F2: whoever watches the mailbox is killed, again and again, and started anew; on SQLite and on PostgreSQL.

Killed before a message is stored, when it is stored and begun, when it is settled and not yet filed, and at random.
Half of the messages invite somebody, the others ask for the courses: each is to have its effect once, and one answer.
"""

import random
import time
from collections import Counter
from contextlib import nullcontext
from datetime import timedelta
from itertools import count
from typing import Any, Final

from msgspec import Struct, field
from sqlalchemy import update

from bench.faults import checker
from bench.faults.checker import Findings
from bench.faults.mail_ledger import Accounted, Written, account, early, filed_in, settled
from bench.faults.mail_server import MailServer
from bench.faults.workers import until, worker_process
from bench.processes import ProgramFailed
from bench.report import Goal, Report, progress, rounded
from bench.world import World, new_folder, postgresql_url
from bench.writers import Writer, deliver, hire, seen_at, writing_world
from core.model import InboundMessage
from core.rules.policy import MAIL_ANSWERS_AN_HOUR, MAIL_LEASE
from core.words import MailState, Role
from tests.servers.dovecot import Dovecot

AT_RANDOM: Final = "at random"
FAULTS: Final = (AT_RANDOM, "mail_before_receive", "mail_received", "mail_settled")
_LATEST_PASSAGE: Final = 4
_SETTLING_SECONDS: Final = 240
_TOTALS: Final = ("lost", "dup", "stuck", "early", "given_up")


class Size(Struct, frozen=True):
    """``kills`` on each database. A watcher that is about to be killed finds at least ``backlog`` messages."""

    kills: int = 100
    backlog: int = 8
    databases: tuple[str, ...] = ("sqlite", "postgresql")
    is_lease_waited_for: bool = True
    """False: the time after which others may begin is taken to have gone by."""


SMALL: Final = Size(kills=3, is_lease_waited_for=False)


class _Scene(Struct):
    world: World
    dovecot: Dovecot
    writers: list[Writer]
    written: Written = field(default_factory=Written)
    kills: Counter[str] = field(default_factory=Counter)
    early: int = 0
    numbers: Any = field(default_factory=count)

    def fill(self, backlog: int) -> int:
        """Gives how many lie before these that a killed watcher had begun with: they are its own for a while."""
        states = settled(self.world.app)
        fresh = sum(ref not in states for ref in filed_in(self.dovecot, "INBOX"))
        deliver(self.dovecot, [self._letter() for _ in range(backlog - fresh)])
        return sum(state is MailState.RECEIVED for state in states.values())

    def _letter(self) -> tuple[Writer, bytes]:
        number = next(self.numbers)
        writer = self.writers[number % len(self.writers)]
        ref = f"<f2.{number}@example.org>"
        invited = f"learner{number}.f2@example.org" if number % 2 else ""
        self.written.note(ref, writer.address, invited)
        subject = f"invite {self.world.sample.run} {invited}" if invited else "courses"
        return writer, writer.letter(subject, ref)


def run(size: Size, seed: int) -> Report:
    figures: dict[str, Any] = {"runs": size.kills * len(size.databases), "seed": seed}
    accounts: list[Accounted] = []
    findings: list[Findings] = []
    for name in size.databases:
        scene, accounted, found, seconds = _killed_on(name, size, random.Random(seed))
        figures[name] = _figures(scene, accounted, found, seconds)
        accounts.append(accounted)
        findings.append(found)
    total = {what: sum(figures[name][what] for name in size.databases) for what in _TOTALS}
    figures |= {**total, "most_answers": max(each.most_answers for each in accounts)}
    return Report("F2", figures, _goals(figures, findings))


def _killed_on(database: str, size: Size, noise: random.Random) -> tuple[_Scene, Accounted, Findings, float]:
    place = postgresql_url() if database == "postgresql" else nullcontext("")
    with (
        new_folder() as folder,
        place as url,
        MailServer() as server,
        Dovecot() as dovecot,
        writing_world(folder, dovecot.imap_port, smtp_port=server.port, database_url=url) as world,
    ):
        # As many as it takes that each message is answered.
        most = size.kills * (_LATEST_PASSAGE + 2) + size.backlog
        writers = hire(world, most // (MAIL_ANSWERS_AN_HOUR - 2) + 1, ["northfield"], Role.MANAGER)
        scene = _Scene(world, dovecot, writers)
        acknowledged = checker.begin(world.app)
        _connect_once(world)
        for number in range(size.kills):
            if number % 25 == 0:
                progress(f"F2: {database}, kill {number + 1} of {size.kills}, {len(scene.written.senders)} messages")
            begun = scene.fill(size.backlog)
            _kill_once(scene, noise, FAULTS[noise.randrange(len(FAULTS))], begun)
            scene.early += early(world.app, dovecot)
        seconds = _settle(scene, size)
        accounted = account(world.app, dovecot, scene.written, server.accepted)
        return scene, accounted, checker.check(world.app, server.accepted, acknowledged), seconds


def _connect_once(world: World) -> None:
    """What comes before the first connection is old mail."""
    with worker_process(world.environment, world.folder / "mailbox.log", "mailbox") as watcher:
        if not until(lambda: seen_at(world) > 0, seconds=60):
            raise ProgramFailed(f"nobody watches\n{watcher.log}")
        watcher.stop()


def _kill_once(scene: _Scene, noise: random.Random, fault: str, begun: int) -> None:
    world = scene.world
    environment = world.environment
    if fault != AT_RANDOM:
        passage = noise.randint(1, _LATEST_PASSAGE) + (0 if fault == "mail_settled" else begun)
        environment = {**environment, "USHER_FAILPOINTS": f"{fault}:{passage}"}
    with worker_process(environment, world.folder / "mailbox.log", "mailbox") as watcher:
        if fault == AT_RANDOM:
            if not until(lambda: "watching" in watcher.log, seconds=60):
                raise ProgramFailed(f"nobody watches\n{watcher.log}")
            until(lambda: False, seconds=noise.uniform(0.0, 0.4))
            watcher.kill()
        else:
            watcher.wait_for_kill(seconds=90)
    scene.kills[fault] += 1


def _settle(scene: _Scene, size: Size) -> float:
    """A watcher and a worker that are left alone end what the killed ones began. Seconds until all was final."""
    world, began_at = scene.world, time.monotonic()
    if not size.is_lease_waited_for:
        _let_leases_end(world)
    with (
        worker_process(world.environment, world.folder / "mailbox.log", "mailbox") as watcher,
        worker_process(world.environment, world.folder / "worker.log") as worker,
    ):
        until(lambda: not filed_in(scene.dovecot, "INBOX"), seconds=_SETTLING_SECONDS)
        until(lambda: not checker.unfinished(world.app), seconds=_SETTLING_SECONDS)
        took = time.monotonic() - began_at
        watcher.stop()
        worker.stop()
    return took


def _let_leases_end(world: World) -> None:
    statement = update(InboundMessage).where(InboundMessage.state == MailState.RECEIVED)
    with world.app.engine.begin() as connection:
        long_ago = world.app.clock() - MAIL_LEASE - timedelta(seconds=1)
        connection.execute(statement.where(InboundMessage.begun_at.is_not(None)).values(begun_at=long_ago))


def _figures(scene: _Scene, accounted: Accounted, found: Findings, seconds: float) -> dict[str, Any]:
    return {
        "kills_by_fault": dict(scene.kills),
        "messages": len(scene.written.senders),
        "invited": len(scene.written.invited),
        "states": dict(accounted.states),
        "lost": accounted.lost + found.lost,
        "dup": accounted.dup + found.dup,
        "stuck": found.stuck,
        "early": scene.early,
        "given_up": accounted.given_up,
        "ghost": found.ghost,
        "accepted": found.accepted,
        "broken_rules": list(found.broken),
        "settled_seconds": rounded(seconds),
    }


def _goals(figures: dict[str, Any], findings: list[Findings]) -> list[Goal]:
    return [
        Goal("lost", figures["lost"], "== 0"),
        Goal("done or answered twice", figures["dup"], "== 0"),
        Goal("stuck", figures["stuck"], "== 0"),
        Goal("filed before it was settled", figures["early"], "== 0"),
        Goal("most answers to one message", figures["most_answers"], "== 1"),
        Goal("ghost", sum(each.ghost for each in findings), "== 0"),
        Goal("broken rules of the business", sum(len(each.broken) for each in findings), "== 0"),
    ]
