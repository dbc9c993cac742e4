"""Slack's rate limits: so many calls a minute of each method and workspace, one message a second a channel."""

import math
from collections import defaultdict, deque
from collections.abc import Callable
from enum import IntEnum

WINDOW_SECONDS = 60
# Slack allows "short bursts" above one message a second and does not say how short; five is our guess.
CHANNEL_BURST = 5


class Tier(IntEnum):
    """Calls a minute. Slack gives the special ones no number: several hundred are known to pass."""

    TWO = 20
    THREE = 50
    FOUR = 100
    SPECIAL = 300


class RateLimits:
    """`allowance` multiplies Slack's numbers: 1 is Slack, math.inf switches the limits off."""

    def __init__(self, now: Callable[[], float], allowance: float = 1.0) -> None:
        self._now = now
        self.allowance = allowance
        self._calls: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._channels: dict[str, tuple[float, float]] = {}

    def wait_for_call(self, method: str, team_id: str, tier: Tier) -> int:
        """Seconds to wait (Retry-After), or 0 when the call may go on and is counted."""
        now, calls = self._now(), self._calls[method, team_id]
        while calls and calls[0] <= now - WINDOW_SECONDS:
            calls.popleft()
        if len(calls) >= tier * self.allowance:
            return max(1, math.ceil(calls[0] + WINDOW_SECONDS - now))
        calls.append(now)
        return 0

    def wait_for_channel(self, channel_id: str) -> int:
        """The same for one more message in a channel."""
        if math.isinf(self.allowance):
            return 0
        now, most = self._now(), CHANNEL_BURST * self.allowance
        left, since = self._channels.get(channel_id, (most, now))
        left = min(most, left + (now - since) * self.allowance)
        is_free = left >= 1
        self._channels[channel_id] = (left - 1 if is_free else left, now)
        return 0 if is_free else max(1, math.ceil((1 - left) / self.allowance))
