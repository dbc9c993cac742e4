"""What is known to be personal is all that the schema could hold of a person."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Enum, LargeBinary, String

from core.database import metadata
from core.model import Base
from core.rules.personal_data import PERSONAL

assert Base.metadata is metadata

_STAFF: Final = "about a staff member, not a learner"
_CODE: Final = "an id, code or key that Usher made"
_CATALOGUE: Final = "the catalogue: courses, not people"
_SYSTEM: Final = "settings and secrets of Usher itself"

NOBODY: Final[dict[str, str]] = {
    "agreement": _CATALOGUE,
    "course": _CATALOGUE,
    "course_run": _CATALOGUE,
    "organisation": "the organisation itself",
    "provider": "a school or college",
    "provider_grant": _STAFF,
    "staff_member": _STAFF,
    "staff_session": _STAFF,
    "sign_in": _STAFF,
    "slack_user": _STAFF,
    "slack_installation": _SYSTEM,
    "slack_install_state": _SYSTEM,
    "slack_workspace": _SYSTEM,
    "mailbox": _SYSTEM,
    "speech_lane": _SYSTEM,
    "worker_beat": _SYSTEM,
    "audit_entry": "ids and names of deeds, never a value",
    "audit_subject": "ids of what a deed was about, and no value",
    "run_reminders": "a rule for all of a run",
    "run_risk": "a rule for all of a run",
    "learner_change.columns": "names of columns, no values",
    "outbound_message.idempotency_key": _CODE,
    "outbound_message.message_ref": _CODE,
    "outbound_message.lease_by": _SYSTEM,
    "inbound_message.reference": _CODE,
    "digest_setting": _STAFF,
    "export": "what of staff asked for: a run, a month or an id, and no file",
    "digest.period": "the calendar day of a digest",
    "mail_answer.in_reply_to": "the Message-ID of a staff member's e-mail",
    "mail_answer.references": "Message-IDs of staff members' e-mails",
    "mail_answer.result_kind": "the name of a class",
    "idempotency_record.key": _CODE,
    "idempotency_record.action": "the name of a use case",
    "import.reach_hash": "a hash of ids of providers",
    "import_order.outcome": "counts and numbers of rows, no value of one",
    "import_order.refusal": "why something was not done with an import, by its number",
    "import.file_hash": "a hash of a whole file, by which it is known when it comes again",
    "import.content_hash": "a hash of a whole file, by which it is known when it comes again",
    "progress_report.file_hash": "a hash of a whole file, by which it is known when it comes again",
    "progress_report.run_code": _CATALOGUE,
    "progress_problem.column": "the name of a column",
    "progress_mapping": "headings of another platform's sheet, no value of a row",
    "progress.partner_course_code": _CATALOGUE,
    "progress.partner_run_code": _CATALOGUE,
    "shared_link.allowed_domains": "a rule for all who join",
    "shared_link.outside_domain": "a domain without the part that names somebody",
}
"""Whole tables, and columns of the others."""


def texts() -> Iterator[str]:
    """Columns that could hold anything; a closed set cannot."""
    for table in metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, String | LargeBinary) and not isinstance(column.type, Enum):
                yield f"{table.name}.{column.name}"


def test_every_column_of_text_or_bytes_is_declared() -> None:
    undeclared = [name for name in texts() if name not in PERSONAL and not {name, name.partition(".")[0]} & set(NOBODY)]

    assert undeclared == []


def test_nothing_is_declared_twice_or_is_gone() -> None:
    tables, columns = set(metadata.tables), {f"{t.name}.{c.name}" for t in metadata.tables.values() for c in t.columns}

    assert set(PERSONAL) <= columns
    assert set(NOBODY) <= tables | columns
    assert not set(PERSONAL) & set(NOBODY)
    assert not {name.partition(".")[0] for name in PERSONAL} & set(NOBODY)
