"""The database: SQLite (one file, the embedded default) or PostgreSQL, behind one engine and one set of types.

1. On SQLite every write transaction begins IMMEDIATE and every connection is WAL with synchronous=FULL:
   with less, contended updates are lost silently or acknowledged work is lost at a power cut (measured).
2. Moments are stored in UTC and read back aware, on both.
3. A reader never waits for a writer; a writer waits at most ``usher_wait_ms`` for another one.
4. A sync that fails on SQLite ends the process: the system may have dropped what it could not write, and would not say
   so again. The next start reads what is on the disk.
5. On PostgreSQL a transaction reaches the rows of its ``usher_scope`` only, whatever it says: see ``migrations.walls``.
6. On PostgreSQL a write whose process stands still is ended by the server: it would hold its locks, and digests rely on
   its end (DIGEST_MARGIN).
"""

import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Float,
    Integer,
    MetaData,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import NullPool
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeDecorator

from core.errors import Busy
from core.rules.policy import LONGEST_STILLNESS

WAIT_MS = 30_000
"""How long background work waits for another writer; a door gives its own, shorter, deadline."""
EVERY_ROW = "*"
"""As ``usher_scope``: of every organisation, and of none."""
POOL_WAIT_SECONDS = 2
"""For a connection of our own that is free. The pool's half a minute would outlast everybody's patience."""

_IDLE = "idle_in_transaction_session_timeout"
_END_WHAT_STANDS_STILL = f"SET LOCAL {_IDLE} = '{LONGEST_STILLNESS.total_seconds():.0f}s'"
_SYNC_FAILURES = frozenset({"SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC"})
_log = logging.getLogger("usher.database")

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)

# On SQLite only a column of type INTEGER is the row's own key, without a second index.
Id = BigInteger().with_variant(Integer(), "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """Aware in, aware out, UTC. SQLite would drop the zone without a word."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A moment without a zone cannot be stored.")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        """From what the driver gives, in one step: a list has thousands, and the usual way takes four for each."""
        return _moment_of_text if dialect.name == "sqlite" else _moment_in_utc


def _moment_of_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


def _moment_in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


class DaysBetween(GenericFunction[float]):
    """From the first moment to the second, where each database has its own way to subtract."""

    type = Float()
    inherit_cache = True


@compiles(DaysBetween, "sqlite")
def _days_in_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    first, second = (compiler.process(each, **options) for each in element.clauses)
    return f"(julianday({second}) - julianday({first}))"


@compiles(DaysBetween, "postgresql")
def _days_in_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    first, second = (compiler.process(each, **options) for each in element.clauses)
    return f"(extract(epoch FROM ({second} - {first})) / 86400)"


def open_engine(url: str, *, pool_size: int = 8) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=2,
        pool_timeout=POOL_WAIT_SECONDS,
        # The one that was used last has its pages and statements at hand.
        pool_use_lifo=True,
        pool_pre_ping=False,
        hide_parameters=True,
    )
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    else:
        _prepare_postgresql(engine)
    return engine


def _prepare_sqlite(engine: Engine) -> None:
    if engine.url.database not in (None, "", ":memory:"):
        # Beside the database: what a large statement puts aside is personal data, too, and with the system's folder for
        # temporary files full, nothing could be written (measured).
        os.environ.setdefault("SQLITE_TMPDIR", str(Path(engine.url.database or "").resolve().parent))

    @event.listens_for(engine, "connect")
    def on_connect(raw: DBAPIConnection, _record: object) -> None:
        raw.isolation_level = None  # The driver's own begin is what loses updates.
        cursor = raw.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-16000",
            f"busy_timeout={WAIT_MS}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Any) -> None:
        options = connection.get_execution_options()
        # What cannot be refused goes straight to the driver: it costs a tenth.
        driver = connection.connection.driver_connection
        # Set every time: the connection may come back from somebody with less patience.
        driver.execute(f"PRAGMA busy_timeout={int(options.get('usher_wait_ms', WAIT_MS))}")
        if options.get("usher_read"):
            driver.execute("BEGIN")
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(engine, "handle_error")
    def on_error(context: ExceptionContext) -> None:
        if getattr(context.original_exception, "sqlite_errorname", "") in _SYNC_FAILURES:
            _log.critical("the disk did not keep what was written: this process ends")
            os._exit(os.EX_IOERR)


def _prepare_postgresql(engine: Engine) -> None:
    has_limit = False

    @event.listens_for(engine, "connect")
    def on_connect(raw: Any, _record: object) -> None:
        # The operator's own limit holds, for all connections alike. Asking at each write would cost it 40 microseconds.
        nonlocal has_limit
        has_limit = raw.execute(f"SHOW {_IDLE}").fetchone() != ("0",)
        raw.rollback()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Any) -> None:
        options = connection.get_execution_options()
        settings = []
        if options.get("usher_read"):
            # One snapshot for all statements, as on SQLite; else two of them could tell two different stories.
            settings.append("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        elif "usher_wait_ms" in options:
            settings.append(f"SET LOCAL lock_timeout = {int(options['usher_wait_ms'])}")
            if not has_limit:
                settings.append(_END_WHAT_STANDS_STILL)
        if "usher_scope" in options:
            settings.append(_scope_setting(options["usher_scope"]))
        if settings:
            # At once: each would be a trip to the server.
            connection.exec_driver_sql("; ".join(settings))


def reach_only(connection: Connection, scope: int | str) -> None:
    """From here on, in this transaction: an organisation's rows, or ``EVERY_ROW``. SQLite has no such thing."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_scope_setting(scope))


def _scope_setting(scope: int | str) -> str:
    return f"SET LOCAL usher.scope = '{EVERY_ROW if scope == EVERY_ROW else int(scope)}'"


class AdvisoryLock:
    """PostgreSQL only: a name that one connection holds until ``release``, or until its process or server ends."""

    def __init__(self, engine: Engine, name: str) -> None:
        # Outside the pool: the connection is held as long as the lock.
        self._engine = create_engine(engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._key = func.hashtextextended(name, 0)
        self._connection: Connection | None = None

    def acquire(self) -> bool:
        """False: another connection has it. Raises Busy when the database is away."""
        self.release()
        try:
            connection = self._engine.connect()
        except DBAPIError as error:
            raise Busy from error
        if connection.scalar(select(func.pg_try_advisory_lock(self._key))):
            self._connection = connection
            return True
        connection.close()
        return False

    def is_held(self) -> bool:
        """Asks the server: the lock lives as long as the connection."""
        if self._connection is None:
            return False
        try:
            self._connection.execute(select(1))
        except DBAPIError:
            self.release()
            return False
        return True

    def release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
