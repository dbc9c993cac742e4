"""A PostgreSQL for tests: `with PostgreSQL() as server: url = server.url(server.create_database())`."""

import itertools
import shutil
import signal
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, LiteralString, Self

import psycopg
from psycopg import sql

from tests.servers.processes import (
    DISK,
    LOOPBACK,
    Daemon,
    as_account,
    free_port,
    is_root,
    make_folder,
    quickest_place,
    remove_folder,
    run,
)

SUPERUSER = "postgres"
USHER = "usher"
"""As in production: it owns its databases, and row-level security binds it."""
StopMode = Literal["smart", "fast", "immediate"]
_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_HURRIED = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]


def missing() -> str | None:
    if _programs() is None:
        return "PostgreSQL (tools/provision installs it)"
    return None


def _programs() -> Path | None:
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    folders = sorted((path.parent for path in found), key=lambda folder: float(folder.parent.name))
    return folders[-1] if folders else None


class PostgreSQL:
    """With fsync=False it is faster and loses data at a crash: right for everything but fault tests.

    Drop databases after use: they may lie in memory.
    """

    def __init__(self, *, fsync: bool = True) -> None:
        self.port = free_port()
        self._fsync = fsync
        self._folder = make_folder("postgresql", parent=DISK if fsync else quickest_place())
        self._daemon = Daemon(self._command(), log=self._folder / "server.log")
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        try:
            self._initialise()
            self.start()
            self._administer("create role {} login nosuperuser nobypassrls", USHER)
        except BaseException:
            remove_folder(self._folder)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop("immediate")
        remove_folder(self._folder)

    def start(self) -> None:
        self._daemon.start(self._is_ready)

    def stop(self, mode: StopMode) -> None:
        """`immediate` ends it as a crash would: the next start recovers from the log."""
        self._daemon.stop(_SIGNALS[mode])

    def restart(self, mode: StopMode) -> None:
        self.stop(mode)
        self.start()

    def url(self, database: str = "postgres", *, role: str = USHER) -> str:
        """For SQLAlchemy; every role of this server may connect without a password."""
        return f"postgresql+psycopg://{role}@{LOOPBACK}:{self.port}/{database}"

    def create_database(self, *, template: str = "template1") -> str:
        """The name of a new database; nobody may be connected to the template."""
        name = f"usher_test_{next(self._numbers)}"
        # The default strategy writes the copy to the log as well.
        self._administer("create database {} owner {} template {} strategy file_copy", name, USHER, template)
        return name

    def drop_database(self, name: str) -> None:
        """Closes the connections that it still has."""
        self._administer("drop database if exists {} with (force)", name)

    def _administer(self, statement: LiteralString, *names: str) -> None:
        with self._connect() as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            host=LOOPBACK,
            port=self.port,
            user=SUPERUSER,
            dbname="postgres",
            connect_timeout=5,
            autocommit=True,
        )

    def _is_ready(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _initialise(self) -> None:
        data = self._folder / "data"
        data.mkdir(mode=0o700)
        if is_root():
            shutil.chown(data, SUPERUSER, SUPERUSER)
        options = [f"--pgdata={data}", f"--username={SUPERUSER}", "--auth=trust", "--no-sync"]
        options += ["--locale=C.UTF-8", "--encoding=UTF8"]
        run(as_account(SUPERUSER, [str(_program("initdb")), *options]))

    def _command(self) -> list[str]:
        settings = [
            f"port={self.port}",
            f"listen_addresses={LOOPBACK}",
            "unix_socket_directories=",
            "max_connections=200",
            "shared_buffers=32MB",
            "timezone=UTC",
            *([] if self._fsync else _HURRIED),
        ]
        options = [part for setting in settings for part in ("-c", setting)]
        return as_account(SUPERUSER, [str(_program("postgres")), "-D", str(self._folder / "data"), *options])


def _program(name: str) -> Path:
    folder = _programs()
    assert folder is not None, missing()
    return folder / name
