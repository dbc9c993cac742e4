"""The table of everything that can be wrong is closed, worded once, and documented."""

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given

from core.rules.policy import PROBLEM_VALUE_CHARACTERS
from core.rules.ucas.columns import Column
from core.rules.ucas.problems import Cell, Fault, Severity, is_refused, problem, shown
from tests.core.rules.ucas.cells import CELLS, Broken

DOCS = (Path(__file__).parents[4] / "docs/problems.md").read_text()


def test_each_problem_stands_in_the_docs_with_its_severity_and_words() -> None:
    told = re.findall(r"^\| `([a-z_0-9.]+)` \| (\w+) \| (.*) \| (.*) \|$", DOCS, re.MULTILINE)

    assert sorted(told) == sorted((fault.code, fault.severity, fault.reason, fault.advice) for fault in Fault)


def test_no_two_problems_share_a_code_and_each_code_is_named_like_its_problem() -> None:
    assert len({fault.code for fault in Fault}) == len(Fault)
    assert [fault.code.replace(".", "_").upper() for fault in Fault] == [fault.name for fault in Fault]


def test_a_problem_tells_what_is_wrong_and_what_to_do() -> None:
    found = problem(Fault.CELL_TOO_LONG, Column.TOWN, "x" * 101, limit=100)

    assert (found.code, found.severity, found.column) == ("cell.too_long", Severity.ERROR, "Town")
    assert found.reason == "it is longer than 100 characters"
    assert found.advice == "Shorten it."
    assert found.suggestion == ""


def test_only_an_error_refuses() -> None:
    warning, error = problem(Fault.ULN_NONE, Column.ULN, ""), problem(Fault.ULN_SHAPE, Column.ULN, "")

    assert not is_refused(())
    assert not is_refused([warning])
    assert is_refused([warning, error])


@pytest.mark.parametrize(("cell", "text"), [
    (None, ""),
    ("Ada\nYoung", "Ada Young"),
    (10000001.0, "10000001"),
    (12.5, "12.5"),
    (9.27630868612e21, "9.27630868612e+21"),
    (10**200, "a very long number"),
    (True, "TRUE"),
    (date(2010, 3, 31), "2010-03-31"),
    (Broken("error", "#N/A"), "#N/A"),
])  # fmt: skip
def test_a_cell_is_shown_as_its_sender_knows_it(cell: Cell, text: str) -> None:
    assert shown(cell) == text


@given(CELLS)
def test_any_cell_can_be_shown_on_one_short_line(cell: Cell) -> None:
    text = shown(cell)

    assert len(text) <= PROBLEM_VALUE_CHARACTERS
    assert len(text.splitlines()) <= 1
