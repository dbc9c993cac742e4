"""Postcodes by the shapes of the Bulk Data Transfer's additional validation, November 2015, and BS 7666."""

import pytest
from hypothesis import given

from core.rules.ucas.postcodes import postcode
from core.rules.ucas.problems import Cell
from tests.core.rules.ucas.cells import CELLS, codes


@pytest.mark.parametrize(("cell", "value"), [
    ("M1 1AE", "M1 1AE"),  # A9
    ("B33 8TH", "B33 8TH"),  # A99
    ("CR2 6XH", "CR2 6XH"),  # AA9
    ("DN55 1PT", "DN55 1PT"),  # AA99
    ("W1A 0AX", "W1A 0AX"),  # A9A
    ("EC1A 1BB", "EC1A 1BB"),  # AA9A
    ("gir0aa", "GIR 0AA"),
    ("bfpo 57", "BFPO 57"),
    ("BFPO1234", "BFPO 1234"),
    (" ec1a\u00a01bb ", "EC1A 1BB"),
    ("EC1A  1BB", "EC1A 1BB"),
    ("ec1a1bb", "EC1A 1BB"),
    ("E C1A 1B B", "EC1A 1BB"),
])  # fmt: skip
def test_each_shape_of_postcode_is_taken_in_capitals_with_one_space(cell: str, value: str) -> None:
    assert postcode(cell) == (value, ())


@pytest.mark.parametrize(("cell", "suggestion"), [
    ("Q1 1AA", ""), ("V1 1AA", ""), ("X1 1AA", ""),  # No first letter is one of these.
    ("AI1 1AA", ""), ("AJ1 1AA", ""), ("AZ1 1AA", ""),  # Nor a second one.
    ("W1M 1AA", ""), ("W1I 1AA", ""), ("EC1C 1AA", ""),  # Third and fourth letters.
    ("M1 1AC", ""), ("M1 1IA", ""), ("M1 1KA", ""), ("M1 1AM", ""), ("M1 1OA", ""), ("M1 1AV", ""),  # Inward letters.
    ("NPT 1AA", ""), ("M111 1AA", ""), ("M1", ""), ("1AA", ""), ("BFPO 12345", ""), ("BFPO", ""),
    ("Exampleton", ""), ("12345", ""), ("M1 1AE, GB", ""), ("M1-1AE", ""), ("Ｍ1 1AE", ""),
    ("W1A OAX", "W1A 0AX"), ("M1 IAE", "M1 1AE"),  # A letter where there must be a digit.
])  # fmt: skip
def test_any_other_is_refused(cell: str, suggestion: str) -> None:
    value, problems = postcode(cell)

    assert value is None
    assert codes(problems) == ["postcode.shape"]
    assert problems[0].suggestion == suggestion


@pytest.mark.parametrize("cell", ["ZZ99 9ZZ", "zz993vz"])
def test_the_postcode_of_an_unknown_address_is_taken_with_a_warning(cell: str) -> None:
    value, problems = postcode(cell)

    assert value in {"ZZ99 9ZZ", "ZZ99 3VZ"}
    assert codes(problems) == ["postcode.unknown_address"]


def test_it_is_mandatory() -> None:
    """UM 7.4."""
    assert codes(postcode("")[1]) == codes(postcode(None)[1]) == ["cell.required"]


@given(CELLS)
def test_any_cell_gets_an_answer_that_stays_the_same_when_asked_again(cell: Cell) -> None:
    value, problems = postcode(cell)

    assert (value is None) <= bool(problems)
    assert value is None or postcode(value)[0] == value
