"""Imports of learners, and of courses and runs: each file that came, and its rows.

Import:

    received --begun--> reading --all rows checked--> checked --> applied --undone--> undone
        |                  |                          |-> held --"import the good rows"--> applied --> ...
        |                  |                          |     +-- a corrected file is applied --> rejected
        |                  |                          +-> rejected   rows have problems, and it is all or nothing
        |                  +-> rejected   cannot be read, no headings, or the same rows were imported before
        +------------------+-- begun again after a crash: its rows are thrown away and read anew
    any that is not settled, or held --30 days--> rejected, expired

1. What stands in the file, in its rows and in what they replaced is encrypted, and erased after 30 days.
2. A row lies in exactly one bucket, so the counts add up to the rows. Until an import is applied, the buckets say what
   would become of its rows.
3. Whoever begins counts an attempt: an earlier process that wakes up can store nothing more.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.context import Door
from core.database import Id
from core.model.base import Base, OrganisationOwned, closed_set
from core.rules.ucas.buckets import Bucket
from core.words import ImportPolicy, ImportReason, ImportState, ImportSubject, ImportWork


class Import(OrganisationOwned, Base):
    __tablename__ = "import"
    __table_args__ = (
        UniqueConstraint("organisation_id", "number"),
        Index("ix_import_organisation_id_file_hash", "organisation_id", "file_hash"),
        Index("ix_import_organisation_id_content_hash", "organisation_id", "content_hash"),
        Index(
            "ix_import_kept",
            "ends_at",
            sqlite_where=text("content IS NOT NULL"),
            postgresql_where=text("content IS NOT NULL"),
        ),
        Index(
            "ix_import_unsettled",
            "busy_until",
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    number: Mapped[int]
    """As in I-0007; counted by the organisation."""
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff_member.id"))
    door: Mapped[Door] = mapped_column(closed_set(Door))
    policy: Mapped[ImportPolicy] = mapped_column(closed_set(ImportPolicy))
    subject: Mapped[ImportSubject] = mapped_column(closed_set(ImportSubject), default=ImportSubject.LEARNERS)
    """Learners, until its headings have said otherwise."""
    state: Mapped[ImportState] = mapped_column(closed_set(ImportState))
    reason: Mapped[ImportReason | None] = mapped_column(closed_set(ImportReason))
    """Why it is held or rejected."""
    attempt: Mapped[int] = mapped_column(default=0)
    rules_version: Mapped[int]
    repeats_id: Mapped[int | None] = mapped_column(Id, ForeignKey("import.id"))
    """Rejected: the import that had the same rows."""
    corrects_id: Mapped[int | None] = mapped_column(Id, ForeignKey("import.id"))
    """The earlier import whose answer brought this file: see ``core.usecases.imports.corrections``."""
    file_name: Mapped[str] = mapped_column(Text)
    """Encrypted."""
    # The last column: SQLite goes through all that stands before one.
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True, sort_order=1)
    """Encrypted; read when it is asked for, for it may be ten megabytes. None: erased."""
    file_hash: Mapped[str] = mapped_column(String(64))
    content_hash: Mapped[str | None] = mapped_column(String(64))
    """Of the rows as they were read; alike in a file that was only saved once more."""
    reading: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted: which sheet, where its headings stand, what is worth saying of the file."""
    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    duplicate: Mapped[int] = mapped_column(default=0)
    problem: Mapped[int] = mapped_column(default=0)
    reach_hash: Mapped[str | None] = mapped_column(String(64))
    """Of the providers that its sender could manage when its rows were checked."""
    inbound_id: Mapped[int | None] = mapped_column(Id, ForeignKey("inbound_message.id"))
    """The e-mail that brought it, and is answered when it is settled."""
    rows_read: Mapped[int] = mapped_column(default=0)
    """How far checking has come, of ``row_count``."""
    row_count: Mapped[int] = mapped_column(default=0)
    busy_until: Mapped[datetime]
    """Until then somebody is at it, or a job of its own will come; later a worker takes it up again."""
    received_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    """Then everything encrypted is erased."""
    settled_at: Mapped[datetime | None]
    """Held, applied or rejected, the last time."""
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[int | None] = mapped_column(Id, ForeignKey("staff_member.id"))


class ImportRow(OrganisationOwned, Base):
    __tablename__ = "import_row"
    __table_args__ = (
        # Broken and repeated rows have none.
        Index(
            "ix_import_row_learner_id",
            "learner_id",
            sqlite_where=text("learner_id IS NOT NULL"),
            postgresql_where=text("learner_id IS NOT NULL"),
        ),
    )

    import_id: Mapped[int] = mapped_column(Id, ForeignKey("import.id"), primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """The spreadsheet's own."""
    content: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted: the values, as they were read."""
    problems: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted: of its cells, and with other rows of the file."""
    is_refused: Mapped[bool]
    """One of these is an error."""
    same_as: Mapped[int | None]
    """The earlier row that it repeats."""
    bucket: Mapped[Bucket] = mapped_column(closed_set(Bucket))
    learner_id: Mapped[int | None] = mapped_column(Id)
    """Who it is, or was: an undone import may have taken them away. Where nobody is known yet, who it will be."""
    run_id: Mapped[int | None] = mapped_column(Id)
    """Of the catalogue: the run."""
    match_problem: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted: why nobody can be sure who it is."""
    changes: Mapped[str] = mapped_column(String(300), default="")
    """Updated: the columns that differ, with commas between."""
    before: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted: the learner as they were."""
    applied_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    """The learner's, when this was applied: it differs if somebody changed them since. Until then the row's own."""
    ukprn: Mapped[str | None] = mapped_column(String(8))
    row_hash: Mapped[bytes] = mapped_column(LargeBinary(16))
    uln_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    upn_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    ccis_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    email_key: Mapped[str | None] = mapped_column(String(254))
    person_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))


class ImportOrder(OrganisationOwned, Base):
    """An import is to be released or undone, which a worker does (``core.usecases.imports.orders``)."""

    __tablename__ = "import_order"
    __table_args__ = (
        Index(
            "uq_import_order_open",
            "import_id",
            unique=True,
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    import_id: Mapped[int] = mapped_column(Id, ForeignKey("import.id"))
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff_member.id"))
    door: Mapped[Door] = mapped_column(closed_set(Door))
    work: Mapped[ImportWork] = mapped_column(closed_set(ImportWork))
    inbound_id: Mapped[int | None] = mapped_column(Id, ForeignKey("inbound_message.id"))
    """The e-mail that ordered it, and is answered when it is settled."""
    tries: Mapped[int] = mapped_column(default=0)
    busy_until: Mapped[datetime]
    """Until then somebody is at it, or a job of its own will come; later a worker takes it up again."""
    outcome: Mapped[str] = mapped_column(Text, default="")
    """JSON of the result: counts and numbers of rows, no value of one. Empty: none yet, or it was refused."""
    refusal: Mapped[str] = mapped_column(String(400), default="")
    settled_at: Mapped[datetime | None]
