"""One-time access codes: short enough for a slip of paper, of characters that nobody confuses."""

from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Final

from core.rules.policy import ACCESS_CODE_GROUPS

ACCESS_CODE_CHARACTERS: Final = "ACDEFGHJKMNPQRTUVWXY34679"
"""Without B and 8, I, L and 1, O and 0, S and 5, Z and 2."""
_LENGTH: Final = sum(ACCESS_CODE_GROUPS)
# A byte to a character. The last six bytes are thrown away: with them some characters would be likelier than others.
_FAIR: Final = 256 - 256 % len(ACCESS_CODE_CHARACTERS)
_BY_BYTE: Final = bytes(ord(ACCESS_CODE_CHARACTERS[byte % len(ACCESS_CODE_CHARACTERS)]) for byte in range(256))
_UNFAIR: Final = bytes(range(_FAIR, 256))
_BOUNDS: Final = tuple(pairwise(accumulate(ACCESS_CODE_GROUPS, initial=0)))


def access_codes(count: int, entropy: Callable[[int], bytes]) -> list[str]:
    """``KXQ47-MRT3W`` each. ``entropy`` gives as many random bytes as it is asked for."""
    characters = b""
    while len(characters) < count * _LENGTH:
        characters += entropy(count * _LENGTH).translate(_BY_BYTE, _UNFAIR)
    text = characters.decode("ascii")
    return [_grouped(text[begin : begin + _LENGTH]) for begin in range(0, count * _LENGTH, _LENGTH)]


def _grouped(characters: str) -> str:
    return "-".join(characters[begin:end] for begin, end in _BOUNDS)
