"""Who is at risk in a run, and why: three rules with their numbers, so that everybody can see what was looked at.

    silent      begun, not finished, and nothing new for so many days
    behind      so many points below the run's median, where at least five learners can be compared
    not begun   nothing done so many days after they joined and the run began

1. Days are counted up to a week after the figures' "as of": what no report has told of for longer, nobody knows.
2. Whoever has finished, has left, or is on a run that is over is not at risk, whatever the rules say.
3. ``usecases.progress.risk`` asks the same of the database; a test compares the two.
"""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from core.rules.policy import (
    COMPLETED_SHARE,
    RISK_BEHIND_POINTS,
    RISK_COHORT,
    RISK_FRESH,
    RISK_GRACE,
    RISK_MOST_DAYS,
    RISK_NOT_BEGUN_DAYS,
    RISK_SILENT_DAYS,
)
from core.rules.text import folded


class RiskKind(StrEnum):
    SILENT = "silent"
    BEHIND = "behind"
    NOT_BEGUN = "not-begun"

    @property
    def bit(self) -> int:
        """Of a number that keeps several of them."""
        return 1 << list(RiskKind).index(self)


class RiskRule(Struct, frozen=True):
    """0: that part is off."""

    silent_days: int = RISK_SILENT_DAYS
    behind_points: int = RISK_BEHIND_POINTS
    not_begun_days: int = RISK_NOT_BEGUN_DAYS

    @property
    def is_off(self) -> bool:
        return not (self.silent_days or self.behind_points or self.not_begun_days)

    def __str__(self) -> str:
        """As people write it: ``silent 10, behind 30, not-begun 7``."""
        values = (self.silent_days, self.behind_points, self.not_begun_days)
        return ", ".join(f"{kind} {value or 'off'}" for kind, value in zip(RiskKind, values, strict=True))


DEFAULT_RISK: Final = RiskRule()
NO_RISK: Final = RiskRule(0, 0, 0)


class Standing(Struct, frozen=True):
    """What is known of one learner in a run."""

    step_percentage: int | None
    active_at: datetime | None
    as_of: datetime | None
    enrolled_at: datetime
    starts_at: datetime
    ends_at: datetime | None
    has_left: bool


class Risk(Struct, frozen=True):
    """``days``: silent, or without a beginning. Shares are hundredths of a per cent; ``cohort`` how many there are."""

    kind: RiskKind
    days: int = 0
    share: int = 0
    median: int = 0
    cohort: int = 0


class Cohort(Struct, frozen=True):
    """Of a run: the median of what is known of its learners. None below five, for then it says who they are."""

    median: int | None
    learners: int


def risks_of(standing: Standing, cohort: Cohort, rule: RiskRule, now: datetime) -> tuple[Risk, ...]:
    share, as_of = standing.step_percentage, standing.as_of
    is_over = standing.ends_at is not None and standing.ends_at <= now
    if share is None or as_of is None or standing.has_left or is_over or share >= COMPLETED_SHARE:
        return ()
    until = min(now, as_of + RISK_FRESH)
    here = days_between(max(standing.enrolled_at, standing.starts_at), until)
    found = []
    if share and standing.active_at is not None and rule.silent_days:
        silent = days_between(standing.active_at, until)
        if silent >= rule.silent_days:
            found.append(Risk(RiskKind.SILENT, days=int(silent)))
    if not share and rule.not_begun_days and here >= rule.not_begun_days:
        found.append(Risk(RiskKind.NOT_BEGUN, days=int(here)))
    median = cohort.median if cohort.learners >= RISK_COHORT and here >= RISK_GRACE.days else None
    if rule.behind_points and median is not None and median - share >= rule.behind_points * 100:
        found.append(Risk(RiskKind.BEHIND, share=share, median=median, cohort=cohort.learners))
    return tuple(found)


# A database counts days in fractions, of which the last digits are lost.
LEEWAY_DAYS: Final = 1e-6


def days_between(first: datetime, second: datetime) -> float:
    return (second - first) / timedelta(days=1) + LEEWAY_DAYS


def bits_of(risks: tuple[Risk, ...]) -> int:
    return sum(risk.kind.bit for risk in risks)


# --- As people write it -----------------------------------------------------------------------------------

_FIELDS: Final = {
    RiskKind.SILENT: "silent_days", RiskKind.BEHIND: "behind_points", RiskKind.NOT_BEGUN: "not_begun_days",
}  # fmt: skip
_OFF: Final = ("off", "none", "no", "never")
_PART: Final = re.compile(
    r"(silent|behind|not[ -]begun|unbegun)[ :=-]*(\d{1,3}|off|none|no|never)\s*(?:days?|d|%|points?|per cent|percent)?"
)


def read_risk_rule(words: str, known: RiskRule) -> RiskRule | None:
    """``silent 14``, ``behind 25 %, not-begun off``, ``off``, ``default``. What is not named stays as ``known``.

    None for anything else, and for numbers that make no sense.
    """
    plain = " ".join(folded(words).replace(",", " ").replace(";", " ").split())
    if plain in _OFF:
        return NO_RISK
    if plain == "default":
        return DEFAULT_RISK
    values: dict[str, int] = {}
    while plain:
        match = _PART.match(plain)
        if match is None:
            return None
        kind = RiskKind.NOT_BEGUN if match[1].endswith("begun") else RiskKind(match[1])
        values[_FIELDS[kind]] = 0 if match[2] in _OFF else int(match[2])
        plain = plain[match.end() :].removeprefix(" and").strip()
    if not values or not is_sensible(rule := replace(known, **values)):
        return None
    return rule


def is_sensible(rule: RiskRule) -> bool:
    days = (rule.silent_days, rule.not_begun_days)
    return all(0 <= each <= RISK_MOST_DAYS for each in days) and 0 <= rule.behind_points <= 100
