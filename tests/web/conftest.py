"""A world of its own for each test, and a visitor from outside."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.web.world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


@pytest.fixture
def visitor(world: World) -> Iterator[TestClient]:
    # Entered, it keeps one event loop for all of its requests, which is much faster.
    with world.client() as visitor:
        yield visitor
