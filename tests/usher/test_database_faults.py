"""Whatever is wrong with the database, the command line says it in a sentence, says what to do, and ends."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from core.database import open_engine
from tests.servers.postgresql import PostgreSQL
from tests.servers.processes import free_port
from tests.usher.test_cli import Operator
from usher.migrating import HEAD, downgrade

LOOKING = ["held list", "jobs stats"]
STARTING = ["web", "worker"]
MAKING = ["migrate", "serve"]


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    operator = Operator(tmp_path)
    operator.succeeds("keys", "new", "--write")
    return operator


def refused(operator: Operator, command: str, url: str) -> str:
    """Two lines, the fault and what to do, and an exit status of 1."""
    done = operator.runs(*command.split(), USHER_DATABASE_URL=url, USHER_BIND=f"127.0.0.1:{free_port()}")

    assert done.returncode == 1
    assert done.stderr.count("\n") == 2, done.stderr
    return done.stderr


def at_revision(operator: Operator, migrated: Path, revision: str) -> str:
    path = shutil.copy(migrated, operator.folder / f"{revision}.db")
    engine = open_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
    engine.dispose()
    return f"sqlite:///{path}"


@pytest.mark.parametrize("command", LOOKING)
def test_looking_at_a_database_that_is_not_there_does_not_make_it(operator: Operator, command: str) -> None:
    said = refused(operator, command, "sqlite:///absent.db")

    path = operator.folder / "absent.db"
    assert said == f"The database is not ready: there is none at {path} yet.\nRun “usher migrate” first.\n"
    assert not path.exists()


@pytest.mark.parametrize("command", MAKING)
def test_a_file_in_no_folder_cannot_be_made(operator: Operator, command: str) -> None:
    said = refused(operator, command, "sqlite:///nowhere/usher.db")

    assert said.startswith("The database cannot be used: unable to open database file.\nLook at USHER_DATABASE_URL: ")


@pytest.mark.parametrize("command", LOOKING + MAKING)
def test_a_file_of_something_else_is_left_alone(operator: Operator, command: str) -> None:
    other = operator.folder / "letter.txt"
    other.write_text("This is a letter, and no database." * 20)

    assert refused(operator, command, f"sqlite:///{other}").startswith("The database cannot be used: file is not a")
    assert other.read_text().startswith("This is a letter")


@pytest.mark.parametrize("command", LOOKING + MAKING)
def test_a_newer_database_is_not_touched(operator: Operator, migrated: Path, command: str) -> None:
    said = refused(operator, command, at_revision(operator, migrated, "9999"))

    assert said.startswith(
        f"The database is of a newer version (9999) than this program ({HEAD}), so nothing was done."
    )


def test_an_older_database_is_brought_up_to_date_by_migrate(operator: Operator, migrated: Path) -> None:
    url = operator.environment["USHER_DATABASE_URL"]
    shutil.copy(migrated, url.removeprefix("sqlite:///"))
    engine = open_engine(url)
    downgrade(engine, "-1")
    engine.dispose()

    before = refused(operator, "held list", url)
    operator.succeeds("migrate")

    assert before.startswith("The database is not ready: it is of an earlier version.\nRun “usher migrate” first.")
    assert "0 held" in operator.succeeds("held", "list")


@pytest.mark.parametrize("command", LOOKING + STARTING + MAKING)
def test_a_server_that_is_away_is_named_at_once(operator: Operator, command: str) -> None:
    port = free_port()

    said = refused(operator, command, f"postgresql+psycopg://usher:hunter2@127.0.0.1:{port}/usher")

    assert said.startswith("The database cannot be used: connection to server")
    assert f"port {port} failed: Connection refused.\nLook at USHER_DATABASE_URL: the server must run" in said
    assert "hunter2" not in said


@pytest.mark.postgresql
def test_a_server_without_the_database_or_without_the_right_is_named(
    operator: Operator, postgresql_server: PostgreSQL
) -> None:
    absent = refused(operator, "worker", postgresql_server.url("absent"))
    empty = refused(operator, "worker", postgresql_server.url("postgres"))
    foreign = refused(operator, "migrate", postgresql_server.url("postgres"))

    assert 'database "absent" does not exist.' in absent
    assert empty.startswith("The database is not ready: it is empty.")
    assert foreign.startswith("The database cannot be used: permission denied for schema public.")
    assert "the role must own the database" in foreign
