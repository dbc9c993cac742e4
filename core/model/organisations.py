"""Organisations, their providers, and the staff members who look after learners."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Id
from core.model.base import Base, OrganisationOwned, closed_set
from core.rules.policy import QUIET_FROM, QUIET_UNTIL
from core.rules.quiet import QuietHours
from core.words import ImportPolicy, Role


def quiet_hours(from_minute: int | None, until_minute: int | None) -> QuietHours | None:
    return None if from_minute is None or until_minute is None else QuietHours(from_minute, until_minute)


class Organisation(Base):
    """Works after its terms are accepted (LM, Accessing Learning Manager)."""

    __tablename__ = "organisation"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    time_zone: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    terms_version: Mapped[str | None] = mapped_column(String(32))
    terms_accepted_at: Mapped[datetime | None]
    setup_generation: Mapped[int] = mapped_column(default=0)
    setup_valid_until: Mapped[datetime | None]
    # The last number given to a batch; raised by an UPDATE, so that two batches never share one.
    batch_count: Mapped[int] = mapped_column(default=0)
    # The last number given to an import, likewise.
    import_count: Mapped[int] = mapped_column(default=0, server_default="0")
    # The last number given to a progress report, likewise.
    report_count: Mapped[int] = mapped_column(default=0, server_default="0")
    import_policy: Mapped[ImportPolicy] = mapped_column(
        closed_set(ImportPolicy), default=ImportPolicy.HOLD_IF_ERRORS, server_default=ImportPolicy.HOLD_IF_ERRORS.value
    )
    # Encrypted: what the hashes of learners' identifiers are keyed with. It outlives every change of the data key.
    match_key: Mapped[str | None] = mapped_column(Text)
    # What learners' ethnicity is stored for, and since when. None: it is not even read.
    ethnicity_purpose: Mapped[str | None] = mapped_column(Text)
    ethnicity_since: Mapped[datetime | None]
    # Minutes of the day in ``time_zone``; both or neither.
    quiet_from: Mapped[int | None] = mapped_column(default=QUIET_FROM)
    quiet_until: Mapped[int | None] = mapped_column(default=QUIET_UNTIL)

    @property
    def quiet_hours(self) -> QuietHours | None:
        return quiet_hours(self.quiet_from, self.quiet_until)


class Provider(OrganisationOwned, Base):
    """A school or college inside an organisation, known by its UKPRN."""

    __tablename__ = "provider"
    __table_args__ = (UniqueConstraint("organisation_id", "ukprn"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    ukprn: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(200))


class StaffMember(OrganisationOwned, Base):
    """invited (accepted_at empty) -> working -> disabled. UM 3, LM accessing."""

    __tablename__ = "staff_member"
    __table_args__ = (
        UniqueConstraint("organisation_id", "email_key"),
        UniqueConstraint("organisation_id", "username"),
        # Who signs in says no organisation.
        Index("ix_staff_member_email_key", "email_key"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    first_name: Mapped[str] = mapped_column(String(100))
    last_name: Mapped[str] = mapped_column(String(100))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))
    telephone: Mapped[str] = mapped_column(String(32), default="")
    username: Mapped[str] = mapped_column(String(256))
    role: Mapped[Role] = mapped_column(closed_set(Role))
    all_providers: Mapped[bool] = mapped_column(default=True)
    generation: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    invited_at: Mapped[datetime]
    """Counted from anew whenever the invitation is renewed."""
    accepted_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class SignIn(OrganisationOwned, Base):
    """asked (link mailed) -> used, once. Bound to the browser that asked by the digest of its cookie."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff_member.id"), index=True)
    browser_digest: Mapped[str] = mapped_column(String(64), index=True)
    code_tries: Mapped[int] = mapped_column(default=0)
    is_mailed: Mapped[bool] = mapped_column(default=True)
    """False: too many asked; the link that was mailed a moment ago works in this browser, too."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class StaffSession(OrganisationOwned, Base):
    """A signed-in browser. Over with sign-out, with time, with its staff member, and with their username."""

    __tablename__ = "staff_session"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff_member.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of what the cookie holds."""
    username: Mapped[str] = mapped_column(String(256))
    """As it was: under another one this session counts no more."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ProviderGrant(OrganisationOwned, Base):
    """A manager without all_providers looks after exactly these (UM 5-6)."""

    __tablename__ = "provider_grant"
    __table_args__ = (UniqueConstraint("staff_id", "provider_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff_member.id"))
    provider_id: Mapped[int] = mapped_column(Id, ForeignKey("provider.id"))
