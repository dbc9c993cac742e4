"""What a learner's progress amounts to: the bands of completion, and who has stalled. One rule for all doors."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from core.rules.policy import COMPLETED_SHARE, HALF_SHARE, STALLED_AFTER


class Band(StrEnum):
    """From the platform's dashboards, which part at 50 and 90 %; a certificate takes 90 % of the steps."""

    COMPLETED = "completed"
    OVER_HALF = "over_half"
    BEGUN = "begun"
    NOT_BEGUN = "not_begun"
    UNKNOWN = "unknown"


def band_of(step_percentage: int | None) -> Band:
    if step_percentage is None:
        return Band.UNKNOWN
    if step_percentage >= COMPLETED_SHARE:
        return Band.COMPLETED
    if step_percentage >= HALF_SHARE:
        return Band.OVER_HALF
    return Band.BEGUN if step_percentage > 0 else Band.NOT_BEGUN


def has_stalled(
    step_percentage: int | None, active_at: datetime | None, left_at: datetime | None, now: datetime
) -> bool:
    """Begun, not finished, not left, and silent. Whoever has not begun is counted by themselves."""
    if band_of(step_percentage) not in (Band.OVER_HALF, Band.BEGUN) or left_at is not None or active_at is None:
        return False
    return active_at <= now - STALLED_AFTER


BAR_CELLS: Final = 10


def bar(part: int, whole: int) -> str:
    """As in "▓▓▓▓░░░░░░". Something is never drawn as nothing, nor less than all as all."""
    if not whole:
        return "░" * BAR_CELLS
    cells = round(part * BAR_CELLS / whole)
    if part:
        cells = max(cells, 1)
    if part < whole:
        cells = min(cells, BAR_CELLS - 1)
    return "▓" * cells + "░" * (BAR_CELLS - cells)
