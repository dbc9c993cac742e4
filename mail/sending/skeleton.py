"""A text that many mails share, encoded once; only the lines with a recipient's own values are encoded for each.

1. Substitution comes before encoding, a line at a time: filling slots in encoded text made lines of 126 characters.
2. A slot is one private-use character. Cleaned text has none, so no name or note can hold a slot.
"""

from collections.abc import Callable, Mapping
from itertools import groupby

from msgspec import Struct

from mail.sending.wire import quoted_printable

_FIRST_SLOT = 0xE000


def slots(names: tuple[str, ...]) -> dict[str, str]:
    """A slot for each name."""
    return {name: chr(_FIRST_SLOT + number) for number, name in enumerate(names)}


def _unchanged(value: str) -> str:
    return value


class Skeleton(Struct, frozen=True):
    """In quoted-printable. Bytes are ready; a line of text still has its slots."""

    pieces: tuple[bytes | str, ...]
    escape: Callable[[str], str] = _unchanged

    def fill(self, values: Mapping[str, str]) -> bytes:
        """``values``: by slot."""
        safe = [(slot, self.escape(value)) for slot, value in values.items()]
        return b"".join([piece if isinstance(piece, bytes) else _filled(piece, safe) for piece in self.pieces])


def skeleton(text: str, escape: Callable[[str], str] = _unchanged) -> Skeleton:
    pieces: list[bytes | str] = []
    for has_slot, group in groupby(text.splitlines(), _has_slot):
        lines = list(group)
        pieces.extend(lines if has_slot else [quoted_printable(lines)])
    return Skeleton(tuple(pieces), escape)


def _has_slot(line: str) -> bool:
    return any(_FIRST_SLOT <= ord(character) < _FIRST_SLOT + 16 for character in line)


def _filled(line: str, values: list[tuple[str, str]]) -> bytes:
    for slot, value in values:
        line = line.replace(slot, value)
    return quoted_printable((line,))
