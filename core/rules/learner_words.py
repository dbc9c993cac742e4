"""How learners are found by what people type: words of their names, from the beginning of each, whatever the accents.

Stored once a learner and never split again: `` young ada ada@example.org``. A word that was typed fits where it stands
behind a space.
"""

import re
import unicodedata
from typing import Final

from core.rules.policy import SEARCH_CHARACTERS, SEARCH_WORDS
from core.rules.text import folded

_APOSTROPHES: Final = re.compile("['’`ʼ]")
_BETWEEN: Final = re.compile(r"[\W_]+")
# 2025, 2025/26, 2025-26, 2025/2026
_ACADEMIC_YEAR: Final = re.compile(r"(20\d\d)(?:[/-](?:20)?(\d\d))?")
_UKPRN: Final = re.compile(r"1\d{7}")


def search_words(first_name: str, last_name: str, email: str) -> str:
    """Last name first: lists are sorted by it."""
    words = (*plain_words(last_name), *plain_words(first_name), folded(email))
    return "".join(f" {word}" for word in words if word)[:SEARCH_CHARACTERS]


def plain_words(text: str) -> list[str]:
    """``Zoë O'Neill-Shah`` is zoe, oneill and shah; letters of every alphabet stay."""
    if text.isascii() and text.isalpha():
        # As most names are.
        return [text.lower()]
    plain = text.lower() if text.isascii() else _without_marks(folded(text))
    return _BETWEEN.sub(" ", _APOSTROPHES.sub("", plain)).split()


def _without_marks(text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))


def typed_words(search: str) -> tuple[str, ...]:
    """In small letters, as they were typed; more than a few say nothing more."""
    return tuple(folded(search).split()[:SEARCH_WORDS])


def typed_year(word: str) -> int | None:
    """The year in which the academic year begins that the word names."""
    match = _ACADEMIC_YEAR.fullmatch(word)
    if match is None or (match[2] and int(match[2]) != (int(match[1]) + 1) % 100):
        return None
    return int(match[1])


def is_ukprn(word: str) -> bool:
    return _UKPRN.fullmatch(word) is not None


def academic_year_words(year: int) -> str:
    return f"{year}/{(year + 1) % 100:02}"
