"""Spreadsheets attached to an e-mail: what each is for, and by which use case it is taken in.

1. ``core.given_files`` decides, as for files that are dropped in Slack.
2. With a line ``invite RUN`` every file is a list of addresses.
3. A line ``import good-rows``, ``import all-or-nothing`` or ``import hold`` chooses the policy of the file.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from core.errors import NotReadable, TooManyFiles
from core.given_files import FileUse, use_of
from core.rules.address_files import unreadable
from core.rules.policy import MAIL_FILES, SHEET_BYTES, SHEET_MEGABYTES
from core.rules.text import clean_name, folded
from core.usecases.imports.mails import ImportByMail, import_by_mail
from core.words import ImportPolicy
from mail.parsing.attachments import BOOKS, may_be_table
from mail.parsing.parsed import Attachment
from mail.requests.tasks import Task

_NAME_CHARACTERS: Final = 120
_NUMBER: Final = re.compile(r"\bi-\d", re.IGNORECASE)
_POLICIES: Final = (
    (re.compile(r"import (?:the )?good[ -]?rows"), ImportPolicy.GOOD_ROWS),
    (re.compile(r"import all[ -]or[ -]nothing"), ImportPolicy.ALL_OR_NOTHING),
    (re.compile(r"import hold(?:[ -]if[ -]errors)?"), ImportPolicy.HOLD_IF_ERRORS),
)


class SheetAttached(Struct, frozen=True):
    """``policy``: None takes the organisation's."""

    name: str
    content: bytes
    policy: ImportPolicy | None


def task_of_sheet(attached: SheetAttached, inbound_id: int, corrects: int | None) -> Task:
    """Learners, or courses and runs: ``core.importing`` tells them apart by their headings. What nobody knows is taken
    for learners, and the answer says what was found.
    """
    command = ImportByMail(attached.name, attached.content, inbound_id, attached.policy, corrects)
    return Task(import_by_mail, command)


def is_too_large(attached: Attachment) -> bool:
    """What is, came without its bytes: nobody can tell what it is for."""
    return attached.size > SHEET_BYTES


def taken_files(attachments: Sequence[Attachment]) -> tuple[tuple[Attachment, ...], tuple[TooManyFiles, ...]]:
    """Those to read, and a refusal of the rest. The same file twice is one; of pictures, signatures and the like
    nothing is read.
    """
    tables = [each for each in attachments if may_be_table(each.kind, each.name)]
    found = {each.content or each.name: each for each in reversed(tables)}
    files = tuple(reversed(found.values()))
    if len(files) <= MAIL_FILES:
        return files, ()
    return files[:MAIL_FILES], (TooManyFiles(count=len(files), limit=MAIL_FILES),)


def use_of_attached(attached: Attachment) -> FileUse:
    """Of one of those."""
    use = use_of(attached.name, attached.content)
    return FileUse.IMPORT if use is FileUse.OTHER and attached.kind in BOOKS else use


def attached_sheets(sheets: Sequence[Attachment], lines: Iterable[str]) -> tuple[SheetAttached, ...]:
    policy = next((chosen for line in lines if (chosen := policy_of(line)) is not None), None)
    return tuple(SheetAttached(file_name(each), each.content, policy) for each in sheets)


def file_name(attached: Attachment) -> str:
    return clean_name(attached.name, _NAME_CHARACTERS) or "the file"


def too_large(attached: Attachment) -> NotReadable:
    reason = (
        f"it is larger than {SHEET_MEGABYTES} MB. Keep only the sheet that is needed, without pictures, or split it"
    )
    return unreadable(file_name(attached), reason)


def policy_of(line: str) -> ImportPolicy | None:
    words = " ".join(folded(line[:80]).strip(" .!").split())
    return next((policy for pattern, policy in _POLICIES if pattern.fullmatch(words)), None)


def is_about_sheets(line: str) -> bool:
    """ "Import of new learners" is what a file is sent with; ``import I-0007`` asks for something."""
    return line[:8].lower().startswith("import") and _NUMBER.search(line[:80]) is None
