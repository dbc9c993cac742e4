"""Staff and learners."""

from enum import StrEnum


class Role(StrEnum):
    OWNER = "owner"
    MANAGER = "manager"
    VIEWER = "viewer"


class JoinedBy(StrEnum):
    INVITATION = "invitation"
    SHARED_LINK = "shared_link"
    SAML = "saml"


class AccountState(StrEnum):
    """Of a learner's account, derived."""

    NONE = "none"
    """They came by an invitation: an import, or an edit, gives them a username."""
    NEVER = "never"
    """Never signed in; the one-time access code is there."""
    ERASED = "erased"
    """Never signed in, and the code is gone."""
    USED = "used"
