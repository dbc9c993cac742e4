"""Runs: which ones can be chosen, and why one cannot (LM, Invite learners to courses)."""

from datetime import datetime
from typing import Any, TypeAlias

from msgspec import Struct
from sqlalchemy import Row, bindparam, or_, select

from core import access
from core.access import Permission
from core.cards import CARD_COLUMNS, RunCard, card_of, run_card
from core.context import Context
from core.errors import CoursePaidFor, RunNotChoosable
from core.model import Course, CourseRun, StaffMember
from core.pages import Page, page_within
from core.queries import Query
from core.rules.policy import PAGE_ROWS
from core.rules.text import folded
from core.words import AccessModel, CourseKind


class ListChoosableRuns(Struct, frozen=True):
    """``search`` matches code and titles; empty lists all. Pages count from 1."""

    search: str = ""
    page: int = 1
    page_rows: int = PAGE_ROWS


class ChoosableRunsListed(Struct, frozen=True):
    runs: tuple[RunCard, ...]
    page: int
    page_count: int
    total: int
    search: str


_CHOICES = (
    access.REACHABLE_RUNS.with_only_columns(
        # What decides, and nothing more: of a thousand runs ten are shown.
        CourseRun.id,
        CourseRun.code,
        Course.title.label("course_title"),
        CourseRun.title,
        Course.partner,
        Course.kind,
        CourseRun.organisation_id,
        CourseRun.course_id,
        Course.provider_id,
    )
    # As ``_refusal`` says it.
    .where(
        Course.model != AccessModel.PAID_FOR,
        or_(CourseRun.ends_at.is_(None), CourseRun.ends_at > bindparam("now")),
        or_(CourseRun.enrolment_closes_at.is_(None), CourseRun.enrolment_closes_at > bindparam("now")),
    )
    .order_by(CourseRun.starts_at, CourseRun.code)
)
_EVERY_CHOICE = Query(_CHOICES)
_CHOICES_OF_COURSE = Query(_CHOICES.where(CourseRun.course_id == bindparam("course_id")))
_CARDS = Query(
    select(*CARD_COLUMNS)
    .join(Course, Course.id == CourseRun.course_id)
    .where(CourseRun.id.in_(bindparam("run_ids", expanding=True)))
)
_Choice: TypeAlias = Row[*tuple[Any, ...]]
"""A run that nothing stands against, as a row of ``_CHOICES``."""


def list_choosable_runs(ctx: Context, command: ListChoosableRuns) -> ChoosableRunsListed:
    listed = choosable_page(ctx, access.require_staff(ctx, Permission.VIEW), command)
    cards = {row.id: card_of(row) for row in _CARDS.run(ctx, run_ids=listed.rows)}
    runs = tuple(cards[run_id] for run_id in listed.rows)
    return ChoosableRunsListed(runs, listed.page, listed.page_count, listed.total, command.search)


def choosable_page(ctx: Context, staff: StaffMember, command: ListChoosableRuns) -> Page[int]:
    """The ids of the runs, soonest first. The caller has authorised."""
    wanted = folded(command.search).split()
    ids = [choice.id for choice in _choices(ctx, staff) if _matches(choice, wanted)]
    page, pages = page_within(command.page, len(ids), command.page_rows)
    return Page(tuple(ids[(page - 1) * command.page_rows : page * command.page_rows]), page, pages, len(ids))


def _choices(ctx: Context, staff: StaffMember) -> list[_Choice]:
    """Soonest first. Of an own open course the current or next run only; else every current and upcoming run."""
    granted = access.granted_provider_ids(ctx, staff)
    found = _EVERY_CHOICE.run(ctx, organisation_id=staff.organisation_id, now=ctx.now)
    mine = [choice for choice in found if granted is None or _is_granted(choice, staff, granted)]
    first = _first_of_own_open_courses(mine, staff.organisation_id)
    return [choice for choice in mine if first.get(choice.course_id, choice) is choice]


def _first_of_own_open_courses(choices: list[_Choice], organisation_id: int) -> dict[int, _Choice]:
    """By course, its current or next run. ``choices`` are sorted by start."""
    first: dict[int, _Choice] = {}
    for choice in choices:
        if choice.kind is CourseKind.OPEN and choice.organisation_id == organisation_id:
            first.setdefault(choice.course_id, choice)
    return first


def require_choosable(ctx: Context, staff: StaffMember, run: CourseRun) -> None:
    """Raises what stands against inviting to this run today."""
    access.require_provider(ctx, staff, run)
    problem = _refusal(run_card(run), ctx.now)
    if problem is not None:
        raise problem
    if run.course.kind is not CourseKind.OPEN or run.organisation_id != staff.organisation_id:
        return
    of_course = _CHOICES_OF_COURSE.run(ctx, organisation_id=staff.organisation_id, now=ctx.now, course_id=run.course_id)
    # This run is one of them: nothing stands against it.
    if of_course.scalars().all()[0] != run.id:
        raise RunNotChoosable(run=run.code, reason="an earlier run of this open course is current or comes first")


def _refusal(run: RunCard, now: datetime) -> CoursePaidFor | RunNotChoosable | None:
    if run.model is AccessModel.PAID_FOR:
        return CoursePaidFor(course=run.course_title)
    if run.ends_at is not None and run.ends_at <= now:
        return RunNotChoosable(run=run.code, reason="it has ended")
    if run.closes_at is not None and run.closes_at <= now:
        return RunNotChoosable(run=run.code, reason="its enrolment has closed")
    return None


def _matches(choice: _Choice, words: list[str]) -> bool:
    if not words:
        return True
    text = folded(f"{choice.code} {choice.course_title} {choice.title} {choice.partner}")
    return all(word in text for word in words)


def _is_granted(choice: _Choice, staff: StaffMember, granted: frozenset[int]) -> bool:
    provider_id = choice.provider_id
    return provider_id is None or choice.organisation_id != staff.organisation_id or provider_id in granted
