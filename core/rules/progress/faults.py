"""Everything that can be wrong with a row of a progress report: a closed set, worded once.

A code stays the same for ever. ``docs/progress.md`` lists them; a test compares.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class ProgressFault(StrEnum):
    LEARNER_MISSING = "learner_missing"
    LEARNER_UNKNOWN = "learner_unknown"
    LEARNER_AMBIGUOUS = "learner_ambiguous"
    LEARNER_NOT_GRANTED = "learner_not_granted"
    RUN_MISSING = "run_missing"
    RUN_UNKNOWN = "run_unknown"
    RUN_AMBIGUOUS = "run_ambiguous"
    RUN_NOT_GRANTED = "run_not_granted"
    NOT_ENROLLED = "not_enrolled"
    ROW_CONTRADICTS = "row_contradicts"
    FIGURE_ABOVE = "figure_above"
    FIGURE_FAR_ABOVE = "figure_far_above"
    FIGURE_NEGATIVE = "figure_negative"
    FIGURE_UNREADABLE = "figure_unreadable"
    DATE_UNREADABLE = "date_unreadable"
    DATE_IMPOSSIBLE = "date_impossible"
    DATE_FUTURE = "date_future"
    CELL_ERROR = "cell_error"


REFUSING: Final = frozenset({
    ProgressFault.LEARNER_MISSING,
    ProgressFault.LEARNER_UNKNOWN,
    ProgressFault.LEARNER_AMBIGUOUS,
    ProgressFault.LEARNER_NOT_GRANTED,
    ProgressFault.RUN_MISSING,
    ProgressFault.RUN_UNKNOWN,
    ProgressFault.RUN_AMBIGUOUS,
    ProgressFault.RUN_NOT_GRANTED,
    ProgressFault.NOT_ENROLLED,
    ProgressFault.ROW_CONTRADICTS,
})  # fmt: skip
"""Nothing of such a row is stored. The others concern one cell, and the rest of the row lands."""

WORDS: Final[Mapping[ProgressFault, tuple[str, str]]] = MappingProxyType({
    ProgressFault.LEARNER_MISSING: (
        "nothing says which learner it is", "It needs an e-mail address or the platform's own name for the learner.",
    ),
    ProgressFault.LEARNER_UNKNOWN: (
        "no learner of yours is known by this", "Say who it is, and send the report again.",
    ),
    ProgressFault.LEARNER_AMBIGUOUS: (
        "its identifiers belong to different learners", "Compare them with the records of both.",
    ),
    ProgressFault.LEARNER_NOT_GRANTED: (
        "it is a learner of a provider that you may not manage", "Somebody who manages that provider can send it.",
    ),
    ProgressFault.RUN_MISSING: ("nothing says which run it is", "Send it as “progress RUN”, with the run's code."),
    ProgressFault.RUN_UNKNOWN: (
        "no run of yours is known by this", "Say which run it is, and send the report again.",
    ),
    ProgressFault.RUN_AMBIGUOUS: (
        "several of your runs fit", "Send each run by itself as “progress RUN”, with the run's code.",
    ),
    ProgressFault.RUN_NOT_GRANTED: (
        "it is a run of a provider that you may not manage", "Somebody who manages that provider can send it.",
    ),
    ProgressFault.NOT_ENROLLED: (
        "the learner is not on this run here", "Invite them, and send the report again. A report enrols nobody.",
    ),
    ProgressFault.ROW_CONTRADICTS: (
        "an earlier row has other figures of the same learner", "Keep the row that is right; the first one counted.",
    ),
    ProgressFault.FIGURE_ABOVE: (
        "it is above 100 %, so 100 % is stored", "The platform counts more than there is; nothing needs to be done.",
    ),
    ProgressFault.FIGURE_FAR_ABOVE: (
        "it is far above 100 %, so it is left out", "Is it a share at all? Look at the column.",
    ),
    ProgressFault.FIGURE_NEGATIVE: ("it is below nothing, so it is left out", "Look at the column."),
    ProgressFault.FIGURE_UNREADABLE: ("it is no figure, so it is left out", "Write it like 61 % or 12."),
    ProgressFault.DATE_UNREADABLE: (
        "it is no date that can be read for sure, so it is left out", "Write it like 2026-03-31 or 2026-03-31 10:45.",
    ),
    ProgressFault.DATE_IMPOSSIBLE: ("there is no such day, so it is left out", "Look at the date."),
    ProgressFault.DATE_FUTURE: ("it lies in the future, so it is left out", "Look at the year."),
    ProgressFault.CELL_ERROR: (
        "the sheet shows an error in it, so it is left out", "Correct the formula, or type the value.",
    ),
})  # fmt: skip
"""Reason, advice."""
