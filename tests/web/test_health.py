"""Alive without the database, ready only with it."""

import pytest
from starlette.testclient import TestClient

from tests.factories import counted_queries
from tests.web.world import World


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_alive_asks_nobody(world: World, visitor: TestClient, method: str) -> None:
    with counted_queries(world.app.engine) as statements:
        answer = visitor.request(method, "/healthz")

    assert answer.status_code == 200
    assert statements == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_ready_asks_the_database_and_changes_nothing(world: World, visitor: TestClient, method: str) -> None:
    before = world.dump()

    with counted_queries(world.app.engine) as statements:
        answer = visitor.request(method, "/readyz")

    assert answer.status_code == 200
    assert any("invitation" in statement for statement in statements)
    assert world.dump() == before


def test_not_ready_without_its_tables(world: World, visitor: TestClient) -> None:
    world.app.engine.dispose()
    world.database.write_bytes(b"")

    answer = visitor.get("/readyz")

    assert (answer.status_code, answer.text) == (503, "Not ready: the database does not answer.\n")
    assert visitor.get("/healthz").status_code == 200


def test_not_ready_while_the_program_says_so(world: World) -> None:
    readiness = [False, True]
    visitor = world.client(is_ready=lambda: readiness.pop(0))

    answers = [visitor.get("/readyz"), visitor.get("/readyz")]

    assert [answer.status_code for answer in answers] == [503, 200]
    assert answers[0].text == "Not ready: still starting, or going away.\n"
