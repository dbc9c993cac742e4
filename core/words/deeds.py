"""Who did what to whom."""

from enum import StrEnum


class LearnerDeed(StrEnum):
    """What a staff member does to one learner."""

    CREATED = "created"
    EDITED = "edited"
    REMOVED = "removed"


class FollowUpDeed(StrEnum):
    """What a staff member did about a learner at risk."""

    NUDGED = "nudged"
    """An e-mail in their name."""
    SNOOZED = "snoozed"
    SPOKEN = "spoken"
    """They have spoken to the learner themselves."""


class Subject(StrEnum):
    """What a deed is about, as the audit keeps it; and whose history can be asked for."""

    BATCH = "batch"
    IMPORT = "import"
    INVITATION = "invitation"
    LEARNER = "learner"
    LINK = "link"
    RUN = "run"
    STAFF = "staff"
