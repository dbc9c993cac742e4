"""What is known of one learner in one run: the columns of their progress, and what they amount to."""

from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from core.model import Progress
from core.rules.progress.bands import has_stalled
from core.words import FeedKind


class Figures(Struct, frozen=True):
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


_P: Final = Progress
FIGURES: Final = (
    _P.step_percentage, _P.steps_completed, _P.average_test_score, _P.comments_posted, _P.last_step_at,
    _P.last_comment_at, _P.left_at, _P.active_at, _P.steps_source, _P.score_source, _P.steps_as_of, _P.score_as_of,
    _P.comments_source, _P.comments_as_of,
)  # fmt: skip


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
