"""The school, made once a database and copied for each test: making it takes longer than most tests."""

import copy
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.app import App
from core.database import open_engine
from tests.factories import School, make_app, make_engine, make_school
from tests.servers.postgresql import PostgreSQL


@pytest.fixture(scope="session")
def sqlite_school(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, School]:
    path = tmp_path_factory.mktemp("template") / "usher.db"
    engine = make_engine(f"sqlite:///{path}")
    school = make_school(make_app(engine))
    engine.dispose()
    return path, school


@pytest.fixture(scope="session")
def postgresql_school(postgresql_server: PostgreSQL) -> tuple[str, School]:
    name = postgresql_server.create_database()
    engine = make_engine(postgresql_server.url(name))
    school = make_school(make_app(engine))
    engine.dispose()
    return name, school


@pytest.fixture
def template(request: pytest.FixtureRequest, engine: Engine) -> School:
    made: tuple[object, School] = request.getfixturevalue(f"{engine.dialect.name}_school")
    return made[1]


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    copied: dict[str, Callable[[], Iterator[str]]] = {
        "sqlite": lambda: _sqlite_copy(request, tmp_path),
        "postgresql": lambda: _postgresql_copy(request),
    }
    for url in copied[request.param]():
        made = open_engine(url)
        yield made
        made.dispose()


def _sqlite_copy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    path, _ = request.getfixturevalue("sqlite_school")
    yield f"sqlite:///{shutil.copy(path, tmp_path / 'usher.db')}"


def _postgresql_copy(request: pytest.FixtureRequest) -> Iterator[str]:
    server: PostgreSQL = request.getfixturevalue("postgresql_server")
    template, _ = request.getfixturevalue("postgresql_school")
    name = server.create_database(template=template)
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def app(engine: Engine, template: School) -> App:
    """Its ids go on where those of the template ended."""
    made = make_app(engine)
    made.tokens = copy.deepcopy(template.app.tokens)
    return made


@pytest.fixture
def school(app: App, template: School) -> School:
    return replace(template, app=app)
