"""What must be said to the world (design decision 6).

    pending --claim--> sending --250--> sent --a report: no--> bounced             usecases.mailbox.bounces
       |  ^               |  \\--5xx--> bounced  \\--given up for now, the first time--> pending, for a day
       |  \\--4xx, later---+
       |                  +--unsure, or out of tries, or our own fault--> held --retry by an operator--> pending
       +--no longer worth saying--> dropped

1. A row is written in the transaction that decided it; ``idempotency_key`` is unique.
2. ``message_ref`` (the Message-ID) is fixed at insert: a repeat carries the same one.
3. ``sending`` is committed before the first byte leaves. After a kill, a kind that is safe to say twice goes out
   again; any other is held for a person.
4. A proven report that it came back is true in whatever state: it may be faster than our own mark of the 250.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Id
from core.model.base import Base, OrganisationOwned, closed_set
from core.words import Channel, MessageKind, MessageState, ReportedAs

_OPEN: Final = "state IN ('pending', 'sending')"
IS_OPEN: Final = text(f"outbound_message.{_OPEN}")
"""To be said beside the state that is meant: SQLite takes an index of some rows for its very words only."""


class OutboundMessage(OrganisationOwned, Base):
    __tablename__ = "outbound_message"
    __table_args__ = (
        Index("ix_outbound_message_due", "not_before", sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
        Index(
            "ix_outbound_message_held",
            "state",
            sqlite_where=text("state = 'held'"),
            postgresql_where=text("state = 'held'"),
        ),
        Index(
            "ix_outbound_message_home",
            "organisation_id",
            sqlite_where=text("kind = 'home'"),
            postgresql_where=text("kind = 'home'"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    channel: Mapped[Channel] = mapped_column(closed_set(Channel))
    kind: Mapped[MessageKind] = mapped_column(closed_set(MessageKind))
    recipient: Mapped[str] = mapped_column(String(254))
    """An e-mail address, or ``staff:<id>`` on Slack: where that person is reached is looked up when it is said."""
    recipient_key: Mapped[str] = mapped_column(String(254), index=True)
    about_id: Mapped[int] = mapped_column(Id)
    """The row that the message is about; its table follows from the kind."""
    idempotency_key: Mapped[str] = mapped_column(String(120), unique=True)
    message_ref: Mapped[str] = mapped_column(String(200))
    """E-mail: the Message-ID. Slack: ``channel/ts`` once posted, so that a change edits the same message."""
    not_before: Mapped[datetime]
    state: Mapped[MessageState] = mapped_column(closed_set(MessageState))
    attempts: Mapped[int] = mapped_column(default=0)
    generation: Mapped[int] = mapped_column(default=0)
    lease_by: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(Text, default="")
    """Why it is held, bounced or late: an SMTP or Slack answer without addresses."""
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class DeliveryReport(OrganisationOwned, Base):
    """What somebody else's mail server said about a message after it had taken it."""

    __tablename__ = "delivery_report"
    __table_args__ = (Index("ix_delivery_report_organisation_id_reported_at", "organisation_id", "reported_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    message_id: Mapped[int] = mapped_column(Id, ForeignKey("outbound_message.id"), index=True)
    inbound_id: Mapped[int] = mapped_column(Id, ForeignKey("inbound_message.id"), unique=True)
    """The same report twice counts once."""
    reported_as: Mapped[ReportedAs] = mapped_column(closed_set(ReportedAs))
    is_proven: Mapped[bool]
    """It named the message by what only its recipient and the mail servers on its way know."""
    detail: Mapped[str] = mapped_column(String(300))
    """The reason in words, without addresses; empty where it is not proven, for then anybody may have written it."""
    reported_at: Mapped[datetime]


class SpeechLane(Base):
    """How far ahead of its pace we are in one thing that Slack counts; see ``usecases.messages.lanes``."""

    __tablename__ = "speech_lane"

    key: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    free_from: Mapped[int] = mapped_column(BigInteger)
    """Milliseconds since 1970."""
    next_turn: Mapped[int] = mapped_column(BigInteger)
    """When the next of those who wait is to come again, likewise."""
