"""Shared links: one for a course (open) or a run (invite-only), by which anybody who holds it can join.

    working --revoke--> revoked --undo, within ten minutes--> working      usecases.links.shared_links
       |  \\--pause--> paused --resume--> working
       (expired, full and waiting are derived: see ``usecases.links.states``)

1. At most one live link per organisation and course, and per organisation and run: partial unique indexes over rows
   that are neither revoked nor replaced.
2. At most ``use_cap`` enrolments came by a capped link. ``use_count`` is true while there is a cap, and only then:
   a join by a link without one writes no row of the link, so that ten thousand joins do not queue for it.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Id
from core.model.base import Base, OrganisationOwned

_LIVE = "revoked_at IS NULL AND replaced_at IS NULL"
_LIVE_OF_COURSE = text(f"run_id IS NULL AND {_LIVE}")
_LIVE_OF_RUN = text(f"run_id IS NOT NULL AND {_LIVE}")


class SharedLink(OrganisationOwned, Base):
    __tablename__ = "shared_link"
    __table_args__ = (
        Index("ix_shared_link_organisation_id_counted_from", "organisation_id", "counted_from"),
        CheckConstraint("use_cap IS NULL OR use_cap > 0", name="cap_positive"),
        Index(
            "uq_shared_link_course",
            "organisation_id",
            "course_id",
            unique=True,
            sqlite_where=_LIVE_OF_COURSE,
            postgresql_where=_LIVE_OF_COURSE,
        ),
        Index(
            "uq_shared_link_run",
            "organisation_id",
            "run_id",
            unique=True,
            sqlite_where=_LIVE_OF_RUN,
            postgresql_where=_LIVE_OF_RUN,
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    course_id: Mapped[int] = mapped_column(Id, ForeignKey("course.id"), index=True)
    run_id: Mapped[int | None] = mapped_column(Id, ForeignKey("course_run.id"))
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff_member.id"))
    provider_id: Mapped[int | None] = mapped_column(Id, ForeignKey("provider.id"))
    """The provider that new learners will belong to."""
    generation: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    counted_from: Mapped[datetime]
    """Creation, or the last extension."""
    use_cap: Mapped[int | None]
    use_count: Mapped[int] = mapped_column(default=0)
    allowed_domains: Mapped[str] = mapped_column(Text, default="")
    """Separated by spaces; empty: every domain."""
    confirms_address: Mapped[bool] = mapped_column(default=False)
    paused_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    replaced_at: Mapped[datetime | None]
    outside_told_at: Mapped[datetime | None]
    outside_domain: Mapped[str] = mapped_column(String(254), default="")
    """Of the first learner from outside the usual domains."""

    @property
    def domains(self) -> tuple[str, ...]:
        return tuple(self.allowed_domains.split())

    @property
    def must_confirm(self) -> bool:
        """A domain proves nothing before a mail to it was answered."""
        return self.confirms_address or bool(self.allowed_domains)

    @property
    def is_full(self) -> bool:
        return self.use_cap is not None and self.use_count >= self.use_cap


class JoinRequest(OrganisationOwned, Base):
    """asked (a mail with a button) -> joined. Personal data: forgotten after a while, see ``forget_old``."""

    __tablename__ = "join_request"
    __table_args__ = (
        UniqueConstraint("shared_link_id", "address_key"),
        Index("ix_join_request_organisation_id_mailbox_key", "organisation_id", "mailbox_key"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    shared_link_id: Mapped[int] = mapped_column(Id, ForeignKey("shared_link.id"))
    first_name: Mapped[str] = mapped_column(String(100))
    last_name: Mapped[str] = mapped_column(String(100))
    address: Mapped[str] = mapped_column(String(254))
    address_key: Mapped[str] = mapped_column(String(254))
    mailbox_key: Mapped[str] = mapped_column(String(254))
    """The address without its tag: where the mails arrive."""
    asked_at: Mapped[datetime] = mapped_column(index=True)
    mailed_at: Mapped[datetime]
    mail_count: Mapped[int] = mapped_column(default=1)
    joined_at: Mapped[datetime | None]
