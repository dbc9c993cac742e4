"""Learners, the addresses they are known by, their enrolments, and what each enrolment costs."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Id
from core.model.base import Base, OrganisationOwned, closed_set
from core.words import JoinedBy


class Learner(OrganisationOwned, Base):
    """A person in one organisation. Removed: nobody there sees their data, their enrolments still cost (LM)."""

    __tablename__ = "learner"
    # Covers the count of those who are there.
    __table_args__ = (Index("ix_learner_organisation_id_removed_at", "organisation_id", "removed_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    provider_id: Mapped[int | None] = mapped_column(Id, ForeignKey("provider.id"))
    first_name: Mapped[str] = mapped_column(String(100))
    last_name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


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
        # Covers the count of those who are on a run.
        Index("ix_enrolment_run_id_organisation_id_left_at", "run_id", "organisation_id", "left_at"),
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
    __table_args__ = (CheckConstraint("price_pence >= 0", name="price_not_negative"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    enrolment_id: Mapped[int] = mapped_column(Id, ForeignKey("enrolment.id"), unique=True)
    run_id: Mapped[int] = mapped_column(Id, ForeignKey("course_run.id"))
    agreement_id: Mapped[int | None] = mapped_column(Id, ForeignKey("agreement.id"))
    price_pence: Mapped[int]
    is_prepaid: Mapped[bool]
    charged_at: Mapped[datetime]
