"""Runs: which ones can be chosen, and why one cannot (LM, Invite learners to courses)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, or_

from core import access
from core.access import Permission
from core.cards import RunCard, run_card
from core.context import Context
from core.errors import CoursePaidFor, RunNotChoosable
from core.model import CourseRun, StaffMember
from core.queries import Query
from core.rules.policy import PAGE_ROWS
from core.rules.text import folded
from core.words import AccessModel, CourseKind


@dataclass(frozen=True, slots=True)
class ListChoosableRuns:
    """``search`` matches code and titles; empty lists all. Pages count from 1."""

    search: str = ""
    page: int = 1
    page_rows: int = PAGE_ROWS


@dataclass(frozen=True, slots=True)
class ChoosableRunsListed:
    runs: tuple[RunCard, ...]
    page: int
    page_count: int
    total: int
    search: str


def list_choosable_runs(ctx: Context, command: ListChoosableRuns) -> ChoosableRunsListed:
    staff = access.require_staff(ctx, Permission.VIEW)
    runs = [run for run in choosable_runs(ctx, staff) if _matches(run, folded(command.search))]
    pages = max(1, -(-len(runs) // command.page_rows))
    page = min(max(command.page, 1), pages)
    shown = runs[(page - 1) * command.page_rows : page * command.page_rows]
    return ChoosableRunsListed(tuple(map(run_card, shown)), page, pages, len(runs), command.search)


_NOT_ENDED = access.REACHABLE_RUNS.where(
    or_(CourseRun.ends_at.is_(None), CourseRun.ends_at > bindparam("now"))
).order_by(CourseRun.starts_at, CourseRun.code)
_RUNS_NOT_ENDED = Query(_NOT_ENDED)
_RUNS_OF_COURSE_NOT_ENDED = Query(_NOT_ENDED.where(CourseRun.course_id == bindparam("course_id")))


def choosable_runs(ctx: Context, staff: StaffMember) -> list[CourseRun]:
    """Soonest first. Of an own open course the current or next run only; else every current and upcoming run."""
    granted = access.granted_provider_ids(ctx, staff)
    found = _RUNS_NOT_ENDED.run(ctx, organisation_id=staff.organisation_id, now=ctx.now).scalars()
    runs = [run for run in found if refusal(run, ctx.now, staff.organisation_id) is None]
    mine = [run for run in runs if granted is None or _is_granted(run, staff, granted)]
    first_open = first_open_runs(mine, staff.organisation_id)
    return [run for run in mine if run.course_id not in first_open or first_open[run.course_id] == run.id]


def first_open_runs(runs: list[CourseRun], organisation_id: int) -> dict[int, int]:
    """course id -> its current or next run, for the own open courses. ``runs`` are sorted by start."""
    first: dict[int, int] = {}
    for run in runs:
        if run.course.kind is CourseKind.OPEN and run.organisation_id == organisation_id:
            first.setdefault(run.course_id, run.id)
    return first


def require_choosable(ctx: Context, staff: StaffMember, run: CourseRun) -> None:
    """Raises what stands against inviting to this run today."""
    access.require_provider(ctx, staff, run)
    problem = refusal(run, ctx.now, staff.organisation_id)
    if problem is not None:
        raise problem
    if run.course.kind is not CourseKind.OPEN or run.organisation_id != staff.organisation_id:
        return
    if _first_run_of_course(ctx, staff, run) != run.id:
        raise RunNotChoosable(run=run.code, reason="an earlier run of this open course is current or comes first")


def _first_run_of_course(ctx: Context, staff: StaffMember, run: CourseRun) -> int:
    """Of those that can be chosen today, of which ``run`` is one."""
    found = _RUNS_OF_COURSE_NOT_ENDED.run(
        ctx, organisation_id=staff.organisation_id, now=ctx.now, course_id=run.course_id
    )
    choosable = (each.id for each in found.scalars() if refusal(each, ctx.now, staff.organisation_id) is None)
    return next(choosable, run.id)


def refusal(run: CourseRun, now: datetime, organisation_id: int) -> CoursePaidFor | RunNotChoosable | None:
    if run.course.model is AccessModel.PAID_FOR:
        return CoursePaidFor(course=run.course.title)
    if run.ends_at is not None and run.ends_at <= now:
        return RunNotChoosable(run=run.code, reason="it has ended")
    if run.is_closed(now):
        return RunNotChoosable(run=run.code, reason="its enrolment has closed")
    return None


def _matches(run: CourseRun, wanted: str) -> bool:
    return all(
        word in folded(f"{run.code} {run.course.title} {run.title} {run.course.partner}") for word in wanted.split()
    )


def _is_granted(run: CourseRun, staff: StaffMember, granted: frozenset[int]) -> bool:
    provider_id = run.course.provider_id
    return provider_id is None or run.organisation_id != staff.organisation_id or provider_id in granted
