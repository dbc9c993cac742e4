"""What holds for an organisation's data: what becomes of faulty files, and what of a special category is stored."""

import re
from typing import Final

from core.requests.language import Asker, Mode, OtherUseCases, Verb, first_word, verb
from core.rules.text import folded
from core.usecases.imports.rules import SetImportPolicy, ShowImportPolicy, set_import_policy, show_import_policy
from core.usecases.learners.ethnicity import (
    EraseEthnicity,
    ShowEthnicity,
    StopEthnicity,
    StoreEthnicity,
    erase_ethnicity,
    show_ethnicity,
    stop_ethnicity,
    store_ethnicity,
)
from core.usecases.staff.rules import ShowRules, show_rules

_NUMBER: Final = re.compile(r"[0-9]{1,3}(?:,?[0-9]{3}){0,2}|[0-9]{1,9}")
_Ethnicity = ShowEthnicity | StoreEthnicity | StopEthnicity | EraseEthnicity


def _import_policy(rest: str) -> ShowImportPolicy | SetImportPolicy:
    return SetImportPolicy(rest) if rest else ShowImportPolicy()


def _ethnicity(rest: str) -> _Ethnicity:
    """``on PURPOSE``, ``off``, ``erase [NUMBER]`` or nothing. Anything else is a purpose that lacks its “on”."""
    first, tail = first_word(rest)
    if not first:
        return ShowEthnicity()
    if folded(first) == "off" and not tail:
        return StopEthnicity()
    if folded(first) == "erase":
        return EraseEthnicity(int(tail.replace(",", "")) if _NUMBER.fullmatch(tail) else None)
    return StoreEthnicity(tail if folded(first) == "on" else "")


def _rules(rest: str) -> ShowRules:
    return ShowRules()


VERBS: Final[tuple[Verb, ...]] = (
    verb("import-policy", Mode.RUN, Asker.STAFF, _import_policy, show_import_policy),
    verb("ethnicity", Mode.RUN, Asker.STAFF, _ethnicity, show_ethnicity),
    verb("rules", Mode.READ, Asker.STAFF, _rules, show_rules),
)
OTHERS: Final[OtherUseCases] = {
    SetImportPolicy: (set_import_policy, Mode.RUN),
    StoreEthnicity: (store_ethnicity, Mode.RUN),
    StopEthnicity: (stop_ethnicity, Mode.RUN),
    EraseEthnicity: (erase_ethnicity, Mode.RUN),
}
