"""Learners' usernames (UM 5.1): what is one, and one made from a name for whoever is created without."""

import functools
import re
import unicodedata
from collections.abc import Callable, Container
from typing import Final

from core.rules.policy import GENERATED_USERNAME_CHARACTERS, USERNAME_CHARACTERS

_LEAST, _MOST = USERNAME_CHARACTERS
_USERNAME = re.compile(rf"[A-Za-z0-9@.\-_]{{{_LEAST},{_MOST}}}")
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
# Letters that are none with a mark, in the spelling that passports use (ICAO 9303).
_LETTERS: Final = str.maketrans({
    "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h",
    "ŧ": "t", "'": None, "’": None, "`": None,
})  # fmt: skip
_NAMELESS: Final = "learner"
# Few enough digits to be typed; more when so many have the same name that these are hard to find free.
_DIGITS: Final = 4
_TRIES: Final = 20


def is_username(text: str) -> bool:
    """Compared without case: two that differ in it only are the same."""
    return _USERNAME.fullmatch(text) is not None


def username_from(first_name: str, last_name: str, *, taken: Container[str], new_number: Callable[[], int]) -> str:
    """``ada.young``, or ``ada.young.4821`` where that is taken or too short. In small letters, as ``taken`` is."""
    stem = username_stem(first_name, last_name)
    if len(stem) >= _LEAST and stem not in taken:
        return stem
    digits = _DIGITS
    while True:
        for _ in range(_TRIES):
            found = f"{stem}.{new_number() % 10**digits:0{digits}}"
            if found not in taken:
                return found
        digits += 1


def username_stem(first_name: str, last_name: str) -> str:
    """What every username made from this name begins with."""
    parts = filter(None, (_plain(first_name), _plain(last_name)))
    return ".".join(parts)[:GENERATED_USERNAME_CHARACTERS].strip("-.") or _NAMELESS


def _plain(name: str) -> str:
    """In a to z: names in other alphabets leave nothing, and nobody's name is spelt by guessing."""
    return "-".join(filter(None, map(_plain_part, name.split("-"))))


@functools.lru_cache(maxsize=4096)
def _plain_part(name: str) -> str:
    if name.isalpha() and name.isascii():
        return name.lower()
    letters = unicodedata.normalize("NFKD", name.lower().translate(_LETTERS))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _NOT_PLAIN.sub("-", bare).strip("-")
