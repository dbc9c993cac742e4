"""The database's versions lead from empty to what the code maps, and back, on both databases."""

import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, Enum, inspect

import migrations
from core.database import open_engine
from core.model import Base
from migrations.ours import ENGINE_TABLES, include_name
from tests.servers.postgresql import PostgreSQL
from usher.migrating import HEAD, downgrade, revision_of, upgrade


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    if request.param == "sqlite":
        return open_engine(f"sqlite:///{tmp_path}/usher.db")
    server: PostgreSQL = request.getfixturevalue("postgresql_server")
    return open_engine(server.url(server.create_database()))


def test_migrations_from_empty_end_in_what_the_code_maps(engine: Engine) -> None:
    upgrade(engine)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": include_name, "compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    assert revision_of(engine) == HEAD
    engine.dispose()


def test_the_words_that_a_column_takes_are_those_that_the_code_knows(engine: Engine) -> None:
    """Autogenerate does not look at these checks."""
    upgrade(engine)
    inspected = inspect(engine)

    for table in Base.metadata.sorted_tables:
        checks = {each["name"]: str(each["sqltext"]) for each in inspected.get_check_constraints(table.name)}
        for column in table.columns:
            if isinstance(column.type, Enum):
                (found,) = [text for name, text in checks.items() if str(name).endswith(f"_{column.type.name}")]
                assert set(re.findall(r"'([^']*)'", found)) == set(column.type.enums), f"{table.name}.{column.name}"
    engine.dispose()


def test_migrations_lead_back_to_empty(engine: Engine) -> None:
    upgrade(engine)

    downgrade(engine)

    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    assert not revision_of(engine)
    engine.dispose()


def test_the_version_that_a_start_asks_for_is_the_newest_script() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))

    assert scripts.get_current_head() == HEAD


def test_no_table_of_ours_has_a_name_of_the_background_engine() -> None:
    assert not ENGINE_TABLES & set(Base.metadata.tables)
