"""Nobody waits for a free connection longer than a person waits for an answer."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from core.context import Context
from core.database import POOL_WAIT_SECONDS, open_engine
from core.errors import Busy
from tests.factories import SYSTEM, make_app, make_engine


def nothing(ctx: Context, command: None) -> None:
    return None


def test_without_a_free_connection_the_answer_is_busy_and_comes_in_time(tmp_path: Path) -> None:
    make_engine(f"sqlite:///{tmp_path}/usher.db").dispose()
    engine = open_engine(f"sqlite:///{tmp_path}/usher.db", pool_size=1)
    app = make_app(engine)
    taken = [engine.connect() for _ in range(3)]

    for act in (app.read, app.run):
        began_at = time.monotonic()
        with pytest.raises(Busy):
            act(nothing, None, SYSTEM)
        # SQLAlchemy waits for thirty seconds, if it is not told otherwise; a busy machine adds to ours.
        assert POOL_WAIT_SECONDS <= time.monotonic() - began_at < 20
    assert POOL_WAIT_SECONDS < 2.9

    for connection in taken:
        connection.close()
    app.run(nothing, None, SYSTEM, deadline=timedelta(seconds=2.5))
    engine.dispose()
