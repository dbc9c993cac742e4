"""A world of its own for each test, and a visitor from outside."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.copies import SqliteCopies
from tests.factories import School
from tests.web.world import World, make_world, open_school


@pytest.fixture(scope="session")
def web_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteCopies[School]]:
    copies = SqliteCopies(tmp_path_factory.mktemp("web"), open_school)
    yield copies
    copies.close()


@pytest.fixture
def world(web_copies: SqliteCopies[School]) -> World:
    return make_world(web_copies)


@pytest.fixture
def visitor(world: World) -> Iterator[TestClient]:
    # Entered, it keeps one event loop for all of its requests, which is much faster.
    with world.client() as visitor:
        yield visitor
