"""How a record meets what is known: a newer one holds, a gap changes nothing, an older one changes nothing.

Each of the four groups of figures is decided by itself, for they come by different feeds.
"""

from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any, Final

from core.rules.progress.records import ProgressRecord
from core.words import FeedKind

WHOLE: Final = 10_000
"""All of something, in hundredths of a per cent."""
STEPS: Final = ("steps_completed", "steps_total", "step_percentage", "last_step_at")
SCORE: Final = ("average_test_score",)
COMMENTS: Final = ("comments_posted", "last_comment_at")
MEMBERSHIP: Final = ("membership_id", "profile_url", "left_at", "partner_course_code", "partner_run_code")
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "steps": STEPS,
    "score": SCORE,
    "comments": COMMENTS,
    "membership": MEMBERSHIP,
}
FIGURES: Final = tuple(name for names in GROUPS.values() for name in names)
STAMPS: Final = tuple(f"{group}_{what}" for group in GROUPS for what in ("source", "as_of"))
NOTHING: Final[Mapping[str, Any]] = dict.fromkeys((*FIGURES, *STAMPS, "active_at"))
"""What is known of whoever no report has told of."""
all_of: Final = itemgetter(*NOTHING)
"""The values of ``NOTHING``'s names, in their order."""
_figures_of: Final = itemgetter(*FIGURES)
Known = Mapping[str, Any]


def merged(
    known: Known, record: ProgressRecord, source: FeedKind, as_of: datetime, *, run_steps: int | None
) -> dict[str, Any] | None:
    """All figures, stamps and ``active_at`` afterwards. None: everything in the record is older than what is known.

    ``run_steps``: how many the run has, by the catalogue.
    """
    told = _told(record)
    after = dict(known)
    is_newer = False
    for group, names in GROUPS.items():
        new = {name: told[name] for name in names if told[name] is not None}
        if not new:
            continue
        was = known[f"{group}_as_of"]
        if was is not None and was > as_of:
            continue
        is_newer = True
        after.update(new)
        after[f"{group}_source"], after[f"{group}_as_of"] = source, as_of
    if not is_newer:
        return None if any(value is not None for value in told.values()) else after
    _keep_later(after, known, "last_step_at")
    _keep_later(after, known, "last_comment_at")
    _agree(after, known, told, run_steps)
    _back(after, told)
    after["active_at"] = _active_at(after, known, as_of)
    return after


def same_figures(known: Known, after: Known) -> bool:
    """Whether only the "as of" moved."""
    figures: bool = _figures_of(known) == _figures_of(after)
    return figures


def _told(record: ProgressRecord) -> dict[str, Any]:
    return {
        "steps_completed": record.steps_completed,
        "steps_total": record.steps_total,
        "step_percentage": record.step_percentage,
        "last_step_at": record.last_step_at,
        "average_test_score": record.average_test_score,
        "comments_posted": record.comments_posted,
        "last_comment_at": record.last_comment_at,
        # A membership is remembered to find them by; an address needs no remembering.
        "membership_id": record.learner.membership or None,
        "profile_url": record.profile_url,
        "left_at": record.left_at,
        "partner_course_code": record.partner_course_code,
        "partner_run_code": record.partner_run_code,
    }


def _keep_later(after: dict[str, Any], known: Known, name: str) -> None:
    """What somebody did last lies never further back than what is known of it."""
    if known[name] is not None and after[name] is not None and known[name] > after[name]:
        after[name] = known[name]


def _agree(after: dict[str, Any], known: Known, told: Known, run_steps: int | None) -> None:
    """Number and share of the steps say the same: of the one that was not told, what is older is worked out or goes.

    A share is worked out of the catalogue's number, too; a number of steps is not, for a share is often rounded.
    """
    completed, share, total = told["steps_completed"], told["step_percentage"], after["steps_total"]
    if completed is not None and share is None:
        if whole := total or run_steps:
            after["step_percentage"] = min(completed * WHOLE // whole, WHOLE)
        elif completed != known["steps_completed"]:
            after["step_percentage"] = None
    elif share is not None and completed is None:
        if total:
            after["steps_completed"] = round(share * total / WHOLE)
        elif share != known["step_percentage"]:
            after["steps_completed"] = None


def _back(after: dict[str, Any], told: Known) -> None:
    """Whoever did a step after they left is back."""
    left, stepped = after["left_at"], told["last_step_at"]
    if told["left_at"] is None and left is not None and stepped is not None and stepped > left:
        after["left_at"] = None


def _active_at(after: Known, known: Known, as_of: datetime) -> datetime | None:
    before: datetime | None = known["active_at"]
    acted = [each for each in (after["last_step_at"], after["last_comment_at"]) if each is not None]
    if acted:
        last: datetime = max(acted)
        return last
    if after["step_percentage"] is None and after["steps_completed"] is None:
        return before
    rose = (after["step_percentage"] or 0, after["steps_completed"] or 0) > (
        known["step_percentage"] or 0,
        known["steps_completed"] or 0,
    )
    return as_of if rose or before is None else before
