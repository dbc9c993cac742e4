"""The PostgreSQL of the tests answers, copies databases and survives a crash."""

from collections.abc import Iterator
from typing import LiteralString

import psycopg
import pytest

from tests.servers import postgresql
from tests.servers.postgresql import PostgreSQL
from tests.servers.requirement import require

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def durable_server() -> Iterator[PostgreSQL]:
    require(postgresql.missing)
    with PostgreSQL() as server:
        yield server


def _connect(server: PostgreSQL, database: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(server.url(database).replace("+psycopg", ""), autocommit=True)


def _run(server: PostgreSQL, database: str, statement: LiteralString) -> None:
    with _connect(server, database) as connection:
        connection.execute(statement)


def _ask(server: PostgreSQL, database: str, question: LiteralString) -> object:
    with _connect(server, database) as connection:
        row = connection.execute(question).fetchone()
    return row[0] if row else None


def test_server_answers(postgresql_server: PostgreSQL) -> None:
    assert _ask(postgresql_server, "postgres", "select 1") == 1


def test_new_database_is_a_copy_of_its_template(postgresql_server: PostgreSQL) -> None:
    template = postgresql_server.create_database()
    _run(postgresql_server, template, "create table runs as select 7 as places")

    copy = postgresql_server.create_database(template=template)

    assert _ask(postgresql_server, copy, "select places from runs") == 7


def test_dropped_database_is_gone_even_when_connected(postgresql_server: PostgreSQL) -> None:
    name = postgresql_server.create_database()

    with _connect(postgresql_server, name):
        postgresql_server.drop_database(name)

    with pytest.raises(psycopg.OperationalError):
        _connect(postgresql_server, name)


def test_everyday_server_does_not_wait_for_the_disk(postgresql_server: PostgreSQL) -> None:
    assert _ask(postgresql_server, "postgres", "show fsync") == "off"


@pytest.mark.slow  # Only slow tests crash or stop a server.
def test_durable_server_keeps_committed_rows_through_a_crash(durable_server: PostgreSQL) -> None:
    name = durable_server.create_database()
    _run(durable_server, name, "create table runs as select 7 as places")

    durable_server.restart("immediate")

    assert _ask(durable_server, name, "show fsync") == "on"
    assert _ask(durable_server, name, "select places from runs") == 7


@pytest.mark.slow
def test_stopped_server_refuses_until_it_is_started(durable_server: PostgreSQL) -> None:
    durable_server.stop("fast")
    with pytest.raises(psycopg.OperationalError):
        _ask(durable_server, "postgres", "select 1")

    durable_server.start()

    assert _ask(durable_server, "postgres", "select 1") == 1
