"""Databases with a beginning: filled once a test process, and set back to it for each test.

Filling one takes longer than most tests. So does compiling every statement anew, which an engine of its own for each
test would do; and a database of its own takes PostgreSQL ten times as long as setting the rows back.
"""

import atexit
import shutil
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Generic, Protocol, TypeVar

from msgspec.structs import replace
from sqlalchemy import Engine, create_engine

from core.app import App
from core.database import open_engine
from core.model import Base
from tests.factories import FixedClock, School, make_app, make_engine, make_school
from tests.servers.postgresql import SUPERUSER, PostgreSQL
from tests.servers.processes import quickest_place

Filling = TypeVar("Filling", covariant=True)
_FILES = ("usher.db", "usher.db-wal", "usher.db-shm")


class Copies(Protocol[Filling]):
    engine: Engine

    @property
    def filling(self) -> Filling:
        """What the beginning was filled with; its app is gone."""

    def renew(self) -> None:
        """From now on the engine's next connection finds the beginning."""

    def app(self, **options: Any) -> App:
        """Its ids go on where those of the beginning ended."""

    def close(self) -> None:
        """The database stays until its server or its folder goes."""


class _Compiled(dict[Any, Any]):
    """Statements as they were compiled, for all engines of a process: what one of them compiled serves the others.

    SQLAlchemy asks by the engine's own dialect; all engines of one kind of database have alike ones.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__((key[0].name, *key[1:]), compiled)


_COMPILED = _Compiled()


class SqliteCopies(Generic[Filling]):
    def __init__(self, folder: Path, fill: Callable[[App], Filling]) -> None:
        self._folder = folder
        self._made = folder / "beginning.db"
        made = _sharing(make_engine(f"sqlite:///{self._made}"))
        app = make_app(made)
        self.filling = fill(app)
        made.dispose()
        self._tokens = app.tokens
        self.path = folder / "usher.db"
        self.engine = _sharing(open_engine(f"sqlite:///{self.path}"))
        self._later: dict[Callable[..., object], tuple[Path, Any, datetime]] = {}

    def renew(self) -> None:
        self._put(self._made)

    def go_on(self, school: School, play: Callable[[School], object]) -> School:
        """The school, which is at its beginning, when ``play`` has ended: played the first time only."""
        if play not in self._later:
            play(school)
            self.engine.dispose()
            kept = Path(shutil.copy(self.path, self._folder / f"later-{len(self._later)}.db"))
            self._later[play] = kept, school.app.tokens, school.app.clock()
        kept, tokens, now = self._later[play]
        self._put(kept)
        return replace(school, app=_app(self, tokens, clock=FixedClock(now)))

    def _put(self, made: Path) -> None:
        self.engine.dispose()
        # Whoever still has the old files open keeps them, and changes nothing here.
        for name in _FILES:
            (self._folder / name).unlink(missing_ok=True)
        shutil.copy(made, self.path)

    def app(self, **options: Any) -> App:
        return _app(self, self._tokens, **options)

    def close(self) -> None:
        self.engine.dispose()


def school_anew() -> School:
    """On SQLite, for state machines: their examples come one after another, and no fixture is made for each."""
    copies = _schools()
    copies.renew()
    return replace(copies.filling, app=copies.app())


@cache
def _schools() -> SqliteCopies[School]:
    folder = TemporaryDirectory(dir=quickest_place())
    atexit.register(folder.cleanup)
    return SqliteCopies(Path(folder.name), make_school)


class PostgresqlCopies(Generic[Filling]):
    """The rows of the beginning lie in a schema beside the tables."""

    def __init__(self, server: PostgreSQL, fill: Callable[[App], Filling]) -> None:
        database = server.create_database()
        self.engine = _sharing(make_engine(server.url(database)))
        app = make_app(self.engine)
        self.filling = fill(app)
        self._tokens = app.tokens
        self._keeper = create_engine(server.url(database, role=SUPERUSER), isolation_level="AUTOCOMMIT").connect()
        for statement in _keeping(sorted(Base.metadata.tables)):
            self._keeper.exec_driver_sql(statement)

    def renew(self) -> None:
        # Connections that came back are good, and making one takes longer than setting the rows back.
        if self.engine.pool.checkedout():  # type: ignore[attr-defined]  # Ours is a QueuePool.
            self.engine.dispose()
        self._keeper.exec_driver_sql("SELECT beginning.set_back()")

    def app(self, **options: Any) -> App:
        return _app(self, self._tokens, **options)

    def close(self) -> None:
        self.engine.dispose()
        self._keeper.close()
        self._keeper.engine.dispose()


def _sharing(engine: Engine) -> Engine:
    engine.update_execution_options(compiled_cache=_COMPILED)
    return engine


def _app(copies: Copies[Any], tokens: Any, **options: Any) -> App:
    made = make_app(copies.engine, **options)
    made.tokens = tokens.twin()
    return made


def _keeping(tables: list[str]) -> list[str]:
    """Copies the rows, and makes the function that brings them back. No table has a sequence."""
    deletes = "".join(f"DELETE FROM public.{table}; " for table in tables)
    inserts = "".join(f"INSERT INTO public.{table} SELECT * FROM beginning.{table}; " for table in tables)
    # A test that failed may have left a transaction open.
    others = "datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()"
    ends = f"PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others};"
    return [
        "CREATE SCHEMA beginning",
        *(f"CREATE TABLE beginning.{table} AS TABLE public.{table}" for table in tables),
        "CREATE FUNCTION beginning.set_back() RETURNS void LANGUAGE plpgsql"
        # Without the checks of foreign keys the order does not matter.
        " SET session_replication_role = replica"
        f" AS $$ BEGIN {ends} {deletes} {inserts} END $$",
    ]
