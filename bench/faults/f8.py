"""F8: the disk is full, or fails: where the data lies, where temporary files lie, at the n-th write, at each sync.

A real house reads a Dovecot and takes mail from an own mail host, whose client notes what was acknowledged. What is not
acknowledged is sent again, as mail hosts do. A house that ends by itself is started again, as by its supervisor.
"""

import random
import smtplib
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, field

from bench.faults import checker
from bench.faults.f14 import listens
from bench.faults.full_disk import Disk, failing, missing, small_disk
from bench.faults.mail_ledger import Written, account, count_in, early, settled
from bench.faults.mail_server import MailServer
from bench.faults.workers import until
from bench.processes import Program, ProgramFailed
from bench.report import Goal, Report, progress, rounded
from bench.world import World, new_folder
from bench.writers import Writer, deliver, found_schools, hire, seen_at, writing_world
from core.context import Operator
from core.errors import Unavailable
from core.rules.policy import MAIL_LEASE
from core.usecases.mailbox.mailboxes import ListMailboxes, list_mailboxes
from core.words import MailState, Role
from tests.servers.dovecot import Dovecot
from tests.servers.processes import LOOPBACK, free_port

_DATA_MB: Final = 48
_TEMPORARY_MB: Final = 4
# A message that was begun when its house ended waits out its lease; filing it may wait for the watcher's longest pause.
_PATIENCE_SECONDS: Final = MAIL_LEASE.total_seconds() + 120
_BROKEN_SECONDS: Final = 3.0
# The log of what is written ahead keeps its room, so small mails would still fit.
_OCTETS: Final = 200_000
_WRITES: Final = "pwrite64"
_SYNCS: Final = "fdatasync,fsync"


class Size(Struct, frozen=True):
    """``mails``: at each fault and door; ``writes``: how many single writes fail, one after the other."""

    mails: int = 20
    writes: int = 40
    syncs: int = 5


SMALL: Final = Size(mails=8, writes=2, syncs=1)


class _Scene(Struct):
    world: World
    dovecot: Dovecot
    port: int
    writers: list[Writer]
    disk: Disk
    temporary: Disk
    written: Written = field(default_factory=Written)
    acknowledged: set[str] = set()
    listened: dict[str, tuple[Writer, bytes]] = {}
    """What the own mail host has still to hand over."""
    listened_to: set[str] = set()
    """Never in the mailbox."""
    refused: int = 0
    unread: int = 0
    """Looks at the database that failed."""
    early: int = 0
    ends: int = 0
    """Of the house, by itself."""
    seconds: dict[str, float] = {}
    numbers: Iterator[int] = field(default_factory=count)
    house: Program | None = None

    def write(self, mails: int, octets: int = 0) -> None:
        """As many to the mailbox as to the listener."""
        letters = [self._letter(octets) for _ in range(2 * mails)]
        deliver(self.dovecot, [letter for _, letter in letters[:mails]])
        self.listened.update(letters[mails:])
        self.listened_to.update(ref for ref, _ in letters[mails:])
        self.hand_over()

    def _letter(self, octets: int) -> tuple[str, tuple[Writer, bytes]]:
        number = next(self.numbers)
        writer, ref = self.writers[number % len(self.writers)], f"<f8.{number}@example.org>"
        self.written.note(ref, writer.address)
        line = "Thank you for all the courses that there are.\r\n"
        return ref, (writer, writer.letter("courses", ref, line * (1 + octets // len(line))))

    def hand_over(self) -> None:
        """Until the listener does not take any more."""
        with suppress(OSError, smtplib.SMTPException), smtplib.LMTP(LOOPBACK, self.port) as connection:
            for ref, (writer, letter) in list(self.listened.items()):
                try:
                    connection.sendmail(writer.address, [writer.writes_to], letter)
                except smtplib.SMTPResponseException:
                    self.refused += 1
                    continue
                except smtplib.SMTPRecipientsRefused:
                    self.refused += 1
                    continue
                self.acknowledged.add(ref)
                del self.listened[ref]

    def look(self) -> None:
        """As people do who only read, while it is broken."""
        ends = time.monotonic() + _BROKEN_SECONDS
        while time.monotonic() < ends:
            try:
                self.world.app.read(list_mailboxes, ListMailboxes(), Operator())
            except Unavailable:
                self.unread += 1
            self.early += early(self.world.app, self.dovecot)

    def settle(self, name: str) -> None:
        """Without anybody's help but a supervisor's and the mail host's."""
        began_at = time.monotonic()
        while waiting := len(self.listened) + count_in(self.dovecot, "INBOX") + self._unsettled():
            if time.monotonic() - began_at > _PATIENCE_SECONDS:
                raise ProgramFailed(f"F8, {name}: {waiting} messages wait\n{self.log}")
            self.keep_running()
            self.hand_over()
        self.seconds[name] = rounded(time.monotonic() - began_at)
        progress(f"F8: {name}")

    def _unsettled(self) -> int:
        return Counter(settled(self.world.app).values())[MailState.RECEIVED]

    def keep_running(self) -> Program:
        if self.house is not None and self.house.is_running:
            return self.house
        self.ends += self.house is not None
        self.house = self.world.start("serve")
        self.house.wait_for(lambda: listens(self.port), seconds=120, what="listening")
        return self.house

    @property
    def log(self) -> str:
        return self.house.log[-2000:] if self.house else ""


def run(size: Size, seed: int) -> Report:
    if why := missing():
        return Report("F8", {"runs": 0, "seed": seed, "skipped": why}, ())
    with MailServer() as server, _scene_on_small_disks(server) as scene:
        acknowledged = checker.begin(scene.world.app)
        scene.keep_running()
        until(lambda: seen_at(scene.world) > 0, seconds=60)
        _full(scene, size)
        _no_temporary_room(scene, size)
        _single_writes(scene, size, random.Random(seed))
        _syncs(scene, size)
        until(lambda: not checker.unfinished(scene.world.app), seconds=_PATIENCE_SECONDS)
        if scene.house is not None:
            scene.house.stop()
        accounted = account(scene.world.app, scene.dovecot, scene.written, server.accepted, listened=scene.listened_to)
        found = checker.check(scene.world.app, server.accepted, acknowledged)
        figures = {
            "runs": len(scene.written.senders),
            "seed": seed,
            "lost": accounted.lost + found.lost,
            "dup": accounted.dup + found.dup,
            "ghost": found.ghost,
            "stuck": found.stuck,
            "acks_without_row": len(scene.acknowledged - set(settled(scene.world.app))),
            "most_answers": accounted.most_answers,
            "given_up": accounted.given_up,
            "early": scene.early,
            "refused": scene.refused,
            "unread": scene.unread,
            "ends": scene.ends,
            "unsound": _unsound(scene.disk.folder / "usher.db"),
            "seconds": scene.seconds,
        }
    return Report("F8", figures, _goals(figures))


def _goals(figures: dict[str, Any]) -> list[Goal]:
    return [
        Goal("acknowledged without a row", figures["acks_without_row"], "== 0"),
        Goal("filed before it was settled", figures["early"], "== 0"),
        Goal("lost", figures["lost"], "== 0"),
        Goal("done or answered twice", figures["dup"], "== 0"),
        Goal("stuck", figures["stuck"], "== 0"),
        Goal("most answers to one message", figures["most_answers"], "== 1"),
        Goal("refused while it was broken", figures["refused"], ">= 1"),
        Goal("ended itself when a sync failed", figures["ends"], ">= 1"),
        Goal("looks that failed", figures["unread"], "== 0"),
        Goal("words of the integrity check", figures["unsound"], "== 0"),
    ]


@contextmanager
def _scene_on_small_disks(server: MailServer) -> Iterator[_Scene]:
    port = free_port()
    with (
        new_folder() as folder,
        small_disk(_DATA_MB) as disk,
        small_disk(_TEMPORARY_MB) as temporary,
        Dovecot() as dovecot,
        writing_world(
            folder,
            dovecot.imap_port,
            smtp_port=server.port,
            database_url=f"sqlite:///{disk.folder}/usher.db",
            USHER_MAIL_LISTEN=f"{LOOPBACK}:{port}",
            USHER_MAIL_LISTEN_KIND="lmtp",
            TMPDIR=str(temporary.folder),
        ) as world,
    ):
        writers = hire(world, 40, found_schools(world, 4), Role.VIEWER)
        scene = _Scene(world, dovecot, port, writers, disk, temporary)
        try:
            yield scene
        finally:
            if scene.house is not None:
                scene.house.kill()


# --- Faults -----------------------------------------------------------------------------------------------


def _full(scene: _Scene, size: Size) -> None:
    scene.disk.fill()
    scene.write(size.mails, _OCTETS)
    scene.look()
    scene.disk.empty()
    scene.settle("full")


def _no_temporary_room(scene: _Scene, size: Size) -> None:
    scene.temporary.fill()
    scene.write(size.mails, _OCTETS)
    scene.settle("no temporary room")
    scene.temporary.empty()


def _single_writes(scene: _Scene, size: Size, noise: random.Random) -> None:
    """One of the next thirty, each time."""
    for _ in range(size.writes):
        with failing(scene.keep_running().pid, _WRITES, str(noise.randint(1, 30))):
            scene.write(1)
            scene.look()
    scene.settle("single writes")


def _syncs(scene: _Scene, size: Size) -> None:
    """From one on, all of them."""
    for number in range(size.syncs):
        with failing(scene.keep_running().pid, _SYNCS, f"{number + 1}+"):
            scene.write(2)
            scene.look()
    scene.settle("syncs")


def _unsound(database: Path) -> int:
    with sqlite3.connect(database) as connection:
        words = [row[0] for row in connection.execute("PRAGMA integrity_check")]
    return len([word for word in words if word != "ok"])
