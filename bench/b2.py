"""B2: an e-mail with a spreadsheet of learners in, its answer with the marked workbook out, while Slack is used.

The whole house in one process, ``usher serve``, on SQLite: the mailbox is a real Dovecot that it reads with IDLE, the
answer is taken by a sink that writes down the moment. Meanwhile somebody asks for the courses in Slack, again and again
with a pause in between, and each ack is timed. Every file has other learners, so each of its rows is written.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from threading import Event, Thread
from typing import Any, Final

from msgspec import Struct, field
from sqlalchemy import func, select

from bench.inbox import is_watched
from bench.learner_files import UKPRNS, learner_workbook
from bench.processes import Program
from bench.report import Goal, Report, Samples, progress, rounded
from bench.sinks import Sink
from bench.slack_load import Answers, Typist, load
from bench.world import World, new_folder
from bench.writers import HOST_ID, Writer, deliver, found_schools, writing_world
from core.context import Operator, System
from core.model import Learner
from core.usecases.staff.organisations import AddProvider, add_provider
from tests.servers.dovecot import Dovecot

_SECONDS: Final = 120.0
_CONNECTIONS: Final = 2
_PAUSE: Final = 0.05
_TYPE: Final = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")


class Size(Struct, frozen=True):
    """``sizes``: rows and the seconds that its answer may take."""

    sizes: tuple[tuple[int, float], ...] = ((1_000, 3), (10_000, 8))
    times: int = 3


SMALL: Final = Size(sizes=((20, 3),), times=1)


class _Typing(Struct):
    """Slack's side, in a thread of its own."""

    world: World
    answers: Answers = field(default_factory=Answers)
    _stop: Event = field(default_factory=Event)

    def run(self) -> None:
        sample = self.world.sample
        typist = Typist(self.world.slack.workspace, sample.owner, sample.channel)
        self.answers = asyncio.run(
            load(
                self.world.url,
                lambda: typist.request("courses"),
                count=10**9,
                connections=_CONNECTIONS,
                expected=sample.run.encode(),
                should_go_on=lambda: not self._stop.is_set(),
                pause=_PAUSE,
            )
        )

    def stop(self) -> None:
        self._stop.set()


def run(size: Size) -> Report:
    with (
        new_folder() as folder,
        Sink(folder) as sink,
        Dovecot() as dovecot,
        writing_world(folder, dovecot.imap_port, smtp_port=sink.port) as world,
    ):
        writer = _owner(world)
        samples, figures = Samples(), dict[str, Any]()
        with _serving(world) as house:
            _answered_in(sink, dovecot, writer, 10, 10**6)
            with _typing(world) as typing:
                for place, (rows, _) in enumerate(size.sizes):
                    _measure(size, place, rows, sink, dovecot, writer, samples)
            figures["cpu_seconds_in_all"] = rounded(house.usage().cpu_seconds)
        sent = 10 + size.times * sum(rows for rows, _ in size.sizes)
        figures["not_imported"] = sent - _learners(world)
    return _report(size, samples, typing.answers, figures)


def _measure(size: Size, place: int, rows: int, sink: Sink, dovecot: Dovecot, writer: Writer, samples: Samples) -> None:
    for number in range(size.times):
        progress(f"B2: {rows} rows, {number + 1} of {size.times}")
        first = (place * size.times + number) * 100_000
        samples.add(f"rows_{rows}_seconds", _answered_in(sink, dovecot, writer, rows, first))


def _answered_in(sink: Sink, dovecot: Dovecot, writer: Writer, rows: int, first: int) -> float:
    letter = _letter(writer, learner_workbook(rows, first), f"<{rows}.{first}@example.org>")
    before = len(sink.ledger.read())
    delivered_at = time.monotonic()
    deliver(dovecot, [(writer, letter)])
    return sink.ledger.wait_for(before + 1, seconds=_SECONDS)[-1].at - delivered_at


def _letter(writer: Writer, content: bytes, ref: str) -> bytes:
    message = EmailMessage()
    message["Authentication-Results"] = f"{HOST_ID}; dmarc=pass header.from={writer.address.rpartition('@')[2]}"
    message["From"], message["To"], message["Message-ID"] = writer.address, writer.writes_to, ref
    message["Subject"] = "New learners"
    message.set_content("Here they are.")
    message.add_attachment(content, maintype=_TYPE[0], subtype=_TYPE[1], filename="learners.xlsx")
    return message.as_bytes()


def _owner(world: World) -> Writer:
    (slug,) = found_schools(world, 1)
    for ukprn in UKPRNS:
        world.app.run(add_provider, AddProvider(slug, ukprn, f"School {ukprn}"), Operator())
    return Writer(f"owner@{slug}.example.org", slug)


def _learners(world: World) -> int:
    """Of the organisation that writes: the sample's own have no ULN."""
    query = select(func.count()).select_from(Learner).where(Learner.uln_hash.is_not(None))
    return int(world.app.read(lambda ctx, _: ctx.session.scalar(query), None, System()) or 0)


@contextmanager
def _serving(world: World) -> Iterator[Program]:
    with world.start("serve") as house:
        house.wait_for(lambda: is_watched(world, since=house.started_at), seconds=60, what="watching the mailbox")
        yield house


@contextmanager
def _typing(world: World) -> Iterator[_Typing]:
    typing = _Typing(world)
    thread = Thread(target=typing.run, name="slack-typing", daemon=True)
    thread.start()
    try:
        yield typing
    finally:
        typing.stop()
        thread.join(60)


def _report(size: Size, samples: Samples, answers: Answers, figures: dict[str, Any]) -> Report:
    p99 = answers.percentile_ms(99)
    goals = [
        Goal(f"{rows} rows, e-mail in to answer out, seconds", rounded(samples.median(f"rows_{rows}_seconds")),
             f"<= {limit:g}")
        for rows, limit in size.sizes
    ]  # fmt: skip
    return Report(
        "b2",
        {
            **samples.figures(),
            **figures,
            "slack_acks": len(answers.seconds),
            "slack_ack_p50_ms": rounded(answers.percentile_ms(50)),
            "slack_ack_p99_ms": rounded(p99),
        },
        [
            *goals,
            Goal("Slack's ack meanwhile, p99 in ms", rounded(p99), "< 1000"),
            Goal("wrong answers in Slack", len(answers.wrong), "== 0"),
            Goal("rows that were not imported", figures["not_imported"], "== 0"),
        ],
    )
