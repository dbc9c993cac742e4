"""What somebody probably meant. A suggestion is shown and never applied: measured, a careless one is dangerous."""

import functools
from difflib import SequenceMatcher

from core.rules.policy import SUGGESTION_CHARACTERS, SUGGESTION_LEAD, SUGGESTION_LIKENESS


@functools.lru_cache(maxsize=1024)
def nearest(typed: str, choices: tuple[str, ...]) -> str:
    """The one choice that is like it while no other is nearly as like; else nothing.

    Without the demands on likeness and lead, British becomes Irish and F becomes Female as readily as M does.
    """
    if not SUGGESTION_CHARACTERS <= len(typed) <= 2 * max(map(len, choices), default=0):
        return ""
    ranked = sorted(((_likeness(typed, choice), choice) for choice in choices), reverse=True)
    best, choice = ranked[0]
    second = ranked[1][0] if len(ranked) > 1 else 0.0
    return choice if best >= SUGGESTION_LIKENESS and best - second >= SUGGESTION_LEAD else ""


def _likeness(typed: str, choice: str) -> float:
    """Of a hundred."""
    return 100 * SequenceMatcher(None, typed, choice, autojunk=False).ratio()
