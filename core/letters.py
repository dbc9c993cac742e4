"""What an e-mail says: one frozen letter a kind, made by ``usecases.messages.letters`` and rendered by ``mail``.

``templates/email/<kind>/`` holds the words. Tokens and codes are made anew from the ids whenever they are needed:
they stand in no row.
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Generic, TypeVar

from msgspec import Struct

from core.cards import RunCard
from core.context import StaffActor
from core.rules.lanes import Lane
from core.usecases.digests.news import DigestShown
from core.words import MessageKind, Role


class LetterHead(Struct, frozen=True):
    """``message_ref`` is the Message-ID with its angle brackets, fixed when the row was written."""

    message_id: int
    message_ref: str
    recipient: str
    recipient_name: str
    organisation: str
    reply_to: str
    """An e-mail address, or empty."""
    created_at: datetime


class InvitationLetter(Struct, frozen=True):
    kind: ClassVar[MessageKind] = MessageKind.INVITATION
    head: LetterHead
    token: str
    run: RunCard
    inviter: str
    note: str
    expires_at: datetime
    is_again: bool
    """True when the same invitation is sent once more because somebody asked for it."""


class ReminderLetter(Struct, frozen=True):
    """``answers_ref`` is the Message-ID of the e-mail that it reminds of: mail programs show both together."""

    kind: ClassVar[MessageKind] = MessageKind.REMINDER
    head: LetterHead
    token: str
    run: RunCard
    inviter: str
    expires_at: datetime
    answers_ref: str


class WelcomeLetter(Struct, frozen=True):
    kind: ClassVar[MessageKind] = MessageKind.WELCOME
    head: LetterHead
    token: str
    run: RunCard


class JoinedLetter(Struct, frozen=True):
    """``token``: of the learner's place, for those who joined by a shared link."""

    kind: ClassVar[MessageKind] = MessageKind.JOINED
    head: LetterHead
    token: str
    run: RunCard


class JoinConfirmationLetter(Struct, frozen=True):
    kind: ClassVar[MessageKind] = MessageKind.JOIN_CONFIRMATION
    head: LetterHead
    token: str
    course_title: str


class StaffInvitationLetter(Struct, frozen=True):
    kind: ClassVar[MessageKind] = MessageKind.STAFF_INVITATION
    head: LetterHead
    token: str
    role: Role
    expires_at: datetime
    time_zone: str
    """The organisation's, in which the end is said."""


class SlackCodeLetter(Struct, frozen=True):
    kind: ClassVar[MessageKind] = MessageKind.SLACK_CODE
    head: LetterHead
    code: str
    minutes: int


class SignInLetter(Struct, frozen=True):
    kind: ClassVar[MessageKind] = MessageKind.SIGN_IN
    head: LetterHead
    token: str
    minutes: int


class AnswerPart(Struct, frozen=True):
    """What became of one request: ``result`` is what its use case gave, or a ``core.results`` of another kind."""

    asked: str
    """As it was written, one line."""
    result: object


class AnswerLetter(Struct, frozen=True):
    """``subject`` is that of the e-mail which asked; ``references`` its thread, oldest first."""

    kind: ClassVar[MessageKind] = MessageKind.ANSWER
    head: LetterHead
    parts: tuple[AnswerPart, ...]
    subject: str
    in_reply_to: str
    """Empty where the e-mail had no Message-ID of its own."""
    references: tuple[str, ...]
    time_zone: str
    """The organisation's, in which moments are said."""
    asker: StaffActor
    """Whoever asked: what is read for the answer is read with what they may do now."""
    silent_until: datetime | None = None
    """Set where it is the last that they get for now."""


class StoppedLetter(Struct, frozen=True):
    """``answers_ref`` is the Message-ID of the e-mail in which a learner asked for no more."""

    kind: ClassVar[MessageKind] = MessageKind.STOPPED
    head: LetterHead
    answers_ref: str


class DigestLetter(Struct, frozen=True):
    """``digest``: as it was when it was due."""

    kind: ClassVar[MessageKind] = MessageKind.DIGEST
    head: LetterHead
    token: str
    """Of the link that ends it."""
    digest: DigestShown


class NudgeLetter(Struct, frozen=True):
    """``token``: of the learner's place. ``words`` are the author's own, in several lines."""

    kind: ClassVar[MessageKind] = MessageKind.NUDGE
    head: LetterHead
    token: str
    run: RunCard
    author: str
    words: str


class HeldMailLetter(Struct, frozen=True):
    """``subject`` and ``server`` are a stranger's words."""

    kind: ClassVar[MessageKind] = MessageKind.HELD_MAIL
    head: LetterHead
    token: str
    received_at: datetime
    size: int
    server: str
    subject: str
    waiting: int
    erased_at: datetime
    time_zone: str


Letter = (
    InvitationLetter
    | ReminderLetter
    | WelcomeLetter
    | JoinedLetter
    | JoinConfirmationLetter
    | StaffInvitationLetter
    | SlackCodeLetter
    | SignInLetter
    | AnswerLetter
    | StoppedLetter
    | HeldMailLetter
    | DigestLetter
    | NudgeLetter
)


class Verdict(StrEnum):
    """What became of one attempt to hand a message over."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """This recipient, for good: the invitation bounces."""
    LATER = "later"
    """Temporary: tried again with backoff."""
    UNSURE = "unsure"
    """The connection was lost after the last byte of the message: it may have been accepted."""
    OUR_FAULT = "our_fault"
    """Nothing to do with the recipient (login, sender, TLS, no connection, a server that is too busy to talk to us):
    nobody bounces, the queue waits."""


class Outcome(Struct, frozen=True):
    message_id: int
    verdict: Verdict
    detail: str = ""
    """The other side's answer without addresses, at most 200 characters."""
    retry_after: float | None = None
    """Seconds that the other side asked us to wait."""
    lane: Lane | None = None
    """In which all of us wait for so long."""
    is_deferral: bool = False
    """LATER because the mail server said so of this very mail (greylisting, a full mailbox): soon is too soon."""
    is_no_mailbox: bool = False
    """REFUSED because nobody is at that address: it will not be invited again."""
    ref: str | None = None
    """Slack: where the message was posted."""


Item = TypeVar("Item")


class Loaded(Struct, Generic[Item], frozen=True):
    """A chunk made ready by a door's deliverer: what can be sent, by message id, in order."""

    items: dict[int, Item]
    unworthy_ids: tuple[int, ...] = ()
    """Waiting still, but no longer worth saying: to be dropped."""
    confirmation_ids: tuple[int, ...] = ()
    """Whose scoreboards change when these are sent."""
    lanes: dict[int, tuple[Lane, ...]] = {}
    """Where a call is counted: a message is claimed when all of its lanes are free."""
