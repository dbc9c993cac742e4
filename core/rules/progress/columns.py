"""Which column of a sheet is what: the platform's own report by its headings, any other by a guess that is confirmed.

Headings come from LM (Track learner progress), from the same report as others were sent it, and from the exports of
other platforms. An alias table, never likeness: that would take “Last score” for “Last step”.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import Final

from msgspec import Struct

from core.rules.policy import HEADING_ROWS
from core.rules.text import bare_heading, clean_name

_CHARACTERS: Final = 200


class ProgressColumn(StrEnum):
    """As people are told of it."""

    MEMBERSHIP = "membership id"
    EMAIL = "e-mail"
    IDENTIFIER = "learner identifier"
    NAME = "name"
    RUN_CODE = "run code"
    RUN_UUID = "run uuid"
    RUN_SLUG = "run slug"
    RUN_TITLE = "run title"
    RUN_START = "start date of the run"
    COURSE_UUID = "course uuid"
    COURSE_CODE = "course code"
    PARTNER_COURSE_CODE = "partner course code"
    PARTNER_RUN_CODE = "partner run code"
    ATTEMPT = "attempt"
    STEPS_COMPLETED = "steps completed"
    STEPS_TOTAL = "steps in all"
    STEP_PERCENTAGE = "step percentage"
    COMMENTS = "comments posted"
    SCORE = "average test score"
    LEFT_AT = "date left"
    LAST_STEP_AT = "last step visited at"
    LAST_COMMENT_AT = "last comment at"
    PROFILE_URL = "profile URL"
    AS_OF = "as of"


C = ProgressColumn
LEARNER_COLUMNS: Final = frozenset({C.MEMBERSHIP, C.EMAIL, C.IDENTIFIER})
FIGURE_COLUMNS: Final = frozenset({C.STEPS_COMPLETED, C.STEP_PERCENTAGE, C.COMMENTS, C.SCORE, C.LAST_STEP_AT})
SHARE_COLUMNS: Final = frozenset({C.STEPS_COMPLETED, C.STEP_PERCENTAGE, C.SCORE})
"""May hold shares; of the first it is more often a number."""
DATE_COLUMNS: Final = frozenset({C.RUN_START, C.LEFT_AT, C.LAST_STEP_AT, C.LAST_COMMENT_AT, C.AS_OF})
RUN_COLUMNS: Final = frozenset({
    C.RUN_CODE, C.RUN_UUID, C.RUN_SLUG, C.RUN_TITLE, C.PARTNER_RUN_CODE, C.COURSE_UUID, C.COURSE_CODE,
    C.PARTNER_COURSE_CODE,
})  # fmt: skip

_PLATFORM: Final[Mapping[ProgressColumn, str]] = {
    C.RUN_START: "run start date, run start, start date of run, run starts",
    C.MEMBERSHIP: "organisation membership uuid, organization membership uuid, membership uuid, membership",
    C.IDENTIFIER: "external learner id, learner id, external id",
    C.EMAIL: "e-mail address, email, learner email, mail",
    C.NAME: "full name, learner name, learner",
    C.PROFILE_URL: "fl profile url, FutureLearn profile url, profile",
    C.STEPS_COMPLETED: "number of steps completed, steps",
    C.STEPS_TOTAL: "total steps, number of steps, steps total",
    C.STEP_PERCENTAGE: "steps percentage, percentage of steps completed, step completion, steps completed percentage, "
    "percentage of steps",
    C.COMMENTS: "number of comments posted, comments, number of comments",
    C.SCORE: "avg test score, test score, average score",
    C.LEFT_AT: "left at, date the learner has left the course, left",
    C.RUN_SLUG: "slug",
    C.RUN_CODE: "run, course run, course run code",
    C.RUN_TITLE: "course run title",
    C.LAST_STEP_AT: "date of last step the learner has visited, last step at, last step visited, last step",
    C.LAST_COMMENT_AT: "date of last comment the learner has made, last comment, last commented at",
    C.RUN_UUID: "course run uuid",
}
_ELSEWHERE: Final[Mapping[ProgressColumn, str]] = {
    C.IDENTIFIER: "user, username, user name, user id, login, login id, student id, student, id number, "
    "SIS user id, SIS login id, employee id, participant",
    C.EMAIL: "user email, student email, primary email, work email",
    C.NAME: "first name, last name, surname, display name, student name, user full name",
    C.STEP_PERCENTAGE: "progress, complete, completion, percent complete, percentage complete, course progress, "
    "completion rate, completion progress, progress percentage, percent completed, percentage completed, done",
    C.STEPS_COMPLETED: "activities completed, lessons completed, modules completed, completed activities, "
    "completed lessons, items completed, units completed, requirements completed count",
    C.STEPS_TOTAL: "activities, lessons, modules, items, total activities, total lessons, total items, "
    "requirement count",
    C.SCORE: "score, grade, mark, final score, current score, quiz average, quiz score, average grade, average mark, "
    "course total, average quiz score, overall grade, assessment score",
    C.COMMENTS: "posts, forum posts, discussion posts, number of posts, messages",
    C.LAST_STEP_AT: "last access, last accessed, last activity, last activity at, last active, last seen, last login, "
    "last visited, last course access, last access to course",
    C.LEFT_AT: "unenrolled at, unenrolled, withdrawn, withdrawn at, date withdrawn, end of enrolment",
    C.RUN_CODE: "class code, cohort, section, group",
    C.RUN_TITLE: "course, course name, course title",
    C.COURSE_CODE: "course id, course short name, short name",
    C.ATTEMPT: "attempt number, attempt no",
    C.AS_OF: "report date, data date, generated at, generated, exported at, date of report, as at",
}
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")


def _table(aliases: Mapping[ProgressColumn, str]) -> dict[str, ProgressColumn]:
    return {bare_heading(alias): column for column, listed in aliases.items() for alias in listed.split(",")}


_OF_PLATFORM: Final = _table(_PLATFORM) | {bare_heading(column): column for column in ProgressColumn}
_OF_ANY: Final = _table(_ELSEWHERE) | _OF_PLATFORM


class Headings(Struct, frozen=True):
    """``places`` counts from 0; the columns are what they seem to be."""

    row: int
    """The spreadsheet's own number; learners stand below."""
    texts: tuple[str, ...]
    places: Mapping[ProgressColumn, int]
    is_platform_report: bool
    """Every column that counts is headed as the platform heads it, so nobody is asked."""


class ColumnMapping(Struct, frozen=True):
    """What somebody confirmed, or was shown: each column's heading, which hold 0 to 1, and how dates are written."""

    headings: Mapping[str, str]
    """Column -> heading, as they stand there."""
    ratios: tuple[str, ...] = ()
    """Columns whose 1 is 100 %."""
    is_month_first: bool = False


def is_progress(headings: Sequence[object]) -> bool:
    """Whether a row of headings is that of a progress report: someone, and at least one figure.

    A sheet of learners has no figure, a catalogue no learner.
    """
    found = _places(headings, _OF_ANY)
    return not LEARNER_COLUMNS.isdisjoint(found) and not FIGURE_COLUMNS.isdisjoint(found)


def find_headings(rows: Iterable[tuple[int, Sequence[object]]]) -> Headings | None:
    """Of the first rows the one with the most known headings."""
    best: Headings | None = None
    for number, cells in islice(rows, HEADING_ROWS):
        if is_progress(cells) and (best is None or len(_places(cells, _OF_ANY)) > len(best.places)):
            best = _headings(number, cells)
    return best


def headings_with(rows: Iterable[tuple[int, Sequence[object]]], mapping: ColumnMapping) -> Headings | None:
    """The row in which the confirmed headings stand, whatever is beside them; None where one is missing."""
    for number, cells in islice(rows, HEADING_ROWS):
        texts = _texts(cells)
        plain = [bare_heading(text) for text in texts]
        places = {
            C(column): plain.index(bare)
            for column, name in mapping.headings.items()
            if (bare := bare_heading(name)) in plain
        }
        if len(places) == len(mapping.headings):
            return Headings(number, texts, places, is_platform_report=False)
    return None


def fingerprint(headings: Iterable[str]) -> str:
    """Of the set of headings: order, case and punctuation make no difference."""
    return hashlib.sha256("\n".join(sorted(filter(None, map(bare_heading, headings)))).encode()).hexdigest()


def column_named(text: str) -> ProgressColumn | None:
    """What somebody means by “score” or “last access”."""
    return _OF_ANY.get(bare_heading(text)) or _OF_ANY.get(bare_heading(text.replace("_", " ")))


def same_heading(one: str, other: str) -> bool:
    return bare_heading(one) == bare_heading(other)


def _headings(number: int, cells: Sequence[object]) -> Headings:
    strict = _places(cells, _OF_PLATFORM)
    found = _places(cells, _OF_ANY)
    figures = FIGURE_COLUMNS.intersection(found)
    # The platform's own report always tells of the steps, and of comments or scores besides.
    is_platform = (
        not LEARNER_COLUMNS.isdisjoint(strict)
        and C.STEPS_COMPLETED in strict
        and not {C.COMMENTS, C.SCORE, C.LEFT_AT}.isdisjoint(strict)
        and all(strict.get(each) == found[each] for each in figures)
    )
    return Headings(number, _texts(cells), strict if is_platform else found, is_platform)


def _texts(cells: Sequence[object]) -> tuple[str, ...]:
    return tuple(clean_name(cell[:_CHARACTERS], _CHARACTERS) if isinstance(cell, str) else "" for cell in cells)


def _places(cells: Sequence[object], table: Mapping[str, ProgressColumn]) -> dict[ProgressColumn, int]:
    """Of two columns that could be the same, the one that is headed by the very word, else the first."""
    found: dict[ProgressColumn, int] = {}
    for place, cell in enumerate(cells):
        column = _column(cell, table) if isinstance(cell, str) else None
        if column is not None and (column not in found or bare_heading(str(cell)) == bare_heading(column)):
            found[column] = place
    return found


def _column(heading: str, table: Mapping[str, ProgressColumn]) -> ProgressColumn | None:
    if not (plain := bare_heading(heading)):
        return None
    if plain in table:
        return table[plain]
    # Progress (%); Score [0-1].
    bare = bare_heading(_IN_BRACKETS.sub("", heading[:_CHARACTERS]))
    return table.get(bare)
