"""Reports of progress attached to an e-mail, and of which run they are."""

from collections.abc import Sequence

from core.progressing import ProgressFile
from core.requests import Request
from core.usecases.progress.figures import ShowProgress
from core.usecases.progress.finding import FindProgress
from core.usecases.progress.mails import ReportByMail, report_by_mail
from mail.parsing.parsed import Attachment
from mail.requests.sheets import file_name
from mail.requests.tasks import Task


def progress_file(attached: Attachment, run: str) -> ProgressFile:
    return ProgressFile(file_name(attached), attached.content, run)


def run_of(wanted: Sequence[object]) -> str:
    """“progress RUN” in the words says of which run an attached report is."""
    commands = (each.command for each in wanted if isinstance(each, Request))
    return next((command.run for command in commands if isinstance(command, FindProgress | ShowProgress)), "")


def task_of_report(file: ProgressFile, inbound_id: int) -> Task:
    return Task(report_by_mail, ReportByMail(file.file_name, file.content, inbound_id, file.run))
