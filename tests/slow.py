"""What only continuous integration runs each time: slow tests, many examples for each property, and both databases.

What is said of both databases is tried on one of them otherwise: which of the two hangs on the test's name. As one
takes three times as long on PostgreSQL, that sees a twelfth of what every use case does. Only what is about a race,
with ``at_once`` in its name, always meets both.
"""

import gc
import os
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar
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

_SERVERS: Final = (
    frozenset({"running_browser", "chromium_path"}),
    frozenset({"postgresql_server"}),
    frozenset({"postfix_server", "dovecot_server"}),
)
"""Whoever needs one of a row stands together, so that not every process starts it."""


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


def databases(config: pytest.Config, name: str) -> list[str | ParameterSet]:
    """The test's name decides. What is not run is not even made: there are more than a thousand."""
    if "at_once" in name:
        return ["sqlite", "postgresql"]
    chosen, other = ("sqlite", "postgresql") if crc32(name.encode()) % 12 else ("postgresql", "sqlite")
    return [chosen, pytest.param(other, marks=pytest.mark.slow)] if _runs_all(config) else [chosen]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=_server_of)
    if _runs_all(config):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if not item.get_closest_marker("slow")]


def pytest_collection_finish() -> None:
    """What was imported and collected stays, so the garbage collector need not look at it again and again."""
    gc.freeze()
    gc.enable()


def _server_of(item: pytest.Item) -> int:
    """Its place in the row; whoever needs none comes last."""
    wanted = set(getattr(item, "fixturenames", ()))
    parameters: dict[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
    if parameters.get("copies") == "postgresql":
        wanted.add("postgresql_server")
    return next((place for place, servers in enumerate(_SERVERS) if servers & wanted), len(_SERVERS))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not _runs_all(config):
        terminalreporter.write_line("Left out: tests marked slow. `make slow` runs them; with CI=true all tests run.")


def _runs_all(config: pytest.Config) -> bool:
    """Whoever gives an expression of markers means it."""
    return IS_CI or bool(config.option.markexpr)
