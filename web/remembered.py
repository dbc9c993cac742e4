"""What is remembered for some seconds, so that a whole school at once costs little.

How a link's page looks is the same for everybody; what somebody was told who has joined is told again to who presses
twice. Both are gone with the process, and nothing depends on them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from starlette.responses import Response

from core.context import Clock
from core.usecases.links.joining import JoinByLink, JoinedByLink

_KEPT_FOR: Final = timedelta(seconds=2)
_MOST_KEPT: Final = 1000
_SAME_PRESS: Final = timedelta(seconds=10)
_MOST_TOLD: Final = 20_000


class Look(Struct, frozen=True):
    page: Response
    lets_in: bool
    """Whoever has joined may be told so: it is not closed, and wants no proof of an address."""


class _Kept(Struct, frozen=True):
    until: datetime
    look: asyncio.Future[Look]


class KeptLooks:
    """A look a token, for a moment. Those who ask while it is being made wait for the same one. One event loop only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, _Kept] = {}

    async def look(self, token: str, make: Callable[[str], Awaitable[Look]]) -> Look:
        now = self._clock()
        kept = self._kept.get(token)
        if kept is None or not kept.until - _KEPT_FOR <= now < kept.until:
            self._kept.pop(token, None)
            while len(self._kept) >= _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            kept = self._kept[token] = _Kept(now + _KEPT_FOR, asyncio.ensure_future(make(token)))
        try:
            # Whoever hangs up must not end it for the others.
            return await asyncio.shield(kept.look)
        except Exception:
            self._kept.pop(token, None)
            raise


class JustJoined:
    """What whoever has joined was told, for some seconds: who presses twice is told the same, and costs no look."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # In the order in which they joined.
        self._told: dict[tuple[str, str], tuple[datetime, JoinedByLink]] = {}

    def note(self, press: JoinByLink, answer: JoinedByLink) -> None:
        now = self._clock()
        while self._told and (len(self._told) >= _MOST_TOLD or _is_over(next(iter(self._told.values()))[0], now)):
            del self._told[next(iter(self._told))]
        self._told[press.token, press.address] = now, answer

    def told(self, press: JoinByLink) -> JoinedByLink | None:
        joined_at, answer = self._told.get((press.token, press.address), (None, None))
        return None if joined_at is None or _is_over(joined_at, self._clock()) else answer


def _is_over(joined_at: datetime, now: datetime) -> bool:
    """Also where the clock was set back."""
    return not joined_at <= now < joined_at + _SAME_PRESS
