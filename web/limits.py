"""How often a network or a link may ask. Counted in memory, for a database write per page view would cost more.

Why these numbers. A whole school often shares one public address: a class of 30 that opens its links, fills the form,
errs and answers within one minute makes some 150 requests; four classes at once must pass. A network is a /24 of IPv4
(mobile operators hand its addresses around) or a /64 of IPv6 (one household has all of them).
Guessing is no danger to a 128-bit signature; the limits keep floods away from the database.
A link that is pressed more than ten times a minute is pressed by a program.
A shared link is pressed by a whole school at once, behind one address: ten thousand learners within a minute, each with
a scanner that looks first, a look of their own and two presses. So its pages, and those that confirm an address, have
limits of their own, half as high again as that. They stop a program that would join without end; a cap on the link's
uses is what stops a slower one.
Each process counts for itself: with four of them a network may ask four times as often. That is still no flood, and one
count for all would be a write to the database for each page view. A bound for all belongs into the proxy in front.
Unknown links are counted apart and refused by themselves: 30 misses from one network never lock out the learners in it.
"""

import functools
import ipaddress
import logging
import math
from datetime import datetime, timedelta
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from core.context import Clock
from web.pages import Pages
from web.problems import too_often

LOOKS_A_MINUTE: Final = 600
ACTS_A_MINUTE: Final = 300
ACTS_A_LINK_A_MINUTE: Final = 10
MISSES_A_MINUTE: Final = 30
CROWD_LOOKS_A_MINUTE: Final = 45_000
CROWD_ACTS_A_MINUTE: Final = 30_000
_CROWDS: Final = ("/j/", "/c/")
_KEYS: Final = 20_000
_WINDOW: Final = timedelta(minutes=1)
_IPV4_PREFIX: Final = 24
_IPV6_PREFIX: Final = 64
_TOKEN_CHARACTERS: Final = 64
# Everybody's: these count their askers themselves, or want a session.
_NO_LINKS: Final = frozenset({"sign-in", "sign-in/code", "sign-out", "terms"})
_NOT_COUNTED: Final = frozenset({"/healthz", "/readyz"})
_log = logging.getLogger("usher.web")


class Limit:
    """At most ``count`` a ``window`` for each key. The table is bounded: the oldest window makes room for a new one."""

    def __init__(self, count: int, clock: Clock, *, keys: int = _KEYS, window: timedelta = _WINDOW) -> None:
        self._count = count
        self._window = window
        self._clock = clock
        self._keys = keys
        # In the order in which the windows began.
        self._windows: dict[str, tuple[datetime, int]] = {}

    def __len__(self) -> int:
        return len(self._windows)

    def wait(self, key: str) -> int:
        """Counts one more. 0: go on; else the seconds until the next one is let through."""
        now = self._clock()
        began, used = self._windows.get(key, (now, 0))
        # A clock that was set back must not lock anybody out.
        if not began <= now < began + self._window:
            self._windows.pop(key)
            began, used = now, 0
        if key not in self._windows and len(self._windows) >= self._keys:
            self._windows.pop(next(iter(self._windows)))
        self._windows[key] = (began, used + 1)
        if used == self._count:
            _log.warning("more than %d in %s; refused for the rest of it", self._count, self._window)
        return 0 if used < self._count else math.ceil((began + self._window - now).total_seconds())


class HowOften:
    """Files and health checks are not counted: a flood must not look like an illness."""

    def __init__(self, app: ASGIApp, *, pages: Pages, clock: Clock) -> None:
        self._app = app
        self._pages = pages
        self._looks = Limit(LOOKS_A_MINUTE, clock)
        self._acts = Limit(ACTS_A_MINUTE, clock)
        self._acts_of_links = Limit(ACTS_A_LINK_A_MINUTE, clock)
        self._crowd_looks = Limit(CROWD_LOOKS_A_MINUTE, clock)
        self._crowd_acts = Limit(CROWD_ACTS_A_MINUTE, clock)
        self._acts_of_shared = Limit(CROWD_ACTS_A_MINUTE, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        seconds = self._wait(scope) if scope["type"] == "http" and _is_counted(scope["path"]) else 0
        if seconds:
            await self._pages.problem(too_often(seconds))(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _wait(self, scope: Scope) -> int:
        network, path = network_of(scope), scope["path"]
        is_crowd = path.startswith(_CROWDS)
        if scope["method"] != "POST":
            return (self._crowd_looks if is_crowd else self._looks).wait(network)
        link = _link_of(path)
        acts_of_link = self._acts_of_shared if path.startswith("/j/") else self._acts_of_links
        acts = self._crowd_acts if is_crowd else self._acts
        return acts.wait(network) or (0 if link in _NO_LINKS else acts_of_link.wait(link))


def network_of(scope: Scope) -> str:
    """The neighbourhood of the client's address, as the trusted proxies report it."""
    return _network(scope["client"][0] if scope.get("client") else "")


# The same few proxies and schools ask again and again.
@functools.lru_cache(maxsize=_KEYS)
def _network(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    prefix = _IPV4_PREFIX if address.version == 4 else _IPV6_PREFIX
    return str(ipaddress.ip_network((address, prefix), strict=False))


def _is_counted(path: str) -> bool:
    return path not in _NOT_COUNTED and not path.startswith("/static/")


def _link_of(path: str) -> str:
    """``/i/<token>/accept`` and ``/i/<token>/decline`` are one link."""
    return "/".join(path.split("/")[1:3])[:_TOKEN_CHARACTERS]
