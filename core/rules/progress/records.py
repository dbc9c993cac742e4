"""The canonical record of progress, into which every feed is brought."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

from msgspec import Struct, field

from core.rules.progress.faults import ProgressFault
from core.words import FeedKind


class LearnerKey(NamedTuple):
    """What a feed calls a learner. Empty: it does not say."""

    membership: str = ""
    """The platform's own name for the membership, the same in all its reports."""
    identifier: str = ""
    """An e-mail address, a username, or an external id."""
    email: str = ""

    def __bool__(self) -> bool:
        return any(self)


class RunKey(NamedTuple):
    """What a feed calls a run. A uuid, slug or code is enough; a course needs the start besides."""

    uuid: str = ""
    slug: str = ""
    code: str = ""
    title: str = ""
    course_uuid: str = ""
    course_code: str = ""
    starts_on: date | None = None

    def __bool__(self) -> bool:
        return any(self)


class ProgressRecord(Struct, frozen=True):
    """None is unknown. Shares are hundredths of a per cent, 0 to 10,000."""

    learner: LearnerKey
    run: RunKey
    as_of: datetime | None = None
    """None: the whole report's."""
    attempt: int | None = None
    """None: the latest that is known."""
    steps_completed: int | None = None
    steps_total: int | None = None
    step_percentage: int | None = None
    last_step_at: datetime | None = None
    average_test_score: int | None = None
    comments_posted: int | None = None
    last_comment_at: datetime | None = None
    profile_url: str | None = None
    left_at: datetime | None = None
    partner_course_code: str | None = None
    partner_run_code: str | None = None


class CellProblem(NamedTuple):
    fault: ProgressFault
    column: str
    value: str


class ReadRow(Struct, frozen=True):
    """``number``: where it stands in the feed, rising."""

    number: int
    record: ProgressRecord
    problems: tuple[CellProblem, ...] = ()


class Batch(Struct, frozen=True):
    """``cursor``: where to go on after it; stored in the transaction that stores the rows."""

    rows: Sequence[ReadRow]
    cursor: str = ""
    problems: tuple[str, ...] = field(default=())
    """Why the feed could not tell everything, in words: what is missing stays as it is known."""


class ProgressSource(Protocol):
    """A feed, such as a platform's report or a mapped sheet. Connectors to a platform's interface come in here.

    It only reads: whoever merges calls it between transactions, and a gap in what it tells erases nothing.
    """

    @property
    def kind(self) -> FeedKind: ...

    def batches(self, since: str) -> Iterator[Batch]:
        """What changed after the cursor ``since``; empty: everything."""
