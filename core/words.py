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


class LearnerDeed(StrEnum):
    """What a staff member does to one learner."""

    CREATED = "created"
    EDITED = "edited"
    REMOVED = "removed"


class AccountState(StrEnum):
    """Of a learner's account, derived."""

    NONE = "none"
    """They came by an invitation: an import, or an edit, gives them a username."""
    NEVER = "never"
    """Never signed in; the one-time access code is there."""
    ERASED = "erased"
    """Never signed in, and the code is gone."""
    USED = "used"


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


class MailboxSecurity(StrEnum):
    TLS = "tls"
    NONE = "none"
    """On loopback only."""


class MailboxAuth(StrEnum):
    PASSWORD = "password"  # noqa: S105 - the name of a way to log in
    XOAUTH2 = "xoauth2"


class OldMail(StrEnum):
    """What becomes of what lay in a mailbox before we first connected to it."""

    WAITS = "waits"
    """It stays where it is until the operator decides."""
    ANSWERED = "answered"
    IGNORED = "ignored"


class MailState(StrEnum):
    RECEIVED = "received"
    PROCESSED = "processed"
    IGNORED = "ignored"
    HELD = "held"
    FAILED = "failed"


class MailRule(StrEnum):
    """Which rule decided about a message that came in; in the order in which they are asked."""

    OLD = "old"
    """Older than the first connection to its mailbox."""
    TOO_BIG = "too_big"
    UNREADABLE = "unreadable"
    """It cannot be parsed within the limits."""
    TRIED_TOO_OFTEN = "tried_too_often"
    OUR_MISTAKE = "our_mistake"
    OWN_MAIL = "own_mail"
    LOOP = "loop"
    COMPLAINT = "complaint"
    BOUNCE = "bounce"
    AUTO_REPLY = "auto_reply"
    NO_SINGLE_SENDER = "no_single_sender"
    STOP = "stop"
    """A learner wants no more e-mails."""
    UNKNOWN_SENDER = "unknown_sender"
    SAME_ID_OTHER_CONTENT = "same_id_other_content"
    LIST = "list"
    BULK = "bulk"
    UNAUTHENTICATED = "unauthenticated"
    NOT_THEM = "not_them"
    """The claimed sender said that it was somebody else."""
    TOO_MANY = "too_many"
    NO_ROOM = "no_room"
    """Unproven, and too much of that is held already: it is not kept."""
    REQUEST = "request"
    """Understood or not: it was answered."""


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


class FollowUpDeed(StrEnum):
    """What a staff member did about a learner at risk."""

    NUDGED = "nudged"
    """An e-mail in their name."""
    SNOOZED = "snoozed"
    SPOKEN = "spoken"
    """They have spoken to the learner themselves."""


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


class Subject(StrEnum):
    """What a deed is about, as the audit keeps it; and whose history can be asked for."""

    BATCH = "batch"
    IMPORT = "import"
    INVITATION = "invitation"
    LEARNER = "learner"
    LINK = "link"
    RUN = "run"
    STAFF = "staff"
