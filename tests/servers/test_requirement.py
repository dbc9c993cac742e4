"""A missing server is skipped where people work, and fails where continuous integration runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CONFTEST = """\
from tests.servers.requirement import pytest_make_collect_report, pytest_runtest_makereport
"""
SUITE = """\
import pytest
from tests.servers.requirement import require

def test_needs_a_server():
    require(lambda: "Carrier pigeon (tools/provision installs it)")

def test_is_skipped_for_another_reason():
    pytest.skip("not on a Sunday")
"""


@pytest.mark.parametrize(
    ("ci", "outcome"), [pytest.param("", "2 skipped", marks=pytest.mark.slow), ("true", "1 failed, 1 skipped")]
)
def test_missing_server_fails_only_in_continuous_integration(tmp_path: Path, ci: str, outcome: str) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_suite.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome in done.stdout
    assert "missing server: Carrier pigeon (tools/provision installs it)" in done.stdout
