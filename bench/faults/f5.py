"""F5: the mail server and the way to it break in every way that IMAP knows, and mailboxes are full or strange.

A watcher in a process of its own reads a real Dovecot through a proxy. Its times are scaled: what waits for four
minutes waits for two seconds here. A message is to be done once, and answered once, whatever happens on the way.
"""

import asyncio
import multiprocessing
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from threading import Event
from typing import Any, Final

from msgspec import Struct, field

from bench.faults import checker
from bench.faults.mail_ledger import Written, account, count_in, filed_in
from bench.faults.mail_server import MailServer
from bench.faults.proxy import Cut, Proxy, let_pass
from bench.faults.workers import until, worker_process
from bench.processes import Program, ProgramFailed
from bench.report import Goal, Report, progress, rounded
from bench.world import World, new_folder
from bench.writers import NAME, Writer, deliver, found_schools, hire, writing_world
from core.context import Operator
from core.settings import load_settings
from core.usecases.mailbox.mailboxes import DecideOldMail, ListMailboxes, decide_old_mail, list_mailboxes
from core.words import OldMail, Role
from mail.inbox.watcher import Pace
from mail.inbox.watching import Inbox
from mail.parsing.parser import Parser
from mail.receiving.reception import Reception, Sweeper
from tests.servers.dovecot import Dovecot
from usher.logs import start_logging
from usher.mailroom import make_process
from usher.wiring import make_app

_PACE: Final = Pace(renewal=2.0, first_rest=0.1, longest_rest=1.0, patience=2.0, again=0.5, longest_again=5.0)
_PATIENCE_SECONDS: Final = 240
# Whoever looks takes the server's time.
_LOOK_SECONDS: Final = 0.1
_forks = multiprocessing.get_context("forkserver")


class Size(Struct, frozen=True):
    """``cases``: messages of each fault; ``unread``: before the first connection; ``big``: octets of one message."""

    cases: int = 30
    unread: int = 10_000
    big: int = 25_000_000


SMALL: Final = Size(cases=4, unread=200, big=2_000_000)


class _Scene(Struct):
    world: World
    dovecot: Dovecot
    proxy: Proxy
    writers: list[Writer]
    written: Written = field(default_factory=Written)
    seconds: dict[str, float] = {}
    numbers: Iterator[int] = field(default_factory=count)

    def write(self, how_many: int, octets: int = 0) -> list[tuple[Writer, bytes]]:
        letters = []
        for _ in range(how_many):
            number = next(self.numbers)
            writer = self.writers[number % len(self.writers)]
            ref = f"<f5.{number}@example.org>"
            self.written.note(ref, writer.address)
            line = "Thank you for all the courses that there are.\r\n"
            letters.append((writer, writer.letter("courses", ref, line * (1 + octets // len(line)))))
        deliver(self.dovecot, letters)
        return letters

    def settle(self, name: str) -> None:
        """Until INBOX is empty."""
        began_at = time.monotonic()
        ends = began_at + _PATIENCE_SECONDS
        while waiting := count_in(self.dovecot, "INBOX"):
            if time.monotonic() > ends:
                raise ProgramFailed(f"F5, {name}: {waiting} messages wait")
            Event().wait(_LOOK_SECONDS)
        self.seconds[name] = rounded(time.monotonic() - began_at)


def run(size: Size, seed: int) -> Report:
    noise = random.Random(seed)
    with (
        new_folder() as folder,
        MailServer() as server,
        Dovecot() as dovecot,
        Proxy(dovecot.imap_port) as proxy,
        writing_world(folder, proxy.port, smtp_port=server.port) as world,
    ):
        needed = 5 * size.cases + 10
        schools = found_schools(world, 1 + needed // 500)
        scene = _Scene(world, dovecot, proxy, hire(world, needed // 15 + 1, schools, Role.VIEWER))
        acknowledged = checker.begin(world.app)
        figures = _first_start(scene, size)
        with _watcher(scene):
            for fault in _FAULTS:
                progress(f"F5: {fault.__name__.removeprefix('_')}")
                fault(scene, size, noise)
        figures |= _big(scene, size)
        with worker_process(world.environment, folder / "worker.log") as worker:
            until(lambda: not checker.unfinished(world.app), seconds=_PATIENCE_SECONDS)
            worker.stop()
        accounted = account(world.app, dovecot, scene.written, server.accepted)
        findings = checker.check(world.app, server.accepted, acknowledged)
    figures = {
        "runs": len(_FAULTS) * size.cases,
        "lost": accounted.lost + findings.lost,
        "dup": accounted.dup + findings.dup,
        "stuck": findings.stuck,
        "most_answers": accounted.most_answers,
        "old_answered": len(server.accepted) - len(scene.written.senders),
        **figures,
        "seconds": scene.seconds,
        "half_open_seen_within_seconds": rounded(_half_open_seconds(scene)),
        "seed": seed,
    }
    return Report("F5", figures, _goals(figures))


def _goals(figures: Mapping[str, Any]) -> list[Goal]:
    return [
        Goal("lost", figures["lost"], "== 0"),
        Goal("done or answered twice", figures["dup"], "== 0"),
        Goal("stuck", figures["stuck"], "== 0"),
        Goal("most answers to one message", figures["most_answers"], "== 1"),
        Goal("old mail that was answered", figures["old_answered"], "== 0"),
        Goal("a dead connection is seen within, seconds", figures["half_open_seen_within_seconds"], "<= 300"),
        Goal("memory with a message of 25 MB, MB", figures["rss_big_mb"], "<= 150"),
        Goal("memory with 10,000 unread, MB", figures["rss_unread_mb"], "<= 150"),
    ]


# --- Faults -----------------------------------------------------------------------------------------------


def _cut_in_a_literal(scene: _Scene, size: Size, noise: random.Random) -> None:
    """In each third body, somewhere."""
    bodies = count(1)

    def look(piece: bytes) -> bytes:
        if b"BODY[] {" in piece and next(bodies) % 3 == 0:
            raise Cut(piece[: piece.index(b"BODY[] {") + noise.randint(0, 5000)])
        return piece

    scene.proxy.from_server = look
    scene.write(size.cases, octets=20_000)
    scene.settle("cut_in_a_literal")
    scene.proxy.from_server = let_pass


def _bye_in_idle(scene: _Scene, size: Size, noise: random.Random) -> None:
    for _ in range(min(3, size.cases)):
        scene.proxy.cut_all(b"* BYE Server shutting down.\r\n")
        scene.write(1)
        scene.settle("bye_in_idle")


def _half_open(scene: _Scene, size: Size, noise: random.Random) -> None:
    """Nothing comes any more, and nobody says so."""
    scene.proxy.silence_all()
    scene.write(size.cases)
    scene.settle("half_open")


def _half_open_seconds(scene: _Scene) -> float:
    """With the times that are not scaled; what it took besides them counts as it was."""
    real = Pace()
    return real.renewal + real.patience + scene.seconds["half_open"] - _PACE.renewal - _PACE.patience


def _expunged_before_fetch(scene: _Scene, size: Size, noise: random.Random) -> None:
    """By somebody else, between the list and the bytes; it comes again later."""
    is_done = False

    def look(piece: bytes) -> bytes:
        nonlocal is_done
        if b"BODY.PEEK[]" in piece and not is_done:
            is_done = True
            _expunge(scene.dovecot, piece.partition(b"FETCH ")[2].split()[0].decode())
        return piece

    scene.proxy.from_client = look
    letters = scene.write(size.cases)
    scene.settle("expunged_before_fetch")
    scene.proxy.from_client = let_pass
    # What was expunged is nobody's any more, so its sender sends it again; the others are copies then.
    deliver(scene.dovecot, letters)
    scene.written.copies.update(list(scene.written.senders)[-len(letters) :])
    scene.settle("same_mail_twice")


def _expunge(dovecot: Dovecot, uid: str) -> None:
    connection = dovecot.login()
    connection.select("INBOX")
    connection.uid("STORE", uid, "+FLAGS", r"(\Deleted)")
    connection.uid("EXPUNGE", uid)
    connection.logout()


def _numbered_anew(scene: _Scene, size: Size, noise: random.Random) -> None:
    """UIDVALIDITY changes while messages wait, and the watcher comes back."""
    scene.proxy.silence_all()
    scene.write(size.cases)
    scene.dovecot.forget_uids()
    scene.write(1)
    scene.settle("numbered_anew")


_FAULTS: Final[tuple[Callable[[_Scene, Size, random.Random], None], ...]] = (
    _cut_in_a_literal,
    _bye_in_idle,
    _half_open,
    _expunged_before_fetch,
    _numbered_anew,
)


# --- Watching ---------------------------------------------------------------------------------------------


@contextmanager
def _watcher(scene: _Scene) -> Iterator[None]:
    """With scaled times."""
    world = scene.world
    process = _forks.Process(target=_watch, args=(world.environment, str(world.folder / "mailbox.log")))
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def _watch(environment: dict[str, str], log: str) -> None:
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    settings = load_settings(environment, env_file=None)
    start_logging(settings.log_level)
    app = make_app(settings)
    with Parser() as parser:
        reception = Reception(app, make_process(app, parser))
        asyncio.run(_run(Inbox(app, reception, pace=_PACE), Sweeper(app, reception)))


async def _run(inbox: Inbox, sweeper: Sweeper) -> None:
    await asyncio.gather(inbox.run(), sweeper.run())


@contextmanager
def _real_watcher(scene: _Scene) -> Iterator[tuple[Program, dict[str, float]]]:
    """``usher mailbox watch``, and at the end the most memory that it had."""
    world, peak = scene.world, dict[str, float]()
    arguments = ["-m", "usher", "mailbox", "watch"]
    with Program(arguments, folder=world.folder, name="watch", environment=world.environment) as program:
        yield program, peak
        peak["mb"] = program.peak_rss_mb


def _first_start(scene: _Scene, size: Size) -> dict[str, Any]:
    """A full mailbox: listed, not answered; then all of it is put aside at the operator's word."""
    filed_in(scene.dovecot, "INBOX")  # Makes the folder.
    old = Writer("stranger@example.org", "")
    scene.dovecot.drop_in(old.letter("courses", f"<old.{number}@example.org>") for number in range(size.unread))
    with _real_watcher(scene) as (program, peak):
        program.wait_for(lambda: _waiting_old(scene.world) == size.unread, seconds=120, what="listing old mail")
        listed = time.monotonic() - program.started_at
        scene.world.app.run(decide_old_mail, DecideOldMail(NAME, OldMail.IGNORED), Operator())
        began_at = time.monotonic()
        scene.settle("old_mail_put_aside")
        put_aside = time.monotonic() - began_at
    return {
        "old_listed": size.unread,
        "old_listed_after_seconds": rounded(listed),
        "old_put_aside_after_seconds": rounded(put_aside),
        "rss_unread_mb": rounded(peak["mb"]),
    }


def _waiting_old(world: World) -> int:
    return world.app.read(list_mailboxes, ListMailboxes(), Operator()).rows[0].waiting_old


def _big(scene: _Scene, size: Size) -> dict[str, Any]:
    with _real_watcher(scene) as (program, peak):
        program.wait_for_words("watching")
        idle = program.usage().rss_mb
        scene.write(1, octets=size.big)
        scene.settle("big")
    return {"rss_idle_mb": rounded(idle), "rss_big_mb": rounded(peak["mb"])}
