"""Usernames of learners: the rules of UM 5.1, and names made for whoever is created without one."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.policy import GENERATED_USERNAME_CHARACTERS, USERNAME_CHARACTERS
from core.rules.usernames import is_username, username_from


@pytest.mark.parametrize(("text", "is_one"), [
    ("ada.yo", True), ("a" * 127, True), ("ada@example.org", True), ("A-B_c.9@", True),
    ("ada.y", False), ("a" * 128, False), ("ada young", False), ("zoë.young", False), ("ada.young\n", False),
    ("", False),
])  # fmt: skip
def test_a_username_has_6_to_127_letters_digits_and_four_marks(text: str, is_one: bool) -> None:
    assert is_username(text) is is_one


@pytest.mark.parametrize(("first", "last", "username"), [
    ("Ada", "Young", "ada.young"),
    ("Zoë", "O’Neill", "zoe.oneill"),
    ("Mary Ann", "Smith-Jones", "mary-ann.smith-jones"),
    ("Łukasz", "Groß", "lukasz.gross"),
    ("Bo", "Li", "bo.li.0007"),  # Too short by itself.
    ("נעמי", "Young", "young.0007"),
    ("娜", "李", "learner"),
    ("", "", "learner"),
])  # fmt: skip
def test_a_username_is_made_from_the_name(first: str, last: str, username: str) -> None:
    assert username_from(first, last, taken=set(), new_number=lambda: 7) == username


def test_a_taken_username_gets_a_number() -> None:
    taken = {"ada.young", "ada.young.0001", "ada.young.0002"}

    assert username_from("Ada", "Young", taken=taken, new_number=count(1).__next__) == "ada.young.0003"


def test_numbers_grow_longer_when_none_is_free() -> None:
    class AllShort:
        def __contains__(self, username: object) -> bool:
            return len(str(username)) <= len("ada.young.9999")

    assert username_from("Ada", "Young", taken=AllShort(), new_number=lambda: 123456) == "ada.young.23456"


@given(st.lists(st.tuples(st.text(max_size=120), st.text(max_size=120)), max_size=20))
def test_any_names_get_usernames_that_are_allowed_and_different(names: list[tuple[str, str]]) -> None:
    numbers = count(3, 7)
    taken: set[str] = set()

    for first, last in names:
        taken.add(username_from(first, last, taken=taken, new_number=numbers.__next__))

    assert len(taken) == len(names)
    assert all(is_username(username) and username == username.lower() for username in taken)
    assert all(len(username) <= GENERATED_USERNAME_CHARACTERS + 5 < USERNAME_CHARACTERS[1] for username in taken)
