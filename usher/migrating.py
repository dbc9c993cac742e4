"""Bringing the database to the version of the code: our tables by Alembic, then the background engine's own.

What is wrong with the database is an error with words of its own, for whoever runs Usher.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine, Select, String, select, table
from sqlalchemy import column as named
from sqlalchemy.exc import DBAPIError

import migrations
from core.database import EVERY_ROW, open_engine
from core.errors import Conflict, Unavailable
from usher.logs import redacted

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "0007"
"""The newest revision; a test compares it with the scripts. So a start can look without loading Alembic (200 ms)."""


_VERSIONS: Final = "alembic_version"
_WHERE: Final = {
    "sqlite": "its folder must be there, and this account must be able to write in it",
    "postgresql": "the server must run, and the role must own the database (docs/operating.md)",
}


class DatabaseAway(Unavailable):
    """``reason``: as its driver says."""

    code = "database_away"
    wording = "The database cannot be used: {reason}."
    advice = "Look at USHER_DATABASE_URL: {needed}."


class DatabaseNotReady(Conflict):
    code = "database_not_ready"
    wording = "The database is not ready: {found}."
    advice = "Run “usher migrate” first."


class DatabaseNewer(Conflict):
    code = "database_newer"
    wording = "The database is of a newer version ({found}) than this program ({known}), so nothing was done."
    advice = "Run the version of Usher that was used last, or a newer one."


def bring_up_to_date(database_url: str) -> None:
    """Our tables and the background engine's. Idempotent. Raises DatabaseAway, DatabaseNewer."""
    from worker.engine import migrate

    with _engine(database_url) as engine:
        if revision_of(engine) != HEAD:
            upgrade(engine)
        with faults_named(engine):
            migrate(database_url)


def require_ready(database_url: str) -> None:
    """Raises DatabaseAway, DatabaseNotReady or DatabaseNewer."""
    with _engine(database_url) as engine:
        require_schema(engine)


@contextmanager
def _engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url, pool_size=1)
    try:
        yield engine
    finally:
        engine.dispose()


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Idempotent. Two at once: the second waits for the first one's transaction. Raises DatabaseAway, DatabaseNewer."""
    from alembic import command

    _refuse_newer(revision_of(engine))
    with faults_named(engine), _of_everybody(engine).begin() as connection:
        command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str = "base") -> None:
    from alembic import command

    with _of_everybody(engine).begin() as connection:
        command.downgrade(_config(connection), revision)


def _of_everybody(engine: Engine) -> Engine:
    """Migrations may move rows of all organisations."""
    return engine.execution_options(usher_scope=EVERY_ROW)


def require_schema(engine: Engine) -> None:
    """Raises DatabaseAway, DatabaseNotReady or DatabaseNewer."""
    found = revision_of(engine)
    _refuse_newer(found)
    if not found:
        path = _missing_file(engine)
        raise DatabaseNotReady(found=f"there is none at {path} yet" if path else "it is empty")
    if found != HEAD:
        raise DatabaseNotReady(found="it is of an earlier version")


def revision_of(engine: Engine) -> str:
    """Empty where nothing is yet. Raises DatabaseAway."""
    if _missing_file(engine):
        # Looking must not create an empty file.
        return ""
    version: Select[str] = select(named("version_num", String)).select_from(table(_VERSIONS))
    with faults_named(engine), engine.connect() as connection:
        if not engine.dialect.has_table(connection, _VERSIONS):
            return ""
        return connection.execute(version).scalar_one_or_none() or ""


@contextmanager
def faults_named(engine: Engine) -> Iterator[None]:
    """Raises DatabaseAway, in one line, in place of what the driver raises."""
    try:
        yield
    except DBAPIError as problem:
        reason = _first_line(str(problem.orig)).rstrip(".")
        raise DatabaseAway(reason=reason, needed=_WHERE[engine.dialect.name]) from problem


def _first_line(said: str) -> str:
    """The rest is the statement, or advice. Of several attempts to connect the first line names none."""
    first, *rest = said.splitlines() or [""]
    return redacted(" ".join([first, *rest] if first.endswith(":") else [first]).removeprefix("connection failed: "))


def _missing_file(engine: Engine) -> Path | None:
    if engine.dialect.name != "sqlite" or engine.url.database in (None, "", ":memory:"):
        return None
    path = Path(engine.url.database or "").resolve()
    return None if path.exists() else path


def _refuse_newer(revision: str) -> None:
    # Revisions are numbers of four digits.
    if revision > HEAD:
        raise DatabaseNewer(found=revision, known=HEAD)


def _config(connection: object) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    return config
