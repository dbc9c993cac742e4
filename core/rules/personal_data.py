"""Every column that may hold something of a learner: what it is, how it is found, and how it is erased.

A test compares it with the schema: a new column of text or bytes stands here, or in the test with the reason why it is
about nobody. The export and the erasure (``usecases.learners.traces``) work from this list and know no column of their
own.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct


class Found(StrEnum):
    """How a row is found to be about a learner."""

    SELF = "the learner's own row"
    LEARNER = "by the learner's id"
    ADDRESS = "by the learner's addresses, but for those that another learner has as well"
    INVITATION = "by the learner's invitations"
    MESSAGE = "by the e-mails to the learner"
    SENDER = "by the learner's addresses as its sender, or as a report about an e-mail to the learner"
    ROWS = "by the learner's id, identifiers or name in the import's rows"
    REPORT = "every report that is kept: whoever stands in a row that changed nothing left no trace"
    WORDS = "by the learner's address, username or whole name in the text"


class Erasure(StrEnum):
    ROW = "its row goes"
    BLANKED = "it is emptied"
    REPLACED = "a pseudonym takes its place"


class Personal(Struct, frozen=True):
    what: str
    found: Found
    erasure: Erasure
    is_told: bool = True
    """False: a hash or key of what stands elsewhere, or text that is about others as well: an export only counts it."""


def _hash(what: str, found: Found, erasure: Erasure) -> Personal:
    return Personal(what, found, erasure, is_told=False)


_F, _E = Found, Erasure
# fmt: off
PERSONAL: Final[dict[str, Personal]] = {
    "learner.first_name": Personal("First name", _F.SELF, _E.REPLACED),
    "learner.last_name": Personal("Last name", _F.SELF, _E.REPLACED),
    "learner.email": Personal("E-mail address, as imported", _F.SELF, _E.BLANKED),
    "learner.email_key": _hash("The same, as it is compared", _F.SELF, _E.BLANKED),
    "learner.year_group": Personal("Year group", _F.SELF, _E.BLANKED),
    "learner.academic_year": Personal("Academic year", _F.SELF, _E.BLANKED),
    "learner.details": Personal("Further details", _F.SELF, _E.BLANKED),
    "learner.detail_hash": _hash("Hash of all details", _F.SELF, _E.BLANKED),
    "learner.uln_hash": _hash("Hash of the ULN", _F.SELF, _E.BLANKED),
    "learner.upn_hash": _hash("Hash of the UPN", _F.SELF, _E.BLANKED),
    "learner.ccis_hash": _hash("Hash of the CCIS record ID", _F.SELF, _E.BLANKED),
    "learner.person_hash": _hash("Hash of name and date of birth", _F.SELF, _E.BLANKED),
    "learner.username": Personal("Username", _F.SELF, _E.BLANKED),
    "learner.access_code": Personal("One-time access code", _F.SELF, _E.BLANKED),
    "learner.search_words": _hash("Name and address, as they are searched", _F.SELF, _E.BLANKED),
    "learner_address.address": Personal("Address", _F.LEARNER, _E.ROW),
    "learner_address.address_key": _hash("The same, as it is compared", _F.LEARNER, _E.ROW),
    "learner_change.content": _hash("What a change by hand wanted or replaced", _F.LEARNER, _E.BLANKED),
    "learner_change.applied_hash": _hash("Hash of all details", _F.LEARNER, _E.BLANKED),
    "invitation.address": Personal("Invited at", _F.INVITATION, _E.REPLACED),
    "invitation.address_key": _hash("The same, as it is compared", _F.INVITATION, _E.REPLACED),
    "invitation.name": Personal("Name", _F.INVITATION, _E.BLANKED),
    "invitation_batch.note": Personal("Note to the invited", _F.WORDS, _E.BLANKED),
    "outbound_message.recipient": Personal("Sent to", _F.MESSAGE, _E.REPLACED),
    "outbound_message.recipient_key": _hash("The same, as it is compared", _F.MESSAGE, _E.REPLACED),
    "outbound_message.problem": Personal("Why it was late or came back", _F.MESSAGE, _E.BLANKED),
    "delivery_report.detail": Personal("What a mail server reported", _F.MESSAGE, _E.BLANKED),
    "inbound_message.raw": Personal("Words of the e-mail", _F.SENDER, _E.BLANKED),
    "inbound_piece.content": Personal("Further words of a long e-mail", _F.SENDER, _E.ROW),
    "inbound_message.subject": Personal("Subject", _F.SENDER, _E.BLANKED),
    "inbound_message.sender": Personal("Sender", _F.SENDER, _E.BLANKED),
    "inbound_message.envelope_from": Personal("Sender, as its mail server said", _F.SENDER, _E.BLANKED),
    "inbound_message.envelope_to": Personal("Recipient, as its mail server said", _F.SENDER, _E.BLANKED),
    "inbound_message.detail": Personal("What an operator should know", _F.SENDER, _E.BLANKED),
    "inbound_message.server": Personal("Delivered by", _F.SENDER, _E.BLANKED),
    "inbound_message.message_ref": Personal("Message-ID", _F.SENDER, _E.REPLACED),
    "inbound_message.content_digest": _hash("Hash of the e-mail", _F.SENDER, _E.REPLACED),
    "mail_answer.subject": _hash("Subject of an e-mail of staff", _F.WORDS, _E.ROW),
    "mail_answer.result": _hash("What staff were answered by e-mail", _F.WORDS, _E.ROW),
    "digest.content": _hash("Digests of staff in which they are named", _F.WORDS, _E.ROW),
    "idempotency_record.result": _hash("What staff were answered in Slack", _F.WORDS, _E.ROW),
    "draft.addresses": _hash("Addresses of a preview", _F.WORDS, _E.ROW),
    "draft.note": _hash("Note to the invited", _F.WORDS, _E.ROW),
    "join_request.first_name": Personal("First name", _F.ADDRESS, _E.ROW),
    "join_request.last_name": Personal("Last name", _F.ADDRESS, _E.ROW),
    "join_request.address": Personal("Address", _F.ADDRESS, _E.ROW),
    "join_request.address_key": _hash("The same, as it is compared", _F.ADDRESS, _E.ROW),
    "join_request.mailbox_key": _hash("The mailbox, without tags", _F.ADDRESS, _E.ROW),
    "suppression.address_key": Personal("Address that is not written to", _F.ADDRESS, _E.ROW),
    "import.file_name": _hash("Name of a file with the learner's row", _F.ROWS, _E.BLANKED),
    "import.content": _hash("A file with the learner's row", _F.ROWS, _E.BLANKED),
    "import.reading": _hash("How that file was read", _F.ROWS, _E.BLANKED),
    "import_row.content": Personal("The row, as it was read", _F.ROWS, _E.ROW),
    "import_row.problems": Personal("What was wrong in it", _F.ROWS, _E.ROW),
    "import_row.match_problem": Personal("Why it was nobody's", _F.ROWS, _E.ROW),
    "import_row.changes": Personal("Columns that it changed", _F.ROWS, _E.ROW),
    "import_row.before": Personal("The learner before it", _F.ROWS, _E.ROW),
    "import_row.applied_hash": _hash("Hash of all details", _F.ROWS, _E.ROW),
    "import_row.ukprn": Personal("UKPRN", _F.ROWS, _E.ROW),
    "import_row.row_hash": _hash("Hash of the row", _F.ROWS, _E.ROW),
    "import_row.uln_hash": _hash("Hash of the ULN", _F.ROWS, _E.ROW),
    "import_row.upn_hash": _hash("Hash of the UPN", _F.ROWS, _E.ROW),
    "import_row.ccis_hash": _hash("Hash of the CCIS record ID", _F.ROWS, _E.ROW),
    "import_row.email_key": _hash("The address, as it is compared", _F.ROWS, _E.ROW),
    "import_row.person_hash": _hash("Hash of name and date of birth", _F.ROWS, _E.ROW),
    "progress.membership_id": Personal("Membership, as a feed names it", _F.LEARNER, _E.BLANKED),
    "progress.profile_url": Personal("Profile at the learning platform", _F.LEARNER, _E.BLANKED),
    "progress_name.name_hash": _hash("Hash of what a feed calls the learner", _F.LEARNER, _E.ROW),
    "progress_problem.value": _hash("What stood in a row that did not land", _F.WORDS, _E.BLANKED),
    "progress_report.file_name": _hash("Name of a progress report", _F.REPORT, _E.BLANKED),
    "progress_report.content": _hash("A progress report", _F.REPORT, _E.BLANKED),
    "progress_report.reading": _hash("How that report was read", _F.REPORT, _E.BLANKED),
    "follow_up.words": Personal("Words of a nudge", _F.LEARNER, _E.ROW),
    "charge.waived_reason": Personal("Why a charge was waived", _F.LEARNER, _E.BLANKED),
}
# fmt: on


def columns_of(table: str) -> dict[str, Personal]:
    return {name.partition(".")[2]: each for name, each in PERSONAL.items() if name.partition(".")[0] == table}
