"""Cells of every kind, learners who do not exist, and what the tests of the columns ask of an answer."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from hypothesis import strategies as st
from msgspec import Struct

from core.rules.ucas.columns import LEARNER_COLUMNS, Column
from core.rules.ucas.headings import Headings, find_headings
from core.rules.ucas.identifiers import Providers
from core.rules.ucas.problems import Cell, Problems
from core.rules.ucas.rows import Terms

TODAY = date(2026, 11, 22)
UKPRN, OTHERS_UKPRN = "10000001", "10000020"
PROVIDERS = Providers(known=frozenset({UKPRN, OTHERS_UKPRN}), granted=frozenset({UKPRN}))
TERMS = Terms(TODAY, PROVIDERS, not_stored=frozenset())


class Broken(Struct, frozen=True):
    """A cell as the reader gives one that has no value."""

    fault: str
    shown: str


# Pieces of which cells are made that nearly are something.
_PIECES = st.sampled_from([
    *"019-/.:,'=+@#EeTZAIO²٣１é\u00a0\u200b\x00\ud800<>()", "12", "31", "2010",
    "March", "Year", "AB1", "example.org", "N/A", "mailto:", "BFPO", "GIR", "10000001", "9276308686", " ",
])  # fmt: skip
CELLS: st.SearchStrategy[Cell] = st.one_of(
    st.none(),
    st.text(),
    st.lists(_PIECES, max_size=12).map("".join),
    st.integers(),
    st.integers(min_value=-(10**90), max_value=10**90),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.builds(Broken, st.sampled_from(["error", "not_calculated", "too_long", "new"]), st.text()),
)


def codes(problems: Problems) -> list[str]:
    return [found.code for found in problems]


def headings_of(columns: Sequence[str] = LEARNER_COLUMNS) -> Headings:
    headings = find_headings([(1, columns)])
    assert headings is not None
    return headings


def learner(**cells: Any) -> list[Cell]:
    """A row of the template; the arguments are named like the columns, in small letters."""
    row: dict[str, Cell] = {
        "UKPRN": UKPRN, "FIRST_NAME": "Ada", "LAST_NAME": "Young", "POSTCODE": "AB1 2BD",
    } | {name.upper(): cell for name, cell in cells.items()}  # fmt: skip
    return [row.get(column.name) for column in Column]
