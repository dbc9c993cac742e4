"""What a number of enrolments costs: prepaid places first, the rest to invoice (LM, View your costs)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CostForecast:
    """If every one of ``places`` accepts. Money in pence."""

    places: int
    price_pence: int
    prepaid_left: int
    prepaid_used: int
    to_invoice_pence: int


def forecast(places: int, price_pence: int, prepaid_left: int) -> CostForecast:
    prepaid_used = min(places, max(prepaid_left, 0))
    return CostForecast(places, price_pence, prepaid_left, prepaid_used, (places - prepaid_used) * price_pence)
