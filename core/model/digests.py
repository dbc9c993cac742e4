"""Digests: who wants one and when, and the ones that were made.

    planned (next_at) --due, claimed--> a Digest with its numbers, its messages, and the next plan
                          |-> only planned anew: its reader left, or has this period's already
    planned --“digest off”, or one click--> off (next_at empty)

1. ``next_at`` moves by a conditional UPDATE: whoever moves it writes the digest, in the same transaction.
2. One a reader and period (``uq_digest``), whatever happens between.
3. Its numbers are kept as they were when it was due: mail, Slack and a repeat say the same.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Id
from core.model.base import Base, OrganisationOwned, closed_set
from core.words import DigestRhythm


class DigestSetting(OrganisationOwned, Base):
    """Made when somebody first asks for digests, or becomes an owner; never deleted, so “off” stays off."""

    __tablename__ = "digest_setting"
    __table_args__ = (
        UniqueConstraint("staff_id"),
        # Covers the look of every minute.
        Index("ix_digest_setting_next_at_organisation_id", "next_at", "organisation_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff_member.id"))
    rhythm: Mapped[DigestRhythm] = mapped_column(closed_set(DigestRhythm))
    weekday: Mapped[int]
    """Monday is 0."""
    minute: Mapped[int]
    """Of the day, on the clock of ``time_zone``."""
    time_zone: Mapped[str] = mapped_column(String(64))
    by_mail: Mapped[bool]
    in_slack: Mapped[bool]
    only_changes: Mapped[bool] = mapped_column(default=False)
    """Nothing is said where there is nothing to say."""
    next_at: Mapped[datetime | None]
    next_period: Mapped[str] = mapped_column(String(10), default="")
    since_at: Mapped[datetime]
    """Up to where the last one told; before the first one: since when it is wanted, or a week earlier."""


class Digest(OrganisationOwned, Base):
    __tablename__ = "digest"
    __table_args__ = (
        UniqueConstraint("staff_id", "period"),
        Index("ix_digest_until_at", "until_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    setting_id: Mapped[int] = mapped_column(Id, ForeignKey("digest_setting.id"))
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff_member.id"))
    period: Mapped[str] = mapped_column(String(10))
    since_at: Mapped[datetime]
    until_at: Mapped[datetime]
    content: Mapped[str] = mapped_column(Text)
    """JSON of ``usecases.digests.news.DigestShown``; the row is deleted after ``DIGEST_LIFE``."""
