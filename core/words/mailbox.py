"""Mail that comes in."""

from enum import StrEnum


class MailboxSecurity(StrEnum):
    TLS = "tls"
    NONE = "none"
    """On loopback only."""


class MailboxAuth(StrEnum):
    PASSWORD = "password"  # noqa: S105 - the name of a way to log in
    XOAUTH2 = "xoauth2"


class OldMail(StrEnum):
    """What becomes of what lay in a mailbox before we first connected to it."""

    WAITS = "waits"
    """It stays where it is until the operator decides."""
    ANSWERED = "answered"
    IGNORED = "ignored"


class MailState(StrEnum):
    RECEIVED = "received"
    PROCESSED = "processed"
    IGNORED = "ignored"
    HELD = "held"
    FAILED = "failed"


class MailRule(StrEnum):
    """Which rule decided about a message that came in; in the order in which they are asked."""

    OLD = "old"
    """Older than the first connection to its mailbox."""
    TOO_BIG = "too_big"
    UNREADABLE = "unreadable"
    """It cannot be parsed within the limits."""
    TRIED_TOO_OFTEN = "tried_too_often"
    OUR_MISTAKE = "our_mistake"
    OWN_MAIL = "own_mail"
    LOOP = "loop"
    COMPLAINT = "complaint"
    BOUNCE = "bounce"
    AUTO_REPLY = "auto_reply"
    NO_SINGLE_SENDER = "no_single_sender"
    STOP = "stop"
    """A learner wants no more e-mails."""
    UNKNOWN_SENDER = "unknown_sender"
    SAME_ID_OTHER_CONTENT = "same_id_other_content"
    LIST = "list"
    BULK = "bulk"
    UNAUTHENTICATED = "unauthenticated"
    NOT_THEM = "not_them"
    """The claimed sender said that it was somebody else."""
    TOO_MANY = "too_many"
    NO_ROOM = "no_room"
    """Unproven, and too much of that is held already: it is not kept."""
    REQUEST = "request"
    """Understood or not: it was answered."""
