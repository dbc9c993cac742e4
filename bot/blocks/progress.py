"""A run's progress, a learner's card, and the reports that told of them."""

from collections.abc import Sequence

from msgspec.structs import replace

from bot.blocks.controls import Action
from bot.blocks.follow_ups import follow_up_menu
from bot.blocks.parts import (
    SECTION_CHARACTERS,
    Block,
    Message,
    actions,
    button,
    context,
    fitting,
    paged,
    said,
    section,
    value_of,
)
from bot.blocks.words import bar as percent_bar
from bot.blocks.words import counted, moment, run_dates, run_name
from core.rules.progress.bands import bar
from core.rules.progress.merging import WHOLE
from core.rules.progress.risk import Risk
from core.usecases.progress.figures import ProgressRow, ProgressShown
from core.usecases.progress.known import Figures
from core.usecases.progress.naming import NamedInFeed
from core.usecases.progress.one_learner import LearnerProgressShown, LearnerRun
from core.usecases.progress.reports import ReportCard, ReportShown, ReportsListed
from core.usecases.progress.risk import FollowUpCard
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
    is_report_under_way,
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
from core.wording.results import WAYS_TO_JOIN
from core.words import NamedKind, ReportReason

_SEARCH_CHARACTERS = 100
_TEXT = SECTION_CHARACTERS - 200
_RUNS = 8
_INVITATIONS = 1500


def draw_progress(shown: ProgressShown) -> Message:
    run, search = shown.run, shown.search[:_SEARCH_CHARACTERS]
    rows = tuple(_row(row, shown) for row in shown.page.rows) or (section(said(nobody_words(shown), 200)),)
    state = (run.code, shown.shown, search)
    return Message(
        f"{said(run.course_title)}: {headline(shown)}.",
        (
            section(f"{run_name(run)}\n*{headline(shown)}*\n{run_dates(run)}"),
            section(_chart(shown)),
            context(sources_words(shown, moment)),
            _tabs(shown, search),
            *rows,
            *(context(said(line, 600)) for line in risk_lines(shown)),
            *paged(Action.PROGRESS_PAGE, shown.page.page, shown.page.page_count, state),
        ),
    )


def _chart(shown: ProgressShown) -> str:
    """Bars in letters of one width, and every number beside its bar."""
    lines = band_lines(shown)
    width = max(len(label) for label, _ in lines)
    bars = "\n".join(f"{label.ljust(width)}  {words}" for label, words in lines)
    return f"```{bars}```\n" + " · ".join(f"{label}: {value}" for label, value in summary_words(shown))


def _tabs(shown: ProgressShown, search: str) -> Block:
    return actions(
        *(
            button(
                LISTS[each],
                f"{Action.PROGRESS_PAGE}:{each.name.lower()}",
                value_of(shown.run.code, each, search, 1),
                style="primary" if each is shown.shown else None,
            )
            for each in ProgressList
        )
    )


def _row(row: ProgressRow, shown: ProgressShown) -> Block:
    """In the lists that are about it, with what can be done about somebody at risk."""
    address = f" · {said(row.address, 80)}" if row.address else ""
    is_asked = shown.shown in (ProgressList.AT_RISK, ProgressList.SET_ASIDE)
    follow_up = row.follow_up if is_asked else None
    lines = "".join(f"\n{line}" for line in _attention(row.risks, follow_up))
    text = f"*{said(row.name, 80)}*{address}\n{_figures(row.figures)}{lines}"
    if is_asked and shown.may_act:
        undo = row.follow_up.follow_up_id if row.follow_up is not None else 0
        return section(text, follow_up_menu(row.learner_id, shown.run.code, undo))
    return section(text, button("All runs", Action.PROGRESS_LEARNER, value_of(row.learner_id)))


def _attention(risks: Sequence[Risk], follow_up: FollowUpCard | None) -> tuple[str, ...]:
    """Of what stands in it only the name of a colleague was typed."""
    return attention_words(risks, replace(follow_up, by=said(follow_up.by, 80)) if follow_up else None, moment)


def _figures(figures: Figures) -> str:
    chart = f"{bar(figures.step_percentage, WHOLE)} " if figures.step_percentage is not None else ""
    activity = activity_words(figures, moment)
    return chart + figures_words(figures, moment) + (f"\n{activity}" if activity else "")


def draw_learner_progress(shown: LearnerProgressShown) -> Message:
    head = f"{said(shown.name, 80)}: {counted(len(shown.runs), 'run')}"
    addresses = [said(address, 80) for address in shown.addresses]
    invited = [
        f"• {said(each.course_title, 80)} (`{said(each.run_code, 64)}`): {invitation_words(each, moment)}"
        for each in shown.invitations
    ]
    return Message(
        f"{head}.",
        (
            section(f"*{head}*" + (f"\n{fitting(addresses, 400)}" if addresses else "")),
            *(map(_learner_run, shown.runs[:_RUNS]) if shown.runs else (section("They are on no run yet."),)),
            *((context(f"…and {len(shown.runs) - _RUNS} more runs"),) if len(shown.runs) > _RUNS else ()),
            *((section(f"*Invitations not accepted*\n{fitting(invited, _INVITATIONS)}"),) if invited else ()),
        ),
    )


def _learner_run(run: LearnerRun) -> Block:
    joined = f"Joined {moment(run.enrolled_at)} {WAYS_TO_JOIN[run.joined_by]}"
    source = source_words(run.figures, moment)
    lines = "".join(f"\n{line}" for line in _attention(run.risks, run.follow_up))
    return section(
        f"*{said(run_title(run), 100)}*\n{_figures(run.figures)}{lines}\n{joined}" + (f"\n{source}" if source else "")
    )


def draw_report(shown: ReportShown) -> Message:
    card, reading = shown.card, shown.reading
    outcome = report_outcome(card)
    lines = [f"*{outcome}*"]
    if is_report_under_way(card):
        return Message(outcome, (section("\n".join((*lines, *_how_far(card)))), context(_foot(card))))
    if shown.is_repeat:
        lines.append("You sent this file before, so nothing was done again.")
    lines += [said(line, 300) for line in (reading.fault, reading.hint) if line]
    if card.counts.rows:
        lines.append(counts_words(card.counts))
    asks = card.reason in (ReportReason.COLUMNS, ReportReason.RUN)
    columns = [f"• {said(line, 200)}" for line in column_words(shown)] if asks else []
    problems = [f"• {said(problem_words(each), 400)}" for each in shown.problems]
    blocks = [section("\n".join(lines))]
    blocks += [section(f"*What I take its columns for*\n{fitting(columns, _TEXT)}")] if columns else []
    blocks += [section(f"*What needs a look*\n{fitting(problems, _TEXT)}")] if problems else []
    if card.reason is ReportReason.COLUMNS and not reading.unsure and (reading.names_runs or card.run_code):
        blocks.append(actions(button("They are right", Action.PROGRESS_CONFIRM, str(card.number), style="primary")))
    steps = next_steps(shown)
    blocks += [section(fitting([said(step, 300) for step in steps], _TEXT))] if steps else []
    return Message(outcome, (*blocks, context(_foot(card))))


def _how_far(card: ReportCard) -> tuple[str, ...]:
    return (percent_bar(card.counts.rows, card.row_count),) if card.row_count else ()


def _foot(card: ReportCard) -> str:
    name = f"{said(card.file_name, 80)} · " if card.file_name else ""
    received = f" · received {moment(card.received_at)}" if card.received_at != card.as_of else ""
    return f"{name}figures as of {moment(card.as_of)}{received}"


def draw_reports(listed: ReportsListed) -> Message:
    head = f"{counted(listed.total, 'progress report')} so far"
    hint = context("Send me a report as a file, or write “progress RUN” to see a run.")
    return Message(
        f"{head}.",
        (
            section(f"*{head}*"),
            *map(_report_row, listed.reports),
            hint,
            *paged(Action.PROGRESS_REPORTS, listed.page, listed.page_count, ()),
        ),
    )


def _report_row(card: ReportCard) -> Block:
    name = f"{said(card.file_name, 80)}, " if card.file_name else ""
    text = f"*{report_outcome(card)}*\n{name}{moment(card.received_at)}, from {said(card.staff_name, 80)}"
    return section(text, button("Show", Action.PROGRESS_REPORT, str(card.number)))


def draw_named(result: NamedInFeed) -> Message:
    what = "learner" if result.kind is NamedKind.LEARNER else "run"
    text = f"“{said(result.name)}” is the {what} {said(result.target)} from now on."
    return Message(text, (section(f"{text}\nSend the report again, and its rows are stored."),))
