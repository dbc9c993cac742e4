"""Courses, their runs, and the agreements by which one organisation may invite to another's courses."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Id
from core.model.base import Base, closed_set
from core.rules.expiry import enrolment_end, invitation_expires_at
from core.words import AccessModel, CourseKind


class Course(Base):
    """Belongs to one organisation and may be seen by others under an agreement: only ``access`` decides.

    So it is not OrganisationOwned: the automatic scope would hide what an agreement opens.
    """

    __tablename__ = "course"
    __table_args__ = (UniqueConstraint("organisation_id", "code"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    organisation_id: Mapped[int] = mapped_column(Id, ForeignKey("organisation.id"))
    provider_id: Mapped[int | None] = mapped_column(Id, ForeignKey("provider.id"))
    code: Mapped[str] = mapped_column(String(64))
    uuid: Mapped[str] = mapped_column(String(36))
    title: Mapped[str] = mapped_column(String(200))
    partner: Mapped[str] = mapped_column(String(200), default="")
    kind: Mapped[CourseKind] = mapped_column(closed_set(CourseKind))
    model: Mapped[AccessModel] = mapped_column(closed_set(AccessModel))
    price_pence: Mapped[int] = mapped_column(default=0)


class CourseRun(Base):
    """future -> enrolling -> running -> ended, all derived from its dates and now."""

    __tablename__ = "course_run"
    __table_args__ = (
        UniqueConstraint("organisation_id", "code"),
        CheckConstraint("ends_at IS NULL OR starts_at <= ends_at", name="starts_before_end"),
        Index("ix_course_run_course_id_starts_at", "course_id", "starts_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    organisation_id: Mapped[int] = mapped_column(Id, ForeignKey("organisation.id"))
    course_id: Mapped[int] = mapped_column(Id, ForeignKey("course.id"))
    code: Mapped[str] = mapped_column(String(64), index=True)
    slug: Mapped[str] = mapped_column(String(200))
    uuid: Mapped[str] = mapped_column(String(36))
    title: Mapped[str] = mapped_column(String(200))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    enrolment_opens_at: Mapped[datetime | None]
    enrolment_closes_at: Mapped[datetime | None]
    step_count: Mapped[int | None]
    time_zone: Mapped[str] = mapped_column(String(64))
    join_url: Mapped[str] = mapped_column(String(500), default="")
    course: Mapped[Course] = relationship(lazy="raise", viewonly=True)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def closes_at(self) -> datetime | None:
        return enrolment_end(self.enrolment_closes_at, self.ends_at)

    def is_closed(self, now: datetime) -> bool:
        return self.closes_at is not None and self.closes_at <= now

    def invitation_expires_at(self, created_at: datetime) -> datetime:
        return invitation_expires_at(created_at, self.closes_at, self.zone)


class Agreement(Base):
    """``organisation_id`` may invite to the courses of ``owner_id``, or to one course, at this price."""

    __tablename__ = "agreement"
    __table_args__ = (CheckConstraint("prepaid_count >= 0", name="prepaid_not_negative"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    organisation_id: Mapped[int] = mapped_column(Id, ForeignKey("organisation.id"), index=True)
    owner_id: Mapped[int] = mapped_column(Id, ForeignKey("organisation.id"))
    course_id: Mapped[int | None] = mapped_column(Id, ForeignKey("course.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    price_pence: Mapped[int]
    prepaid_count: Mapped[int] = mapped_column(default=0)
    # Raised by a conditional UPDATE at enrolment, so that two enrolments never draw the same place.
    prepaid_used: Mapped[int] = mapped_column(default=0)
    budget_pence: Mapped[int | None]
    """Of what is to invoice. No more are invited, nor join by a shared link, than it has room for."""
    # Of what is to invoice, raised with each charge, likewise.
    spent_pence: Mapped[int] = mapped_column(default=0)
