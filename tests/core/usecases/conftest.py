"""The school, made once a database and copied for each test: making it takes longer than most tests.

So does compiling every statement anew, which an engine of its own for each test would do.
"""

import copy
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import pytest
from sqlalchemy import Engine, event

from core.app import App
from core.database import open_engine
from tests.factories import School, make_app, make_engine, make_school
from tests.servers.postgresql import PostgreSQL


class Copies(Protocol):
    engine: Engine
    template: School

    def renew(self) -> None:
        """The next connection is to a fresh copy."""


@dataclass
class SqliteCopies:
    folder: Path

    def __post_init__(self) -> None:
        self._made = self.folder / "template.db"
        made = make_engine(f"sqlite:///{self._made}")
        self.template = make_school(make_app(made))
        made.dispose()
        self.engine = open_engine(f"sqlite:///{self.folder}/usher.db")

    def renew(self) -> None:
        self.engine.dispose()
        shutil.copy(self._made, self.folder / "usher.db")


@dataclass
class PostgresqlCopies:
    server: PostgreSQL

    def __post_init__(self) -> None:
        self._made = self.server.create_database()
        made = make_engine(self.server.url(self._made))
        self.template = make_school(make_app(made))
        made.dispose()
        self._copy = ""
        self.engine = open_engine(self.server.url())

        @event.listens_for(self.engine, "do_connect")
        def to_the_copy(_dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]) -> None:
            options["dbname"] = self._copy

    def renew(self) -> None:
        self.engine.dispose()
        if self._copy:
            self.server.drop_database(self._copy)
        self._copy = self.server.create_database(template=self._made)


@pytest.fixture(scope="session")
def sqlite_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteCopies]:
    copies = SqliteCopies(tmp_path_factory.mktemp("copies"))
    yield copies
    copies.engine.dispose()


@pytest.fixture(scope="session")
def postgresql_copies(postgresql_server: PostgreSQL) -> Iterator[PostgresqlCopies]:
    copies = PostgresqlCopies(postgresql_server)
    yield copies
    copies.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def copies(request: pytest.FixtureRequest) -> Copies:
    found: Copies = request.getfixturevalue(f"{request.param}_copies")
    found.renew()
    return found


@pytest.fixture
def engine(copies: Copies) -> Engine:
    return copies.engine


@pytest.fixture
def app(copies: Copies) -> App:
    """Its ids go on where those of the template ended."""
    made = make_app(copies.engine)
    made.tokens = copy.deepcopy(copies.template.app.tokens)
    return made


@pytest.fixture
def school(app: App, copies: Copies) -> School:
    return replace(copies.template, app=app)
