"""What is kept for a while, and what is forgotten."""

from datetime import timedelta

from bot.caches import TimedCache
from tests.factories import FixedClock


def test_a_value_is_kept_for_its_life() -> None:
    clock = FixedClock()
    cache: TimedCache[str, int] = TimedCache(clock, timedelta(seconds=60), 10)
    cache.put("a", 1)

    clock.advance(seconds=59)
    young = cache.get("a")
    clock.advance(seconds=1)

    assert (young, cache.get("a")) == (1, None)


def test_a_clock_that_is_set_back_keeps_nothing_for_longer() -> None:
    clock = FixedClock()
    cache: TimedCache[str, int] = TimedCache(clock, timedelta(seconds=60), 10)
    cache.put("a", 1)

    clock.advance(hours=-1)

    assert cache.get("a") is None


def test_the_oldest_makes_room() -> None:
    cache: TimedCache[int, int] = TimedCache(FixedClock(), timedelta(seconds=60), 2)

    for number in (1, 2, 1, 3):
        cache.put(number, number)

    assert [cache.get(number) for number in (1, 2, 3)] == [1, None, 3]


def test_what_is_stale_is_dropped() -> None:
    cache: TimedCache[str, int] = TimedCache(FixedClock(), timedelta(seconds=60), 10)
    cache.put("a", 1)
    cache.put("b", 2)

    cache.drop(lambda key: key == "a")

    assert [cache.get(key) for key in "ab"] == [None, 2]
