"""What is made once a test process, and only when a test asks for it: the real servers, and databases to begin with."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from sqlalchemy import Connection, Engine, event

from core.app import App
from tests.copies import PostgresqlCopies, SqliteCopies
from tests.core.usecases.statements import OF_ROWS, unscoped
from tests.factories import School, make_school
from tests.servers import chromium, dovecot, postfix, postgresql
from tests.servers.requirement import require
from tests.servers.smtp_sink import SmtpSink


@pytest.fixture(scope="session", autouse=True)
def scoped_statements() -> Iterator[None]:
    """Of all that staff do in any test, each statement names whose rows it wants. Told when the last test has ended."""
    said: set[str] = set()

    def note(connection: Connection, _cursor: Any, statement: str, _values: Any, context: Any, _is_many: bool) -> None:
        of_staff = isinstance(connection.get_execution_options().get("usher_scope"), int)
        if of_staff and connection.dialect.name == "sqlite" and not context.execution_options.get("all_organisations"):
            said.add(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield
    event.remove(Engine, "before_cursor_execute", note)
    wrong = {each: tables for each in said if each.startswith(OF_ROWS) and (tables := unscoped(each))}
    assert not wrong


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.PostgreSQL]:
    """Loses data at a crash; fault tests start `PostgreSQL()` for themselves."""
    require(postgresql.missing)
    with postgresql.PostgreSQL(fsync=False) as server:
        yield server


@pytest.fixture(scope="session")
def dovecot_server() -> Iterator[dovecot.Dovecot]:
    require(dovecot.missing)
    with dovecot.Dovecot() as server:
        yield server


@pytest.fixture(scope="session")
def postfix_server(dovecot_server: dovecot.Dovecot) -> Iterator[postfix.Postfix]:
    """Mail for usher.test goes on to Dovecot, all other mail into the sink."""
    require(postfix.missing)
    with postfix.Postfix(lmtp_port=dovecot_server.lmtp_port) as server:
        yield server


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    require(chromium.missing)
    return chromium.PROGRAM


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running_browser(chromium_path: Path) -> AsyncIterator[Browser]:
    async with chromium.chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def browser(running_browser: Browser) -> AsyncIterator[Browser]:
    """One for all tests, without windows. It lives in the session's event loop, and so do the tests that ask for it."""
    yield running_browser
    for context in running_browser.contexts:
        await context.close()


def _nothing(_app: App) -> None:
    """Tables without rows."""


@pytest.fixture(scope="session")
def sqlite_bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteCopies[None]]:
    copies = SqliteCopies(tmp_path_factory.mktemp("bare"), _nothing)
    yield copies
    copies.close()


@pytest.fixture(scope="session")
def postgresql_bare(postgresql_server: postgresql.PostgreSQL) -> Iterator[PostgresqlCopies[None]]:
    copies = PostgresqlCopies(postgresql_server, _nothing)
    yield copies
    copies.close()


@pytest.fixture(scope="session")
def sqlite_school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteCopies[School]]:
    copies = SqliteCopies(tmp_path_factory.mktemp("school"), make_school)
    yield copies
    copies.close()


@pytest.fixture(scope="session")
def postgresql_school(postgresql_server: postgresql.PostgreSQL) -> Iterator[PostgresqlCopies[School]]:
    copies = PostgresqlCopies(postgresql_server, make_school)
    yield copies
    copies.close()


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    """Its clock stands still; a test of greylisting makes a sink of its own."""
    with SmtpSink(clock=lambda: datetime(2026, 3, 2, 9, tzinfo=UTC)) as sink:
        yield sink
