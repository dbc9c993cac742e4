"""How often: a whole school behind one address passes, a flood does not. The clock is moved, nobody waits."""

from datetime import timedelta

import pytest
from starlette.testclient import TestClient
from starlette.types import Scope

from tests.factories import FixedClock
from tests.web.world import World
from web.limits import (
    ACTS_A_LINK_A_MINUTE,
    ACTS_A_MINUTE,
    LOOKS_A_MINUTE,
    MISSES_A_MINUTE,
    Limit,
    network_of,
)

NAMES = {"first_name": "Ada", "last_name": "Marsh"}


# --- The counting -----------------------------------------------------------------------------------------


def test_a_window_lets_so_many_through_and_then_says_how_long_to_wait() -> None:
    clock = FixedClock()
    limit = Limit(2, clock)

    waits = [limit.wait("a"), limit.wait("a"), limit.wait("b"), limit.wait("a")]
    clock.advance(seconds=59.5)
    at_the_end = limit.wait("a")
    clock.advance(seconds=0.5)

    assert waits == [0, 0, 0, 60]
    assert at_the_end == 1
    assert limit.wait("a") == 0


def test_the_table_is_bounded_and_forgets_the_oldest_first() -> None:
    limit = Limit(1, FixedClock(), keys=3)

    for key in "abcd":
        limit.wait(key)

    assert len(limit) == 3
    assert limit.wait("d") > 0
    assert limit.wait("a") == 0


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    clock = FixedClock()
    limit = Limit(1, clock)
    limit.wait("a")

    clock.now -= timedelta(days=1)

    assert limit.wait("a") == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.5", "203.0.113.0/24"),
        ("203.0.113.250", "203.0.113.0/24"),
        ("203.0.114.5", "203.0.114.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("a socket", "a socket"),
    ],
)
def test_neighbours_count_as_one(address: str, network: str) -> None:
    scope: Scope = {"type": "http", "client": (address, 1234)}

    assert network_of(scope) == network


# --- Through the door -------------------------------------------------------------------------------------


def test_four_classes_behind_one_address_are_let_through(world: World, visitor: TestClient) -> None:
    link = world.invite()

    looks = {visitor.head(link).status_code for _ in range(4 * 30)}

    assert looks == {200}


@pytest.mark.slow  # The flood of answers goes through the same door.
def test_a_flood_of_looks_is_refused_until_the_minute_is_over(world: World, visitor: TestClient) -> None:
    for _ in range(LOOKS_A_MINUTE):
        visitor.head("/nowhere")

    refused = visitor.get(world.invite())
    health = [visitor.get(path).status_code for path in ("/healthz", "/readyz")]
    world.clock.advance(seconds=60)

    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "60"
    assert "Please wait 60 seconds and try again." in refused.text
    assert health == [200, 200]
    assert visitor.get(world.link()).status_code == 200


def test_one_link_is_not_pressed_by_a_program(world: World, visitor: TestClient) -> None:
    link, other = world.invite(), world.invite("bo@example.org")
    pressed = [visitor.post(f"{link}/accept").status_code for _ in range(ACTS_A_LINK_A_MINUTE)]

    refused = visitor.post(f"{link}/decline")
    beside = visitor.post(f"{other}/decline")
    world.clock.advance(seconds=60)

    assert set(pressed) == {400}
    assert refused.status_code == 429
    assert beside.status_code == 303
    assert visitor.post(f"{link}/accept", data=NAMES).status_code == 303


def test_a_flood_of_answers_from_one_network_is_refused(world: World, visitor: TestClient) -> None:
    for number in range(ACTS_A_MINUTE):
        visitor.post(f"/nowhere/{number}")

    assert visitor.post(f"{world.invite()}/decline").status_code == 429


def test_unknown_links_are_refused_without_locking_out_the_others(world: World, visitor: TestClient) -> None:
    link = world.invite()
    missed = {visitor.get(f"/i/{number}").status_code for number in range(MISSES_A_MINUTE)}

    refused = visitor.get("/i/one-more")

    assert missed == {404}
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert visitor.get(link).status_code == 200
