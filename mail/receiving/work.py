"""What the limited child runs of a large message's signatures: the library needs all of it at once, several times."""

from collections.abc import Iterator
from typing import BinaryIO

from msgspec import Struct

from mail.receiving.signatures import LookupSlow, Wanted, vouched_for


class Signed(Struct, frozen=True):
    """``records``: by their names what DNS said beforehand, for a child asks nobody; None: there is none."""

    size: int
    wanted: Wanted
    records: dict[str, bytes | None]
    slow: tuple[str, ...]
    """Of these it said nothing in time."""


def vouched(signed: Signed, source: BinaryIO) -> Iterator[str]:
    """As ``vouched_for``."""

    def record(name: str) -> bytes | None:
        if name in signed.slow:
            raise LookupSlow
        return signed.records.get(name)

    yield vouched_for(source.read(signed.size), signed.wanted, record)
