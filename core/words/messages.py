"""What is said to the world, and what is reported about it."""

from enum import StrEnum
from typing import Final


class SuppressReason(StrEnum):
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ASKED = "asked"


class Channel(StrEnum):
    EMAIL = "email"
    SLACK = "slack"


class MessageKind(StrEnum):
    INVITATION = "invitation"
    REMINDER = "reminder"
    WELCOME = "welcome"
    JOINED = "joined"
    JOIN_CONFIRMATION = "join_confirmation"
    STAFF_INVITATION = "staff_invitation"
    SLACK_CODE = "slack_code"
    SIGN_IN = "sign_in"
    SCOREBOARD = "scoreboard"
    LINK_REQUEST = "link_request"
    OUTSIDE_JOIN = "outside_join"
    HOME = "home"
    ANSWER = "answer"
    """To an e-mail that asked for something."""
    HELD_MAIL = "held_mail"
    """“Was this you?”, to whose address somebody may have used."""
    MAIL_QUESTION = "mail_question"
    """In Slack: what an e-mail asked for that waits for a yes."""
    STOPPED = "stopped"
    """To a learner who asked for no more by e-mail: it is done."""
    UNREACHED = "unreached"
    """In Slack: who of a confirmation's learners came back, complained, or asked for no more."""
    REPORT = "report"
    """In Slack: how far a report of progress has come, and what became of it."""
    IMPORT = "import"
    """In Slack, like the next five: how far an import has come, and what became of it."""
    IMPORT_ORDER = "import_order"
    """In Slack: one is being released or undone, and what became of that."""
    IMPORT_COPY = "import_copy"
    """Its sender's workbook, marked; of a large one the faulty rows."""
    IMPORT_FULL_COPY = "import_full_copy"
    IMPORT_TEMPLATE = "import_template"
    """The workbook to fill in."""
    RUN_TEMPLATE = "run_template"
    """That of courses and runs."""
    DIGEST = "digest"
    """To a staff member, by e-mail and in Slack: what changed since the last one."""
    NUDGE = "nudge"
    """To a learner at risk, in the name of a staff member who looked at it first."""
    EXPORT = "export"
    """In Slack: a file that somebody asked for."""

    @property
    def is_safe_twice(self) -> bool:
        """A code that arrives twice makes people doubt which one counts; everything else may be repeated."""
        return self is not MessageKind.SLACK_CODE


ABOUT_INVITATIONS: Final = frozenset({MessageKind.INVITATION, MessageKind.REMINDER, MessageKind.WELCOME})
"""E-mails whose ``about_id`` is an invitation's."""


class MessageState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    BOUNCED = "bounced"
    HELD = "held"
    DROPPED = "dropped"


class ReportedAs(StrEnum):
    """What a report from outside says about one of our e-mails."""

    HARD = "hard"
    """It did not arrive and will not: RFC 3463, class 5."""
    SOFT = "soft"
    """Given up for now: class 4."""
    LATE = "late"
    """Whoever carries it still tries."""
    COMPLAINT = "complaint"
    """The recipient called it spam."""
