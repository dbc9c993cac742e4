"""What every door says alike of learners at risk: why, by which rule, and what was done. Plain text."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from core.rules.policy import RISK_COHORT
from core.rules.progress.risk import Cohort, Risk, RiskKind, RiskRule
from core.usecases.progress.follow_ups import FollowUpNoted
from core.usecases.progress.nudges import NudgePreviewed
from core.usecases.progress.risk import FollowUpCard
from core.wording.results import counted
from core.words import FollowUpDeed, MessageState

Say = Callable[[datetime], str]
_UNDER_WAY: Final = (MessageState.PENDING, MessageState.SENDING)


def share(hundredths: int) -> str:
    """As in "61 %"."""
    return f"{hundredths / 100:.0f} %"


def risk_words(risks: Iterable[Risk]) -> str:
    """As in "nothing done for 12 days; at 8 %, where the median of 14 learners is 61 %". Empty: none."""
    return "; ".join(map(_risk, risks))


def _risk(risk: Risk) -> str:
    match risk.kind:
        case RiskKind.SILENT:
            return f"nothing done for {counted(risk.days, 'day')}"
        case RiskKind.NOT_BEGUN:
            return f"not begun after {counted(risk.days, 'day')}"
        case RiskKind.BEHIND:
            return f"at {share(risk.share)}, where the median of {risk.cohort:,} learners is {share(risk.median)}"


def rule_words(rule: RiskRule, cohort: Cohort, *, is_default: bool) -> str:
    if rule.is_off:
        return "Nobody in this run is called at risk: its rules are off."
    parts = (
        (rule.silent_days, f"did nothing for {counted(rule.silent_days, 'day')}"),
        (rule.behind_points, f"is {counted(rule.behind_points, 'point')} or more below the median{_median(cohort)}"),
        (rule.not_begun_days, f"has not begun after {counted(rule.not_begun_days, 'day')}"),
    )
    whose = "the default" if is_default else "set for this run"
    return f"At risk is who {', or '.join(words for number, words in parts if number)} ({whose})."


def _median(cohort: Cohort) -> str:
    if cohort.median is None:
        return f" (compared from {RISK_COHORT} learners up)"
    return f" (now {share(cohort.median)})"


def follow_up_words(card: FollowUpCard, say: Say) -> str:
    match card.deed:
        case FollowUpDeed.SNOOZED:
            return f"Snoozed by {card.by} until {say(card.until_at)}"
        case FollowUpDeed.SPOKEN:
            return f"{card.by} has spoken to them, {say(card.at)}"
        case FollowUpDeed.NUDGED if card.delivery in _UNDER_WAY:
            return f"A nudge from {card.by} is on its way"
        case FollowUpDeed.NUDGED if card.delivery is MessageState.DROPPED:
            return f"The nudge from {card.by} was not sent: it was no longer needed, or not wanted"
        case FollowUpDeed.NUDGED if card.delivery is not MessageState.SENT:
            return f"The nudge from {card.by} did not arrive"
        case FollowUpDeed.NUDGED:
            return f"Nudged by {card.by}, {say(card.at)}"


# --- What is done about one -------------------------------------------------------------------------------


def letter_lines(letter: NudgePreviewed) -> tuple[str, ...]:
    """The very letter, line by line, with its greeting and its name."""
    return (f"Hello {letter.first_name},", *filter(None, letter.words.splitlines()), letter.author)


def nudge_way_words(letter: NudgePreviewed, say: Say) -> str:
    return (
        f"It goes to {letter.address}, {say(letter.sends_at)} at the earliest, if it still makes sense then. "
        f"A reply comes to {letter.reply_to}."
    )


def noted_what(result: FollowUpNoted, say: Say) -> str:
    """Of somebody whose name and run stand before it."""
    if result.follow_up.deed is FollowUpDeed.SNOOZED:
        return f"snoozed until {say(result.follow_up.until_at)}"
    return "noted that you have spoken to them"


def noted_after(result: FollowUpNoted, say: Say) -> str:
    if result.follow_up.deed is FollowUpDeed.SNOOZED:
        return "Until then the name is in no list of who is at risk."
    return f"The name is hidden until {say(result.follow_up.until_at)}, or until there is a new reason."


UNDONE: Final = {
    FollowUpDeed.NUDGED: "{name} ({run}) gets no nudge: it is taken back.",
    FollowUpDeed.SNOOZED: "{name} ({run}) is snoozed no more.",
    FollowUpDeed.SPOKEN: "{name} ({run}): it is no longer noted that somebody has spoken to them.",
}
