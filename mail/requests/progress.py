"""Reports of progress attached to an e-mail: which files are some, and of which run."""

from collections.abc import Sequence
from typing import Final

from core.progressing import ProgressFile, looks_like_progress
from core.requests import Request
from core.rules.text import clean_name
from core.usecases.progress.figures import ShowProgress
from core.usecases.progress.mails import ReportByMail, report_by_mail
from mail.parsing.parsed import Attachment
from mail.requests.tasks import Task

_SHEETS: Final = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_BOOKS: Final = ("xlsx", "xls", "ods")
_NAME_CHARACTERS: Final = 120


def is_progress_file(attached: Attachment) -> bool:
    """By its headings."""
    return _is_sheet(attached) and looks_like_progress(attached.content)


def progress_file(attached: Attachment, run: str) -> ProgressFile:
    return ProgressFile(clean_name(attached.name, _NAME_CHARACTERS) or "the file", attached.content, run)


def run_of(wanted: Sequence[object]) -> str:
    """“progress RUN” in the words says of which run an attached report is."""
    commands = (each.command for each in wanted if isinstance(each, Request))
    return next((command.run for command in commands if isinstance(command, ShowProgress)), "")


def task_of_report(file: ProgressFile, inbound_id: int) -> Task:
    return Task(report_by_mail, ReportByMail(file.file_name, file.content, inbound_id, file.run))


def _is_sheet(attached: Attachment) -> bool:
    return attached.kind in _BOOKS or attached.name.lower().endswith(_SHEETS)
