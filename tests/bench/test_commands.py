"""Each benchmark from its command to its JSON, with tiny counts: what it measures here means nothing."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import NAMES

ROOT = Path(__file__).parents[2]

FIGURES = {
    "b2": {"rows_20_seconds", "slack_ack_p99_ms", "not_imported"},
    "b3": {"pair_ratio", "pair_peer_mails_a_second", "whole_mails_a_second", "whole_cpu_ms_a_mail"},
    "b4": {"read_1_ratio", "write_50_ratio", "read_10_peer_p50_ms", "loaded_p99_ms", "loaded_loop_lag_p99_ms"},
    "b5": {"joins_a_second", "bare_commits_a_second_before", "join_p99_ms", "capped_enrolments"},
    "b9": {"ready_ours_seconds", "ready_peer_seconds", "idle_ours_rss_mb", "whole_--help_ms"},
    "digests": {"digests", "learners", "tick_cpu_seconds", "tick_seconds", "of_batch"},
    "export": {"csv_400_rows_a_second", "csv_400_memory_mb", "to_bare_writer", "xlsx_200_rows_a_second"},
    "import": {"ours_cpu_seconds", "times_calamine", "handwritten_ratio", "answer_ratio", "growth_exponent"},
    "inbox": {"p50_seconds", "requests_a_second", "cpu_ms_a_request", "memory_highest_mb"},
    "progress": {"run_p99_ratio", "learner_p99_ratio", "run_many_queries", "merge_rows_a_second", "import_seconds"},
    "home": {"home_ratio", "courses_ratio", "home_many_queries", "courses_few_ms"},
}


def bench(*arguments: str) -> dict[str, Any]:
    """Its one JSON object; stdout has nothing else."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", *arguments, "--small", "--json"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_runs_and_reports_figures_and_goals(name: str) -> None:
    report = bench(name)

    assert report["name"] == name
    assert {"python", "sqlite", "sqlalchemy", "commit"} <= set(report["versions"])
    assert set(report["figures"]) >= FIGURES[name]
    assert all(set(goal) == {"name", "value", "wanted", "holds"} for goal in report["goals"])
    # Speed means nothing here, but a figure got by losing something would mean nothing anywhere.
    counts = {goal["name"]: goal["value"] for goal in report["goals"] if goal["wanted"] == "== 0"}
    assert not any(counts.values()), counts
