"""What only continuous integration runs each time: slow tests, many examples for each property, and both databases.

What is said of both databases is tried on one of them otherwise: which of the two hangs on the test's name. As one
takes three times as long on PostgreSQL, that sees a twelfth of what every use case does. Only what is about a race,
with ``at_once`` in its name, always meets both.
"""

import gc
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeVar
from zlib import crc32

import pytest
from _pytest.mark import ParameterSet
from hypothesis import settings

# Until everything is imported and collected: nearly all of that stays.
gc.disable()
Thing = TypeVar("Thing")
IS_CI = os.environ.get("CI") == "true"

# Time is the machine's, so there is no deadline.
settings.register_profile("everyday", max_examples=10, deadline=None)
settings.register_profile("thorough", max_examples=400, deadline=None)
settings.load_profile("thorough" if IS_CI else "everyday")


def examples(most: int) -> int:
    """For a property that takes its time: so many in continuous integration, a tenth of them otherwise."""
    return most if IS_CI else max(3, most // 10)


def some(all_of_them: Sequence[Thing], name: str, most: int) -> list[Thing]:
    """So many of them, and which hangs on the name; all in continuous integration."""
    first = crc32(name.encode())
    return list(all_of_them) if IS_CI else [all_of_them[(first + each) % len(all_of_them)] for each in range(most)]


def every(nth: int, cases: Iterable[Thing]) -> list[Thing | ParameterSet]:
    """Parameters of one kind, of which everyday tests take each so manieth; the others are marked slow."""
    return [
        case if number % nth == 0 else pytest.param(case, marks=pytest.mark.slow) for number, case in enumerate(cases)
    ]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for twin in _twins(items):
        twin.add_marker("slow")
    if _runs_all(config):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if not item.get_closest_marker("slow")]


def pytest_collection_finish() -> None:
    """What was imported and collected stays, so the garbage collector need not look at it again and again."""
    gc.freeze()
    gc.enable()


def _twins(items: list[pytest.Item]) -> list[pytest.Item]:
    """Of each test that is there on both databases the one that waits for continuous integration."""
    pairs: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if database := _database_of(item):
            pairs[item.nodeid.replace(database, "database")].append(item)
    both = {name: pair for name, pair in pairs.items() if len(pair) == 2 and "at_once" not in name}
    return [item for name, pair in both.items() for item in pair if _database_of(item) != _database_for(name)]


def _database_for(name: str) -> str:
    return "sqlite" if crc32(name.encode()) % 12 else "postgresql"


def _database_of(item: pytest.Item) -> str:
    """Empty when there is no choice."""
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return str(parameters.get("copies", ""))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not _runs_all(config):
        terminalreporter.write_line("Left out: tests marked slow. `make slow` runs them; with CI=true all tests run.")


def _runs_all(config: pytest.Config) -> bool:
    """Whoever gives an expression of markers means it."""
    return IS_CI or bool(config.option.markexpr)
