"""What learners are found by."""

import pytest

from core.rules.learner_words import academic_year_words, is_ukprn, plain_words, search_words, typed_words, typed_year
from core.rules.policy import SEARCH_CHARACTERS, SEARCH_WORDS


def test_the_words_of_a_learner_begin_with_the_last_name() -> None:
    assert search_words("Zoë Ann", "O'Neill-Shah", "Zoe@Example.org") == " oneill shah zoe ann zoe@example.org"
    assert search_words("李", "王", "") == " 王 李"
    assert len(search_words("a" * 300, "b" * 300, "")) == SEARCH_CHARACTERS


@pytest.mark.parametrize(
    ("text", "words"),
    [("Łukasz_Müller", ["łukasz", "muller"]), ("D’Arcy", ["darcy"]), ("  ", []), ("%_-", []), ("É", ["e"])],
)
def test_accents_apostrophes_and_hyphens_make_no_difference(text: str, words: list[str]) -> None:
    assert plain_words(text) == words


@pytest.mark.parametrize(
    ("word", "year"),
    [("2025", 2025), ("2025/26", 2025), ("2025-26", 2025), ("2025/2026", 2025), ("2025/27", None), ("1999", None),
     ("20251", None), ("2099/00", 2099)],
)  # fmt: skip
def test_an_academic_year_is_named_by_the_year_in_which_it_begins(word: str, year: int | None) -> None:
    assert typed_year(word) == year


def test_a_search_has_a_few_words() -> None:
    assert len(typed_words("a " * 100)) == SEARCH_WORDS
    assert (is_ukprn("10000001"), is_ukprn("20000001"), academic_year_words(2099)) == (True, False, "2099/00")
