"""B5 (and F15): a whole school joins by one shared link, beside what bare commits of the same disk allow.

One ``usher web``. Over 64 connections each learner's scanner asks for the head of the page and the page itself, then
the learner presses twice. Afterwards the same against a link with too few places, where the cap must hold. The bare
rate is measured before and after, in the same folder: a disk's speed drifts.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import uvloop
from msgspec import Struct, field
from sqlalchemy import func, select

from bench.report import Goal, Report, progress, rounded
from bench.slack_load import Answers
from bench.world import World, answers, commits_a_second, make_world, new_folder, postgresql_url
from core.context import System
from core.model import Enrolment
from core.usecases.links.settings import ChangeSharedLink, change_shared_link
from core.usecases.links.shared_links import CreateSharedLink, ShowSharedLink, create_shared_link, show_shared_link

_SECONDS: Final = 30.0
_JOINED: Final = b"on the course"
_WISHES: Final = {"SQLite": 500, "PostgreSQL": 800}
_NEED: Final = 167
"""Ten thousand within a minute."""


class Size(Struct, frozen=True):
    learners: int = 10_000
    capped: int = 1_000
    """So many press a link that has places for nine in ten of them."""
    connections: int = 64
    warm_up: int = 50
    is_postgresql: bool = False


SMALL: Final = Size(learners=40, capped=20, connections=8, warm_up=4)


class _Crowd(Struct):
    looks: Answers = field(default_factory=Answers)
    joins: Answers = field(default_factory=Answers)
    again: Answers = field(default_factory=Answers)
    seconds: float = 0.0

    @property
    def wrong(self) -> list[str]:
        return [*self.looks.wrong, *self.joins.wrong, *self.again.wrong]


def run(size: Size) -> Report:
    database = postgresql_url() if size.is_postgresql else nullcontext("")
    with (
        new_folder() as folder,
        database as url,
        make_world(folder, smtp_port=9, database_url=url) as world,
        world.start("web") as web,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        web.wait_for(lambda: answers(f"{world.url}/healthz"), seconds=60, what="answering /healthz")
        link_id, path = _link(world)
        runner.run(_crowd(world, path, size.warm_up, size.connections, "warm"))
        before = commits_a_second(folder, 2.0)
        enrolled = _enrolled(world)
        looked = runner.run(_look_only(world, path, size.connections))
        looked_in = _enrolled(world) - enrolled
        cpu = web.usage().cpu_seconds
        progress(f"B5: {size.learners} learners join from {size.connections} connections")
        crowd = runner.run(_crowd(world, path, size.learners, size.connections, "pupil"))
        cpu = web.usage().cpu_seconds - cpu
        joined = _enrolled(world) - enrolled
        after = commits_a_second(folder, 2.0)
        kept = _capped(world, runner, size, link_id, path)
        name = "PostgreSQL" if size.is_postgresql else "SQLite"
        figures = _figures(size, name, crowd, (before, after), cpu) | {"capped_enrolments": kept}
        goals = _goals(size, name, crowd, (before, after), joined, looked_in + looked, kept)
        return Report("b5", figures, goals)


def _link(world: World) -> tuple[int, str]:
    made = world.app.run(create_shared_link, CreateSharedLink(world.sample.run), world.owner)
    shown = world.app.read(show_shared_link, ShowSharedLink(made.link_id), world.owner)
    return made.link_id, urlsplit(shown.url).path


def _enrolled(world: World) -> int:
    count = select(func.count()).select_from(Enrolment)
    return int(world.app.read(lambda ctx, _: ctx.session.scalar(count) or 0, None, System()))


def _capped(world: World, runner: asyncio.Runner, size: Size, link_id: int, path: str) -> int:
    """How many came in by a link with places for nine in ten, beyond those that had joined by it before."""
    progress(f"B5: {size.capped} learners press a link with too few places")
    before = _enrolled(world)
    by_link = world.app.read(show_shared_link, ShowSharedLink(link_id), world.owner).joins
    settings = ChangeSharedLink(link_id, str(by_link + size.capped * 9 // 10), "", confirms_address=False)
    world.app.run(change_shared_link, settings, world.owner)
    runner.run(_crowd(world, path, size.capped, size.connections, "late", may_be_full=True))
    return _enrolled(world) - before


# --- The crowd --------------------------------------------------------------------------------------------


async def _look_only(world: World, path: str, connections: int) -> int:
    """Scanners: as many looks as there are connections, twice. Gives how many were wrong."""
    crowd = _Crowd()

    async def scan() -> None:
        async with _Line(world.url) as line:
            for _ in range(2):
                await line.look(path, crowd.looks)

    await asyncio.gather(*(scan() for _ in range(connections)))
    return len(crowd.wrong)


async def _crowd(
    world: World, path: str, count: int, connections: int, tag: str, *, may_be_full: bool = False
) -> _Crowd:
    crowd = _Crowd()
    learners = iter(range(count))
    began_at = time.perf_counter()
    lanes = (_lane(world.url, path, learners, tag, crowd, may_be_full=may_be_full) for _ in range(connections))
    await asyncio.gather(*lanes)
    crowd.seconds = time.perf_counter() - began_at
    return crowd


async def _lane(url: str, path: str, learners: Iterator[int], tag: str, crowd: _Crowd, *, may_be_full: bool) -> None:
    async with _Line(url) as line:
        for number in learners:
            form = {"first_name": "Bo", "last_name": f"Young {number}", "address": f"{tag}{number}@example.org"}
            await line.look(path, crowd.looks)
            await line.press(f"{path}/join", form, crowd.joins, may_be_full=may_be_full)
            await line.press(f"{path}/join", form, crowd.again, may_be_full=may_be_full)


class _Line:
    """One kept connection."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)

    async def __aenter__(self) -> "_Line":
        self._reader, self._writer = await asyncio.open_connection(self._address.hostname, self._address.port)
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._writer.close()

    async def look(self, path: str, answers: Answers) -> None:
        """The head, then the page, as a mail scanner does."""
        head, _body = await self._asked(f"HEAD {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode(), is_head=True)
        _note(answers, head, b"", b"")
        began_at = time.perf_counter()
        head, body = await self._asked(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        answers.seconds.append(time.perf_counter() - began_at)
        _note(answers, head, body, b"<form")

    async def press(self, path: str, form: dict[str, str], answers: Answers, *, may_be_full: bool) -> None:
        body = urlencode(form).encode()
        lines = (
            f"POST {path} HTTP/1.1",
            "Host: 127.0.0.1",
            "Sec-Fetch-Site: same-origin",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
        )
        began_at = time.perf_counter()
        head, page = await self._asked("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        answers.seconds.append(time.perf_counter() - began_at)
        if not (may_be_full and head.startswith(b"HTTP/1.1 409")):
            _note(answers, head, page, _JOINED)

    async def _asked(self, request: bytes, *, is_head: bool = False) -> tuple[bytes, bytes]:
        async with asyncio.timeout(_SECONDS):
            self._writer.write(request)
            head = await self._reader.readuntil(b"\r\n\r\n")
            return head, b"" if is_head else await self._reader.readexactly(_length(head))


def _length(head: bytes) -> int:
    lines = (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return int(next(lines, b":0").partition(b":")[2])


def _note(answers: Answers, head: bytes, body: bytes, expected: bytes) -> None:
    if not head.startswith(b"HTTP/1.1 200") or expected not in body:
        answers.wrong.append(f"{head[:15].decode()} {body[:200].decode(errors='replace')}")


# --- Figures ----------------------------------------------------------------------------------------------


def _figures(size: Size, name: str, crowd: _Crowd, bare: tuple[float, float], cpu: float) -> dict[str, Any]:
    return {
        "database": name,
        "learners": size.learners,
        "connections": size.connections,
        "seconds": rounded(crowd.seconds),
        "joins_a_second": rounded(size.learners / crowd.seconds),
        "bare_commits_a_second_before": rounded(bare[0]),
        "bare_commits_a_second_after": rounded(bare[1]),
        "cpu_ms_a_learner": rounded(cpu / size.learners * 1000),
        "page_p50_ms": rounded(crowd.looks.percentile_ms(50)),
        "join_p50_ms": rounded(crowd.joins.percentile_ms(50)),
        "join_p99_ms": rounded(crowd.joins.percentile_ms(99)),
        "join_max_ms": rounded(crowd.joins.percentile_ms(100)),
        "again_p99_ms": rounded(crowd.again.percentile_ms(99)),
        "first_wrong": crowd.wrong[0] if crowd.wrong else "",
    }


def _goals(
    size: Size,
    name: str,
    crowd: _Crowd,
    bare: tuple[float, float],
    joined: int,
    by_looking: int,
    kept: int,
) -> list[Goal]:
    rate = size.learners / crowd.seconds
    return [
        Goal("wrong answers", len(crowd.wrong), "== 0"),
        Goal("enrolments beyond the learners", joined - size.learners, "== 0"),
        Goal("enrolments and wrong answers by looking only", by_looking, "== 0"),
        Goal("enrolments beyond the cap", kept - size.capped * 9 // 10, "== 0"),
        Goal("p99 ms of a join", rounded(crowd.joins.percentile_ms(99)), "< 1000"),
        Goal("joins to bare single commits", rounded(rate / (sum(bare) / 2)), ">= 0.5"),
        Goal("joins a second, needed", rounded(rate), f">= {_NEED}"),
        Goal(f"joins a second, wished on {name}", rounded(rate), f">= {_WISHES[name]}"),
    ]
