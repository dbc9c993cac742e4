"""Dates of birth: days before months, nothing swapped, and every shape that Excel makes."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.ucas.dates import dob, dob_check
from core.rules.ucas.problems import Cell
from tests.core.rules.ucas.cells import CELLS, TODAY, Broken, codes

BORN = date(2010, 3, 5)
# A spreadsheet's moments have no zone.
MIDNIGHT = datetime.combine(BORN, time())
USUAL = st.dates(min_value=date(2006, 11, 23), max_value=date(2013, 11, 22))


@pytest.mark.parametrize("cell", [
    BORN, MIDNIGHT, "2010-03-05", " 2010-03-05 ", "2010-03-05 00:00:00", "2010-03-05T00:00:00.000",
])  # fmt: skip
def test_a_date_cell_and_the_templates_pattern_are_certain(cell: Cell) -> None:
    """UM 7.4: YYYY-MM-DD."""
    assert dob(cell, TODAY) == (BORN, ())


@pytest.mark.parametrize("cell", [
    "5/3/2010", "05/03/2010", "5-3-2010", "5.3.2010", "05 03 2010", "5 / 3 / 2010", "05/03/2010 00:00", "2010/03/05",
    "2010-3-5", "2010.03.05", "5 Mar 2010", "5-Mar-2010", "5th March 2010", "5 MARCH, 2010", "Friday 5 March 2010",
    "Fri, 5 Mar 2010", "March 5, 2010", "5Mar2010", "5th of March 2010",
])  # fmt: skip
def test_other_shapes_are_read_with_a_warning_that_says_how(cell: str) -> None:
    value, problems = dob(cell, TODAY)

    assert value == BORN
    assert codes(problems) == ["dob.read_as"]
    assert problems[0].reason == "it was read as 5 March 2010"
    assert problems[0].suggestion == "2010-03-05"


@pytest.mark.parametrize("cell", [40242, 40242.0, "40242"])
def test_a_bare_number_of_excels_is_read_with_a_warning(cell: Cell) -> None:
    value, problems = dob(cell, TODAY)

    assert value == BORN
    assert codes(problems) == ["dob.serial"]


def test_a_bare_number_in_a_workbook_of_1904_is_refused_and_a_date_in_it_is_not() -> None:
    assert codes(dob(38780, TODAY, is_date_1904=True)[1]) == ["dob.serial_1904"]
    assert dob(BORN, TODAY, is_date_1904=True) == (BORN, ())


@pytest.mark.parametrize(("cell", "code", "suggestion"), [
    ("3/14/2010", "dob.impossible", "2010-03-14"),
    ("31/02/2010", "dob.impossible", ""),
    ("2010-02-30", "dob.impossible", ""),
    ("2010-31-03", "dob.impossible", "2010-03-31"),
    ("0000-01-01", "dob.impossible", ""),
    ("5/3/10", "dob.two_digit_year", "2010-03-05"),
    ("5 Mar 10", "dob.two_digit_year", "2010-03-05"),
    ("5/3/20", "dob.two_digit_year", ""),
    (20100305, "dob.unreadable", "2010-03-05"),
    ("20100305", "dob.unreadable", "2010-03-05"),
    (19999, "dob.unreadable", ""),
    (60, "dob.unreadable", ""),  # Excel's day that never was.
    (60001, "dob.unreadable", ""),
    (2010, "dob.unreadable", ""),
    (40242.5, "dob.time", ""),
    (MIDNIGHT - timedelta(hours=1), "dob.time", ""),
    ("2010-03-04T23:00:00Z", "dob.time", ""),
    ("2010-03-05T00:00:00Z", "dob.time", ""),
    ("5/3/2010 12:00 am", "dob.time", ""),
    (time(3, 5), "dob.unreadable", ""),
    (timedelta(days=40242), "dob.unreadable", ""),
    (True, "cell.boolean", ""),
    ("2010", "dob.unreadable", ""),
    ("March 2010", "dob.unreadable", ""),
    ("5 Merz 2010", "dob.unreadable", ""),
    ("5/3-2010", "dob.unreadable", ""),
    ("²/3/2010", "dob.unreadable", ""),
    ("٥/3/2010", "dob.unreadable", ""),
    ("4.02E+04", "dob.unreadable", ""),
    ("#VALUE!", "cell.error", ""),
    ("unknown", "cell.placeholder", ""),
    (Broken("error", "#NUM!"), "cell.error", ""),
])  # fmt: skip
def test_what_is_not_certain_is_refused(cell: Cell, code: str, suggestion: str) -> None:
    value, problems = dob(cell, TODAY)

    assert value is None
    assert codes(problems) == [code]
    assert problems[0].suggestion == suggestion


@pytest.mark.parametrize(("born_on", "expected"), [
    (date(2026, 11, 23), ["dob.future"]),
    (date(2016, 11, 23), ["dob.age"]),
    (date(2016, 11, 22), ["dob.unusual_age"]),  # Ten today.
    (date(2013, 11, 23), ["dob.unusual_age"]),
    (date(2013, 11, 22), []),  # Thirteen today.
    (date(2006, 11, 23), []),  # Still nineteen.
    (date(2006, 11, 22), ["dob.unusual_age"]),
    (date(1925, 11, 23), ["dob.unusual_age"]),
    (date(1925, 11, 22), ["dob.age"]),  # A hundred and one.
    (date.min, ["dob.age"]),
])  # fmt: skip
def test_learners_are_from_10_to_100_and_usually_from_13_to_19(born_on: date, expected: list[str]) -> None:
    """UM 1: young people aged 13 to 19; the wide bounds are our own."""
    value, problems = dob(born_on, TODAY)

    assert codes(problems) == expected
    assert (value is None) == (expected in (["dob.future"], ["dob.age"]))


def test_who_is_born_on_a_29_february_has_a_birthday_on_1_march() -> None:
    born_on = date(2012, 2, 29)

    assert codes(dob(born_on, date(2025, 2, 28))[1]) == ["dob.unusual_age"]
    assert codes(dob(born_on, date(2025, 3, 1))[1]) == []


@given(USUAL, st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%b-%Y", "%d %B %Y", "%Y/%m/%d", "%B %d, %Y"]))
def test_each_day_is_read_back_from_each_shape(born_on: date, shape: str) -> None:
    value, problems = dob(born_on.strftime(shape), TODAY)

    assert value == born_on
    assert codes(problems) == ([] if shape == "%Y-%m-%d" else ["dob.read_as"])


@given(USUAL)
def test_each_day_is_read_back_from_excels_number(born_on: date) -> None:
    assert dob((born_on - date(1899, 12, 30)).days, TODAY)[0] == born_on


@given(CELLS, st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1)))
def test_any_cell_gets_an_answer_and_the_quick_way_gives_the_same(cell: Cell, today: date) -> None:
    value, problems = dob(cell, today)

    assert dob_check(today)(cell) == (value, problems)
    assert value is None or dob(value, today)[0] == value
