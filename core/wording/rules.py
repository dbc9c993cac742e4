"""The rules of an organisation in a line each, for every door."""

from typing import Final

from msgspec import Struct

from core.rules.zones import zone_named
from core.usecases.invitations.quiet_hours import QuietHoursShown
from core.usecases.learners.ethnicity import EthnicityShown
from core.usecases.staff.rules import RulesShown
from core.wording.digests import plan_headline
from core.wording.phrases import zone_words
from core.wording.results import IMPORT_POLICIES, clock_words

RULES_FOOT: Final = (
    "An owner changes the first three; the digest is your own. Each run has its own reminders, and its own rule of who "
    "is at risk: “reminders RUN”, “at-risk RUN”. “budget” says what an agreement may cost."
)
_PURPOSE_CHARACTERS: Final = 300


class RuleWords(Struct, frozen=True):
    """``verb`` shows it alone, and how to change it."""

    title: str
    holds: str
    verb: str


def rule_words(shown: RulesShown) -> tuple[RuleWords, ...]:
    policy = shown.imports.policy
    return (
        RuleWords("Quiet hours", _quiet(shown.quiet), "quiet"),
        RuleWords("Files with faulty rows", f"{IMPORT_POLICIES[policy]} ({policy})", "import-policy"),
        RuleWords("Ethnicity", _ethnicity(shown.ethnicity), "ethnicity"),
        RuleWords("Your digest", plan_headline(shown.digest), "digest"),
    )


def _quiet(shown: QuietHoursShown) -> str:
    if shown.quiet is None:
        return "None: reminders go out at any time of the day."
    zone = zone_words(zone_named(shown.time_zone))
    hours = f"{clock_words(shown.quiet.from_minute)} to {clock_words(shown.quiet.until_minute)}"
    return f"{hours} ({zone}): reminders wait for their end."


def _ethnicity(shown: EthnicityShown) -> str:
    if not shown.purpose:
        return "Not read from imports, and not stored."
    return f"Stored for: {shown.purpose[:_PURPOSE_CHARACTERS]}"
