"""The fault experiments, with small counts: every goal holds. ``python -m bench.faults all`` runs them in full."""

import json

import pytest

from bench.faults import f1, f7
from bench.faults.__main__ import experiment, line, main
from bench.report import Goal, Report
from tests.servers import postgresql
from tests.servers.requirement import require


def _holds(report: Report) -> bool:
    missed = [goal for goal in report.goals if not goal.holds]
    assert not missed, f"{missed}\n{json.dumps(report.as_json(), indent=1)}"
    return True


def test_a_killed_worker_loses_nothing_on_sqlite() -> None:
    report = f1.run(f1.Size(kills=3, backlog=60, databases=("sqlite",)), 7)

    assert _holds(report)


@pytest.mark.postgresql
def test_a_killed_worker_loses_nothing_on_postgresql() -> None:
    require(postgresql.missing)

    report = f1.run(f1.Size(kills=3, backlog=60, databases=("postgresql",)), 7)

    assert _holds(report)


@pytest.mark.parametrize("name", ["F3", "F4", "F6"])
def test_an_experiment_with_small_counts_holds(name: str) -> None:
    report = experiment(name, is_small=True)

    assert _holds(report)


@pytest.mark.postgresql
def test_a_database_that_comes_and_goes_loses_nothing() -> None:
    require(postgresql.missing)

    report = f7.run(f7.SMALL, 7)

    assert _holds(report)


def test_an_experiment_ends_with_one_line_and_one_object(capsys: pytest.CaptureFixture[str]) -> None:
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
