"""Prepaid places first, the rest to invoice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.costs import CostForecast, forecast


@pytest.mark.parametrize(
    ("places", "prepaid_left", "prepaid_used", "to_invoice"),
    [(10, 0, 0, 24_500), (10, 3, 3, 17_150), (10, 10, 10, 0), (10, 99, 10, 0), (0, 5, 0, 0), (10, -2, 0, 24_500)],
)
def test_prepaid_places_are_drawn_first(places: int, prepaid_left: int, prepaid_used: int, to_invoice: int) -> None:
    assert forecast(places, 2450, prepaid_left) == CostForecast(places, 2450, prepaid_left, prepaid_used, to_invoice)


@given(st.integers(0, 10_000), st.integers(0, 10**8), st.integers(-5, 10_000))
def test_every_place_is_prepaid_or_invoiced(places: int, price: int, prepaid_left: int) -> None:
    cost = forecast(places, price, prepaid_left)

    assert cost.prepaid_used * price + cost.to_invoice_pence == places * price
    assert 0 <= cost.prepaid_used <= max(prepaid_left, 0)
