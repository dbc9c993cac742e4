"""One-time access codes: their shape, and how they are read back however they were typed."""

from random import Random  # noqa: TID251 - it is seeded

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.access_codes import (
    ACCESS_CODE_CHARACTERS,
    access_code_from,
    access_codes,
    typed_access_code,
)

ENTROPY = st.binary(min_size=16, max_size=32)


def test_no_character_looks_like_another_one() -> None:
    for alike in ("O0", "I1L", "S5", "Z2", "B8"):
        assert not set(alike) & set(ACCESS_CODE_CHARACTERS)
    assert len(set(ACCESS_CODE_CHARACTERS)) == len(ACCESS_CODE_CHARACTERS) == 25


@given(ENTROPY)
def test_a_code_is_ten_of_them_in_two_groups_and_is_read_back(entropy: bytes) -> None:
    code = access_code_from(entropy)

    assert [len(group) for group in code.split("-")] == [5, 5]
    assert typed_access_code(code) == code


@given(ENTROPY)
def test_it_may_be_typed_in_small_letters_and_with_any_gaps(entropy: bytes) -> None:
    code = access_code_from(entropy)

    assert typed_access_code(f" {code.lower().replace('-', ' – ')} ") == code
    assert typed_access_code(code.replace("-", "")) == code


@pytest.mark.parametrize("text", ["", "-", "AAAAA-AAAA", "AAAAA-AAAAAA", "AAAAA-AAAA0", "AAAAA-AAAAÄ", "AAAAA_AAAAA"])
def test_anything_else_is_no_code(text: str) -> None:
    assert typed_access_code(text) is None


@given(st.text())
def test_any_text_can_be_asked_about(text: str) -> None:
    found = typed_access_code(text)

    assert found is None or typed_access_code(found) == found


def test_too_little_chance_makes_no_code() -> None:
    with pytest.raises(ValueError):
        access_code_from(b"guessable")


def test_other_chance_makes_another_code() -> None:
    assert access_code_from(bytes(16)) != access_code_from(bytes([*bytes(15), 1]))


def test_many_codes_are_made_at_once() -> None:
    random = Random(7)

    codes = access_codes(500, random.randbytes)

    assert len(set(codes)) == 500
    assert all(typed_access_code(code) == code for code in codes)
    assert set("".join(codes)) == {*ACCESS_CODE_CHARACTERS, "-"}
    assert access_codes(0, random.randbytes) == []


def test_chance_that_would_make_some_characters_likelier_is_thrown_away() -> None:
    pieces = iter([bytes([255, 250] * 5), bytes(range(10))])

    assert access_codes(1, lambda _: next(pieces)) == ["ACDEF-GHJKM"]
