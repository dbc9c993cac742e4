"""The runs that can be chosen."""

from bot.blocks.controls import Action
from bot.blocks.parts import Block, Message, button, context, paged, plain, said, section, value_of
from bot.blocks.words import counted, run_dates, run_name, until_words
from core.cards import RunCard
from core.phrases import day_words, zone_named
from core.usecases.runs import ChoosableRunsListed
from core.words import CourseKind

_SEARCH_CHARACTERS = 100
_KINDS = {CourseKind.OPEN: "open course", CourseKind.INVITE_ONLY: "by invitation only"}


def draw_runs(listed: ChoosableRunsListed) -> Message:
    search = listed.search[:_SEARCH_CHARACTERS]
    fits = f" that fit “{said(search)}”" if search else ""
    head = f"{counted(listed.total, 'run')}{fits} to choose from"
    rows = tuple(map(_row, listed.runs)) or (context("Other words may find more: “courses” alone lists all."),)
    pages = paged(Action.RUNS_PAGE, listed.page, listed.page_count, (search,))
    return Message(f"{head}.", (section(f"*{head}*"), *rows, *pages))


def _row(run: RunCard) -> Block:
    partner = f" · {said(run.partner, 60)}" if run.partner else ""
    closes = f"\nEnrolment closes {until_words(run.closes_at, run.time_zone)}" if run.closes_at else ""
    text = f"{run_name(run)}\n{run_dates(run)} · {_KINDS[run.kind]}{partner}{closes}"
    return section(text, button("Invite", Action.COMPOSE, value_of(run.code)))


def run_option(run: RunCard) -> Block:
    """For the menu of a form."""
    starts = day_words(run.starts_at, zone_named(run.time_zone))
    label = f"{run.code} · {run.course_title}"
    return {"text": plain(label), "value": run.code, "description": plain(f"starts {starts}")}
