"""A suggestion needs likeness, a lead over every other choice, and enough letters to tell."""

import pytest

from core.rules.ucas.suggestions import nearest


@pytest.mark.parametrize(("typed", "choices", "found"), [
    ("femle", ("female", "male"), "female"),
    ("fem", ("female", "male"), ""),  # Not like enough.
    ("f", ("female", "male"), ""),  # Three letters tell nothing.
    ("male", ("female", "male"), "male"),
    ("year 1", ("year 10", "year 11"), ""),  # No lead.
    ("10000002", ("10000001", "20000001"), "10000001"),
    ("10000002", ("10000001", "10000003"), ""),
    ("anything", (), ""),
    ("x" * 10_000, ("female",), ""),
])  # fmt: skip
def test_the_nearest_choice_is_suggested_when_nothing_else_is_nearly_as_near(
    typed: str, choices: tuple[str, ...], found: str
) -> None:
    assert nearest(typed, choices) == found
