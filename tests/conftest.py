"""The real servers: each is started once a test process, and only when a test asks for it."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.servers import chromium, dovecot, postfix, postgresql
from tests.servers.requirement import pytest_make_collect_report, pytest_runtest_makereport, require
from tests.servers.smtp_sink import SmtpSink

# Named here so that pytest finds the two hooks.
__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]


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


@pytest.fixture
async def browser(chromium_path: Path) -> AsyncIterator[Browser]:
    """Takes a second a test: visit many pages in one test, each in a new context."""
    async with chromium.chromium() as browser:
        yield browser


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    """Its clock stands still; a test of greylisting makes a sink of its own."""
    with SmtpSink(clock=lambda: datetime(2026, 3, 2, 9, tzinfo=UTC)) as sink:
        yield sink
