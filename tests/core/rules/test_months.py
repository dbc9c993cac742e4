"""Months as people write them."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.amounts import read_amount
from core.rules.months import Month, read_month

TODAY = date(2026, 3, 14)


@pytest.mark.parametrize(
    ("words", "month"),
    [
        ("", "2026-03"), ("this month", "2026-03"), ("last month", "2026-02"), ("2025-9", "2025-09"),
        ("09/2025", "2025-09"), ("March", "2026-03"), ("april", "2025-04"), ("Sept 2024", "2024-09"),
        ("nov. 2024", "2024-11"),
    ],
)  # fmt: skip
def test_a_month_is_read_in_any_usual_shape(words: str, month: str) -> None:
    assert str(read_month(words, TODAY)) == month


@pytest.mark.parametrize("words", ["2026-13", "13/2026", "smarch", "yesterday", "1999-01", "2026", "0/2026", "ma"])
def test_what_is_no_month_is_none(words: str) -> None:
    assert read_month(words, TODAY) is None


@given(st.text(max_size=40))
def test_no_words_break_it(words: str) -> None:
    found = read_month(words, TODAY)

    assert found is None or 1 <= found.number <= 12


def test_a_month_begins_at_midnight_of_its_zone_across_the_change_of_the_clock() -> None:
    april = Month(2026, 4)

    assert april.starts(ZoneInfo("Europe/London")).isoformat() == "2026-03-31T23:00:00+00:00"
    assert april.moved(-1).starts(ZoneInfo("Europe/London")).isoformat() == "2026-03-01T00:00:00+00:00"
    assert str(april.moved(-4)) == "2025-12"


@pytest.mark.parametrize(
    ("words", "pence"),
    [("5000", 500_000), ("£4,999.50", 499_950), ("0", 0), ("7.5", 750), ("£ 12", 1200)],
)
def test_an_amount_is_read_in_pence(words: str, pence: int) -> None:
    assert read_amount(words) == pence


@pytest.mark.parametrize("words", ["", "5k", "-1", "1.234", "4,99", "99999999999", "1,2345", "٥٠٠٠"])
def test_what_is_no_amount_is_none(words: str) -> None:
    assert read_amount(words) is None
