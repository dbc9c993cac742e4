"""Learners, the addresses they are known by, their enrolments, and what each enrolment costs."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.context import Door
from core.database import Id
from core.model.base import Base, OrganisationOwned, closed_set
from core.rules.policy import SEARCH_CHARACTERS
from core.words import JoinedBy, LearnerDeed


class Learner(OrganisationOwned, Base):
    """A person in one organisation. Removed: nobody there sees their data, their enrolments still cost (LM).

    Whoever came by an invitation has names and addresses only. An import knows more: identifying and special columns
    are encrypted, and what learners are found by is hashed with the organisation's own key (``rules.ucas.matching``).
    """

    __tablename__ = "learner"
    __table_args__ = (
        # An index and no constraint: SQLite would have to copy the table.
        Index("ix_learner_organisation_id_username", "organisation_id", "username", unique=True),
        Index("ix_learner_organisation_id_uln_hash", "organisation_id", "uln_hash"),
        Index("ix_learner_organisation_id_upn_hash", "organisation_id", "upn_hash"),
        Index("ix_learner_organisation_id_ccis_hash", "organisation_id", "ccis_hash"),
        # With the mark of the removed: by two columns SQLite would as soon take the index below, and read all learners.
        Index("ix_learner_organisation_id_email_key_removed_at", "organisation_id", "email_key", "removed_at"),
        Index("ix_learner_organisation_id_person_hash", "organisation_id", "person_hash"),
        # Covers a search from its words to the ids of a page, in the order of the list: no row is looked at that does
        # not fit (usecases.learners.lists). And the count of those who are there.
        Index(
            "ix_learner_search",
            "organisation_id",
            "removed_at",
            "search_words",
            "id",
            "provider_id",
            "academic_year",
            "username",
            "access_code_used_at",
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    provider_id: Mapped[int | None] = mapped_column(Id, ForeignKey("provider.id"))
    first_name: Mapped[str] = mapped_column(String(100))
    last_name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    email: Mapped[str | None] = mapped_column(String(254))
    """As imported. Siblings may share one, so it need not be among their addresses."""
    email_key: Mapped[str | None] = mapped_column(String(254))
    year_group: Mapped[str | None] = mapped_column(String(8))
    academic_year: Mapped[int | None]
    """The year in which it began, of the last import that had them."""
    details: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted: the other columns of the import."""
    detail_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    """Of all columns of the import, as they stand here: alike means unchanged."""
    uln_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    upn_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    """None of a temporary one."""
    ccis_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    person_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    """Of the name and date of birth."""
    username: Mapped[str | None] = mapped_column(String(127))
    """In small letters."""
    access_code: Mapped[str | None] = mapped_column(Text)
    """Encrypted; gone when it was used."""
    access_code_used_at: Mapped[datetime | None]
    nudged_at: Mapped[datetime | None]
    """When the last nudge went out, or will: see ``core.model.follow_ups``."""
    search_words: Mapped[str] = mapped_column(String(SEARCH_CHARACTERS), server_default="")
    """What they are found by, last name first: it is the order of lists as well (``rules.learner_words``)."""


class LearnerChange(OrganisationOwned, Base):
    """What a staff member does to one learner: prepared (a preview), made, and perhaps taken back within ten minutes.

    prepared --save, within 15 minutes--> made --undo, within ten--> undone
    """

    __tablename__ = "learner_change"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    learner_id: Mapped[int] = mapped_column(Id, index=True)
    """No foreign key: a learner who was created and taken back is gone."""
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff_member.id"))
    door: Mapped[Door] = mapped_column(closed_set(Door))
    deed: Mapped[LearnerDeed] = mapped_column(closed_set(LearnerDeed))
    columns: Mapped[str] = mapped_column(String(300), default="")
    """Which ones differ, with commas; no values."""
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted: until it is made, what is wanted; afterwards, what it replaced."""
    applied_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    """The learner's ``detail_hash`` on which it is based; once made, the one it left."""
    prepared_at: Mapped[datetime]
    made_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[int | None] = mapped_column(Id, ForeignKey("staff_member.id"))


class LearnerAddress(OrganisationOwned, Base):
    """Every address that a learner was invited at or accepted with."""

    __tablename__ = "learner_address"
    __table_args__ = (UniqueConstraint("organisation_id", "address_key"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    learner_id: Mapped[int] = mapped_column(Id, ForeignKey("learner.id"), index=True)
    address: Mapped[str] = mapped_column(String(254))
    address_key: Mapped[str] = mapped_column(String(254))


class Enrolment(OrganisationOwned, Base):
    """One learner in one run: at most one, whatever ways led there."""

    __tablename__ = "enrolment"
    __table_args__ = (
        UniqueConstraint("learner_id", "run_id"),
        # Covers the count of those who are on a run, and who they are.
        Index("ix_enrolment_run", "run_id", "organisation_id", "left_at", "learner_id"),
        # Who has left, of a whole organisation: few of many.
        Index(
            "ix_enrolment_left",
            "organisation_id",
            "learner_id",
            "run_id",
            sqlite_where=text("left_at IS NOT NULL"),
            postgresql_where=text("left_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    learner_id: Mapped[int] = mapped_column(Id, ForeignKey("learner.id"))
    run_id: Mapped[int] = mapped_column(Id, ForeignKey("course_run.id"))
    joined_by: Mapped[JoinedBy] = mapped_column(closed_set(JoinedBy))
    shared_link_id: Mapped[int | None] = mapped_column(Id, ForeignKey("shared_link.id"), index=True)
    enrolled_at: Mapped[datetime]
    left_at: Mapped[datetime | None]


class Charge(OrganisationOwned, Base):
    """The cost of one enrolment, its price frozen at that moment (LM, View your costs)."""

    __tablename__ = "charge"
    __table_args__ = (
        CheckConstraint("price_pence >= 0", name="price_not_negative"),
        # Covers the sums by month.
        Index(
            "ix_charge_organisation_id_charged_at",
            "organisation_id", "charged_at", "run_id", "price_pence", "is_prepaid", "waived_at",
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    enrolment_id: Mapped[int] = mapped_column(Id, ForeignKey("enrolment.id"), unique=True)
    run_id: Mapped[int] = mapped_column(Id, ForeignKey("course_run.id"))
    agreement_id: Mapped[int | None] = mapped_column(Id, ForeignKey("agreement.id"))
    price_pence: Mapped[int]
    is_prepaid: Mapped[bool]
    charged_at: Mapped[datetime]
    waived_at: Mapped[datetime | None]
    """By an operator: it costs nothing any more."""
    waived_reason: Mapped[str] = mapped_column(String(300), default="")
