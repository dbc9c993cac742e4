"""What places cost: prepaid ones first, the rest to invoice, beside what was promised already."""

from hypothesis import given
from hypothesis import strategies as st

from core.rules.costs import Terms, budgeted, forecast

COUNTS = st.integers(0, 2000)


def test_prepaid_places_come_first_and_the_rest_is_invoiced() -> None:
    cost = forecast(5, 2000, 3)

    assert (cost.prepaid_used, cost.to_invoice_pence) == (3, 4000)


def test_without_a_budget_nothing_is_forecast_of_one() -> None:
    assert budgeted(5, Terms(2000, 0, None, 0, 7)).budget is None
    assert budgeted(5, Terms(0, 0, 100, 0, 7)).budget is None


def test_invitations_without_an_answer_have_their_places_before_new_ones() -> None:
    budget = budgeted(
        2, Terms(price_pence=2000, prepaid_left=3, budget_pence=10_000, spent_pence=4000, pending=4)
    ).budget

    assert budget is not None
    assert (budget.planned_pence, budget.new_pence, budget.total_pence) == (2000, 4000, 10_000)
    assert (budget.places_left, budget.is_over) == (2, False)


@given(COUNTS, st.integers(1, 5000), COUNTS, st.integers(0, 10**7), st.integers(0, 10**7), COUNTS)
def test_exactly_as_many_fit_as_there_is_room_for(
    places: int, price: int, prepaid: int, limit: int, spent: int, pending: int
) -> None:
    budget = budgeted(places, Terms(price, prepaid, limit, spent, pending)).budget

    assert budget is not None
    # Prepaid places are never over, however much was spent.
    assert budget.is_over == (places > budget.places_left)
