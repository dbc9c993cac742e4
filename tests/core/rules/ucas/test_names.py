"""Names and address lines: any text, cleaned; what Excel made of it is refused."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given

from core.rules.policy import ADDRESS_LINE_CHARACTERS, NAME_CHARACTERS
from core.rules.text import clean_name
from core.rules.ucas.names import first_name, house, last_name, locality, street, town
from core.rules.ucas.problems import Cell
from tests.core.rules.ucas.cells import CELLS, Broken, codes

NAMES = (first_name, last_name)
LINES = (house, street, locality, town)


@pytest.mark.parametrize(("cell", "value"), [
    ("Ada", "Ada"), ("  Ada \u00a0 Mary\u200b ", "Ada Mary"), ("Zoe\u0308", "Zo\u00eb"), ("O’Neill", "O’Neill"),
    ("Ali\x00ce", "Alice"), ("Null", "Null"), ("None", "None"), ("נעמי", "נעמי"), ("D'Arcy-Smith", "D'Arcy-Smith"),
])  # fmt: skip
def test_a_name_is_kept_but_for_what_nobody_sees(cell: str, value: str) -> None:
    for check in NAMES:
        assert check(cell) == (value, ())


@pytest.mark.parametrize(("cell", "code"), [
    (None, "cell.required"),  # UM 7.4: mandatory.
    (" \u00a0", "cell.required"),
    ("-", "name.no_letter"),
    ("123", "name.no_letter"),
    (123, "name.no_letter"),
    ("A" * (NAME_CHARACTERS + 1), "cell.too_long"),
    ("A" * 30_000, "cell.too_long"),
    (True, "cell.boolean"),
    (date(2010, 3, 31), "cell.date"),
    ("#VALUE!", "cell.error"),
    ("#######", "cell.error"),
    (Broken("too_long", "A" * 80), "cell.too_long"),
])  # fmt: skip
def test_what_is_no_name_is_refused(cell: Cell, code: str) -> None:
    for check in NAMES:
        value, problems = check(cell)

        assert value is None
        assert codes(problems) == [code]


@pytest.mark.parametrize(("cell", "value"), [
    ("12a", "12a"), (12, "12"), (12.0, "12"), ("1/2", "1/2"), ("High  Street ", "High Street"), ("", None),
    (None, None), ("'=Flat", "=Flat"), ("'-4", "-4"), ("'s-Gravenhage House", "'s-Gravenhage House"),
])  # fmt: skip
def test_an_address_line_is_any_text_or_nothing(cell: Cell, value: str | None) -> None:
    for check in LINES:
        assert check(cell) == (value, ())


@pytest.mark.parametrize(("cell", "code"), [
    (date(2026, 2, 1), "cell.date"),  # A house 1/2, as Excel understands it.
    (time(12, 30), "cell.date"),
    (timedelta(hours=30), "cell.date"),
    (float(2**53), "number.damaged"),
    ("n/a", "cell.placeholder"),
    ("A" * (ADDRESS_LINE_CHARACTERS + 1), "cell.too_long"),
])  # fmt: skip
def test_what_excel_made_of_a_line_is_not_guessed_back(cell: Cell, code: str) -> None:
    for check in LINES:
        value, problems = check(cell)

        assert value is None
        assert codes(problems) == [code]


@given(CELLS)
def test_any_cell_gets_an_answer_that_stays_the_same_when_asked_again(cell: Cell) -> None:
    for check in (*NAMES, *LINES):
        value, problems = check(cell)

        assert value is None or (problems, value) == ((), clean_name(value, 100))
        assert value is None or value.startswith("'") or check(value)[0] == value
