"""F13: whoever runs an import is killed, at each of its statements and commits in turn and at random moments.

A process of its own does the work and kills itself before the n-th step, n = 1, 2, 3 ... until it passes untouched.
Then the database is looked at, as it lies: all of the work is there, or nothing of it. Another process takes it up,
and every row is there once, and whoever asked for it is told once. On SQLite and PostgreSQL; each kill has a file of
its own.

The works: an import from Slack; one by e-mail, from the stored message through reading, settling and answering it; and
what an e-mail orders of an import, to release the good rows of one that waits and to undo one (``f13_works``).
"""

import random
from contextlib import nullcontext
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from bench.faults.f13_works import COUNTS, ImportByMail, ImportInSlack, ReleaseByMail, UndoByMail, Work, open_app
from bench.report import Goal, Report, progress
from bench.world import new_folder, postgresql_url
from core.context import system_clock
from core.rules.policy import MAIL_UNDOES_AT_ONCE
from tests.factories import make_app, make_engine, make_school

WORKS: Final[dict[str, type[Work]]] = {
    "slack": ImportInSlack,
    "mail": ImportByMail,
    "released by mail": ReleaseByMail,
    "undone by mail": UndoByMail,
}


class Size(Struct, frozen=True):
    """``kills`` of each work on each database, spread over all steps; 0: one at each step. Then ``moments`` at random
    ones.
    """

    kills: int = 0
    moments: int = 20
    rows: int = 2_050
    databases: tuple[str, ...] = ("sqlite", "postgresql")
    works: tuple[str, ...] = tuple(WORKS)


SMALL: Final = Size(kills=6, moments=1, rows=MAIL_UNDOES_AT_ONCE + 10)


class _Found(Struct):
    steps: int = 0
    kills: int = 0
    states: dict[str, int] = {}
    """In which the imports of the killed ones lay."""
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))


def run(size: Size, seed: int) -> Report:
    found = {
        f"{database}, {work}": _killed_on(database, work, size, random.Random(seed))
        for database in size.databases
        for work in size.works
    }
    total = {name: sum(each.counts[name] for each in found.values()) for name in COUNTS}
    figures: dict[str, Any] = {"runs": sum(each.kills for each in found.values()), "seed": seed, **total}
    for name, each in found.items():
        figures[name] = {"steps": each.steps, "kills": each.kills, "states": each.states}
    return Report(
        "F13",
        figures,
        [
            Goal("lost", total["lost"], "== 0"),
            Goal("half-applied", total["half"], "== 0"),
            Goal("rows, learners or addresses there twice", total["dup"], "== 0"),
            Goal("stuck", total["stuck"], "== 0"),
            Goal("answered otherwise when asked again", total["unlike"], "== 0"),
            Goal("told not at all, or more than once", total["told"], "== 0"),
        ],
    )


def _killed_on(database: str, name: str, size: Size, noise: random.Random) -> _Found:
    place = postgresql_url() if database == "postgresql" else nullcontext("")
    with new_folder() as folder, place as server_url:
        url = server_url or f"sqlite:///{folder}/usher.db"
        school = make_school(make_app(make_engine(url), clock=system_clock))
        app = open_app(url)
        work = WORKS[name](url, replace(school, app=app), folder, size.rows)
        found = _Found(steps=work.count_steps())
        steps = range(1, found.steps + 1)
        chosen = sorted(noise.sample(steps, min(size.kills, len(steps)))) if size.kills else list(steps)
        for number, step in enumerate(chosen):
            if number % 20 == 0:
                progress(f"F13: {database}, {name}, kill {number + 1} of {len(chosen)}, of {found.steps} steps")
            _note(found, work, step=step)
        for _ in range(size.moments):
            _note(found, work, after=noise.uniform(0.05, 1.0))
        school.app.engine.dispose()
        app.engine.dispose()
        return found


def _note(found: _Found, work: Work, *, step: int = 0, after: float = 0.0) -> None:
    killed = work.kill(step=step, after=after)
    found.kills += killed.is_killed
    found.states[killed.state] = found.states.get(killed.state, 0) + 1
    for name, count in killed.counts.items():
        found.counts[name] += count
