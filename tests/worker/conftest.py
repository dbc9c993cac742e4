"""Both databases, with our tables and the engine's: made once, then copied."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.app import App
from tests.servers.postgresql import PostgreSQL
from tests.worker.processes import Life, close, make_tables, new_life, open_app


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "usher.db"
    make_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: PostgreSQL) -> str:
    name = postgresql_server.create_database()
    make_tables(postgresql_server.url(name))
    return name


@pytest.fixture
def embedded(sqlite_template: Path, tmp_path: Path) -> Life:
    shutil.copy(sqlite_template, tmp_path / "usher.db")
    return new_life(f"sqlite:///{tmp_path}/usher.db", tmp_path / "ledger")


@pytest.fixture
def cluster(postgresql_server: PostgreSQL, postgresql_template: str, tmp_path: Path) -> Iterator[Life]:
    name = postgresql_server.create_database(template=postgresql_template)
    yield new_life(postgresql_server.url(name), tmp_path / "ledger")
    postgresql_server.drop_database(name)


@pytest.fixture(params=["embedded", pytest.param("cluster", marks=pytest.mark.slow)])
def life(request: pytest.FixtureRequest) -> Life:
    made: Life = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def app(life: Life) -> Iterator[App]:
    app = open_app(life)
    yield app
    close(app)
