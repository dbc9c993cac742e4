"""A database that is up to date: migrated once, copied for whoever wants to begin with it."""

from pathlib import Path

import pytest

from core.database import open_engine
from usher.migrating import upgrade
from worker.engine import migrate


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As ``usher migrate`` leaves it."""
    path = tmp_path_factory.mktemp("migrated") / "usher.db"
    engine = open_engine(f"sqlite:///{path}", pool_size=1)
    upgrade(engine)
    engine.dispose()
    migrate(f"sqlite:///{path}")
    return path
