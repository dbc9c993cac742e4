"""Imports of learners, courses and runs."""

from enum import StrEnum


class ImportState(StrEnum):
    """Drawn in ``core.model.imports``."""

    RECEIVED = "received"
    READING = "reading"
    CHECKED = "checked"
    HELD = "held"
    APPLIED = "applied"
    REJECTED = "rejected"
    UNDONE = "undone"


class ImportSubject(StrEnum):
    """What an import is of; found from its headings."""

    LEARNERS = "learners"
    CATALOGUE = "catalogue"
    """Courses and runs."""


class ImportPolicy(StrEnum):
    """What happens with the good rows of a file in which others have problems."""

    HOLD_IF_ERRORS = "hold-if-errors"
    """Nothing is imported until somebody says “import the good rows”."""
    GOOD_ROWS = "good-rows"
    ALL_OR_NOTHING = "all-or-nothing"


class CopyWanted(StrEnum):
    """Which copy of a file goes with the answer about its import."""

    MARKED = "marked"
    """All rows of a small file, of a large one the faulty ones."""
    FULL = "full"
    NONE = "none"


class ImportReason(StrEnum):
    """Why an import is held or rejected."""

    FILE = "file"
    """It cannot be read."""
    SHEET = "sheet"
    """A problem of the whole sheet."""
    NO_ROWS = "no_rows"
    """Nothing stands below the headings."""
    REPEATED = "repeated"
    """The same rows were imported before."""
    ROWS = "rows"
    """Rows have problems."""
    OUR_MISTAKE = "our_mistake"
    """It was begun several times and never finished."""
    EXPIRED = "expired"
    """Nobody said what to do with it for thirty days, or nobody finished it."""
    NAMES = "names"
    """It would change the last name or e-mail address of very many learners."""
    CORRECTED = "corrected"
    """A corrected file was imported in its place."""
    CATALOGUE = "catalogue"
    """Courses and runs: it changes what learners can be invited to, so somebody looks at it first."""


class ImportWork(StrEnum):
    """What is ordered of an import by a button."""

    RELEASE = "release"
    UNDO = "undo"


class KeptReason(StrEnum):
    """Why undoing an import leaves a learner as they are."""

    CHANGED = "changed"
    """Somebody changed them since."""
    JOINED = "joined"
    """They were created by it, and have joined a run or signed in."""
    IN_USE = "in_use"
    """A run that it created, and that somebody was invited to or has joined since."""
    NOT_GRANTED = "not_granted"
    """Of a provider whose learners the caller may not manage."""
    GONE = "gone"
    """They are no longer there."""
