"""``usher progress``: reports of progress taken in, and what they told, in a staff member's name."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from usher.commands.imports import content_of_file, staff_named
from usher.wiring import operator_app

if TYPE_CHECKING:
    from core.usecases.progress.known import Figures
    from core.usecases.progress.reports import ReportShown

_AS = click.option("--as", "address", required=True, help="E-mail address of the staff member in whose name.")
_LISTS = click.Choice(["all", "stalled", "completed", "under-way", "not-begun", "at-risk", "set-aside"])
_OF = click.option("--organisation", default="", help="Where they work for several: its short name.")


@click.group()
def progress() -> None:
    """What learners have done, and the reports that tell of it."""


@progress.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_AS
@_OF
@click.option("--run", default="", help="The run's code, where no column says it.")
@click.option(
    "--as-of",
    type=click.DateTime(("%Y-%m-%d", "%Y-%m-%dT%H:%M")),
    metavar="MOMENT",
    help="Of the figures, in UTC, as in 2026-10-01 or 2026-10-01T09:30; else now.",
)
def take_in(file: Path, address: str, organisation: str, run: str, as_of: datetime | None) -> None:
    """Take in FILE, any platform's report of progress. The exit status is 1 where it cannot be read as one."""
    from core.progressing import ProgressFile, take_progress
    from core.words.progress import ReportState

    content = content_of_file(file)
    moment = as_of.replace(tzinfo=UTC) if as_of else None
    with operator_app() as app:
        staff = staff_named(app, address, organisation)
        shown = take_progress(app, staff, ProgressFile(file.name, content, run, moment))
    _say(shown)
    if shown.card.state is ReportState.REJECTED:
        sys.exit(1)


@progress.command("confirm")
@click.argument("number")
@_AS
@_OF
@click.option("--run", default="", help="The run's code, where no column says it.")
@click.option("--column", "columns", multiple=True, help="As in score=Exam: what it is, and its heading.")
@click.option("--fractions/--percent", "are_fractions", default=None, help="Whether 1 means 100 % or 1 %.")
@click.option("--month-first/--day-first", "is_month_first", default=None, help="How dates like 03/04/2026 are meant.")
def confirm(
    number: str,
    address: str,
    organisation: str,
    run: str,
    columns: tuple[str, ...],
    *,
    are_fractions: bool | None,
    is_month_first: bool | None,
) -> None:
    """Merge report NUMBER: its columns are right. They are remembered for every file with its headings."""
    from core.progressing import go_on
    from core.usecases.progress.confirming import ConfirmReport

    pairs = tuple((name.strip(), heading.strip()) for name, _, heading in (each.partition("=") for each in columns))
    command = ConfirmReport(_number(number), run, pairs, are_fractions, is_month_first)
    with operator_app() as app:
        _say(go_on(app, staff_named(app, address, organisation), command))


@progress.command("reports")
@_AS
@_OF
@click.option("--page", default=1, show_default=True)
def reports(address: str, organisation: str, page: int) -> None:
    """List the reports, newest first."""
    from core.usecases.progress.reports import ListReports, list_reports
    from core.wording.progress import report_outcome

    with operator_app() as app:
        listed = app.read(list_reports, ListReports(page), staff_named(app, address, organisation))
    for card in listed.reports:
        click.echo(f"{card.received_at:%Y-%m-%d %H:%M}  {card.staff_name}  {report_outcome(card)}")
    click.echo(f"{listed.total} in all, page {listed.page} of {listed.page_count}.")


@progress.command("show")
@click.argument("what")
@_AS
@_OF
@click.option("--list", "shown", default="all", show_default=True, type=_LISTS, help="Which learners of the run.")
@click.option("--page", default=1, show_default=True)
def show(what: str, address: str, organisation: str, shown: str, page: int) -> None:
    """Show a run by its code, or a learner by their address."""
    if "@" in what:
        _show_learner(what, address, organisation)
        return
    from core.usecases.progress.figures import ShowProgress, show_progress
    from core.usecases.progress.run_statements import ProgressList
    from core.wording.progress import (
        attention_words,
        band_lines,
        headline,
        nobody_words,
        risk_rule_words,
        sources_words,
        summary_words,
    )

    with operator_app() as app:
        staff = staff_named(app, address, organisation)
        found = app.read(show_progress, ShowProgress(what, ProgressList(shown), page=page), staff)
    click.echo(f"{found.run.course_title} ({found.run.code}): {headline(found)}.")
    for label, words in (*band_lines(found), *summary_words(found)):
        click.echo(f"  {label:24}{words}")
    click.echo(f"  {sources_words(found, _said)}")
    for row in found.page.rows:
        click.echo(f"{row.name}  {row.address}  {_figures(row.figures)}")
        for line in attention_words(row.risks, row.follow_up, _said):
            click.echo(f"  {line}")
    for line in (*(() if found.page.rows else (nobody_words(found),)), *risk_rule_words(found)):
        click.echo(line)
    click.echo(f"{found.page.total} in the list, page {found.page.page} of {found.page.page_count}.")


def _show_learner(who: str, address: str, organisation: str) -> None:
    from core.usecases.progress.one_learner import ShowLearnerProgress, show_learner_progress
    from core.wording.progress import attention_words, invitation_words, run_title

    with operator_app() as app:
        staff = staff_named(app, address, organisation)
        found = app.read(show_learner_progress, ShowLearnerProgress(who), staff)
    click.echo(f"{found.name}  {', '.join(found.addresses)}")
    for run in found.runs:
        click.echo(f"  {run_title(run)}: {_figures(run.figures)}")
        for line in attention_words(run.risks, run.follow_up, _said):
            click.echo(f"    {line}")
    for each in found.invitations:
        click.echo(f"  {each.course_title} ({each.run_code}): {invitation_words(each, _said)}")


def _figures(figures: Figures) -> str:
    from core.wording.progress import activity_words, figures_words

    return ". ".join(filter(None, (figures_words(figures, _said), activity_words(figures, _said))))


def _say(shown: ReportShown) -> None:
    from core.wording.progress import column_words, counts_words, problem_words, report_outcome

    click.echo(report_outcome(shown.card))
    if shown.is_repeat:
        click.echo("  This file was here before, so nothing was done again.")
    lines = [shown.reading.fault, shown.reading.hint]
    lines += [counts_words(shown.card.counts)] if shown.card.counts.rows else []
    lines += [*column_words(shown)] if shown.card.state.value == "waiting" else []
    lines += [problem_words(each) for each in shown.problems]
    for line in (*filter(None, lines), *_next_steps(shown)):
        click.echo(f"  {line}")


def _next_steps(shown: ReportShown) -> tuple[str, ...]:
    """What waits is confirmed here; the rest is said as everywhere."""
    from core.usecases.progress.reports import report_ref
    from core.wording.progress import next_steps
    from core.words import ReportReason

    ref = report_ref(shown.card.number)
    if shown.card.reason is ReportReason.RUN:
        return (f"Say which run it is about: usher progress confirm {ref} --run RUN --as …",)
    if shown.card.reason is ReportReason.COLUMNS:
        run = "" if shown.reading.names_runs or shown.card.run_code else " --run RUN"
        return (
            f"If they are right: usher progress confirm {ref}{run} --as …",
            "“usher progress confirm --help” says how to put one right.",
        )
    return next_steps(shown)


def _said(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _number(text: str) -> int:
    digits = text.upper().removeprefix("P-")
    if not (digits.isdigit() and digits.isascii() and len(digits) < 10):
        raise click.UsageError("A progress report has a number like P-0007.")
    return int(digits)
