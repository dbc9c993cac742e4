"""The learner import is known by its headings, however they are spelt and wherever they stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.learner_sheets import recognised_sheet
from core.rules.ucas.columns import LEARNER_COLUMNS

MANDATORY = ("UKPRN", "First name", "Last name", "Postcode")
CELLS = st.text(max_size=12)


def learner(email: str) -> list[str]:
    return ["10000001", "", "Ada", "Young", email, *[""] * 12]


def test_the_template_is_recognised_with_its_learners() -> None:
    sheet = recognised_sheet([LEARNER_COLUMNS, learner("ada@example.org"), [""] * 17, learner("")])

    assert sheet is not None
    assert (sheet.columns, sheet.rows, sheet.emails) == (17, 2, ("ada@example.org",))


@pytest.mark.parametrize("headings", [
    ["ukprn*", "FIRST NAME*", "last_name", "Post-code"],
    ["Postcode", "Notes", "Last Name ", "First\u00a0name", "UKPRN"],
    ["\ufeffＵＫＰＲＮ", "First name", "Last name", "Postcode"],
])  # fmt: skip
def test_spelling_order_and_company_do_not_matter(headings: list[str]) -> None:
    sheet = recognised_sheet([["Learners of spring"], headings, ["1", "2", "3", "4"]])

    assert sheet is not None
    assert (sheet.columns, sheet.rows, sheet.emails) == (len(headings), 1, None)


@pytest.mark.parametrize("missing", MANDATORY)
def test_a_sheet_without_a_mandatory_column_is_no_import(missing: str) -> None:
    assert recognised_sheet([[name for name in LEARNER_COLUMNS if name != missing]]) is None


def test_a_short_row_has_no_address_and_still_counts() -> None:
    sheet = recognised_sheet([LEARNER_COLUMNS, ["10000001", "", "Ada"]])

    assert sheet is not None
    assert (sheet.rows, sheet.emails) == (1, ())


@given(st.permutations(LEARNER_COLUMNS), st.lists(st.lists(CELLS, max_size=20), max_size=8), st.sampled_from("* _-."))
def test_any_order_of_the_columns_is_recognised(headings: list[str], rows: list[list[str]], mark: str) -> None:
    sheet = recognised_sheet([[heading.replace(" ", mark) + mark for heading in headings], *rows])

    assert sheet is not None
    assert sheet.columns == 17
    assert sheet.rows == sum(any(cell.strip() for cell in row) for row in rows)
    assert sheet.emails is not None
    assert len(sheet.emails) <= sheet.rows


@given(st.lists(st.lists(CELLS, max_size=20), max_size=20))
def test_no_rows_are_too_odd_to_be_looked_at(rows: list[list[str]]) -> None:
    sheet = recognised_sheet(rows)

    # Where it is one, its headings are no learner.
    assert sheet is None or sheet.rows < len(rows)
