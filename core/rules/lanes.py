"""Calls that the other side counts: so many at once, and then one at a time."""

from datetime import timedelta
from hashlib import sha256

from msgspec import Struct


class Lane(Struct, frozen=True):
    """``burst`` calls at once and one every ``interval`` after them: in a minute no more than the two together."""

    name: str
    interval: timedelta
    burst: int

    @property
    def key(self) -> int:
        """A positive 63-bit number, the same in every process; nobody reads the name out of it."""
        return int.from_bytes(sha256(self.name.encode()).digest()[:8]) >> 1 or 1
