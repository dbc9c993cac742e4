"""What enrolments cost: prepaid places first, the rest to invoice, within a budget (LM, View your costs). In pence."""

from msgspec import Struct


class BudgetForecast(Struct, frozen=True):
    """Of an agreement's budget, if every open invitation is accepted and every one of these, too.

    Prepaid places cost nothing more, so they are in none of these sums.
    """

    budget_pence: int
    spent_pence: int
    planned_pence: int
    """For invitations that are not answered yet."""
    new_pence: int
    places_left: int
    """How many more could be invited within it, before these."""

    @property
    def total_pence(self) -> int:
        return self.spent_pence + self.planned_pence + self.new_pence

    @property
    def is_over(self) -> bool:
        """Nothing new is never over, however much was spent."""
        return self.new_pence > 0 and self.total_pence > self.budget_pence


class CostForecast(Struct, frozen=True):
    """If every one of ``places`` accepts. Money in pence."""

    places: int
    price_pence: int
    prepaid_left: int
    prepaid_used: int
    to_invoice_pence: int
    budget: BudgetForecast | None = None
    """None: there is none, or the places cost nothing."""


class Terms(Struct, frozen=True):
    """An agreement's, at this moment. ``pending``: places that are promised to invitations without an answer."""

    price_pence: int
    prepaid_left: int
    budget_pence: int | None
    spent_pence: int
    pending: int


def forecast(places: int, price_pence: int, prepaid_left: int) -> CostForecast:
    prepaid_used = min(places, max(prepaid_left, 0))
    return CostForecast(places, price_pence, prepaid_left, prepaid_used, (places - prepaid_used) * price_pence)


def budgeted(places: int, terms: Terms) -> CostForecast:
    """The pending ones draw prepaid places first: they were invited first."""
    prepaid_left = terms.prepaid_left
    if terms.budget_pence is None or not terms.price_pence:
        return forecast(places, terms.price_pence, prepaid_left)
    promised = min(terms.pending, max(prepaid_left, 0))
    planned = (terms.pending - promised) * terms.price_pence
    cost = forecast(places, terms.price_pence, prepaid_left - promised)
    room = max(terms.budget_pence - terms.spent_pence - planned, 0) // terms.price_pence
    budget = BudgetForecast(
        terms.budget_pence, terms.spent_pence, planned, cost.to_invoice_pence, cost.prepaid_left + room
    )
    return CostForecast(places, cost.price_pence, cost.prepaid_left, cost.prepaid_used, cost.to_invoice_pence, budget)
