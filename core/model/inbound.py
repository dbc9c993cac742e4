"""E-mail that comes in: where it is fetched, every message, and what was answered.

InboundMessage:

    received --screened by a named rule--> processed   done, answered or not
       |                                   ignored     nothing to do, and nobody to answer
       |                                   held        a person decides: the claimed sender, or an operator
       |                                   failed      could not be read, or our mistake: its reference is in the log
       +--a third try begins--> failed
    held --"yes, it was me", released--> received --> ...     held --"no", thrown away--> ignored
    held --too many: an hour has room for it--> received
    failed --run again by an operator--> received

1. A row is written before anything is parsed, and is settled in the transaction that does what the message asks. The
   folder of the message at the mail server follows: it is filed when the row is settled, never before.
2. ``message_ref`` and ``content_digest`` are unique together: the same message delivered twice is done once. The same
   id with other content is another message, and held: its sender chose the id.
3. ``raw`` is encrypted, and erased after 30 days; at once where it is ignored and nobody may need it. What follows in
   a long message stands in rows of its own (InboundPiece), stored and erased with it.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.context import Assurance
from core.database import Id
from core.model.base import Base, OrganisationOwned, closed_set
from core.words import MailboxAuth, MailboxSecurity, MailRule, MailState, OldMail


class Mailbox(Base):
    """A mailbox that Usher reads over IMAP. No organisation's: the address that was written to names that."""

    __tablename__ = "mailbox"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    """What operators call it."""
    address: Mapped[str] = mapped_column(String(254))
    """What people write to, without an organisation's ``+name``."""
    host: Mapped[str] = mapped_column(String(255))
    port: Mapped[int]
    security: Mapped[MailboxSecurity] = mapped_column(closed_set(MailboxSecurity))
    auth: Mapped[MailboxAuth] = mapped_column(closed_set(MailboxAuth))
    user: Mapped[str] = mapped_column(String(254))
    secret: Mapped[str] = mapped_column(Text)
    """Encrypted JSON: the password, or the tokens of XOAUTH2."""
    created_at: Mapped[datetime]
    connected_at: Mapped[datetime | None]
    """The first time. Older mail waits until the operator says whether to answer it."""
    old_mail: Mapped[OldMail] = mapped_column(closed_set(OldMail), default=OldMail.WAITS)
    disabled_at: Mapped[datetime | None]
    uid_validity: Mapped[int | None] = mapped_column(Id)
    """The server's word for: these UIDs are the ones that you know."""
    first_uid: Mapped[int | None] = mapped_column(Id)
    """The first that came after we connected. None: the server has numbered anew, so only the arrival tells."""
    seen_at: Mapped[datetime | None]
    """The last time that a watcher had a working connection."""
    waiting: Mapped[int] = mapped_column(default=0)
    """Messages in its INBOX, at the last look, that nothing could be done with yet."""
    waiting_old: Mapped[int] = mapped_column(default=0)
    """Of before the first connection."""
    problem: Mapped[str] = mapped_column(Text, default="")
    """Why the last connection failed; empty while all is well."""


class InboundMessage(Base):
    """No organisation's until its sender is known."""

    __tablename__ = "inbound_message"
    __table_args__ = (
        UniqueConstraint("message_ref", "content_digest"),
        Index(
            "ix_inbound_message_open",
            "received_at",
            sqlite_where=text("state = 'received'"),
            postgresql_where=text("state = 'received'"),
        ),
        Index(
            "ix_inbound_message_kept",
            "state",
            "received_at",
            sqlite_where=text("state IN ('held', 'failed')"),
            postgresql_where=text("state IN ('held', 'failed')"),
        ),
        Index(
            "ix_inbound_message_raw",
            "received_at",
            sqlite_where=text("raw IS NOT NULL"),
            postgresql_where=text("raw IS NOT NULL"),
        ),
        Index("ix_inbound_message_sender_received_at", "sender", "received_at"),
        Index("ix_inbound_message_organisation_id_received_at", "organisation_id", "received_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    mailbox_id: Mapped[int | None] = mapped_column(Id, ForeignKey("mailbox.id"))
    """Empty: it came to the listener."""
    organisation_id: Mapped[int | None] = mapped_column(Id, ForeignKey("organisation.id"))
    staff_id: Mapped[int | None] = mapped_column(Id, ForeignKey("staff_member.id"))
    """Whom the message claims to be from, or, with ``assurance`` verified, is from."""
    message_ref: Mapped[str] = mapped_column(String(255))
    """The Message-ID with its angle brackets; where there is none that can be used, one made from the content."""
    content_digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the message without the headers that its way adds."""
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Its first piece (``core.large_mail``), which mostly is all of it."""
    size: Mapped[int]
    """Of all of it."""
    envelope_from: Mapped[str | None] = mapped_column(String(320))
    """Empty string: the null sender of bounces. None: not told."""
    envelope_to: Mapped[str] = mapped_column(String(320), default="")
    received_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    begun_at: Mapped[datetime | None]
    """Somebody is at it; who has been for too long is dead."""
    state: Mapped[MailState] = mapped_column(closed_set(MailState))
    rule: Mapped[MailRule | None] = mapped_column(closed_set(MailRule))
    """Which rule decided."""
    detail: Mapped[str] = mapped_column(Text, default="")
    """What an operator should know besides, without addresses."""
    reference: Mapped[str] = mapped_column(String(20), default="")
    sender: Mapped[str] = mapped_column(String(254), default="")
    """The key of the one address in From; empty where there is not exactly one."""
    subject: Mapped[str] = mapped_column(Text, default="")
    """Encrypted, and only while it is held: what whoever is asked "was this you?" gets to see. Erased with ``raw``."""
    server: Mapped[str] = mapped_column(String(255), default="")
    """Held: the name under which the host before ours delivered it, as that host claims."""
    assurance: Mapped[Assurance | None] = mapped_column(closed_set(Assurance))
    settled_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    """The claimed sender said in another channel that it was them: from then on it counts as verified."""


class InboundPiece(Base):
    """What follows the first piece of a long message: nobody needs to have all of it in memory to store it."""

    __tablename__ = "inbound_piece"
    __table_args__ = (UniqueConstraint("inbound_id", "number"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    inbound_id: Mapped[int] = mapped_column(Id, ForeignKey("inbound_message.id"))
    number: Mapped[int]
    """From 1."""
    content: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted."""


class MailAnswer(OrganisationOwned, Base):
    """What a message was answered with: the result or the refusal, as values. The words are made when it is sent."""

    __tablename__ = "mail_answer"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    inbound_id: Mapped[int | None] = mapped_column(Id, ForeignKey("inbound_message.id"), unique=True)
    """At most one answer a message. Empty: it tells of our mistake, and the message may be run again and answered."""
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff_member.id"))
    subject: Mapped[str] = mapped_column(String(255))
    in_reply_to: Mapped[str] = mapped_column(String(255))
    references: Mapped[str] = mapped_column(Text)
    """The thread's Message-IDs, oldest first, with spaces between; without ``in_reply_to``."""
    result_kind: Mapped[str] = mapped_column(String(64))
    """Name of the result's class; ``several`` where the message asked for more than one thing."""
    result: Mapped[str] = mapped_column(Text)
    """JSON of its parts: what was asked, the name of the result's class, its values. See ``core.results``."""
    created_at: Mapped[datetime] = mapped_column(index=True)
    closed_at: Mapped[datetime | None]
    """When the question in it was answered, with yes or no."""
    silent_until: Mapped[datetime | None]
    """Set where it is the last answer that they get this hour: when the next one may be."""
