"""B9: how long Usher takes to start and what it weighs, beside the background engine alone, which it stands on.

Ours: ``usher serve`` on a database that is there already, until /readyz says yes, which is when everything runs: pages,
Slack and the worker. Theirs: the engine imported and launched on a file that it has prepared already. They take turns;
the last of each is left idle and looked at.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Final

from msgspec import Struct

from bench.processes import Program, clean_environment
from bench.report import Goal, Report, Samples, progress, rounded
from bench.world import World, answers, make_world, new_folder

_COMMANDS: Final = {
    "--help": "usher.cli",
    "org create --help": "usher.commands.organisations",
    "catalogue --help": "usher.commands.catalogue",
    "held list": "usher.commands.held",
    "keys new": "usher.commands.keys",
    "slack manifest": "usher.commands.slack",
}
"""What is typed -> the module that is imported for it."""
_DATABASE: Final = "import sqlalchemy.orm"


class Size(Struct, frozen=True):
    """``commands``: of how many commands the import is timed."""

    pairs: int = 5
    imports: int = 5
    commands: int = len(_COMMANDS)
    rest_seconds: float = 3.0
    idle_seconds: float = 10.0
    is_warmed_up: bool = True


SMALL: Final = Size(pairs=1, imports=1, commands=1, rest_seconds=0.1, idle_seconds=0.1, is_warmed_up=False)


def run(size: Size) -> Report:
    samples, idle = Samples(), Samples()
    with new_folder() as folder, make_world(folder, smtp_port=9) as world:
        if size.is_warmed_up:
            # Else half of the first pair would be the reading of the programs from the disk.
            _start_both(folder, world, Samples())
        for pair in range(size.pairs - 1):
            progress(f"B9: pair {pair + 1} of {size.pairs}")
            _start_both(folder, world, samples)
        progress(f"B9: pair {size.pairs} of {size.pairs}, left idle")
        _start_both(folder, world, samples, lambda name, program: _rest(idle, name, program, size))
        progress("B9: imports")
        for _ in range(size.imports):
            _time_imports(folder, world, samples, size.commands)
    return Report("b9", samples.figures() | idle.figures(), _goals(samples, idle, size.commands))


def _goals(samples: Samples, idle: Samples, commands: int) -> list[Goal]:
    ratio = samples.median("ready_ours_seconds") / samples.median("ready_peer_seconds")
    more = idle.median("idle_ours_rss_mb") - idle.median("idle_peer_rss_mb")
    return [
        Goal("serve ready, ours to peer's", rounded(ratio), "<= 2"),
        Goal("idle memory, MB above peer's", rounded(more), "<= 60"),
        *(
            Goal(f"import of {module}, CPU ms", rounded(samples.median(f"import_{module}_cpu_ms")), "<= 300")
            for module in islice(_COMMANDS.values(), commands)
        ),
        *(
            Goal(f"whole “usher {typed}”, CPU ms", rounded(samples.median(f"{_whole(typed)}_cpu_ms")), "<= 300")
            for typed in islice(_COMMANDS, commands)
        ),
    ]


# --- Starting ---------------------------------------------------------------------------------------------


def _start_both(
    folder: Path, world: World, samples: Samples, then: Callable[[str, Program], None] = lambda name, program: None
) -> None:
    with world.start("serve") as ours:
        samples.add("ready_ours_seconds", _seconds_until_ready(ours, world))
        samples.add("ready_ours_cpu_seconds", ours.usage().cpu_seconds)
        then("ours", ours)
    with _bare_engine(folder) as theirs:
        theirs.wait_for_words("launched")
        samples.add("ready_peer_seconds", time.monotonic() - theirs.started_at)
        samples.add("ready_peer_cpu_seconds", theirs.usage().cpu_seconds)
        then("peer", theirs)


def _seconds_until_ready(serve: Program, world: World) -> float:
    serve.wait_for(lambda: answers(f"{world.url}/readyz"), seconds=60, what="being ready")
    return time.monotonic() - serve.started_at


def _bare_engine(folder: Path) -> Program:
    """The file stays from the first time on: ours finds its tables, too."""
    return Program(["-m", "bench.peers.bare_dbos", str(folder / "bare.db")], folder=folder, name="bare-dbos")


def _rest(idle: Samples, name: str, program: Program, size: Size) -> None:
    """Memory after some seconds of rest, and how busy a program is that nobody wants anything of."""
    Event().wait(size.rest_seconds)
    before = program.usage()
    Event().wait(size.idle_seconds)
    after = program.usage()
    idle.add(f"idle_{name}_rss_mb", after.rss_mb)
    idle.add(f"idle_{name}_cpu_percent", (after.cpu_seconds - before.cpu_seconds) / size.idle_seconds * 100)


# --- Commands ---------------------------------------------------------------------------------------------


def _time_imports(folder: Path, world: World, samples: Samples, commands: int) -> None:
    """Beside them: Python alone, and the database library alone, which commands that touch rows cannot do without."""
    lines = {"python_alone": ["-c", "pass"], "sqlalchemy_orm_alone": ["-c", _DATABASE]}
    for typed, module in islice(_COMMANDS.items(), commands):
        lines[f"import_{module}"] = ["-c", f"import {module}"]
        lines[_whole(typed)] = ["-m", "usher", *typed.split()]
    for name, arguments in lines.items():
        wall, cpu = _milliseconds(arguments, folder, world.environment)
        samples.add(f"{name}_ms", wall)
        samples.add(f"{name}_cpu_ms", cpu)


def _whole(typed: str) -> str:
    """A goal beside that of its import: what is imported late, amid its work, is waited for all the same."""
    return f"whole_{typed.replace(' ', '_')}"


def _milliseconds(arguments: list[str], folder: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Wall and CPU. On a busy machine only the second says something, and importing is nothing but CPU."""
    began_at, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**clean_environment(), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=True,
        timeout=60,
    )
    wall, after = time.monotonic() - began_at, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall * 1000, cpu * 1000
