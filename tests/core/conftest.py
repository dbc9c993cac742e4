"""An app on each database. SQLite is a file, as in production. Whoever asks for the school finds it there."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Engine

from core.app import App
from tests.copies import Copies, SqliteCopies
from tests.factories import School
from tests.slow import databases


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marks = metafunc.definition.iter_markers("parametrize")
    if "copies" in metafunc.fixturenames and not any("copies" in mark.args[0] for mark in marks):
        metafunc.parametrize("copies", databases(metafunc.config, metafunc.definition.nodeid), indirect=True)


@pytest.fixture
def copies(request: pytest.FixtureRequest) -> Copies[Any]:
    beginning = "school" if "school" in request.fixturenames else "bare"
    found: Copies[Any] = request.getfixturevalue(f"{request.param}_{beginning}")
    found.renew()
    return found


@pytest.fixture
def engine(copies: Copies[Any]) -> Engine:
    return copies.engine


@pytest.fixture
def app(copies: Copies[Any]) -> App:
    return copies.app()


@pytest.fixture
def school(app: App, copies: Copies[School]) -> School:
    return replace(copies.filling, app=app)


Play = Callable[[Callable[[School], object]], School]


@pytest.fixture
def after(school: School, copies: Copies[School]) -> Play:
    """The school after what is played there; without ``app``, which would have another clock."""

    def played(play: Callable[[School], object]) -> School:
        if isinstance(copies, SqliteCopies):
            return copies.go_on(school, play)
        play(school)
        return school

    return played
