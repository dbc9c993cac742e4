"""Bringing the database to the version of the code: our tables by Alembic, then the background engine's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine, Select, String, select, table
from sqlalchemy import column as named
from sqlalchemy.exc import DBAPIError

import migrations
from core.database import EVERY_ROW

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "0006"
"""The newest revision; a test compares it with the scripts. So a start can look without loading Alembic (200 ms)."""


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Idempotent. Two at once: the second waits for the first one's transaction."""
    from alembic import command

    with _of_everybody(engine).begin() as connection:
        command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str = "base") -> None:
    from alembic import command

    with _of_everybody(engine).begin() as connection:
        command.downgrade(_config(connection), revision)


def _of_everybody(engine: Engine) -> Engine:
    """Migrations may move rows of all organisations."""
    return engine.execution_options(usher_scope=EVERY_ROW)


def has_schema(engine: Engine) -> bool:
    """True when the database is exactly at the version that this code wants."""
    version: Select[str] = select(named("version_num", String)).select_from(table("alembic_version"))
    try:
        with engine.connect() as connection:
            return connection.execute(version).scalar_one_or_none() == HEAD
    except DBAPIError:
        return False


def _config(connection: object) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    return config
