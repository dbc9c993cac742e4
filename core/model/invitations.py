"""Personal invitations and the batches they were made in.

Invitation:

    pending --accept--> accepted        usecases.invitations.answers.accept_invitation
       |  \\--decline--> declined        usecases.invitations.answers.decline_invitation
       |  \\--cancel, recall--> cancelled   usecases.invitations.single, usecases.invitations.batches
       (expired: pending, and expires_at or the run's close is at or before now; derived, never stored)

1. At most one live invitation per organisation, run and address: a partial unique index over pending rows that
   nothing has replaced. So a re-invite after expiry, cancel or decline always ends in a working link.
2. ``next_reminder_at`` is when to look whether a reminder is due: never later than the reminder itself. Empty: never.
3. An invitation ends at the earlier of ``expires_at`` and the run's close as it is today.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Id
from core.model.base import Base, OrganisationOwned, closed_set
from core.rules.policy import DRAFT_LIFE, MAIL_QUESTION_LIFE
from core.words import CancelReason, InvitationState, RequestState, SuppressReason


class Draft(OrganisationOwned, Base):
    """A preview that waits for its confirmation, or addresses that wait for their run. Erased after 15 minutes,
    or after a day where somebody answers by e-mail."""

    __tablename__ = "draft"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff_member.id"))
    run_id: Mapped[int | None] = mapped_column(Id, ForeignKey("course_run.id"))
    """Empty while nobody has said which run: such a draft is never confirmed, only made into another with a run."""
    note: Mapped[str] = mapped_column(String(600), default="")
    addresses: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(index=True)
    sends_at: Mapped[datetime | None]
    """Empty: as soon as it is confirmed."""
    answer_id: Mapped[int | None] = mapped_column(Id)
    """Asked for by e-mail: the answer with this preview, where Slack shows it as well. It may be gone before."""
    confirmed_at: Mapped[datetime | None]
    first_number: Mapped[int | None]
    """By e-mail the batches have their numbers before they are confirmed: "yes B-0041". Unused ones stay a gap."""
    last_number: Mapped[int | None]

    @property
    def ends_at(self) -> datetime:
        return self.created_at + (DRAFT_LIFE if self.first_number is None else MAIL_QUESTION_LIFE)

    @property
    def numbers(self) -> range:
        """Those that are kept for it."""
        if self.first_number is None or self.last_number is None:
            return range(0)
        return range(self.first_number, self.last_number + 1)


class InvitationBatch(OrganisationOwned, Base):
    """At most 1,000 invitations with one number. Batches of one confirmation share ``confirmation_id``."""

    __tablename__ = "invitation_batch"
    __table_args__ = (
        UniqueConstraint("organisation_id", "number"),
        Index("ix_invitation_batch_organisation_id_sends_at", "organisation_id", "sends_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    number: Mapped[int]
    confirmation_id: Mapped[int] = mapped_column(Id, index=True)
    run_id: Mapped[int] = mapped_column(Id, ForeignKey("course_run.id"))
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff_member.id"))
    provider_id: Mapped[int | None] = mapped_column(Id, ForeignKey("provider.id"))
    agreement_id: Mapped[int | None] = mapped_column(Id, ForeignKey("agreement.id"))
    note: Mapped[str] = mapped_column(String(600), default="")
    size: Mapped[int]
    created_at: Mapped[datetime]
    sends_at: Mapped[datetime]
    is_scheduled: Mapped[bool] = mapped_column(default=False)
    """Somebody chose the moment; else it is the end of the recall window."""
    recalled_at: Mapped[datetime | None]


# In the very words of the partial indexes below, which SQLite takes for these only.
IS_LIVE = text("invitation.state = 'pending' AND invitation.replaced_at IS NULL")


class Invitation(OrganisationOwned, Base):
    __tablename__ = "invitation"
    __table_args__ = (
        Index(
            "uq_invitation_live",
            "organisation_id",
            "run_id",
            "address_key",
            unique=True,
            sqlite_where=text("state = 'pending' AND replaced_at IS NULL"),
            postgresql_where=text("state = 'pending' AND replaced_at IS NULL"),
        ),
        Index("ix_invitation_batch_id_organisation_id_state", "batch_id", "organisation_id", "state"),
        Index("ix_invitation_run_id_address_key", "run_id", "address_key"),
        # What one learner was invited to. Their address first: by its organisation nobody wants all of them, and SQLite
        # took this index for the pending ones (70 ms instead of 6 for 200,000 invitations, measured).
        Index("ix_invitation_address_key_organisation_id", "address_key", "organisation_id"),
        Index(
            "ix_invitation_change_id",
            "change_id",
            sqlite_where=text("change_id IS NOT NULL"),
            postgresql_where=text("change_id IS NOT NULL"),
        ),
        Index(
            "ix_invitation_run_id_organisation_id_state_created_at",
            "run_id",
            "organisation_id",
            "state",
            "created_at",
        ),
        Index(
            "ix_invitation_reminder_due",
            "next_reminder_at",
            "organisation_id",
            sqlite_where=text("state = 'pending' AND replaced_at IS NULL AND next_reminder_at IS NOT NULL"),
            postgresql_where=text("state = 'pending' AND replaced_at IS NULL AND next_reminder_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    batch_id: Mapped[int] = mapped_column(Id, ForeignKey("invitation_batch.id"))
    run_id: Mapped[int] = mapped_column(Id, ForeignKey("course_run.id"))
    address: Mapped[str] = mapped_column(String(254))
    address_key: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(100), default="")
    state: Mapped[InvitationState] = mapped_column(closed_set(InvitationState))
    cancel_reason: Mapped[CancelReason | None] = mapped_column(closed_set(CancelReason))
    generation: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    replaced_at: Mapped[datetime | None]
    next_reminder_at: Mapped[datetime | None]
    reminder_count: Mapped[int] = mapped_column(default=0)
    reminded_at: Mapped[datetime | None]
    learner_id: Mapped[int | None] = mapped_column(Id, ForeignKey("learner.id"), index=True)
    change_id: Mapped[int | None] = mapped_column(Id, ForeignKey("invitation_change.id"))
    """The press that cancelled it, so that it can be taken back."""
    message_id: Mapped[int] = mapped_column(Id, ForeignKey("outbound_message.id"), index=True)
    """The newest e-mail about it; its state is the invitation's delivery."""


class InvitationChange(OrganisationOwned, Base):
    """Invitations that one press cancelled. For ten minutes the same person or a colleague can take it back."""

    __tablename__ = "invitation_change"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff_member.id"))
    run_id: Mapped[int] = mapped_column(Id, ForeignKey("course_run.id"))
    made_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class RunReminders(OrganisationOwned, Base):
    """When an organisation's invitations to a run are reminded of, where it differs from the default."""

    __tablename__ = "run_reminders"
    __table_args__ = (UniqueConstraint("organisation_id", "run_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    run_id: Mapped[int] = mapped_column(Id, ForeignKey("course_run.id"))
    rule: Mapped[str] = mapped_column(String(60))
    """As in ``3,10,close-7`` or ``off``; see ``core.rules.reminders``."""


class LinkRequest(OrganisationOwned, Base):
    """A learner asked for a new link. At most one waits per invitation."""

    __tablename__ = "link_request"
    __table_args__ = (
        Index(
            "uq_link_request_waiting",
            "invitation_id",
            unique=True,
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    invitation_id: Mapped[int] = mapped_column(Id, ForeignKey("invitation.id"))
    state: Mapped[RequestState] = mapped_column(closed_set(RequestState))
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[int | None] = mapped_column(Id, ForeignKey("staff_member.id"))


class Suppression(OrganisationOwned, Base):
    """An address that this organisation must not write to again."""

    __tablename__ = "suppression"
    __table_args__ = (UniqueConstraint("organisation_id", "address_key"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    address_key: Mapped[str] = mapped_column(String(254))
    reason: Mapped[SuppressReason] = mapped_column(closed_set(SuppressReason))
    suppressed_at: Mapped[datetime]
