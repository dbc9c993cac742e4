"""Bringing the database to the version of the code: our tables by Alembic, then the background engine's own."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

import migrations


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Idempotent. Two at once: the second waits for the first one's transaction."""
    with engine.begin() as connection:
        command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str = "base") -> None:
    with engine.begin() as connection:
        command.downgrade(_config(connection), revision)


def pending_revisions(engine: Engine) -> int:
    """How many migrations the database lacks; 0 when it is as the code wants it."""
    scripts = ScriptDirectory.from_config(_config(None))
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return sum(1 for _ in scripts.iterate_revisions("head", current or "base"))


def _config(connection: object) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    return config
