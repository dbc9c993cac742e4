"""Which sheet is the import, where its headings stand, and which column is which: by alias, never by likeness."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.policy import HEADING_ROWS
from core.rules.ucas.columns import LEARNER_COLUMNS, MANDATORY, STATUS_COLUMNS, Column
from core.rules.ucas.headings import best_sheet, column_of, find_headings
from core.rules.ucas.problems import Cell, Problem
from tests.core.rules.ucas.cells import CELLS, codes, headings_of

ALIASES = {
    Column.UKPRN: "ukprn* | UK Provider Reference Number | \ufeffＵＫＰＲＮ",
    Column.YEAR_GROUP: "Learner year group | Year | Yr Group | NCY | Year group (7-14)",
    Column.FIRST_NAME: "FIRST NAME | Forename | Given name(s) | first_name | Legal forename | Pupil forename",
    Column.LAST_NAME: "Surname | Family name | Last-name | Student last name | LEGAL SURNAME",
    Column.EMAIL: "E-mail | Email | e-mail address* | Learner email",
    Column.HOUSE: "Address 1 | House no. | House name/no. | Address line 1",
    Column.STREET: "Address 2 | Street name",
    Column.LOCALITY: "Address 3 | Locality | District",
    Column.TOWN: "Address 4 | City | Town/City | Post town",
    Column.POSTCODE: "Post Code | POSTCODE* | post-code | Postal code",
    Column.TELEPHONE: "Tel | Tel. no. | Mobile | Phone number | Contact number",
    Column.ULN: "Unique Learner Number | U.L.N. | ULN number",
    Column.UPN: "Unique Pupil Number | UPN",
    Column.CCIS: "CCIS young person record ID | CCIS ID",
    Column.DOB: "D.O.B. | Date of birth | DOB (YYYY-MM-DD) | Birth date | Dob [UK order]",
    Column.GENDER: "Sex | gender",
    Column.ETHNICITY: "Ethnic origin | Ethnicity",
}


@pytest.mark.parametrize(("column", "written"), ALIASES.items())
def test_a_column_is_known_by_its_names(column: Column, written: str) -> None:
    for heading in (column, *written.split("|")):
        assert column_of(heading) is column


@pytest.mark.parametrize("heading", [
    "", "Name", "Full name", "Parent email", "Preferred forename", "County", "Notes", "Address", "Learner", "Number",
    "Academic year", "Emergency contact", "()",
])  # fmt: skip
def test_what_only_looks_like_a_column_is_none(heading: str) -> None:
    assert column_of(heading) is None


def test_no_two_columns_share_a_name() -> None:
    names = [name for written in ALIASES.values() for name in written.split("|")]

    assert len({column_of(name) for name in names}) == len(ALIASES) == len(LEARNER_COLUMNS)


def test_the_template_has_all_columns_in_their_places_and_no_problem() -> None:
    headings = headings_of()

    assert headings.row == 1
    assert headings.places == {column: place for place, column in enumerate(Column)}
    assert headings.is_usable
    assert (headings.unknown, headings.problems) == ((), ())


def test_the_row_with_the_most_known_headings_counts_wherever_it_stands_among_the_first() -> None:
    groups = ("Who", None, "UKPRN", "First name", "Last name", "Postcode")
    rows: list[tuple[int, tuple[Cell, ...]]] = [(2, ("Learners of spring",)), (5, groups), (6, LEARNER_COLUMNS)]

    headings = find_headings(rows)

    assert headings is not None
    assert headings.row == 6


def test_headings_further_down_are_not_looked_for() -> None:
    rows = [(number, ("",)) for number in range(1, HEADING_ROWS)]

    assert find_headings([*rows, (20, LEARNER_COLUMNS)]) is not None
    assert find_headings([*rows, (20, ("",)), (21, LEARNER_COLUMNS)]) is None


@pytest.mark.parametrize("row", [
    ("UKPRN", "First name", "Last name"),  # Three are known.
    ("Street", "Town", "ULN", "UPN", "Gender"),  # None is mandatory.
    ("UKPRN", "UKPRN", "First name", "Last name"),
    (10000001, "Ada", "Young", "AB1 2BD"),
])  # fmt: skip
def test_a_row_of_headings_has_four_known_ones_and_one_that_is_mandatory(row: tuple[Cell, ...]) -> None:
    assert find_headings([(1, row)]) is None


def test_all_missing_mandatory_columns_are_named_at_once() -> None:
    headings = headings_of(["First name", "Gender", "Dob", "ULN"])

    assert not headings.is_usable
    assert [(found.code, found.reason) for found in headings.problems] == [
        ("sheet.missing_columns", "these columns are missing: UKPRN, Last name, Postcode")
    ]


def test_unknown_columns_are_kept_and_named_and_hold_nothing_up() -> None:
    headings = headings_of([*MANDATORY, "Tutor group", "", "Notes "])

    assert headings.is_usable
    assert headings.unknown == ("Tutor group", "Notes")
    assert [(found.code, found.column) for found in headings.problems] == [
        ("sheet.unknown_column", "Tutor group"), ("sheet.unknown_column", "Notes"),
    ]  # fmt: skip


def test_two_columns_of_one_kind_are_a_problem_of_the_sheet() -> None:
    headings = headings_of([*MANDATORY, "Tel", "Mobile"])

    assert not headings.is_usable
    assert [(found.code, found.column) for found in headings.problems] == [("sheet.duplicate_heading", "Telephone")]
    assert "“Tel”, “Mobile”" in headings.problems[0].reason


def test_the_same_heading_twice_is_a_problem_of_the_sheet() -> None:
    assert codes(headings_of([*MANDATORY, "postcode"]).problems) == ["sheet.duplicate_heading"]


def test_the_templates_own_heading_counts_before_any_other_name_of_its_column() -> None:
    headings = headings_of([*MANDATORY, "Mobile", "Telephone", "Tel"])

    assert headings.is_usable
    assert headings.places[Column.TELEPHONE] == 5
    assert headings.unknown == ("Mobile", "Tel")


def test_the_columns_that_we_wrote_ourselves_are_passed_over() -> None:
    assert headings_of([*STATUS_COLUMNS, *LEARNER_COLUMNS]).problems == ()


def test_the_sheet_with_the_most_known_headings_is_the_import() -> None:
    notes: list[tuple[int, tuple[Cell, ...]]] = [(1, ("How to fill this in",))]
    small: list[tuple[int, tuple[Cell, ...]]] = [(1, MANDATORY)]
    large: list[tuple[int, tuple[Cell, ...]]] = [(3, LEARNER_COLUMNS)]

    found = best_sheet([notes, small, large, small])

    assert not isinstance(found, Problem)
    assert (found[0], found[1].row) == (2, 3)


def test_a_file_without_headings_is_a_problem_of_its_own() -> None:
    found = best_sheet([[(1, ("Ada", "Young"))], []])

    assert isinstance(found, Problem)
    assert found.code == "sheet.no_headings"
    assert "20" in found.reason


@given(st.permutations(LEARNER_COLUMNS), st.lists(st.sampled_from(["", "Notes", "Tutor group"]), max_size=4))
def test_columns_may_stand_in_any_order_and_company(columns: list[Column], others: list[str]) -> None:
    headings = headings_of([*others, *columns])

    assert headings.is_usable
    assert [place for _, place in sorted(headings.places.items(), key=lambda item: columns.index(item[0]))] == list(
        range(len(others), len(others) + 17)
    )


@given(st.lists(st.lists(CELLS, max_size=12), max_size=6))
def test_no_rows_are_too_odd_to_be_looked_at(rows: list[list[Cell]]) -> None:
    headings = find_headings(list(enumerate(rows)))

    assert headings is None or len(headings.places) >= 4
