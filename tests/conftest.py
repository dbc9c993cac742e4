"""What pytest asks of the tests as a whole; what they are given stands in `tests.fixtures`."""

import os

import pytest

from tests.servers.processes import quickest_place
from tests.servers.requirement import pytest_make_collect_report, pytest_runtest_makereport
from tests.slow import pytest_collection_finish, pytest_collection_modifyitems, pytest_terminal_summary

# Named here so that pytest finds the hooks.
__all__ = [
    "pytest_collection_finish",
    "pytest_collection_modifyitems",
    "pytest_make_collect_report",
    "pytest_runtest_makereport",
    "pytest_terminal_summary",
]

# Each commit of SQLite waits for the disk, where there is one; what a power cut leaves is for the fault experiments.
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(quickest_place()))


def pytest_configure(config: pytest.Config) -> None:
    # A process that only gives tests to others does without the product: its seconds come before all others.
    if not config.getoption("numprocesses", 0):
        config.pluginmanager.import_plugin("tests.fixtures")
