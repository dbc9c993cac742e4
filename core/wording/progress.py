"""What every door says alike of progress: figures, bands, reports. Plain text; a door escapes names for its medium."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from core.rules.progress.bands import Band, bar
from core.rules.progress.risk import Risk
from core.usecases.progress.figures import ProgressShown, SourceShown
from core.usecases.progress.known import Figures
from core.usecases.progress.one_learner import LearnerInvitation, LearnerRun
from core.usecases.progress.reports import ReportCard, ReportCounts, ReportShown, RowProblemCount, report_ref
from core.usecases.progress.risk import FollowUpCard
from core.usecases.progress.run_statements import ProgressList
from core.wording.results import counted
from core.wording.risk import follow_up_words, risk_words, rule_words
from core.words import FeedKind, ReportReason, ReportState

Say = Callable[[datetime], str]
"""How a door says a moment."""

BANDS: Final[dict[Band, str]] = {
    Band.COMPLETED: "90 % or more",
    Band.OVER_HALF: "50 to 89 %",
    Band.BEGUN: "1 to 49 %",
    Band.NOT_BEGUN: "not begun",
    Band.UNKNOWN: "not known",
}
LISTS: Final[dict[ProgressList, str]] = {
    ProgressList.ALL: "All",
    ProgressList.STALLED: "Stalled",
    ProgressList.COMPLETED: "90 % or more",
    ProgressList.UNDER_WAY: "Under way",
    ProgressList.NOT_BEGUN: "Not begun",
    ProgressList.AT_RISK: "At risk",
    ProgressList.SET_ASIDE: "Set aside",
}
FEEDS: Final[dict[FeedKind, str]] = {
    FeedKind.PLATFORM_REPORT: "the platform's report",
    FeedKind.MAPPED_SHEET: "another platform's sheet",
    FeedKind.JSON_API: "the API",
    FeedKind.XAPI: "xAPI statements",
    FeedKind.MOODLE: "Moodle",
    FeedKind.PARTNER_API: "the partner API",
}
_REASONS: Final[dict[ReportReason, str]] = {
    ReportReason.COLUMNS: "nothing is stored yet: are these columns right?",
    ReportReason.RUN: "nothing is stored yet: of which run is it?",
    ReportReason.FILE: "it cannot be read, so nothing was stored.",
    ReportReason.SHEET: "it does not look like a report of progress, so nothing was stored.",
    ReportReason.NO_ROWS: "there is nobody below its headings, so nothing was stored.",
    ReportReason.OUR_MISTAKE: (
        "it could not be finished, and the mistake is ours. What stands below is stored; send it again for the rest."
    ),
}


def share_words(hundredths: int | None) -> str:
    """As in "61 %" or "61.5 %"."""
    if hundredths is None:
        return "not known"
    return f"{hundredths / 100:.1f}".removesuffix(".0") + " %"


def figures_words(figures: Figures, say: Say) -> str:
    """What is known, and nothing else. As in "61 % of the steps · test score 75 % · 3 comments"."""
    known = []
    if figures.step_percentage is not None:
        steps = f" ({figures.steps_completed:,})" if figures.steps_completed is not None else ""
        known.append(f"{share_words(figures.step_percentage)} of the steps{steps}")
    elif figures.steps_completed is not None:
        known.append(counted(figures.steps_completed, "step"))
    if figures.average_test_score is not None:
        known.append(f"test score {share_words(figures.average_test_score)}")
    if figures.comments_posted is not None:
        known.append(counted(figures.comments_posted, "comment"))
    if figures.left_at is not None:
        known.append(f"left {say(figures.left_at)}")
    return " · ".join(known) or "Nothing is known yet"


def activity_words(figures: Figures, say: Say) -> str:
    """When they were last seen, and whether they have stalled. Empty where nobody knows."""
    last = f"Last step {say(figures.last_step_at)}" if figures.last_step_at else ""
    if figures.has_stalled and figures.silent_days is not None:
        stalled = f"Stalled: nothing new for {counted(figures.silent_days, 'day')}"
        return f"{stalled}. {last}" if last else stalled
    return last


def source_words(figures: Figures, say: Say) -> str:
    if figures.source is None or figures.as_of is None:
        return ""
    return f"As of {say(figures.as_of)}, from {FEEDS[figures.source]}"


def headline(shown: ProgressShown) -> str:
    """Without the run's name: doors write it in their own way."""
    done = dict(shown.bands)[Band.COMPLETED]
    risk = f", {shown.at_risk:,} at risk" if shown.at_risk else ""
    return f"{shown.enrolled:,} enrolled, {done:,} with 90 % or more of the steps, {shown.stalled:,} stalled{risk}"


def band_lines(shown: ProgressShown) -> tuple[tuple[str, str], ...]:
    """Label and bar with its number, which read without the bar, too."""
    whole = shown.enrolled
    rows = [(BANDS[band], number) for band, number in shown.bands if number or band is not Band.UNKNOWN]
    if shown.left:
        rows.append(("left", shown.left))
    return tuple((label, f"{bar(number, whole)} {number:,} of {whole:,}") for label, number in rows)


def summary_words(shown: ProgressShown) -> tuple[tuple[str, str], ...]:
    """Label and value of what is known of the whole run."""
    rows = [("Invited, no answer yet", f"{shown.waiting:,}")]
    if shown.at_risk or shown.set_aside:
        aside = f", and {shown.set_aside:,} set aside" if shown.set_aside else ""
        rows.append(("At risk", f"{shown.at_risk:,}{aside}"))
    if shown.cohort.median is not None:
        rows.append(("Median", f"{share_words(shown.cohort.median)} of the steps"))
    if shown.average_test_score is not None:
        rows.append(("Test score", f"{share_words(shown.average_test_score)} on average, of {shown.scored:,}"))
    if shown.comments_posted is not None:
        rows.append(("Comments", f"{shown.comments_posted:,}"))
    return tuple(rows)


def sources_words(shown: ProgressShown, say: Say) -> str:
    if not shown.sources:
        return "No report has told of this run yet."
    return " ".join(_source_words(source, say) for source in shown.sources)


def _source_words(source: SourceShown, say: Say) -> str:
    oldest = f", the oldest of {say(source.oldest_as_of)}" if source.oldest_as_of < source.as_of else ""
    return f"As of {say(source.as_of)}, from {FEEDS[source.source]} ({counted(source.learners, 'learner')}{oldest})."


def nobody_words(shown: ProgressShown) -> str:
    if shown.search:
        return f"Nobody here fits “{shown.search}”."
    if shown.shown is ProgressList.AT_RISK and shown.enrolled:
        return "Nobody else is at risk: the others are set aside." if shown.set_aside else "Nobody is at risk."
    return "Nobody is enrolled yet." if not shown.enrolled else "Nobody is in this list."


def risk_lines(shown: ProgressShown) -> tuple[str, ...]:
    """Below the lists that are about it: by which rule, and how it is changed."""
    rule = risk_rule_words(shown)
    how = f"“at-risk {shown.run.code} silent 14, behind 25” changes it; so do “… default” and “… off”."
    return (*rule, how) if rule and shown.may_act else rule


def risk_rule_words(shown: ProgressShown) -> tuple[str, ...]:
    if shown.shown not in (ProgressList.AT_RISK, ProgressList.SET_ASIDE):
        return ()
    rule = rule_words(shown.rule, shown.cohort, is_default=shown.is_rule_default)
    return (f"{'From now on: ' if shown.is_rule_changed else ''}{rule}",)


def attention_words(risks: Sequence[Risk], follow_up: FollowUpCard | None, say: Say) -> tuple[str, ...]:
    """Why somebody is at risk, and what was done last."""
    lines = (
        f"At risk: {risk_words(risks)}" if risks else "",
        follow_up_words(follow_up, say) if follow_up else "",
    )
    return tuple(line for line in lines if line)


def run_title(run: LearnerRun) -> str:
    again = f", attempt {run.attempt}" if run.attempt > 1 else ""
    return f"{run.course_title} ({run.run_code}{again})"


def invitation_words(invitation: LearnerInvitation, say: Say) -> str:
    what = "declined" if invitation.is_declined else "invited, no answer yet:"
    return f"{what} {say(invitation.at)}"


# --- Reports ----------------------------------------------------------------------------------------------


def is_report_under_way(card: ReportCard) -> bool:
    return card.state in (ReportState.RECEIVED, ReportState.READING, ReportState.MERGING)


def report_outcome(card: ReportCard) -> str:
    """As in "180 of 187 rows stored, 7 need a look (P-0007)."."""
    ref = report_ref(card.number)
    if card.reason is not None:
        return f"{ref}: {_REASONS[card.reason]}"
    if card.state is not ReportState.MERGED:
        rows = f": {card.counts.rows:,} of {counted(card.row_count, 'row')} merged." if card.row_count else "."
        return f"{ref} is under way{rows}"
    counts = card.counts
    look = f", {counts.problem:,} {'needs' if counts.problem == 1 else 'need'} a look" if counts.problem else ""
    return f"{counts.rows - counts.problem:,} of {counted(counts.rows, 'row')} stored{look} ({ref})."


def counts_words(counts: ReportCounts) -> str:
    """Adds up to the rows."""
    parts = (
        (counts.created, "new"),
        (counts.updated, "changed"),
        (counts.unchanged, "unchanged"),
        (counts.outdated, "older than what is known"),
        (counts.duplicate, "repeated in the file"),
        (counts.problem, "not stored"),
    )
    flagged = f"; {counts.flagged:,} of them with a cell left out or cut" if counts.flagged else ""
    return ", ".join(f"{number:,} {words}" for number, words in parts if number) + flagged


def problem_words(problem: RowProblemCount) -> str:
    """One line, with the rows and the values that it is about."""
    column = f"{problem.column}: " if problem.column and not problem.column.startswith("row ") else ""
    rows = ", ".join(map(str, problem.rows)) + (" …" if problem.count > len(problem.rows) else "")
    named = f" ({', '.join(f'“{value}”' for value in problem.values)})" if problem.values else ""
    where = f"row {rows}" if problem.count == 1 else f"{problem.count:,} rows: {rows}"
    words = f"{column}{problem.reason}{named}; {where}."
    # Whom or what nobody knows by this name is asked below.
    advice = "" if _is_unknown(problem) else f" {problem.advice}"
    return f"{words[0].upper()}{words[1:]}{advice}"


def _is_unknown(problem: RowProblemCount) -> bool:
    return problem.fault.value in ("learner_unknown", "run_unknown") and bool(problem.values)


def column_words(shown: ReportShown) -> tuple[str, ...]:
    """What each column is taken for, and which ones for nothing."""
    unused = _unused_headings(shown)
    left_out = (f"Left out: {', '.join(f'“{heading}”' for heading in unused)}",) if unused else ()
    return (
        tuple(
            f"“{each.heading}” → {each.column}"
            + (" (1 is 100 %)" if each.is_ratio else "")
            + (f", such as “{each.example}”" if each.example else "")
            + (" — I cannot tell how this is meant" if each.column in shown.reading.unsure else "")
            for each in shown.reading.columns
        )
        + left_out
    )


def _unused_headings(shown: ReportShown) -> tuple[str, ...]:
    used = {each.heading for each in shown.reading.columns}
    return tuple(heading for heading in shown.reading.headings if heading and heading not in used)


def next_steps(shown: ReportShown, *, is_mail: bool = False) -> tuple[str, ...]:
    """What to write next, in words that every door understands; by e-mail a reply need not say which report."""
    ref = report_ref(shown.card.number)
    run = "" if shown.reading.names_runs or shown.card.run_code else " RUN"
    if shown.card.reason is ReportReason.RUN:
        written = "Reply with the run's code" if is_mail else f"Write “progress {ref} yes RUN” with the run's code"
        return (f"{written}; “courses” lists the runs.",)
    if shown.card.reason is ReportReason.COLUMNS:
        unsure, example = shown.reading.unsure, next(iter(_unused_headings(shown)), "Exam")
        coded = ", with the run's code for RUN" if run else ""
        shares = "Add “fractions” where 1 means 100 %, “percent” where it means 1 %."
        dates = "Add “day-first” or “month-first” for the dates."
        yes = f"reply “yes{run}”" if is_mail else f"write “progress {ref} yes{run}”"
        is_date = any(name.startswith(("date", "last", "as of", "start")) for name in unsure)
        return tuple(filter(None, (
            f"If they are right, {yes}{coded}; I remember it for all files headed like this.",
            f"To put one right, write what it is and its heading: “progress {ref} yes{run} score={example}”.",
            "What it is: steps, progress (the share of them), score, comments, last access or e-mail.",
            shares if any(not name.startswith(("date", "last", "as of", "start")) for name in unsure) else "",
            dates if is_date else "",
        )))  # fmt: skip
    unknown = [each for each in shown.problems if _is_unknown(each)]
    if unknown:
        return tuple(
            f"Do you know “{each.values[0]}”? Write “progress match {each.values[0]} "
            f"{'their@address' if each.fault.value == 'learner_unknown' else 'RUN'}”, and send the file again."
            for each in unknown
        )
    return ()
