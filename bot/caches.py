"""What need not be asked again for a while."""

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from core.context import Clock

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class TimedCache(Generic[Key, Value]):
    """Holds at most ``most`` values, each for ``life``. The oldest makes room. Used by the event loop's thread only.

    What was kept before the clock was set back is forgotten: it would outlive its life.
    """

    def __init__(self, clock: Clock, life: timedelta, most: int) -> None:
        self._clock = clock
        self._life = life
        self._most = most
        self._kept: dict[Key, tuple[Value, datetime]] = {}

    def get(self, key: Key) -> Value | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        value, until = kept
        if not until - self._life <= self._clock() < until:
            del self._kept[key]
            return None
        return value

    def put(self, key: Key, value: Value) -> None:
        self._kept.pop(key, None)
        while len(self._kept) >= self._most:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (value, self._clock() + self._life)

    def drop(self, is_stale: Callable[[Key], bool]) -> None:
        for key in [key for key in self._kept if is_stale(key)]:
            del self._kept[key]
