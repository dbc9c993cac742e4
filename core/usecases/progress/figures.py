"""What is going on in a run: its learners with their progress (LM, Track learner progress).

Six statements at most, whatever the size of the organisation: one counts, one lists a page, and both begin at the run's
own rows. Enrolled without progress is "not known", never 0.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, exists, func, or_, select

from core import access
from core.access import Permission
from core.cards import RunCard, run_card
from core.context import Context
from core.model import CourseRun, Enrolment, Invitation, Learner, LearnerAddress, Progress
from core.pages import Page, page_within
from core.queries import Query
from core.rules.policy import COMPLETED_SHARE, HALF_SHARE, NAME_CHARACTERS, PAGE_ROWS, STALLED_AFTER
from core.rules.progress.bands import Band, has_stalled
from core.rules.text import clean_name, folded
from core.words import FeedKind, InvitationState


class ProgressList(StrEnum):
    """The lists of a run's progress."""

    ALL = "all"
    STALLED = "stalled"
    COMPLETED = "completed"
    UNDER_WAY = "under-way"
    NOT_BEGUN = "not-begun"


@dataclass(frozen=True, slots=True)
class ShowProgress:
    """``search`` matches names and addresses. Pages count from 1."""

    run: str
    shown: ProgressList = ProgressList.ALL
    search: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one learner in one run. None is not known. Shares are hundredths of a per cent."""

    step_percentage: int | None
    steps_completed: int | None
    average_test_score: int | None
    comments_posted: int | None
    last_step_at: datetime | None
    last_comment_at: datetime | None
    left_at: datetime | None
    source: FeedKind | None
    as_of: datetime | None
    has_stalled: bool
    silent_days: int | None
    """Since anything was heard of them."""


@dataclass(frozen=True, slots=True)
class ProgressRow:
    learner_id: int
    name: str
    address: str
    enrolled_at: datetime
    figures: Figures


@dataclass(frozen=True, slots=True)
class SourceShown:
    """Where the figures come from, how old they are, and of how many learners."""

    source: FeedKind
    as_of: datetime
    oldest_as_of: datetime
    learners: int


@dataclass(frozen=True, slots=True)
class ProgressShown:
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


_P = Progress
_ON_RUN: Final = and_(
    _P.learner_id == Enrolment.learner_id, _P.run_id == Enrolment.run_id, _P.is_latest, Enrolment.left_at.is_(None)
)
_HAS_LEFT: Final = or_(_P.left_at.is_not(None), Enrolment.left_at.is_not(None))
_STAYS: Final = and_(_P.left_at.is_(None), Enrolment.left_at.is_(None))
_IS: Final[dict[Band, ColumnElement[bool]]] = {
    Band.COMPLETED: _P.step_percentage >= COMPLETED_SHARE,
    Band.OVER_HALF: and_(_P.step_percentage >= HALF_SHARE, _P.step_percentage < COMPLETED_SHARE),
    Band.BEGUN: and_(_P.step_percentage > 0, _P.step_percentage < HALF_SHARE),
    Band.NOT_BEGUN: _P.step_percentage == 0,
    Band.UNKNOWN: _P.step_percentage.is_(None),
}
_HAS_STALLED: Final = and_(
    _P.step_percentage > 0, _P.step_percentage < COMPLETED_SHARE, _P.active_at <= bindparam("silent_since"), _STAYS
)
_LISTED: Final[dict[ProgressList, tuple[ColumnElement[bool], ...]]] = {
    ProgressList.ALL: (),
    ProgressList.STALLED: (_HAS_STALLED,),
    ProgressList.COMPLETED: (_IS[Band.COMPLETED], _STAYS),
    ProgressList.UNDER_WAY: (_P.step_percentage > 0, _P.step_percentage < COMPLETED_SHARE, _STAYS),
    ProgressList.NOT_BEGUN: (_IS[Band.NOT_BEGUN], _STAYS),
}


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


# Few are removed: they are looked up once, not each learner of the run, who lie scattered over the whole table.
_IS_THERE: Final = Enrolment.learner_id.not_in(
    select(Learner.id).where(Learner.removed_at.is_not(None)).correlate(None)
)
_COUNTS: Final = Query(
    select(
        _P.steps_source.label("source"),
        func.count().label("learners"),
        _number(_HAS_LEFT).label("gone"),
        *(_number(and_(condition, _STAYS)).label(band.value) for band, condition in _IS.items()),
        _number(_HAS_STALLED).label("stalled"),
        func.sum(_P.average_test_score).label("score_sum"),
        func.count(_P.average_test_score).label("scored"),
        func.sum(_P.comments_posted).label("comments"),
        func.max(_P.steps_as_of).label("as_of"),
        func.min(_P.steps_as_of).label("oldest"),
    )
    .select_from(Enrolment)
    .outerjoin(_P, _ON_RUN)
    .where(Enrolment.run_id == bindparam("run_id"), _IS_THERE)
    .group_by(_P.steps_source)
)
_WAITING: Final = Query(
    select(func.count())
    .select_from(Invitation)
    .where(
        Invitation.run_id == bindparam("run_id"),
        Invitation.state == InvitationState.PENDING,
        Invitation.replaced_at.is_(None),
        Invitation.expires_at > bindparam("now"),
    )
)
_ADDRESS: Final = (
    select(LearnerAddress.address)
    .where(LearnerAddress.learner_id == Learner.id)
    .order_by(LearnerAddress.id)
    .limit(1)
    .scalar_subquery()
)
_NAME: Final = Learner.first_name + " " + Learner.last_name
FIGURES: Final = (
    _P.step_percentage, _P.steps_completed, _P.average_test_score, _P.comments_posted, _P.last_step_at,
    _P.last_comment_at, _P.left_at, _P.active_at, _P.steps_source, _P.score_source, _P.steps_as_of, _P.score_as_of,
    _P.comments_source, _P.comments_as_of,
)  # fmt: skip
_ORDER: Final = (func.coalesce(_P.step_percentage, -1).desc(), Enrolment.id)
_ROWS: Final = (
    select(Learner.id, _NAME.label("name"), _ADDRESS.label("address"), Enrolment.enrolled_at, *FIGURES)
    .select_from(Enrolment)
    .join(Learner, Learner.id == Enrolment.learner_id)
    .outerjoin(_P, _ON_RUN)
    .order_by(*_ORDER)
)


def _page_of(*conditions: ColumnElement[bool]) -> Query[*tuple[Any, ...]]:
    """Names, addresses and the other figures are fetched of a page's learners only; an index has the order."""
    page = (
        select(Enrolment.id)
        .outerjoin(_P, _ON_RUN)
        .where(Enrolment.run_id == bindparam("run_id"), _IS_THERE, *conditions)
        .order_by(*_ORDER)
        .limit(PAGE_ROWS)
        .offset(bindparam("offset"))
        .correlate(None)
    )
    return Query(_ROWS.where(Enrolment.id.in_(page)))


_PAGES: Final = {shown: _page_of(*conditions) for shown, conditions in _LISTED.items()}


def show_progress(ctx: Context, command: ShowProgress) -> ProgressShown:
    """Raises RunNotFound, ProviderNotGranted."""
    staff = access.require_staff(ctx, Permission.VIEW)
    run = access.invited_run_by_code(ctx, staff.organisation_id, command.run)
    access.require_provider(ctx, staff, run)
    counts = _COUNTS.run(ctx, run_id=run.id, silent_since=ctx.now - STALLED_AFTER).all()
    waiting = _WAITING.run(ctx, run_id=run.id, now=ctx.now).scalar_one()
    bands = tuple((band, sum(getattr(row, band.value) for row in counts)) for band in Band)
    scored = sum(row.scored for row in counts)
    told = [row.comments for row in counts if row.comments is not None]
    return ProgressShown(
        run=run_card(run),
        enrolled=sum(row.learners for row in counts),
        waiting=waiting,
        bands=bands,
        left=sum(row.gone for row in counts),
        stalled=sum(row.stalled for row in counts),
        average_test_score=round(sum(row.score_sum or 0 for row in counts) / scored) if scored else None,
        scored=scored,
        comments_posted=sum(told) if told else None,
        sources=_sources(counts),
        shown=command.shown,
        search=command.search,
        page=_page(ctx, run, command, _totals(counts, dict(bands))),
    )


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
    }


def _page(ctx: Context, run: CourseRun, command: ShowProgress, totals: dict[ProgressList, int]) -> Page[ProgressRow]:
    if command.search:
        return _found(ctx, run, command)
    page, page_count = page_within(command.page, totals[command.shown])
    rows = _PAGES[command.shown].run(ctx, **_values(ctx, run, page))
    return Page(tuple(_row(row, ctx.now) for row in rows), page, page_count, totals[command.shown])


def _values(ctx: Context, run: CourseRun, page: int) -> dict[str, Any]:
    return {"run_id": run.id, "silent_since": ctx.now - STALLED_AFTER, "offset": (page - 1) * PAGE_ROWS}


def _found(ctx: Context, run: CourseRun, command: ShowProgress) -> Page[ProgressRow]:
    """Counted with the rows: a search takes no statement more. A page too far shows the first one."""
    query = _searched(command).add_columns(func.count().over().label("total"))
    for page in dict.fromkeys((max(command.page, 1), 1)):
        rows = ctx.session.execute(query, _values(ctx, run, page)).all()
        if rows:
            total = rows[0].total
            return Page(tuple(_row(row, ctx.now) for row in rows), *page_within(page, total), total)
    return Page((), 1, 1, 0)


def _searched(command: ShowProgress) -> Select[*tuple[Any, ...]]:
    wanted = folded(command.search)
    has_address = exists().where(
        LearnerAddress.learner_id == Learner.id, LearnerAddress.address_key.contains(wanted, autoescape=True)
    )
    # As typed besides: SQLite lowers no accented letter.
    is_named = func.lower(_NAME).contains(wanted, autoescape=True) | _NAME.contains(
        clean_name(command.search, NAME_CHARACTERS), autoescape=True
    )
    return (
        _ROWS.where(Enrolment.run_id == bindparam("run_id"), Learner.removed_at.is_(None))
        .where(*_LISTED[command.shown], has_address | is_named)
        .limit(PAGE_ROWS)
        .offset(bindparam("offset"))
    )


def _row(row: Any, now: datetime) -> ProgressRow:
    return ProgressRow(row.id, row.name, row.address or "", row.enrolled_at, figures_of(row, now))


def figures_of(row: Any, now: datetime) -> Figures:
    """Steps speak for the source; where no feed told of them, the score or the comments do."""
    source = row.steps_source or row.score_source or row.comments_source
    return Figures(
        step_percentage=row.step_percentage,
        steps_completed=row.steps_completed,
        average_test_score=row.average_test_score,
        comments_posted=row.comments_posted,
        last_step_at=row.last_step_at,
        last_comment_at=row.last_comment_at,
        left_at=row.left_at,
        source=source,
        as_of=row.steps_as_of or row.score_as_of or row.comments_as_of,
        has_stalled=has_stalled(row.step_percentage, row.active_at, row.left_at, now),
        silent_days=(now - row.active_at) // timedelta(days=1) if row.active_at else None,
    )
