"""Audit, idempotency, and the workers' heartbeats."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Id
from core.model.base import Base, OrganisationOwned, closed_set
from core.words import Subject


class AuditEntry(Base):
    """Who did what, when, through which door. Ids and names of fields only, never their values."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_organisation_id_at", "organisation_id", "at"),
        # What was done about one row.
        Index("ix_audit_entry_organisation_id_subject_at", "organisation_id", "subject", "at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    organisation_id: Mapped[int | None] = mapped_column(Id, ForeignKey("organisation.id"))
    actor: Mapped[str] = mapped_column(String(80))
    door: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(120))
    outcome: Mapped[str] = mapped_column(String(64))
    amount: Mapped[int | None]
    """How many it concerned, where that is not to be seen from what it is about."""
    at: Mapped[datetime]


class AuditSubject(OrganisationOwned, Base):
    """What an entry of the audit is about, one row each: so that a history is read from one end, whatever its length.

    ``is_part``: it happened within it (a learner answered one invitation of a batch), or was done by it (the staff
    member who acted); else it was done to the whole of it.
    """

    __tablename__ = "audit_subject"
    __table_args__ = (
        # Everything that a history chooses by, so that leafing reads the index alone.
        Index("ix_audit_subject_history", "organisation_id", "subject_id", "at", "entry_id", "is_part"),
    )

    entry_id: Mapped[int] = mapped_column(Id, ForeignKey("audit_entry.id"), primary_key=True, autoincrement=False)
    kind: Mapped[Subject] = mapped_column(closed_set(Subject), primary_key=True)
    subject_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    is_part: Mapped[bool]
    at: Mapped[datetime]


class IdempotencyRecord(Base):
    """The answer that was given under a key, given again when the same request returns."""

    __tablename__ = "idempotency_record"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    action: Mapped[str] = mapped_column(String(64))
    result: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(index=True)


class WorkerBeat(Base):
    """One row per executor; silent for a minute and it is reaped, once, by whoever wins the UPDATE."""

    __tablename__ = "worker_beat"

    executor_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    started_at: Mapped[datetime]
    beat_at: Mapped[datetime]
    reaped_at: Mapped[datetime | None]
