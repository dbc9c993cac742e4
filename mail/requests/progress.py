"""Reports of progress attached to an e-mail, and of which run they are."""

from collections.abc import Sequence

from core.progressing import ProgressFile
from core.requests import run_of_report
from core.usecases.progress.mails import ReportByMail, report_by_mail
from mail.parsing.parsed import Attachment
from mail.requests.sheets import file_name
from mail.requests.tasks import Task


def progress_file(attached: Attachment, run: str) -> ProgressFile:
    return ProgressFile(file_name(attached), attached.content, run)


def run_of(wanted: Sequence[object]) -> str:
    """The attached reports', by the words of the mail."""
    return next(filter(None, map(run_of_report, wanted)), "")


def task_of_report(file: ProgressFile, inbound_id: int) -> Task:
    return Task(report_by_mail, ReportByMail(file.file_name, file.content, inbound_id, file.run))
