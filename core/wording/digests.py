"""What every door says alike of a digest. Plain text; names in it are as they were typed."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from msgspec import Struct

from core.rules.policy import COMPLETED_SHARE, STALLED_AFTER
from core.rules.progress.risk import RiskKind
from core.rules.zones import zone_named
from core.usecases.digests.news import DigestBudget, DigestName, DigestRun, DigestShown
from core.usecases.digests.settings import DigestPlanShown
from core.wording.phrases import day_words, pounds, zone_words
from core.wording.results import counted, percent
from core.wording.risk import risk_words

_DAYS: Final = STALLED_AFTER.days


class Bar(Struct, frozen=True):
    """``words`` tell in numbers what the bar shows."""

    label: str
    part: int
    whole: int
    words: str

    @property
    def share(self) -> int:
        return min(percent(self.part, self.whole), 100)


def headline(shown: DigestShown) -> str:
    """The number that matters first: who needs somebody, what has to be mended, what ends, and then the good news."""
    if shown.is_quiet:
        return f"Nothing has changed since {_day(shown, shown.since)}, and nothing waits for you"
    return ", ".join(list(_counts(shown))[:3])


def _counts(shown: DigestShown) -> Iterator[str]:
    counts = (
        (shown.at_risk, f"{counted(shown.at_risk, 'learner')} at risk"),
        # Most of them are at risk as well: one after the other would read like a sum.
        (0 if shown.at_risk else shown.stalled, f"{counted(shown.stalled, 'learner')} stalled"),
        (shown.bounced, f"{counted(shown.bounced, 'invitation')} did not arrive"),
        (shown.complained, counted(shown.complained, "complaint")),
        (shown.imports_held, f"{counted(shown.imports_held, 'import')} held"),
        (shown.ending, f"{counted(shown.ending, 'invitation')} about to end"),
        (shown.links_ending, f"{counted(shown.links_ending, 'link')} about to end"),
        (shown.completed, f"{shown.completed:,} finished"),
        (shown.enrolled, f"{shown.enrolled:,} enrolled"),
        (shown.returned, f"{shown.returned:,} came back"),
        (shown.scored, counted(shown.scored, "new test score")),
        (shown.imports, f"{counted(shown.imports, 'import')} done"),
    )
    return (words for number, words in counts if number)


def period_words(shown: DigestShown) -> str:
    return f"{shown.organisation}, {_day(shown, shown.since)} to {_day(shown, shown.until)}"


def _day(shown: DigestShown, moment: datetime) -> str:
    return day_words(moment, zone_named(shown.time_zone))


def facts(shown: DigestShown) -> tuple[tuple[str, str], ...]:
    """Label and value; what is nothing is left out."""
    average = f", {shown.average_score / 100:.0f} % on average" if shown.average_score is not None else ""
    found = (
        (shown.at_risk, "At risk", f"{counted(shown.at_risk, 'learner')} now; each reason stands below"),
        (
            shown.stalled,
            "Newly stalled",
            f"{counted(shown.stalled, 'learner')}: nothing for {_DAYS} days, not finished",
        ),
        (shown.returned, "Came back", f"{counted(shown.returned, 'learner')} after {_DAYS} days or more"),
        (shown.enrolled, "Enrolled", counted(shown.enrolled, "learner")),
        (shown.completed, "Finished", counted(shown.completed, "learner")),
        (shown.scored, "Test scores", f"{counted(shown.scored, 'learner')}{average}"),
        (shown.bounced, "Not delivered", f"{counted(shown.bounced, 'invitation')}: correct the address, or send again"),
        (
            shown.complained,
            "Complaints",
            f"{counted(shown.complained, 'learner')} marked your e-mail as spam; nothing more goes to them",
        ),
        (shown.ending, "Ending soon", f"{counted(shown.ending, 'invitation')} within 14 days, not answered yet"),
        (shown.imports, "Imports", f"{counted(shown.imports, 'file')}, {counted(shown.learners_imported, 'learner')}"),
        (shown.imports_held, "Held imports", f"{counted(shown.imports_held, 'file')} waiting for somebody to decide"),
        (shown.enrolled, "Cost", f"{pounds(shown.to_invoice_pence)} to invoice"),
    )
    return tuple((label, words) for number, label, words in found if number)


def run_bar(run: DigestRun) -> Bar | None:
    """None where nothing is known of anybody's steps."""
    if run.learners <= run.unknown + run.left:
        return None
    others = ((run.unknown, f"{run.unknown:,} not known"), (run.left, f"{run.left:,} left"))
    rest = "".join(f", {words}" for number, words in others if number)
    words = f"{run.finished:,} of {run.learners:,} enrolled with {COMPLETED_SHARE // 100} % or more of the steps{rest}"
    return Bar(f"{run.course_title} ({run.code})", run.finished, run.learners, words)


def run_news(run: DigestRun) -> str:
    """As in "12 enrolled, 3 finished, 4 stalled"."""
    parts = (
        (run.enrolled, f"{run.enrolled:,} enrolled"),
        (run.completed, f"{run.completed:,} finished"),
        (run.stalled, f"{run.stalled:,} stalled"),
        (run.bounced, f"{run.bounced:,} not delivered"),
        (run.ending, f"{run.ending:,} about to end"),
    )
    return ", ".join(words for number, words in parts if number)


def budget_bar(budget: DigestBudget) -> Bar:
    share = percent(budget.spent_pence, budget.budget_pence)
    words = f"{pounds(budget.spent_pence)} of {pounds(budget.budget_pence)}, {share} %"
    return Bar(f"Budget for the courses of {budget.owner}", budget.spent_pence, budget.budget_pence, words)


def name_words(name: DigestName) -> str:
    """Besides the name: where, and how far."""
    steps = f", {name.step_percentage / 100:.0f} % done" if name.step_percentage else ""
    why = f": {risk_words(name.risks)}" if name.risks else ""
    return f"{name.run_code}{steps}{why}"


def seen_words(name: DigestName, moment: Callable[[datetime], str]) -> str:
    """Nothing of those whose reason says it, or who have done nothing yet."""
    is_said = any(risk.kind in (RiskKind.SILENT, RiskKind.NOT_BEGUN) for risk in name.risks)
    return f", last seen {moment(name.active_at)}" if name.active_at and name.step_percentage and not is_said else ""


# --- The plan ---------------------------------------------------------------------------------------------


def plan_headline(shown: DigestPlanShown) -> str:
    if not shown.is_on:
        return "Your digest is off."
    zone = zone_words(zone_named(shown.time_zone))
    return f"Your digest comes {shown.time} ({zone}), {_places(shown)}."


def _places(shown: DigestPlanShown) -> str:
    return " and ".join(filter(None, ("by e-mail" if shown.by_mail else "", "in Slack" if shown.in_slack else "")))


def plan_lines(shown: DigestPlanShown, moment: Callable[[datetime], str]) -> tuple[str, ...]:
    if not shown.is_on:
        return ("“digest Mon 08:00” switches it on: what changed, who stalled, what ends soon, and what it costs.",)
    unlinked = "Nothing comes in Slack before your account is connected: write “link” there."
    return tuple(
        line
        for line in (
            f"The next one: {moment(shown.next_at)}." if shown.next_at else "",
            "Only when something changed." if shown.only_changes else "",
            unlinked if shown.in_slack and not shown.is_linked else "",
        )
        if line
    )


PLAN_STEPS: Final = (
    "“digest now” shows it at once; “digest Fri 16:00”, “digest monthly” or “digest mail” changes it; "
    "“digest off” ends it."
)
