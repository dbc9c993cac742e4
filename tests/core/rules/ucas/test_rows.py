"""A row's values and all of its problems at once; blank rows are dropped and numbers kept."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.rules.ucas.columns import LEARNER_COLUMNS, MANDATORY, Column
from core.rules.ucas.problems import Cell
from core.rules.ucas.rows import CheckedRow, LearnerRow, RowChecker
from core.rules.ucas.years import YearGroup
from tests.core.rules.ucas.cells import CELLS, OTHERS_UKPRN, TERMS, UKPRN, codes, headings_of, learner

FULL = learner(
    year_group="Y11", email="ada@example.org", house=12, street="High Street", locality="Southside",
    town="Exampleton", telephone="01632 960123", uln=9276308686, upn="b801200005001", ccis="42",
    dob=date(2010, 11, 5), gender="F", ethnicity="IRISH",
)  # fmt: skip


def checked(cells: list[Cell], columns: tuple[str, ...] = LEARNER_COLUMNS) -> CheckedRow | None:
    return RowChecker(headings_of(columns), TERMS).check(7, cells)


def test_a_row_of_all_columns_becomes_a_learner() -> None:
    row = checked(FULL)

    assert row is not None
    assert (row.number, row.problems, row.is_refused) == (7, (), False)
    assert row.learner == (
        UKPRN, YearGroup("Year 11", "Y11"), "Ada", "Young", "ada@example.org", "12", "High Street", "Southside",
        "Exampleton", "AB1 2BD", "+441632960123", "9276308686", "B801200005001", "42", date(2010, 11, 5), "Female",
        "Irish",
    )  # fmt: skip
    assert len(row.learner) == len(Column)


def test_a_learners_values_are_named_like_their_columns() -> None:
    assert [name.upper() for name in LearnerRow._fields] == [column.name for column in Column]


def test_all_problems_of_a_row_are_found_at_once_in_the_order_of_the_columns() -> None:
    row = checked(learner(ukprn=OTHERS_UKPRN, first_name="", postcode="nowhere", uln="1", gender="X", dob="5/3/10"))

    assert row is not None
    assert row.is_refused
    assert codes(row.problems) == [
        "ukprn.not_granted", "cell.required", "postcode.shape", "uln.shape", "dob.two_digit_year", "gender.unknown",
    ]  # fmt: skip
    assert [found.column for found in row.problems] == ["UKPRN", "First name", "Postcode", "ULN", "Dob", "Gender"]
    assert row.learner.last_name == "Young"
    assert row.learner.uln is None


def test_a_warning_does_not_refuse_a_row() -> None:
    row = checked(learner(uln="9999999999"))

    assert row is not None
    assert (codes(row.problems), row.is_refused) == (["uln.none"], False)


@pytest.mark.parametrize(("year", "born_on", "expected"), [
    ("Year 11", date(2010, 11, 5), []),
    ("Year 11", date(2009, 9, 1), []),
    ("Year 11", date(2009, 8, 31), ["dob.year_group"]),
    ("S1", date(2010, 11, 5), ["dob.year_group"]),
    ("Year 99", date(2009, 8, 31), ["year.unknown"]),
])  # fmt: skip
def test_the_age_is_held_against_the_year_group(year: str, born_on: date, expected: list[str]) -> None:
    row = checked(learner(year_group=year, dob=born_on))

    assert row is not None
    assert codes(row.problems) == expected


@pytest.mark.parametrize("cells", [
    [], [None] * 17, [""] * 17, [" ", "\u00a0", "\t", "\u200b"], [""] * 17 + ["Tutor: Bo"],
])  # fmt: skip
def test_a_row_in_which_all_of_our_columns_are_blank_is_dropped(cells: list[Cell]) -> None:
    assert checked(cells, (*LEARNER_COLUMNS, "Notes")) is None


@pytest.mark.parametrize("cells", [[None, 0], [None, False], [None, 0.0], [None, "x"]])
def test_zero_is_not_blank(cells: list[Cell]) -> None:
    assert checked(cells) is not None


def test_what_stands_before_our_columns_does_not_fill_a_row() -> None:
    assert checked(["1", *[""] * 17], ("No", *LEARNER_COLUMNS)) is None
    assert checked(["1", *FULL], ("No", *LEARNER_COLUMNS)) is not None


def test_a_short_row_is_blank_at_its_end() -> None:
    row = checked([UKPRN, "", "Ada", "Young"])

    assert row is not None
    assert codes(row.problems) == ["cell.required"]
    assert row.problems[0].column == Column.POSTCODE


def test_columns_may_be_missing_and_stand_anywhere() -> None:
    row = checked(["Young", "ignored", "Ada", "ab12bd", UKPRN], ("Surname", "Notes", "Forename", "Post code", "UKPRN"))

    assert row is not None
    assert row.problems == ()
    assert row.learner._asdict() == {
        **dict.fromkeys(row.learner._fields),
        "ukprn": UKPRN, "first_name": "Ada", "last_name": "Young", "postcode": "AB1 2BD",
    }  # fmt: skip


def test_what_is_not_stored_is_not_read_and_said_once() -> None:
    terms = replace(TERMS, not_stored=frozenset({Column.ETHNICITY}))
    checker = RowChecker(headings_of(), terms)

    row = checker.check(2, learner(ethnicity="no such group"))
    only = checker.check(3, [*[""] * 16, "Irish"])

    assert row is not None
    assert (row.learner.ethnicity, row.problems) == (None, ())
    assert only is None
    assert [(found.code, found.column, found.severity) for found in checker.problems] == [
        ("sheet.not_stored", "Ethnicity", "warning")
    ]


@pytest.mark.parametrize(("columns", "cells"), [
    (MANDATORY, [UKPRN, "Ada", "Young", "AB1 2BD", "Irish"]),
    (LEARNER_COLUMNS, learner(ethnicity=None)[:-1]),
    *((LEARNER_COLUMNS, learner(ethnicity=blank)) for blank in (None, "", " ", "\u00a0\u200b")),
])  # fmt: skip
def test_nothing_is_said_of_a_column_that_is_not_there_or_in_which_nothing_stands(
    columns: tuple[str, ...], cells: list[Cell]
) -> None:
    checker = RowChecker(headings_of(columns), replace(TERMS, not_stored=frozenset({Column.ETHNICITY})))

    row = checker.check(2, cells)

    assert row is not None
    assert (row.learner.first_name, row.problems, checker.problems) == ("Ada", (), ())


@pytest.mark.parametrize("value", ["Irish", 0, False, date(2010, 11, 5)])
def test_one_row_that_has_a_value_is_enough_to_say_that_it_is_not_stored(value: Cell) -> None:
    checker = RowChecker(headings_of(), replace(TERMS, not_stored=frozenset({Column.ETHNICITY})))

    for cells in (learner(), learner(ethnicity=value), learner(ethnicity="")):
        checker.check(2, cells)

    assert codes(checker.problems) == ["sheet.not_stored"]


def test_a_workbook_of_1904_is_told_to_the_dates() -> None:
    checker = RowChecker(headings_of(), replace(TERMS, is_date_1904=True))

    row = checker.check(2, learner(dob=38780))

    assert row is not None
    assert codes(row.problems) == ["dob.serial_1904"]


def test_what_is_remembered_by_value_is_the_same_the_second_time() -> None:
    """1, 1.0 and True are equal, and so are a number and its float; they do not answer for one another."""
    checker = RowChecker(headings_of(), TERMS)
    genders: tuple[Cell, ...] = (1, True, 1.0, False, 0, "F", "F", True)

    rows = [checker.check(2, learner(gender=gender)) for gender in genders]

    assert [row and (row.learner.gender, codes(row.problems)) for row in rows] == [
        (None, ["gender.unknown"]), (None, ["cell.boolean"]), (None, ["gender.unknown"]), (None, ["cell.boolean"]),
        (None, ["gender.unknown"]), ("Female", []), ("Female", []), (None, ["cell.boolean"]),
    ]  # fmt: skip


@given(st.lists(st.lists(CELLS, max_size=19), max_size=8))
def test_no_row_raises_and_a_checker_keeps_no_memory_that_changes_an_answer(rows: list[list[Cell]]) -> None:
    checker = RowChecker(headings_of(), TERMS)

    for cells in rows:
        row = checker.check(2, cells)

        assert row == RowChecker(headings_of(), TERMS).check(2, cells)
        assert row is None or row.is_refused or all(row.learner[list(Column).index(column)] for column in MANDATORY)
