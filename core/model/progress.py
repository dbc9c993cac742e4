"""Progress: what is known of a learner in a run, what changed since, and the reports that told of it.

ProgressReport:

    received --begun--> reading --> merging --all rows merged--> merged
        ^                  |-> waiting    its columns or its run are not known yet: somebody is asked
        |                  |      +--confirmed--> received
        |                  +-> rejected   cannot be read, or is no report of progress
        +-- begun again after a crash: what is merged already stays and is counted; the rest follows. After a few
            tries it is rejected, as our mistake

1. What is unknown is NULL and never 0. A gap in a report leaves what is known as it is.
2. The four groups of figures (steps, score, comments, membership) come by different feeds, so each has its source and
   "as of". Of two the newer one holds; an older one changes nothing.
3. Shares are hundredths of a per cent: 6,123 is 61.23 %. Nothing above 100 % is stored.
4. ``ProgressChange`` has a row for each change and none for what stayed the same. Whoever wants to know what changed
   since a moment reads it, and nothing else.
5. Only who is enrolled has progress: a report makes no enrolment, for each of these costs.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.context import Door
from core.database import Id
from core.model.base import Base, OrganisationOwned, closed_set
from core.rules.progress.faults import ProgressFault
from core.words import FeedKind, NamedKind, ReportReason, ReportState


class ProgressReport(OrganisationOwned, Base):
    """A file of progress that was taken in, or one pull of a connector. The counts add up to the rows.

    What stands in it is encrypted, and erased at ``ends_at`` (``usecases.progress.retention``).
    """

    __tablename__ = "progress_report"
    __table_args__ = (
        UniqueConstraint("organisation_id", "number"),
        Index("ix_progress_report_organisation_id_file_hash", "organisation_id", "file_hash"),
        Index(
            "ix_progress_report_unsettled",
            "busy_until",
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index(
            "ix_progress_report_ends_at",
            "ends_at",
            sqlite_where=text("content IS NOT NULL"),
            postgresql_where=text("content IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    number: Mapped[int]
    """As in P-0007; counted by the organisation."""
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff_member.id"))
    door: Mapped[Door] = mapped_column(closed_set(Door))
    source: Mapped[FeedKind] = mapped_column(closed_set(FeedKind))
    state: Mapped[ReportState] = mapped_column(closed_set(ReportState))
    reason: Mapped[ReportReason | None] = mapped_column(closed_set(ReportReason))
    """Why it waits or is rejected."""
    attempt: Mapped[int] = mapped_column(default=0)
    """Whoever begins counts one: an earlier process that wakes up can store nothing more."""
    file_name: Mapped[str] = mapped_column(Text)
    """Encrypted."""
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted. None: erased, or it was no file."""
    file_hash: Mapped[str] = mapped_column(String(64))
    run_code: Mapped[str] = mapped_column(String(64), default="")
    """Of which run it is, where its sender said so."""
    reading: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted: which columns are what, and an example of each."""
    inbound_id: Mapped[int | None] = mapped_column(Id, ForeignKey("inbound_message.id"))
    """The e-mail that brought it, or said yes to its columns, and is answered when it is settled."""
    as_of: Mapped[datetime]
    """Of its figures, where a row does not say otherwise."""
    merged_to: Mapped[int] = mapped_column(default=0)
    """The last row that is merged: begun again, it goes on behind it."""
    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    outdated: Mapped[int] = mapped_column(default=0)
    """Newer figures were known."""
    duplicate: Mapped[int] = mapped_column(default=0)
    problem: Mapped[int] = mapped_column(default=0)
    flagged: Mapped[int] = mapped_column(default=0)
    """Of the stored ones: a cell was left out or cut to 100 %. In no bucket of its own."""
    row_count: Mapped[int] = mapped_column(default=0)
    """Of its sheet, below the headings; what is merged of them the counts say."""
    tries: Mapped[int] = mapped_column(default=0)
    """Of merging it, since it came or somebody said yes to it."""
    busy_until: Mapped[datetime]
    """Until then somebody is at it, or a job of its own will come; later a worker takes it up again."""
    received_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    """Merged, waiting or rejected, the last time."""


class ProgressProblem(OrganisationOwned, Base):
    """Why a row of a report did not land, or which of its cells was left out. Unknown learners and runs stand here."""

    __tablename__ = "progress_problem"
    __table_args__ = (Index("ix_progress_problem_report_id_fault", "report_id", "fault"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    report_id: Mapped[int] = mapped_column(Id, ForeignKey("progress_report.id"))
    number: Mapped[int]
    """The row's, the spreadsheet's own."""
    fault: Mapped[ProgressFault] = mapped_column(closed_set(ProgressFault))
    column: Mapped[str] = mapped_column(String(40))
    value: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted: what stood there."""


class ProgressMapping(OrganisationOwned, Base):
    """Which column of another platform's sheet is what: confirmed once, found by its headings."""

    __tablename__ = "progress_mapping"
    __table_args__ = (UniqueConstraint("organisation_id", "fingerprint"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    fingerprint: Mapped[str] = mapped_column(String(64))
    """Of the set of headings, whatever their order."""
    columns: Mapped[str] = mapped_column(Text)
    """JSON: ``core.rules.progress.columns.Mapping``. Headings only, no value of a row."""
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff_member.id"))
    confirmed_at: Mapped[datetime]


class ProgressName(OrganisationOwned, Base):
    """What a feed calls a learner or a run, where somebody said who or which it is."""

    __tablename__ = "progress_name"
    __table_args__ = (UniqueConstraint("organisation_id", "kind", "name_hash"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    kind: Mapped[NamedKind] = mapped_column(closed_set(NamedKind))
    name_hash: Mapped[bytes] = mapped_column(LargeBinary(16))
    """Keyed with the organisation's own key."""
    # Else each learner who goes is looked for among all names.
    learner_id: Mapped[int | None] = mapped_column(Id, ForeignKey("learner.id"), index=True)
    run_id: Mapped[int | None] = mapped_column(Id, ForeignKey("course_run.id"))
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff_member.id"))
    named_at: Mapped[datetime]


class Progress(OrganisationOwned, Base):
    """A learner in a run, in one attempt. Exports and digests show the latest (``is_latest``).

    ``active_at`` decides who stalled: the last step or comment, or, of a feed that tells neither, the "as of" of the
    report in which the steps last rose. ``core.rules.progress.bands`` has the rule.
    """

    __tablename__ = "progress"
    __table_args__ = (
        UniqueConstraint("learner_id", "run_id", "attempt"),
        # Covers what a run's answer counts.
        Index(
            "ix_progress_run", "run_id", "organisation_id", "learner_id", "step_percentage", "average_test_score",
            "comments_posted", "active_at", "left_at", "steps_source", "steps_as_of", "is_latest",
            # SQLite takes it for a query that says the same in the same words, and reads the column all the same.
            sqlite_where=text("is_latest = 1"), postgresql_where=text("is_latest"),
        ),
        Index(
            "ix_progress_organisation_id_membership_id", "organisation_id", "membership_id",
            sqlite_where=text("membership_id IS NOT NULL"), postgresql_where=text("membership_id IS NOT NULL"),
        ),
        # Who stalled between two moments, in every organisation whose digests are due.
        Index(
            "ix_progress_active_at", "organisation_id", "active_at",
            sqlite_where=text("is_latest"), postgresql_where=text("is_latest"),
        ),
        CheckConstraint("step_percentage BETWEEN 0 AND 10000", name="step_percentage"),
        CheckConstraint("average_test_score BETWEEN 0 AND 10000", name="average_test_score"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    learner_id: Mapped[int] = mapped_column(Id, ForeignKey("learner.id"))
    run_id: Mapped[int] = mapped_column(Id, ForeignKey("course_run.id"))
    attempt: Mapped[int] = mapped_column(default=1)
    is_latest: Mapped[bool] = mapped_column(default=True)
    report_id: Mapped[int | None] = mapped_column(Id)
    """The last report that changed it."""
    active_at: Mapped[datetime | None]

    steps_completed: Mapped[int | None]
    steps_total: Mapped[int | None]
    step_percentage: Mapped[int | None]
    last_step_at: Mapped[datetime | None]
    steps_source: Mapped[FeedKind | None] = mapped_column(closed_set(FeedKind, "steps_source"))
    steps_as_of: Mapped[datetime | None]

    average_test_score: Mapped[int | None]
    score_source: Mapped[FeedKind | None] = mapped_column(closed_set(FeedKind, "score_source"))
    score_as_of: Mapped[datetime | None]

    comments_posted: Mapped[int | None]
    last_comment_at: Mapped[datetime | None]
    comments_source: Mapped[FeedKind | None] = mapped_column(closed_set(FeedKind, "comments_source"))
    comments_as_of: Mapped[datetime | None]

    membership_id: Mapped[str | None] = mapped_column(String(64))
    """The feed's own name for the learner: its membership, or an external id. Learners are found by it."""
    profile_url: Mapped[str | None] = mapped_column(String(500))
    left_at: Mapped[datetime | None]
    partner_course_code: Mapped[str | None] = mapped_column(String(64))
    partner_run_code: Mapped[str | None] = mapped_column(String(64))
    membership_source: Mapped[FeedKind | None] = mapped_column(closed_set(FeedKind, "membership_source"))
    membership_as_of: Mapped[datetime | None]


class ProgressChange(OrganisationOwned, Base):
    """What one report changed of one learner's progress; ``was_*`` is what stood there before, NULL: nothing.

    For digests, by ``organisation_id`` and ``at`` (in a run: ``run_id`` and ``at``):
    completions: ``step_percentage`` reached COMPLETED and ``was_step_percentage`` had not; scores: the two scores
    differ; who came back: ``was_active_at`` is at least STALLED_AFTER before ``active_at``. Who stalled has no row, as
    nothing happened: they have ``Progress.active_at`` + STALLED_AFTER between the two moments. ``is_first`` rows are
    what became known at all; they are no news of what the learner did since.
    """

    __tablename__ = "progress_change"
    __table_args__ = (
        Index("ix_progress_change_organisation_id_at", "organisation_id", "at"),
        Index("ix_progress_change_run_id_at", "run_id", "organisation_id", "at"),
        Index("ix_progress_change_learner_id_at", "learner_id", "at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    learner_id: Mapped[int] = mapped_column(Id, ForeignKey("learner.id"))
    run_id: Mapped[int] = mapped_column(Id, ForeignKey("course_run.id"))
    attempt: Mapped[int]
    report_id: Mapped[int | None] = mapped_column(Id)
    at: Mapped[datetime]
    """When it was stored here, not when the learner did it."""
    is_first: Mapped[bool]
    step_percentage: Mapped[int | None]
    was_step_percentage: Mapped[int | None]
    average_test_score: Mapped[int | None]
    was_average_test_score: Mapped[int | None]
    comments_posted: Mapped[int | None]
    was_comments_posted: Mapped[int | None]
    active_at: Mapped[datetime | None]
    was_active_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    was_left_at: Mapped[datetime | None]
