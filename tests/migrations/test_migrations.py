"""The database's versions lead from empty to what the code maps, and back, on both databases."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

import migrations
from core.database import open_engine
from core.model import Base
from migrations.ours import ENGINE_TABLES, include_name
from tests.servers.postgresql import PostgreSQL
from usher.migrating import HEAD, downgrade, has_schema, upgrade


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
    assert has_schema(engine)
    engine.dispose()


def test_migrations_lead_back_to_empty(engine: Engine) -> None:
    upgrade(engine)

    downgrade(engine)

    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    assert not has_schema(engine)
    engine.dispose()


def test_the_version_that_a_start_asks_for_is_the_newest_script() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))

    assert scripts.get_current_head() == HEAD


def test_no_table_of_ours_has_a_name_of_the_background_engine() -> None:
    assert not ENGINE_TABLES & set(Base.metadata.tables)
