"""What only a database server can do to ``core.app``: two rows at one moment, and connections that break."""

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text

from core.app import RERUNS, App
from core.context import Context
from core.database import open_engine
from core.errors import OutcomeUnknown
from core.model import IdempotencyRecord
from tests.core.counting import Raise, Raised, outcomes, plant_organisation, raise_count, read_count
from tests.factories import OPERATOR, SYSTEM, make_app, make_engine
from tests.servers.postgresql import PostgreSQL


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: PostgreSQL) -> str:
    """A database with all tables, to copy from: thirty times faster than making them."""
    name = postgresql_server.create_database()
    make_engine(postgresql_server.url(name)).dispose()
    return name


@pytest.fixture
def on_postgresql(postgresql_template: str, postgresql_server: PostgreSQL) -> Iterator[App]:
    name = postgresql_server.create_database(template=postgresql_template)
    engine = open_engine(postgresql_server.url(name))
    app = make_app(engine)
    app.run(plant_organisation, None, OPERATOR)
    yield app
    engine.dispose()
    postgresql_server.drop_database(name)


def test_two_that_write_the_same_row_at_the_same_moment_end_well(on_postgresql: App) -> None:
    both_looked = threading.Barrier(2)
    attempts = itertools.count(1)

    def note_together(ctx: Context, command: str) -> bool:
        is_known = ctx.session.get(IdempotencyRecord, command) is not None
        if next(attempts) <= 2:
            both_looked.wait(timeout=20)
        # No second look: the slower one would see the other's row there, and nothing would collide.
        if is_known:
            return False
        ctx.session.add(IdempotencyRecord(key=command, action="x", result="{}", created_at=ctx.now))
        ctx.session.flush()
        return True

    with ThreadPoolExecutor(2) as threads:
        answers = [threads.submit(on_postgresql.run, note_together, "Ev1", SYSTEM) for _ in range(2)]

    assert sorted(answer.result() for answer in answers) == [False, True]
    assert next(attempts) == 4


def end_backend(engine: Engine, connection: Connection) -> None:
    """The server ends this connection, as in a failover; returns when it is gone."""
    driver: Any = connection.connection.dbapi_connection
    operators = create_engine(engine.url)
    with operators.connect() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": driver.info.backend_pid})
    operators.dispose()


def lose_commit(engine: Engine, *, times: int, was_stored: bool) -> None:
    """The next commits get no answer."""
    left = iter(range(times))

    @event.listens_for(engine, "commit")
    def on_commit(connection: Connection) -> None:
        if next(left, None) is not None:
            if not was_stored:
                end_backend(engine, connection)
                return
            driver: Any = connection.connection.dbapi_connection
            driver.commit()
            driver.close()


@pytest.mark.parametrize("was_stored", [False, True])
def test_a_lost_commit_with_a_key_is_looked_up_and_done_once(on_postgresql: App, was_stored: bool) -> None:
    lose_commit(on_postgresql.engine, times=1, was_stored=was_stored)

    assert on_postgresql.run(raise_count, Raise(), OPERATOR, key="once") == Raised(1)

    assert on_postgresql.read(read_count, None, SYSTEM) == 1
    assert outcomes(on_postgresql, "raise_count") == ["done"]


@pytest.mark.parametrize("was_stored", [False, True])
def test_a_lost_commit_without_a_key_is_unknown_and_not_repeated(on_postgresql: App, was_stored: bool) -> None:
    lose_commit(on_postgresql.engine, times=1, was_stored=was_stored)

    with pytest.raises(OutcomeUnknown):
        on_postgresql.run(raise_count, Raise(), OPERATOR)

    assert on_postgresql.read(read_count, None, SYSTEM) == int(was_stored)


def test_commits_that_stay_lost_are_unknown_and_never_called_unchanged(on_postgresql: App) -> None:
    lose_commit(on_postgresql.engine, times=RERUNS + 1, was_stored=False)

    with pytest.raises(OutcomeUnknown):
        on_postgresql.run(raise_count, Raise(), OPERATOR, key="once")


def test_a_lost_commit_whose_deadline_has_passed_is_unknown(on_postgresql: App) -> None:
    lose_commit(on_postgresql.engine, times=1, was_stored=True)

    with pytest.raises(OutcomeUnknown):
        on_postgresql.run(raise_count, Raise(), OPERATOR, key="once", deadline=timedelta(0))

    assert on_postgresql.run(raise_count, Raise(), OPERATOR, key="once") == Raised(1)


def test_a_connection_lost_before_commit_is_run_again(on_postgresql: App) -> None:
    attempts = []

    def raise_and_lose(ctx: Context, command: Raise) -> Raised:
        done = raise_count(ctx, command)
        attempts.append(done)
        if len(attempts) == 1:
            end_backend(on_postgresql.engine, ctx.session.connection())
        return done

    assert on_postgresql.run(raise_and_lose, Raise(), OPERATOR) == Raised(1)

    assert attempts == [Raised(1), Raised(1)]
    assert outcomes(on_postgresql, "raise_and_lose") == ["done"]


def test_a_connection_that_died_in_the_pool_is_replaced(on_postgresql: App) -> None:
    with on_postgresql.engine.connect() as connection:
        end_backend(on_postgresql.engine, connection)

    assert on_postgresql.run(raise_count, Raise(), OPERATOR) == Raised(1)

    with on_postgresql.engine.connect() as connection:
        end_backend(on_postgresql.engine, connection)

    assert on_postgresql.read(read_count, None, OPERATOR) == 1


def test_the_server_ends_a_write_that_stands_still_unless_the_operator_has_set_another_limit(
    on_postgresql: App,
) -> None:
    def limit(ctx: Context, command: None) -> str:
        return str(ctx.session.connection().exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar_one())

    ours, of_reads = on_postgresql.run(limit, None, SYSTEM), on_postgresql.read(limit, None, SYSTEM)
    with on_postgresql.engine.begin() as connection:
        name = on_postgresql.engine.url.database
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET idle_in_transaction_session_timeout = 500')
    on_postgresql.engine.dispose()

    assert (ours, of_reads) == ("1min", "0")
    assert on_postgresql.run(limit, None, SYSTEM) == "500ms"
