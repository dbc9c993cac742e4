"""What is going on: one run's learners with their progress, and who is at risk (LM, Track learner progress).

Six statements at most, whatever the size of the organisation: one counts, one lists a page, and both begin at the run's
own rows. Enrolled without progress is "not known", never 0.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import func

from core import access
from core.access import Permission
from core.cards import RunCard, run_card
from core.context import Context
from core.model import CourseRun
from core.pages import Page, page_within
from core.rules.policy import PAGE_ROWS, STALLED_AFTER
from core.rules.progress.bands import Band
from core.rules.progress.risk import NO_RISK, Cohort, Risk, RiskRule, risks_of
from core.usecases.progress.known import Figures, figures_of
from core.usecases.progress.risk import FollowUpCard, cohort_of, follow_up_of, rule_of, standing_of
from core.usecases.progress.run_statements import COUNTS, FACTS, PAGES, ProgressList, searched
from core.words import FeedKind


class ShowProgress(Struct, frozen=True):
    """``search`` matches names and addresses. Pages count from 1."""

    run: str
    shown: ProgressList = ProgressList.ALL
    search: str = ""
    page: int = 1


class ProgressRow(Struct, frozen=True):
    learner_id: int
    name: str
    address: str
    enrolled_at: datetime
    figures: Figures
    risks: tuple[Risk, ...]
    follow_up: FollowUpCard | None


class SourceShown(Struct, frozen=True):
    """Where the figures come from, how old they are, and of how many learners."""

    source: FeedKind
    as_of: datetime
    oldest_as_of: datetime
    learners: int


class ProgressShown(Struct, frozen=True):
    run: RunCard
    enrolled: int
    waiting: int
    """Invited and not accepted yet."""
    bands: tuple[tuple[Band, int], ...]
    """Of the whole run, those who left aside; they add up to ``enrolled`` with ``left``."""
    left: int
    stalled: int
    average_test_score: int | None
    """Of those who have one."""
    scored: int
    comments_posted: int | None
    sources: tuple[SourceShown, ...]
    """The one of most learners first."""
    shown: ProgressList
    search: str
    page: Page[ProgressRow]
    at_risk: int
    set_aside: int
    """At risk, and nudged, snoozed or spoken to."""
    rule: RiskRule
    is_rule_default: bool
    cohort: Cohort
    may_act: bool
    """Nudge, snooze, and say by which rule they are at risk."""
    is_rule_changed: bool = False


def show_progress(ctx: Context, command: ShowProgress) -> ProgressShown:
    """Raises RunNotFound, ProviderNotGranted."""
    staff = access.require_staff(ctx, Permission.VIEW)
    run = access.invited_run_by_code(ctx, staff.organisation_id, command.run)
    access.require_provider(ctx, staff, run)
    about = _about(ctx, run)
    counts = COUNTS.run(ctx, **about.values).all()
    bands = tuple((band, sum(getattr(row, band.value) for row in counts)) for band in Band)
    scored = sum(row.scored for row in counts)
    told = [row.comments for row in counts if row.comments is not None]
    return ProgressShown(
        run=run_card(run),
        enrolled=sum(row.learners for row in counts),
        waiting=about.waiting,
        bands=bands,
        left=sum(row.gone for row in counts),
        stalled=sum(row.stalled for row in counts),
        average_test_score=round(sum(row.score_sum or 0 for row in counts) / scored) if scored else None,
        scored=scored,
        comments_posted=sum(told) if told else None,
        sources=_sources(counts),
        shown=command.shown,
        search=command.search,
        page=_page(ctx, about, command, _totals(counts, dict(bands))),
        at_risk=sum(row.at_risk for row in counts),
        set_aside=sum(row.set_aside for row in counts),
        rule=about.rule,
        is_rule_default=about.is_rule_default,
        cohort=about.cohort,
        may_act=Permission.INVITE in access.ROLE_PERMISSIONS[staff.role],
    )


class _About(Struct, frozen=True):
    """What holds for all of a run."""

    run: CourseRun
    waiting: int
    rule: RiskRule
    is_rule_default: bool
    cohort: Cohort
    now: datetime

    @property
    def values(self) -> dict[str, Any]:
        """Given to every statement of the run."""
        is_over = self.run.ends_at is not None and self.run.ends_at <= self.now
        rule = NO_RISK if is_over else self.rule
        return {
            "run_id": self.run.id, "now": self.now, "silent_since": self.now - STALLED_AFTER,
            "median": self.cohort.median, "starts_at": self.run.starts_at, "silent_days": rule.silent_days,
            "behind_points": rule.behind_points, "not_begun_days": rule.not_begun_days,
        }  # fmt: skip

    def risks(self, row: Any) -> tuple[Risk, ...]:
        return risks_of(standing_of(row, self.run.starts_at, self.run.ends_at), self.cohort, self.rule, self.now)


def _about(ctx: Context, run: CourseRun) -> _About:
    row = FACTS.run(ctx, run_id=run.id, now=ctx.now).one()
    return _About(run, row.waiting, rule_of(row), row.silent_days is None, cohort_of(row), ctx.now)


def _sources(counts: Any) -> tuple[SourceShown, ...]:
    known = [row for row in counts if row.source is not None]
    ranked = sorted(known, key=lambda row: -row.learners)
    return tuple(SourceShown(row.source, row.as_of, row.oldest, row.learners) for row in ranked)


def _totals(counts: Any, bands: dict[Band, int]) -> dict[ProgressList, int]:
    return {
        ProgressList.ALL: sum(row.learners for row in counts),
        ProgressList.STALLED: sum(row.stalled for row in counts),
        ProgressList.COMPLETED: bands[Band.COMPLETED],
        ProgressList.UNDER_WAY: bands[Band.OVER_HALF] + bands[Band.BEGUN],
        ProgressList.NOT_BEGUN: bands[Band.NOT_BEGUN],
        ProgressList.AT_RISK: sum(row.at_risk for row in counts),
        ProgressList.SET_ASIDE: sum(row.set_aside for row in counts),
    }


def _page(ctx: Context, about: _About, command: ShowProgress, totals: dict[ProgressList, int]) -> Page[ProgressRow]:
    if command.search:
        return _found(ctx, about, command)
    page, page_count = page_within(command.page, totals[command.shown])
    rows = PAGES[command.shown].run(ctx, **about.values, offset=(page - 1) * PAGE_ROWS)
    return Page(tuple(_row(row, about) for row in rows), page, page_count, totals[command.shown])


def _found(ctx: Context, about: _About, command: ShowProgress) -> Page[ProgressRow]:
    """Counted with the rows: a search takes no statement more. A page too far shows the first one."""
    query = searched(command.shown, command.search).add_columns(func.count().over().label("total"))
    for page in dict.fromkeys((max(command.page, 1), 1)):
        rows = ctx.session.execute(query, {**about.values, "offset": (page - 1) * PAGE_ROWS}).all()
        if rows:
            total = rows[0].total
            return Page(tuple(_row(row, about) for row in rows), *page_within(page, total), total)
    return Page((), 1, 1, 0)


def _row(row: Any, about: _About) -> ProgressRow:
    return ProgressRow(
        learner_id=row.id,
        name=row.name,
        address=row.address or "",
        enrolled_at=row.enrolled_at,
        figures=figures_of(row, about.now),
        risks=about.risks(row),
        follow_up=follow_up_of(row),
    )
