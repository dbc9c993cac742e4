"""What every benchmark and fault experiment ends with: figures, and goals that hold or do not, as one JSON object."""

import json
import os
import platform
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

ROOT: Final = Path(__file__).parent.parent
_PACKAGES: Final = (
    "sqlalchemy",
    "psycopg",
    "dbos",
    "aiosmtplib",
    "jinja2",
    "slack-bolt",
    "starlette",
    "uvicorn",
    "uvloop",
)
_WANTED: Final = re.compile(r"(>=|<=|==|<|>) *(-?[\d.]+)")


class Goal(Struct, frozen=True):
    """``wanted`` reads like ``>= 3``."""

    name: str
    value: float
    wanted: str

    @property
    def holds(self) -> bool:
        match = _WANTED.match(self.wanted)
        if match is None:
            raise ValueError(f"cannot read the goal “{self.wanted}”")
        limit = float(match[2])
        return {
            ">=": self.value >= limit,
            "<=": self.value <= limit,
            "==": self.value == limit,
            "<": self.value < limit,
            ">": self.value > limit,
        }[match[1]]


class Report(Struct, frozen=True):
    name: str
    figures: Mapping[str, Any]
    """Numbers by name, with their unit in the name; peers and limits among them."""
    goals: Sequence[Goal] = ()

    @property
    def holds(self) -> bool:
        return all(goal.holds for goal in self.goals)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "versions": versions(),
            "figures": dict(self.figures),
            "goals": [
                {"name": goal.name, "value": goal.value, "wanted": goal.wanted, "holds": goal.holds}
                for goal in self.goals
            ],
        }


class Samples(Struct):
    """Repeats of one measurement, by name."""

    values: dict[str, list[float]] = {}

    def add(self, name: str, value: float) -> None:
        self.values.setdefault(name, []).append(value)

    def median(self, name: str) -> float:
        return statistics.median(self.values[name])

    def figures(self) -> dict[str, Any]:
        """The median under the name, and all repeats where there are several."""
        found: dict[str, Any] = {}
        for name, values in self.values.items():
            found[name] = rounded(statistics.median(values))
            if len(values) > 1:
                found[f"{name}_all"] = [rounded(value) for value in values]
        return found


def rounded(value: float) -> float:
    """To four digits that mean something."""
    return float(f"{value:.4g}")


def together(reports: Iterable[Report]) -> Report:
    """Several as one: figures by the report's name, goals named ``b3: ...``."""
    several = list(reports)
    named = [(f"{report.name}: {goal.name}", goal) for report in several for goal in report.goals]
    goals = [Goal(name, goal.value, goal.wanted) for name, goal in named]
    return Report("all", {report.name: dict(report.figures) for report in several}, goals)


def show(report: Report, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(report.as_json(), ensure_ascii=False))
        return
    print(f"{report.name}\n")
    for name, value in _flat(report.figures):
        print(f"  {name:<52} {value}")
    print()
    for goal in report.goals:
        print(f"  {'holds ' if goal.holds else 'MISSED'}  {goal.name}: {goal.value:g} (wanted {goal.wanted})")


def progress(text: str) -> None:
    """For whoever watches; the report alone goes to stdout."""
    print(text, file=sys.stderr, flush=True)


def _flat(figures: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def versions() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **{name: version(name) for name in _PACKAGES},
        "commit": _commit(),
        "cores": os.cpu_count(),
        "load_before": rounded(_LOAD),
    }


def _commit() -> str:
    """Empty outside a checkout; with a + where files differ from it."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return ""
    return _git(git, "rev-parse", "--short", "HEAD") + ("+" if _git(git, "status", "--porcelain") else "")


def _git(git: str, *arguments: str) -> str:
    done = subprocess.run([git, "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False, timeout=30)
    return done.stdout.strip()


# Who else was using the machine when the run began.
_LOAD: Final = os.getloadavg()[0]
