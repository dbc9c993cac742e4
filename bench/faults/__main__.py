"""``python -m bench.faults NAME``: F1, F2, F3, F4, F5, F6, F7, F8, F10, F12, F13, F14, F17 or all.

One line for people; with ``--json`` it goes to stderr, and one JSON object alone to stdout.
"""

import argparse
import importlib
import logging
import sys
from typing import Any, Final

from msgspec.structs import replace

from bench.report import Report, show, together

# Which count of an experiment's size ``--runs`` sets.
EXPERIMENTS: Final = {
    "F1": "kills",
    "F2": "kills",
    "F3": "cases",
    "F4": "mails",
    "F5": "cases",
    "F6": "events",
    "F7": "stops",
    "F8": "mails",
    "F10": "cases",
    "F12": "files",
    "F13": "kills",
    "F14": "mails",
    "F17": "invitations",
}
_ON_THE_LINE: Final = ("runs", "lost", "dup", "ghost", "stuck")


def main(arguments: list[str] | None = None) -> int:
    """1 if a goal was missed."""
    asked = _parser().parse_args(arguments)
    # A database that is taken away makes the doors complain thousands of times.
    logging.getLogger("usher").setLevel(logging.ERROR)
    names = tuple(EXPERIMENTS) if asked.name == "all" else (asked.name,)
    reports = []
    for name in names:
        report = experiment(name, runs=asked.runs, seed=asked.seed, is_small=asked.small)
        print(line(report), file=sys.stderr if asked.json else sys.stdout, flush=True)
        reports.append(report)
    if asked.json:
        show(together(reports) if asked.name == "all" else reports[0], as_json=True)
    return 0 if all(report.holds for report in reports) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description="What Usher does when things break.")
    parser.add_argument("name", choices=(*EXPERIMENTS, "all"))
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--runs", type=int, default=0, help="how many kills, cases, mails, events, files or stops")
    parser.add_argument("--small", action="store_true", help="small counts, as in the tests")
    parser.add_argument("--seed", type=int, default=7)
    return parser


def experiment(name: str, *, runs: int = 0, seed: int = 7, is_small: bool = False) -> Report:
    """``runs`` 0: as many as the experiment has by itself."""
    module: Any = importlib.import_module(f"bench.faults.{name.lower()}")
    size = module.SMALL if is_small else module.Size()
    if runs:
        size = replace(size, **{EXPERIMENTS[name]: runs})
    report: Report = module.run(size, seed)
    return report


def line(report: Report) -> str:
    """``F1 runs=500 lost=0 dup=3 ghost=0 stuck=0 goals=8/8 seed=7``"""
    figures = {name: report.figures[name] for name in _ON_THE_LINE if name in report.figures}
    more = {
        name: value
        for name, value in report.figures.items()
        if isinstance(value, int | float) and name not in (*_ON_THE_LINE, "seed")
    }
    missed = "".join(f" MISSED[{goal.name}: {goal.value:g}]" for goal in report.goals if not goal.holds)
    shown = " ".join(f"{name}={value}" for name, value in {**figures, **more}.items())
    return f"{report.name} {shown} seed={report.figures['seed']}{missed}"


if __name__ == "__main__":
    sys.exit(main())
