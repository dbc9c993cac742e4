"""What screening hands on: a request of staff, a report about our own mail, a learner's wish to be left alone.

Each is done by somebody else (``mail.requests``, ``mail.reports``), who settles the row of ``inbound_id`` with
``core.usecases.mailbox.settling`` in the transaction of the effect, and gives back the state that it is in then.
"""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from core.context import StaffActor
from core.errors import UsherError
from core.words import MailRule, MailState
from mail.parsing.parsed import ParsedMail


class MailRequest(Struct, frozen=True):
    """The sender is known, proven and within the limits; the row carries organisation, staff, sender and assurance.

    Its rule is ``MailRule.REQUEST``.
    """

    inbound_id: int
    message_ref: str
    """With angle brackets; made from the content where the sender gave none, which nobody can reply to."""
    staff: StaffActor
    """Through the door MAIL, verified: what is not never comes so far."""
    organisation: str
    """Slug of the organisation that was written to."""
    parsed: ParsedMail
    received_at: datetime
    refusal: UsherError | None = None
    """What to answer instead of doing anything: nobody can tell for which organisation it is."""


class MailReport(Struct, frozen=True):
    """A bounce or a complaint: nobody has been asked who sent it, and it is never answered."""

    inbound_id: int
    rule: MailRule
    """BOUNCE or COMPLAINT."""
    parsed: ParsedMail
    envelope_from: str | None
    envelope_to: str
    """Where our token stands: ``bounces+TOKEN@domain``. Empty where nobody told."""
    received_at: datetime


class MailStop(Struct, frozen=True):
    """Somebody's first words are a wish for no more e-mails. ``sender`` is what From claims, and proves nothing.

    What it replies to (``parsed.in_reply_to``, ``parsed.references``) was known only to whom we wrote it.
    """

    inbound_id: int
    sender: str
    """Key of the one address in From."""
    parsed: ParsedMail
    received_at: datetime


Answer = Callable[[MailRequest], MailState]
NoteReport = Callable[[MailReport], MailState]
Stop = Callable[[MailStop], MailState]
