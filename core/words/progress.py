"""Reports of progress, digests and exports."""

from enum import StrEnum


class FeedKind(StrEnum):
    """Where a figure of progress comes from."""

    PLATFORM_REPORT = "platform_report"
    """The learning platform's own CSV (LM, Track learner progress)."""
    MAPPED_SHEET = "mapped_sheet"
    """Any other platform's sheet, its columns confirmed by somebody."""
    JSON_API = "json_api"
    XAPI = "xapi"
    MOODLE = "moodle"
    PARTNER_API = "partner_api"


class DigestRhythm(StrEnum):
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class ReportState(StrEnum):
    RECEIVED = "received"
    READING = "reading"
    WAITING = "waiting"
    MERGING = "merging"
    MERGED = "merged"
    REJECTED = "rejected"


class ReportReason(StrEnum):
    """Why a progress report waits, or was rejected."""

    COLUMNS = "columns"
    """Somebody has to say whether the columns were guessed right."""
    RUN = "run"
    """No row says of which run it is."""
    FILE = "file"
    SHEET = "sheet"
    """No headings by which it could be progress."""
    NO_ROWS = "no_rows"
    OUR_MISTAKE = "our_mistake"
    """It was begun several times and never finished."""


class NamedKind(StrEnum):
    LEARNER = "learner"
    RUN = "run"


class ExportForm(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


class ExportKind(StrEnum):
    PROGRESS = "progress"
    COSTS = "costs"
    HISTORY = "history"
