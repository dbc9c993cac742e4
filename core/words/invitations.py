"""Invitations and shared links."""

from enum import StrEnum


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
