"""What enrolments cost, and the budgets of agreements."""

from typing import Final

from core.errors import AgreementNotFound, AmountUnclear
from core.requests.about_exports import costs_export, is_export
from core.requests.language import Asker, Mode, OtherUseCases, Verb, first_word, verb
from core.rules.amounts import read_amount
from core.rules.text import folded
from core.usecases.costs.budgets import SetBudget, ShowBudgets, set_budget, show_budgets
from core.usecases.costs.costs import ShowCosts, show_costs
from core.usecases.exports import ExportCosts

_NO_BUDGET: Final = ("off", "none", "no")


def _costs(rest: str) -> ShowCosts | ExportCosts:
    return costs_export(first_word(rest)[1]) if is_export(rest) else ShowCosts(rest)


def _budget(rest: str) -> ShowBudgets | SetBudget:
    """``OWNER [COURSE] AMOUNT|off``; nothing shows them. The amount comes last: names have blanks."""
    words = rest.split()
    if not words:
        return ShowBudgets()
    if len(words) == 1:
        raise AmountUnclear(words=words[0][:40]) if read_amount(words[0]) is None else AgreementNotFound(owner="")
    *whose, amount = words
    pence = None if folded(amount) in _NO_BUDGET else read_amount(amount)
    if pence is None and folded(amount) not in _NO_BUDGET:
        raise AmountUnclear(words=amount[:40])
    owner, course = first_word(" ".join(whose))
    return SetBudget(owner, course, pence)


VERBS: Final[tuple[Verb, ...]] = (
    verb("costs", Mode.READ, Asker.STAFF, _costs, show_costs),
    verb("budget", Mode.RUN, Asker.STAFF, _budget, set_budget),
)
OTHERS: Final[OtherUseCases] = {ShowBudgets: (show_budgets, Mode.READ)}
