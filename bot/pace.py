"""How fast we may speak: so many at once, and then one at a time."""

import math
from collections.abc import Hashable
from datetime import datetime, timedelta

from core.context import Clock

_MOST_KEYS = 10_000


class Pace:
    """A token bucket a key. Waits for nobody: it says how long the caller has to. Guard it with a lock."""

    def __init__(self, clock: Clock, *, per_second: float, burst: int) -> None:
        self._clock = clock
        self._per_second = per_second
        self._burst = burst
        self._left: dict[Hashable, tuple[float, datetime]] = {}

    def wait_for(self, key: Hashable) -> int:
        """Whole seconds to wait, or 0 when one more may go, which is then counted."""
        now = self._clock()
        left, since = self._left.pop(key, (float(self._burst), now))
        left = min(self._burst, left + (now - since).total_seconds() * self._per_second)
        is_free = left >= 1
        self._left[key] = (left - 1 if is_free else left, now)
        if len(self._left) > _MOST_KEYS:
            del self._left[next(iter(self._left))]
        return 0 if is_free else max(1, math.ceil((1 - left) / self._per_second))


class Closed:
    """What the other side wants to hear nothing of, and until when. Guard it with a lock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[Hashable, datetime] = {}

    def close(self, key: Hashable, seconds: float) -> None:
        self._until[key] = self._clock() + timedelta(seconds=seconds)

    def wait_for(self, key: Hashable) -> float:
        """Seconds, or 0 when it is open."""
        until = self._until.get(key)
        left = (until - self._clock()).total_seconds() if until else 0.0
        if left <= 0:
            self._until.pop(key, None)
        return max(0.0, left)
