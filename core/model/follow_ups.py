"""Learners at risk: by which rule, and what was done about each.

FollowUp, one row a deed:

    nudged    an e-mail in the staff member's name; hidden for a week, in which no other goes out
    snoozed   hidden until ``until_at``
    spoken    hidden until ``until_at``, or until there is a reason that was none then
       |
       +--undone--> undone_at: as if it had not been

1. A learner gets one nudge a week at most, whoever sends it: ``learner.nudged_at`` moves by a conditional UPDATE, in
   the transaction that writes the e-mail.
2. Of a learner on a run one snooze stands, and one talk: the newest takes back the one before, also of two at the same
   moment.
3. Who is hidden is derived: nothing has to be swept when a period ends.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.context import Door
from core.database import Id
from core.model.base import Base, OrganisationOwned, closed_set
from core.words import FollowUpDeed


class RunRisk(OrganisationOwned, Base):
    """By which rule an organisation's learners in a run are at risk, where it differs from the default. 0: off."""

    __tablename__ = "run_risk"
    __table_args__ = (
        UniqueConstraint("organisation_id", "run_id"),
        CheckConstraint("silent_days BETWEEN 0 AND 365", name="silent_days"),
        CheckConstraint("behind_points BETWEEN 0 AND 100", name="behind_points"),
        CheckConstraint("not_begun_days BETWEEN 0 AND 365", name="not_begun_days"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    run_id: Mapped[int] = mapped_column(Id, ForeignKey("course_run.id"))
    silent_days: Mapped[int]
    behind_points: Mapped[int]
    not_begun_days: Mapped[int]


class FollowUp(OrganisationOwned, Base):
    __tablename__ = "follow_up"
    __table_args__ = (
        Index("ix_follow_up_learner_id_run_id", "learner_id", "run_id", "until_at"),
        Index("ix_follow_up_at", "at"),
        Index(
            "uq_follow_up_standing",
            "learner_id",
            "run_id",
            "deed",
            unique=True,
            sqlite_where=text("deed <> 'nudged' AND undone_at IS NULL"),
            postgresql_where=text("deed <> 'nudged' AND undone_at IS NULL"),
        ),
        CheckConstraint("until_at > at", name="until_at"),
        CheckConstraint("(deed = 'nudged') = (message_id IS NOT NULL)", name="message_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    learner_id: Mapped[int] = mapped_column(Id, ForeignKey("learner.id"))
    run_id: Mapped[int] = mapped_column(Id, ForeignKey("course_run.id"))
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff_member.id"))
    door: Mapped[Door] = mapped_column(closed_set(Door))
    deed: Mapped[FollowUpDeed] = mapped_column(closed_set(FollowUpDeed))
    at: Mapped[datetime]
    until_at: Mapped[datetime]
    reasons: Mapped[int]
    """Why they were at risk then: the sum of ``RiskKind.bit``."""
    active_at: Mapped[datetime | None]
    """When they had last done something, then: who came back and fell silent once more has a new reason."""
    words: Mapped[str] = mapped_column(Text, default="")
    """Of a nudge."""
    message_id: Mapped[int | None] = mapped_column(Id)
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[int | None] = mapped_column(Id)
