"""What a message says, once it has been read: values only, whatever its sender wrote.

``mail.parsing.message`` makes it, in a child process with limits; everything after it works with this and never with
the raw bytes. Text is Unicode without NULs and other control characters; nothing here is trusted.
"""

from enum import StrEnum

from msgspec import Struct


class ReportKind(StrEnum):
    DELIVERY = "delivery"
    """RFC 3464."""
    COMPLAINT = "complaint"
    """RFC 5965: the recipient called it spam."""
    DISPOSITION = "disposition"
    """RFC 8098: read, deleted."""


class ReportedRecipient(Struct, frozen=True):
    """Of a report: ``action`` failed, delayed, delivered, relayed or expanded; ``status`` like 5.1.1, or empty."""

    address: str
    action: str
    status: str
    diagnostic: str


class Report(Struct, frozen=True):
    kind: ReportKind
    recipients: tuple[ReportedRecipient, ...]
    original_ref: str
    """The Message-ID of the message that the report is about, or empty."""
    feedback_type: str = ""
    """Of a complaint: abuse, not-spam and so on."""
    disposition: str = ""
    """Of a reading: what was done, as it is said there."""
    is_guess: bool = False
    """No report, but the words of a host that makes none were understood."""


class Attachment(Struct, frozen=True):
    """``name`` is the sender's, cleaned, and never a path. ``kind`` is found from the bytes, never from the name."""

    name: str
    kind: str
    """text, csv, xlsx, xls, ods, html, zip, pdf, image, message, calendar or other."""
    content: bytes
    is_inline: bool = False
    """Shown within the text, as pictures in a signature are; or it has no name."""
    octets_left_out: int = 0
    """Of a large file that nobody would read: its content is empty here."""

    @property
    def size(self) -> int:
        return len(self.content) + self.octets_left_out


class ParsedMail(Struct, frozen=True):
    headers: tuple[tuple[str, str], ...]
    """All of them from the top, names in lower case, unfolded. Encoded words are decoded in the subject and its like
    only: elsewhere one could pass for an address or for a host's verdict.
    """
    message_ref: str
    """The Message-ID with its angle brackets; empty where there is none, or none that can be used."""
    senders: tuple[str, ...]
    """The bare addresses of all From headers together, in order. Where a mailbox has no address, what it says."""
    from_headers: int
    in_reply_to: str
    references: tuple[str, ...]
    """Oldest first."""
    subject: str
    text: str
    """What the sender wrote this time: without quoted parts and signature; from HTML where there is no text."""
    quoted: str
    """What was cut off: quoted, forwarded, and what others wrote below. Nobody said that this time."""
    attachments: tuple[Attachment, ...]
    report: Report | None
    problems: tuple[str, ...]
    """What was left out or guessed, in a few words each, for operators."""

    def header(self, name: str) -> str:
        """The topmost of that name, or an empty string."""
        return next((value for each, value in self.headers if each == name), "")

    def all_headers(self, name: str) -> tuple[str, ...]:
        return tuple(value for each, value in self.headers if each == name)


class NotParsed(Struct, frozen=True):
    """It could not be read within the limits. ``reason`` is a few words for operators."""

    reason: str
