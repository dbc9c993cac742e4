"""The closed sets of the business. Doors name these; the mapped classes they must not import."""

from enum import StrEnum


class CourseKind(StrEnum):
    OPEN = "open"
    INVITE_ONLY = "invite_only"


class AccessModel(StrEnum):
    UPGRADED = "upgraded"
    PAID_FOR = "paid_for"
    SPONSORED = "sponsored"
    NO_PURCHASE = "no_purchase"


class Benefit(StrEnum):
    ONGOING_ACCESS = "ongoing_access"
    TESTS = "tests"
    DIGITAL_CERTIFICATE = "digital_certificate"
    COURSE_ACCESS = "course_access"


class Role(StrEnum):
    OWNER = "owner"
    MANAGER = "manager"
    VIEWER = "viewer"


class JoinedBy(StrEnum):
    INVITATION = "invitation"
    SHARED_LINK = "shared_link"
    SAML = "saml"


class InvitationState(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class CancelReason(StrEnum):
    CANCELLED = "cancelled"
    RECALLED = "recalled"
    REMOVED = "removed"
    CORRECTED = "corrected"
    """Sent to a wrong address; another invitation went to the right one."""


class SharedLinkState(StrEnum):
    """Derived, in this order: the first that fits."""

    REVOKED = "revoked"
    EXPIRED = "expired"
    PAUSED = "paused"
    FULL = "full"
    WAITING = "waiting"
    """No run takes learners today."""
    OPEN = "open"


class LinkRule(StrEnum):
    """Which rule ends a shared link."""

    THIRTEEN_WEEKS = "thirteen_weeks"
    SIX_MONTHS = "six_months"
    ENROLMENT_CLOSE = "enrolment_close"
    RUN_END = "run_end"


class RequestState(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"


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

    @property
    def is_safe_twice(self) -> bool:
        """A code that arrives twice makes people doubt which one counts; everything else may be repeated."""
        return self is not MessageKind.SLACK_CODE


class MessageState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    BOUNCED = "bounced"
    HELD = "held"
    DROPPED = "dropped"
