"""B4: how fast Slack is answered, beside Bolt with one bare statement, and beside a running batch.

Ours: ``usher web``, asked "courses" (a read: the runs one can invite to, drawn) and "invite RUN ADDRESS" (a write: a
preview that stores its draft, with the audit entry). Theirs: Bolt alone over uvicorn with one SELECT, or with one
durable commit. Ours and theirs take turns at 1, 10 and 50 connections; the first of each are not counted.

The event loop's lag is measured from outside: how long /healthz, which touches nothing, waits for its turn.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import uvloop
from msgspec import Struct, field

from bench.processes import Program
from bench.report import Goal, Report, Samples, progress, rounded
from bench.sinks import Sink
from bench.slack_load import Answers, Typist, load, look
from bench.world import World, addresses, answers, as_typed, commits_a_second, make_world, new_folder
from tests.servers.processes import answers as listens
from tests.servers.processes import free_port

_CONNECTIONS: Final = (1, 10, 50)
_LOADED_CONNECTIONS: Final = 10
_SLACK_SECONDS: Final = 3.0
_LAG_PAUSE: Final = 0.02
_MOST_LOADED_SECONDS: Final = 120.0


class Size(Struct, frozen=True):
    """``requests`` to Usher in all, idle; the peer gets as many. ``batch`` is how many mails go out meanwhile."""

    requests: int = 10_000
    pairs: int = 3
    batch: int = 10_000
    warm_up: int = 50

    @property
    def a_cell(self) -> int:
        """Requests of one kind, at one number of connections, in one pair."""
        return max(10, self.requests // (self.pairs * len(_CONNECTIONS) * 2))


SMALL: Final = Size(requests=60, pairs=1, batch=20, warm_up=2)


class _Side(Struct, frozen=True):
    """``read`` and ``write`` make a request; with each, what a right answer has in it."""

    name: str
    program: Program
    url: str
    read: Callable[[], bytes]
    is_read: bytes
    write: Callable[[], bytes]
    is_written: bytes

    async def ask(self, kind: str, count: int, connections: int, **more: Any) -> Answers:
        make, expected = (self.read, self.is_read) if kind == "read" else (self.write, self.is_written)
        return await load(self.url, make, count=count, connections=connections, expected=expected, **more)


class _Found(Struct):
    samples: Samples = field(default_factory=Samples)
    ours: list[Answers] = []
    idle: dict[str, list[float]] = {}
    """Seconds of ours by kind and connections, over all pairs."""


def run(size: Size) -> Report:
    with (
        new_folder() as folder,
        Sink(folder) as sink,
        make_world(folder, smtp_port=sink.port) as world,
        world.start("web") as web,
        _peer(folder, world) as peer,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        web.wait_for(lambda: answers(f"{world.url}/healthz"), seconds=60, what="answering /healthz")
        ours, theirs = _ours(world, web), _theirs(world, peer)
        figures: dict[str, Any] = {"bare_full_commits_a_second": rounded(commits_a_second(folder))}
        found = _Found()
        runner.run(_idle(size, (ours, theirs), found))
        loaded, lag, sending = _beside_a_batch(size, world, runner, ours, sink)
        found.ours.append(loaded)
        figures |= found.samples.figures() | _latencies(found) | sending | _loaded_figures(loaded, lag)
        return Report("b4", figures, _goals(found, loaded, lag))


# --- Who is asked -----------------------------------------------------------------------------------------


def _peer(folder: Path, world: World) -> Program:
    secret = world.slack.workspace.app.signing_secret
    port = str(free_port())
    arguments = ["-m", "bench.peers.bolt_echo", port, str(folder / "echo.db"), secret]
    program = Program(arguments, folder=folder, name=f"echo-{port}")
    program.wait_for(lambda: listens(int(port)), seconds=60, what="listening")
    return program


def _ours(world: World, web: Program) -> _Side:
    typist = Typist(world.slack.workspace, world.sample.owner, world.sample.channel)
    run_code = world.sample.run
    return _Side(
        "ours",
        web,
        world.url,
        lambda: typist.request("courses"),
        run_code.encode(),
        lambda: typist.request(f"invite {run_code} learner@example.org"),
        run_code.partition("-")[0].encode(),
    )


def _theirs(world: World, peer: Program) -> _Side:
    typist = Typist(world.slack.workspace, world.sample.owner, world.sample.channel)
    url = f"http://127.0.0.1:{peer.name.rpartition('-')[2]}"
    return _Side(
        "peer", peer, url, lambda: typist.request("read"), b"echo", lambda: typist.request("invite someone"), b"echo"
    )


# --- Idle -------------------------------------------------------------------------------------------------


async def _idle(size: Size, sides: tuple[_Side, _Side], found: _Found) -> None:
    for side in sides:
        for kind in ("read", "write"):
            _check(await side.ask(kind, size.warm_up, 1))
    for connections in _CONNECTIONS:
        progress(f"B4: {connections} connections, {size.pairs} pairs of {size.a_cell}")
        for _ in range(size.pairs):
            for kind in ("read", "write"):
                await _pair(size, sides, found, kind, connections)


async def _pair(size: Size, sides: tuple[_Side, _Side], found: _Found, kind: str, connections: int) -> None:
    medians: dict[str, float] = {}
    for side in sides:
        cpu = side.program.usage().cpu_seconds
        done = await side.ask(kind, size.a_cell, connections)
        cpu = side.program.usage().cpu_seconds - cpu
        name = f"{kind}_{connections}_{side.name}"
        medians[side.name] = done.percentile_ms(50)
        found.samples.add(f"{name}_p50_ms", medians[side.name])
        found.samples.add(f"{name}_cpu_ms", cpu / size.a_cell * 1000)
        if side.name == "ours":
            found.ours.append(done)
            found.idle.setdefault(f"{kind}_{connections}", []).extend(done.seconds)
    found.samples.add(f"{kind}_{connections}_ratio", medians["ours"] / medians["peer"])


def _check(done: Answers) -> None:
    """The wrong ones would be quick ones."""
    if done.wrong:
        raise AssertionError(f"not the answer that was expected: {done.wrong[0]}")


# --- Beside a batch ---------------------------------------------------------------------------------------


def _beside_a_batch(
    size: Size, world: World, runner: asyncio.Runner, ours: _Side, sink: Sink
) -> tuple[Answers, Answers, dict[str, float]]:
    """Reads and writes without a pause for as long as mails go out, two minutes at most, and the lag meanwhile."""
    with world.start("worker") as worker:
        worker.wait_for_words('"ready"')
        progress(f"B4: beside a batch of {size.batch}")
        world.confirm(world.draft(as_typed(addresses(size.batch, "batch"))))
        began_at = time.monotonic()

        def is_sending() -> bool:
            return len(sink.ledger.read()) < size.batch and time.monotonic() - began_at < _MOST_LOADED_SECONDS

        loaded, lag = runner.run(_load_while(is_sending, ours))
        mails = len(sink.ledger.read())
        return loaded, lag, {"loaded_mails": mails, "loaded_seconds": rounded(time.monotonic() - began_at)}


async def _load_while(should_go_on: Callable[[], bool], ours: _Side) -> tuple[Answers, Answers]:
    kinds = [ours.ask(kind, 10**9, _LOADED_CONNECTIONS // 2, should_go_on=should_go_on) for kind in ("read", "write")]
    lag = load(
        ours.url,
        lambda: look("/healthz"),
        count=10**9,
        connections=1,
        expected=b"Alive",
        should_go_on=should_go_on,
        pause=_LAG_PAUSE,
    )
    read, write, lagged = await asyncio.gather(*kinds, lag)
    return Answers(read.seconds + write.seconds, read.wrong + write.wrong), lagged


# --- Figures ----------------------------------------------------------------------------------------------


def _latencies(found: _Found) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for name, seconds in found.idle.items():
        figures[f"{name}_ours_p99_ms"] = rounded(Answers(seconds).percentile_ms(99))
        figures[f"{name}_ours_max_ms"] = rounded(max(seconds) * 1000)
    return figures


def _loaded_figures(loaded: Answers, lag: Answers) -> dict[str, Any]:
    return {
        "loaded_connections": _LOADED_CONNECTIONS,
        "loaded_requests": len(loaded.seconds),
        "loaded_p50_ms": rounded(loaded.percentile_ms(50)),
        "loaded_p99_ms": rounded(loaded.percentile_ms(99)),
        "loaded_max_ms": rounded(loaded.percentile_ms(100)),
        "loaded_loop_lag_p50_ms": rounded(lag.percentile_ms(50)),
        "loaded_loop_lag_p99_ms": rounded(lag.percentile_ms(99)),
        "loaded_loop_lag_max_ms": rounded(lag.percentile_ms(100)),
    }


def _goals(found: _Found, loaded: Answers, lag: Answers) -> list[Goal]:
    samples = found.samples
    everything = Answers([second for done in found.ours for second in done.seconds])
    worst = max(Answers(seconds).percentile_ms(99) for seconds in found.idle.values())
    return [
        Goal("read at 1 connection, ours to peer's", rounded(samples.median("read_1_ratio")), "<= 1.5"),
        Goal("write at 1 connection, ours to peer's", rounded(samples.median("write_1_ratio")), "<= 2"),
        Goal("p50 ms of a read at 1 connection", rounded(samples.median("read_1_ours_p50_ms")), "<= 15"),
        Goal("p50 ms of a write at 1 connection", rounded(samples.median("write_1_ours_p50_ms")), "<= 15"),
        Goal("p99 ms idle, the worst of 1, 10 and 50 connections", rounded(worst), "<= 250"),
        Goal("p99 ms beside a batch", rounded(loaded.percentile_ms(99)), "<= 1000"),
        Goal("answers after more than 3 s", sum(each > _SLACK_SECONDS for each in everything.seconds), "== 0"),
        Goal("wrong answers", sum(len(done.wrong) for done in found.ours), "== 0"),
        Goal("event-loop lag beside a batch, p99 ms", rounded(lag.percentile_ms(99)), "< 100"),
    ]
