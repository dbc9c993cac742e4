"""The fault experiments, with small counts: every goal holds. ``python -m bench.faults all`` runs them in full."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from bench.faults.__main__ import EXPERIMENTS, line, main
from bench.processes import clean_environment
from bench.report import ROOT, Goal, Report
from tests.servers import dovecot, postgresql
from tests.servers.requirement import require
from tests.this_process import left_as_it_was

Runs = Mapping[str, Future["subprocess.CompletedProcess[str]"]]


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    """They wait more than they work: three at a time, the longest first."""
    require(postgresql.missing)
    require(dovecot.missing)
    with ThreadPoolExecutor(3) as threads:
        yield {name: threads.submit(_run, name) for name in reversed(EXPERIMENTS)}


def _run(name: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "bench.faults", name, "--small", "--json"],
        cwd=ROOT,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_goal_of_an_experiment_holds(runs: Runs, name: str) -> None:
    done = runs[name].result()

    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    missed = [goal for goal in found["goals"] if not goal["holds"]]
    assert not missed, json.dumps(found, indent=1)
    assert done.returncode == 0


def test_an_experiment_ends_with_one_line_and_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    with left_as_it_was():
        status = main(["F4", "--runs", "20", "--json"])

    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert status == 0
    assert printed.err.splitlines()[-1].startswith("F4 runs=20 lost=0 dup=0 ghost=0 stuck=0")
    assert printed.err.splitlines()[-1].endswith("seed=7")
    assert set(found) == {"name", "versions", "figures", "goals"}
    assert all(set(goal) == {"name", "value", "wanted", "holds"} for goal in found["goals"])


def test_the_line_names_what_was_missed() -> None:
    report = Report("F1", {"runs": 1, "lost": 2, "seed": 7}, [Goal("lost", 2, "== 0")])

    assert line(report) == "F1 runs=1 lost=2 seed=7 MISSED[lost: 2]"
