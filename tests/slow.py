"""What only continuous integration runs each time: slow tests, and many examples for each property."""

import os

import pytest
from hypothesis import settings

IS_CI = os.environ.get("CI") == "true"

# Time is the machine's, so there is no deadline.
settings.register_profile("everyday", max_examples=50, deadline=None)
settings.register_profile("thorough", max_examples=400, deadline=None)
settings.load_profile("thorough" if IS_CI else "everyday")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if _runs_all(config):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    items[:] = [item for item in items if item not in slow]
    config.hook.pytest_deselected(items=slow)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not _runs_all(config):
        terminalreporter.write_line("Left out: tests marked slow. `make slow` runs them; with CI=true all tests run.")


def _runs_all(config: pytest.Config) -> bool:
    """Whoever gives an expression of markers means it."""
    return IS_CI or bool(config.option.markexpr)
