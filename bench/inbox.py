"""INBOX: from an e-mail in the mailbox to its answer at the mail server, one at a time and with many waiting.

The mailbox is a real Dovecot that Usher reads with IDLE; the answer is taken by a sink that writes down the moment.
What waits is handled twice: by ``usher serve``, where all is one process with one interpreter lock, and by a mailbox
process beside a worker process, as the Procfile has them. The answers of the core are real: each request asks for the
table of courses. Those who write work for as many
organisations as it takes that neither a person nor an organisation asks more than it may in an hour.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from threading import Event, Thread
from typing import Any, Final

from msgspec import Struct

from bench.processes import Program
from bench.report import Goal, Report, Samples, progress, rounded
from bench.sinks import Sink
from bench.world import World, new_folder, postgresql_url
from bench.writers import Writer, deliver, found_schools, hire, seen_at, writing_world
from core.rules.policy import MAIL_ANSWERS_AN_HOUR, MAIL_COMMANDS_AN_HOUR_ORGANISATION
from core.words import Role
from tests.servers.dovecot import Dovecot

_LOOK_SECONDS: Final = 0.2


class Size(Struct, frozen=True):
    singles: int = 40
    waiting: int = 1500
    is_postgresql: bool = False
    has_processes: bool = True
    """Whether what waits is handled a second time, by processes."""

    @property
    def requests(self) -> int:
        return self.singles + (1 + self.has_processes) * self.waiting

    @property
    def writers(self) -> int:
        """So many that each is answered."""
        return -(-self.requests // (MAIL_ANSWERS_AN_HOUR - 2))

    @property
    def organisations(self) -> int:
        """One more than is needed: people do not divide evenly among them."""
        return self.requests // MAIL_COMMANDS_AN_HOUR_ORGANISATION + 2


SMALL: Final = Size(singles=3, waiting=12, has_processes=False)


class _Post(Struct, frozen=True):
    dovecot: Dovecot
    writers: Sequence[Writer]

    def write(self, numbers: Iterable[int]) -> None:
        letters = ((self._writer(number), self._writer(number).letter("courses", _ref(number))) for number in numbers)
        deliver(self.dovecot, letters)

    def expected(self, numbers: Iterable[int]) -> Counter[str]:
        """Answers by the writer's address."""
        return Counter(self._writer(number).address for number in numbers)

    def _writer(self, number: int) -> Writer:
        return self.writers[number % len(self.writers)]


def _ref(number: int) -> str:
    return f"<{number}.{time.monotonic_ns()}@example.org>"


def run(size: Size) -> Report:
    with (
        new_folder() as folder,
        Sink(folder) as sink,
        Dovecot() as dovecot,
        _database(size) as url,
        writing_world(folder, dovecot.imap_port, smtp_port=sink.port, database_url=url) as world,
    ):
        schools = found_schools(world, size.organisations)
        post = _Post(dovecot, hire(world, size.writers, schools, Role.VIEWER))
        samples = Samples()
        with _serving(world):
            _measure_singles(size, post, sink, samples)
        numbers = iter(range(size.singles, size.requests))
        figures = _measure_waiting(list(islice(numbers, size.waiting)), [["serve"]], world, post, sink)
        if size.has_processes:
            beside = _measure_waiting(list(numbers), [["mailbox", "watch"], ["worker"]], world, post, sink)
            figures |= {f"{name}_as_processes": value for name, value in beside.items()}
    return _report(size, samples, figures)


@contextmanager
def _database(size: Size) -> Iterator[str]:
    if not size.is_postgresql:
        yield ""
        return
    with postgresql_url() as url:
        yield url


@contextmanager
def _serving(world: World) -> Iterator[Program]:
    """From when the mailbox is being watched."""
    with world.start("serve") as house:
        house.wait_for(lambda: is_watched(world, since=house.started_at), seconds=60, what="watching the mailbox")
        yield house


def is_watched(world: World, *, since: float) -> bool:
    return seen_at(world) >= world.app.clock().timestamp() - (time.monotonic() - since)


def _measure_singles(size: Size, post: _Post, sink: Sink, samples: Samples) -> None:
    for number in range(size.singles):
        before = len(sink.ledger.read())
        post.write(range(number, number + 1))
        delivered_at = time.monotonic()
        answer = sink.ledger.wait_for(before + 1, seconds=30)[-1]
        samples.add("answer_seconds", answer.at - delivered_at)
        # Not in step with whatever pulse there is.
        Event().wait(0.05 + 0.037 * (number % 7))


def _measure_waiting(
    numbers: Sequence[int], commands: Sequence[Sequence[str]], world: World, post: _Post, sink: Sink
) -> dict[str, Any]:
    """They arrive while nobody is there. The rate is from the first answer to the last; the start is told besides."""
    before = len(sink.ledger.read())
    post.write(numbers)
    progress(f"{len(numbers)} requests wait")
    with ExitStack() as stack:
        house = [stack.enter_context(world.start(*command)) for command in commands]
        memory = stack.enter_context(_Memory(house))
        answered = sink.ledger.wait_for(before + len(numbers), seconds=600)[before:]
        cpu_seconds = sum(each.usage().cpu_seconds for each in house)
    got = Counter(each.recipient for each in answered)
    first, last = answered[0].at, answered[-1].at
    expected = post.expected(numbers)
    return {
        "waiting": len(numbers),
        "requests_a_second": (len(numbers) - 1) / (last - first),
        "seconds_from_start_to_last": last - house[0].started_at,
        "cpu_ms_a_request": cpu_seconds / len(numbers) * 1000,
        "memory_at_first_tenth_mb": memory.early(first, last),
        "memory_highest_mb": memory.highest,
        "answered_twice": (got - expected).total(),
        "left_out": (expected - got).total(),
    }


class _Memory:
    """Looks at the memory of programs, children too, until the block ends."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self._programs = programs
        self._seen: list[tuple[float, float]] = []
        self._stop = Event()
        self._thread = Thread(target=self._watch, name="memory", daemon=True)

    def __enter__(self) -> "_Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def early(self, first: float, last: float) -> float:
        """When a tenth was done."""
        moment = first + (last - first) / 10
        return next((size for at, size in self._seen if at >= moment), self.highest)

    @property
    def highest(self) -> float:
        return max((size for _, size in self._seen), default=0.0)

    def _watch(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            self._seen.append((time.monotonic(), sum(each.usage().rss_mb for each in self._programs)))


def _report(size: Size, samples: Samples, figures: dict[str, Any]) -> Report:
    answers = sorted(samples.values["answer_seconds"])
    p95 = answers[min(len(answers) - 1, int(len(answers) * 0.95))]
    grown = figures["memory_highest_mb"] / max(figures["memory_at_first_tenth_mb"], 1)
    goals = (
        Goal("p50 from mailbox to answer, seconds", rounded(samples.median("answer_seconds")), "<= 1"),
        Goal("waiting requests a second", rounded(figures["requests_a_second"]), ">= 50"),
        Goal("memory at its highest, of that after a tenth", rounded(grown), "<= 1.25"),
        Goal("answered twice", figures["answered_twice"] + figures.get("answered_twice_as_processes", 0), "== 0"),
        Goal("left out", figures["left_out"] + figures.get("left_out_as_processes", 0), "== 0"),
    )
    shown = {name: rounded(value) if isinstance(value, float) else value for name, value in figures.items()}
    database = "postgresql" if size.is_postgresql else "sqlite"
    return Report(
        "inbox",
        {
            "database": database,
            "singles": size.singles,
            "p50_seconds": rounded(samples.median("answer_seconds")),
            "p95_seconds": rounded(p95),
            **shown,
        },
        goals,
    )
