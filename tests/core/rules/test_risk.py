"""Who is at risk, and why; and the rule as people write it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.progress.risk import (
    DEFAULT_RISK,
    NO_RISK,
    Cohort,
    Risk,
    RiskKind,
    RiskRule,
    Standing,
    bits_of,
    read_risk_rule,
    risks_of,
)
from core.wording.risk import risk_words

NOW = datetime(2026, 5, 1, tzinfo=UTC)
FOURTEEN = Cohort(6100, 14)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def standing(share: int | None = 3000, silent: float = 2, **other: object) -> Standing:
    values = {
        "active_at": days_ago(silent), "as_of": NOW, "enrolled_at": days_ago(40), "starts_at": days_ago(60),
        "ends_at": None, "has_left": False, **other,
    }  # fmt: skip
    return Standing(share, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("learner", "why"),
    [
        (standing(800, silent=12), "nothing done for 12 days; at 8 %, where the median of 14 learners is 61 %"),
        (standing(6000, silent=10), "nothing done for 10 days"),
        (standing(0), "not begun after 40 days; at 0 %, where the median of 14 learners is 61 %"),
        (standing(6000, silent=9.9), ""),
        # What no report has told of, nobody knows.
        (standing(6000, silent=26, as_of=days_ago(25)), ""),
        (standing(6000, silent=11, as_of=days_ago(7)), "nothing done for 11 days"),
        # Just here: neither compared nor waited for.
        (standing(800, silent=1, enrolled_at=days_ago(3)), ""),
        (standing(0, starts_at=days_ago(2)), ""),
        (standing(9000, silent=30), ""),
        (standing(800, silent=30, has_left=True), ""),
        (standing(800, silent=30, ends_at=NOW), ""),
        (standing(None, silent=30), ""),
    ],
)
def test_each_reason_is_said_with_its_numbers(learner: Standing, why: str) -> None:
    assert risk_words(risks_of(learner, FOURTEEN, DEFAULT_RISK, NOW)) == why


def test_below_five_nobody_is_compared_and_off_is_off() -> None:
    learner = standing(800, silent=12)

    assert risks_of(learner, Cohort(6100, 4), DEFAULT_RISK, NOW) == (Risk(RiskKind.SILENT, days=12),)
    assert bits_of(risks_of(learner, FOURTEEN, DEFAULT_RISK, NOW)) == RiskKind.SILENT.bit + RiskKind.BEHIND.bit
    assert risks_of(learner, FOURTEEN, NO_RISK, NOW) == ()


rules = st.builds(RiskRule, st.integers(0, 365), st.integers(0, 100), st.integers(0, 365))


@given(rules, rules)
def test_a_rule_is_read_as_it_is_written_whatever_was_known(rule: RiskRule, known: RiskRule) -> None:
    assert read_risk_rule(str(rule), known) == rule


@given(st.text(max_size=60))
def test_no_words_of_anybody_break_the_reading(words: str) -> None:
    rule = read_risk_rule(words, DEFAULT_RISK)

    assert rule is None or read_risk_rule(str(rule), NO_RISK) == rule


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("silent 14 days, behind 25 %", RiskRule(14, 25, 7)),
        ("Not begun: 3; silent off", RiskRule(0, 30, 3)),
        ("behind=40 points and unbegun-10", RiskRule(10, 40, 10)),
        ("off", NO_RISK),
        ("default", DEFAULT_RISK),
        ("silent", None),
        ("silent 400", None),
        ("behind 101", None),
        ("silent 14 perhaps", None),
        ("", None),
    ],
)
def test_words_for_a_rule(words: str, rule: RiskRule | None) -> None:
    assert read_risk_rule(words, DEFAULT_RISK) == rule
