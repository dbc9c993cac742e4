"""Reports of progress attached to an e-mail, and of which run they are."""

from collections.abc import Sequence
from typing import Final

from core.progressing import ProgressFile
from core.requests import Request
from core.rules.text import clean_name
from core.usecases.progress.figures import ShowProgress
from core.usecases.progress.finding import FindProgress
from core.usecases.progress.mails import ReportByMail, report_by_mail
from mail.parsing.parsed import Attachment
from mail.requests.tasks import Task

_NAME_CHARACTERS: Final = 120


def progress_file(attached: Attachment, run: str) -> ProgressFile:
    return ProgressFile(clean_name(attached.name, _NAME_CHARACTERS) or "the file", attached.content, run)


def run_of(wanted: Sequence[object]) -> str:
    """“progress RUN” in the words says of which run an attached report is."""
    commands = (each.command for each in wanted if isinstance(each, Request))
    return next((command.run for command in commands if isinstance(command, FindProgress | ShowProgress)), "")


def task_of_report(file: ProgressFile, inbound_id: int) -> Task:
    return Task(report_by_mail, ReportByMail(file.file_name, file.content, inbound_id, file.run))
