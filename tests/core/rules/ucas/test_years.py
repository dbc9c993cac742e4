"""Year groups of the four nations, and the ages that belong to them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.ucas.problems import Cell
from core.rules.ucas.years import YearGroup, usual_births, year_group
from tests.core.rules.ucas.cells import CELLS, TODAY, codes


@pytest.mark.parametrize(("cells", "name"), [
    ("7|Y7|Yr 7|Year 7|year07|NCY 7|07|Yr. 7|year-7", "Year 7"),
    ("Year 11|11|Y11|yr11|NCY11|Year Group 11", "Year 11"),
    ("Year 12|Lower Sixth|L6|lower 6th|Lower sixth form", "Year 12"),
    ("Year 13|Upper Sixth|U6|upper-sixth", "Year 13"),
    ("Year 14|14", "Year 14"),  # Northern Ireland.
    ("S1|s 1|Secondary 1|S01", "S1"),
    ("S6", "S6"),
])  # fmt: skip
def test_a_year_group_has_one_name_and_keeps_the_text_it_came_with(cells: str, name: str) -> None:
    for cell in cells.split("|"):
        assert year_group(cell) == (YearGroup(name, cell), ())


def test_excels_numbers_are_year_groups_too() -> None:
    assert year_group(7) == year_group(7.0) == (YearGroup("Year 7", "7"), ())


@pytest.mark.parametrize("cell", ["P7", "6", "15", "S7", "Reception", "Year", "2026/27", "Year 7B", "11.5", 11.5, "²"])
def test_any_other_is_refused(cell: Cell) -> None:
    value, problems = year_group(cell)

    assert value is None
    assert codes(problems) == ["year.unknown"]


def test_it_may_be_missing() -> None:
    assert year_group(None) == year_group("") == (None, ())


@pytest.mark.parametrize(("name", "first", "last"), [
    # On 22 November 2026 a Year 7 is born from 1 September 2014; a year more on either side is nothing unusual.
    ("Year 7", date(2013, 9, 1), date(2016, 8, 31)),
    ("Year 11", date(2009, 9, 1), date(2012, 8, 31)),
    ("S1", date(2012, 9, 1), date(2015, 8, 31)),  # UK comparison table of school years: S1 is England's Year 8.
    ("S6", date(2007, 9, 1), date(2010, 8, 31)),
])  # fmt: skip
def test_a_year_group_says_when_its_learners_are_born(name: str, first: date, last: date) -> None:
    assert usual_births(TODAY)[name] == (first, last)


def test_the_school_year_begins_in_september() -> None:
    before, after = usual_births(date(2026, 8, 31)), usual_births(date(2026, 9, 1))

    assert before["Year 8"] == after["Year 9"]


@given(CELLS)
def test_any_cell_gets_an_answer_that_stays_the_same_when_asked_again(cell: Cell) -> None:
    value, _ = year_group(cell)

    assert value is None or year_group(value.text)[0] == value
    assert value is None or year_group(value.name)[0] == YearGroup(value.name, value.name)


@given(st.sampled_from(sorted(usual_births(TODAY))))
def test_every_named_year_group_knows_its_ages(name: str) -> None:
    assert year_group(name)[0] == YearGroup(name, name)
