"""A run's progress, a learner's card, and the reports that told of them."""

from core.rules.progress.bands import bar
from core.rules.progress.merging import WHOLE
from core.usecases.progress.figures import ProgressRow, ProgressShown
from core.usecases.progress.naming import NamedInFeed
from core.usecases.progress.one_learner import LearnerProgressShown, LearnerRun
from core.usecases.progress.reports import ReportCard, ReportShown, ReportsListed, report_ref
from core.usecases.progress.run_statements import ProgressList
from core.wording.progress import (
    LISTS,
    activity_words,
    attention_words,
    band_lines,
    column_words,
    counts_words,
    figures_words,
    headline,
    invitation_words,
    next_steps,
    nobody_words,
    problem_words,
    report_outcome,
    risk_lines,
    run_title,
    source_words,
    sources_words,
    summary_words,
)
from core.wording.results import WAYS_TO_JOIN, counted, run_dates
from core.words import NamedKind, ReportReason
from mail.answers.batches import named
from mail.answers.document import Answer, Listing, Row, Teller, page_line, some
from mail.answers.follow_ups import at_risk_url, follow_up_steps, whole_list


def tell_progress(shown: ProgressShown, teller: Teller) -> Answer:
    run, is_empty = shown.run, not shown.page.rows
    return Answer(
        headline=f"{named(run)}: {headline(shown)}.",
        lines=some(sources_words(shown, teller.moment), *risk_lines(shown), nobody_words(shown) if is_empty else ""),
        facts=(("Run", run_dates(run)), *band_lines(shown), *summary_words(shown)),
        lists=() if is_empty else (_page(shown, teller),),
        steps=_steps(shown),
    )


def _page(shown: ProgressShown, teller: Teller) -> Listing:
    """Of those at risk each leads to its buttons, for whoever may press them; and anybody to the whole list."""
    run, is_risk = shown.run, shown.shown is ProgressList.AT_RISK
    leads = is_risk and shown.may_act
    rows = [
        _row(row, teller, at_risk_url(teller, run.code, row.learner_id) if leads else "") for row in shown.page.rows
    ]
    fits = f", fitting “{shown.search}”" if shown.search else ""
    whole = (whole_list(teller, run.code),) if is_risk else ()
    return Listing(LISTS[shown.shown] + fits, (*rows, *whole), page_line(shown.page.page, shown.page.page_count))


def _steps(shown: ProgressShown) -> tuple[str, ...]:
    """What to write next, about the first who has an address."""
    run, address = shown.run.code, next((row.address for row in shown.page.rows if row.address), "")
    may_nudge = shown.shown is ProgressList.AT_RISK and shown.may_act and address
    return some(
        *(follow_up_steps(run, address) if may_nudge else ()),
        f"“progress {run} stalled” lists who has stalled; so do “completed”, “under-way” and “not-begun”."
        if shown.shown is ProgressList.ALL
        else f"“progress {run}” lists everybody.",
        f"“progress {address}” shows all runs of one learner." if address else "",
    )


def _row(row: ProgressRow, teller: Teller, url: str) -> Row:
    share = row.figures.step_percentage
    chart = f"{bar(share, WHOLE)} " if share is not None else ""
    return Row(
        " · ".join(some(row.name, row.address)),
        some(
            chart + figures_words(row.figures, teller.moment),
            activity_words(row.figures, teller.moment),
            *attention_words(row.risks, row.follow_up, teller.moment),
        ),
        url,
    )


def tell_learner(shown: LearnerProgressShown, teller: Teller) -> Answer:
    runs = tuple(_learner_run(run, teller) for run in shown.runs)
    waiting = tuple(
        Row(f"{each.course_title} ({each.run_code})", (f"{each.address}: {invitation_words(each, teller.moment)}",))
        for each in shown.invitations
    )
    return Answer(
        headline=f"{shown.name}: {counted(len(shown.runs), 'run')}, {counted(len(waiting), 'open invitation')}.",
        lines=some("" if runs else "They are on no run yet."),
        facts=(("Known as", ", ".join(shown.addresses)),) if shown.addresses else (),
        lists=tuple(
            Listing(title, rows) for title, rows in (("Runs", runs), ("Invitations not accepted", waiting)) if rows
        ),
    )


def _learner_run(run: LearnerRun, teller: Teller) -> Row:
    share = run.figures.step_percentage
    chart = f"{bar(share, WHOLE)} " if share is not None else ""
    return Row(
        run_title(run),
        some(
            chart + figures_words(run.figures, teller.moment),
            activity_words(run.figures, teller.moment),
            *attention_words(run.risks, run.follow_up, teller.moment),
            f"Joined {teller.moment(run.enrolled_at)} {WAYS_TO_JOIN[run.joined_by]}",
            source_words(run.figures, teller.moment),
        ),
    )


def tell_report(shown: ReportShown, teller: Teller) -> Answer:
    card, reading = shown.card, shown.reading
    columns = column_words(shown) if card.reason in (ReportReason.COLUMNS, ReportReason.RUN) else ()
    problems = tuple(Row(problem_words(each)) for each in shown.problems)
    lists = (
        Listing("What I take its columns for", tuple(Row(words) for words in columns)),
        Listing("What needs a look", problems),
    )
    return Answer(
        headline=report_outcome(card),
        lines=some("You sent this file before, so nothing was done again." if shown.is_repeat else "",
                   reading.fault, reading.hint),
        facts=(
            *((("Rows", counts_words(card.counts)),) if card.counts.rows else ()),
            *((("File", card.file_name),) if card.file_name else ()),
            ("Figures as of", teller.moment(card.as_of)),
            *((("Received", teller.moment(card.received_at)),) if card.received_at != card.as_of else ()),
            ("From", card.staff_name),
        ),
        lists=tuple(each for each in lists if each.rows),
        steps=next_steps(shown, is_mail=True),
    )  # fmt: skip


def tell_reports(listed: ReportsListed, teller: Teller) -> Answer:
    rows = tuple(_report_row(card, teller) for card in listed.reports)
    return Answer(
        headline=f"{counted(listed.total, 'progress report')} so far.",
        lists=(Listing("", rows, page_line(listed.page, listed.page_count)),) if rows else (),
        steps=some(
            f"“progress {report_ref(listed.reports[0].number)}” shows one of them." if rows else "",
            "Send me a report as a file, or write “progress RUN” to see a run.",
        ),
    )


def _report_row(card: ReportCard, teller: Teller) -> Row:
    details = some(card.file_name, f"{teller.moment(card.received_at)}, from {card.staff_name}")
    return Row(report_outcome(card), details)


def tell_named(result: NamedInFeed, teller: Teller) -> Answer:
    what = "learner" if result.kind is NamedKind.LEARNER else "run"
    return Answer(
        f"“{result.name}” is the {what} {result.target} from now on.",
        steps=("Send the report again, and its rows are stored.",),
    )
