"""Reports of progress that come by e-mail, and the yes to their columns: the answer waits until a worker is done.

An answer names its report and no more: what is said of its rows and columns is read when it is sent.
"""

from msgspec import Struct

from core import access
from core.access import Permission
from core.context import Context
from core.usecases.progress.confirming import ConfirmReport, confirm_report
from core.usecases.progress.receiving import ReceiveProgress, receive_progress


class ReportByMail(Struct, frozen=True):
    """One file of a message. ``run``: its code, where the words said it."""

    file_name: str
    content: bytes
    inbound_id: int
    run: str = ""


class ReportTold(Struct, frozen=True):
    """An answer about a report, by its number; ``core.import_reports`` fills it when it is sent."""

    number: int
    is_repeat: bool = False
    """The same file was here already."""


def report_by_mail(ctx: Context, command: ReportByMail) -> ReportTold:
    """Raises RunNotFound, ProviderNotGranted."""
    access.require_staff(ctx, Permission.IMPORT)
    wanted = ReceiveProgress(command.file_name, command.content, command.run, inbound_id=command.inbound_id)
    received = receive_progress(ctx, wanted)
    return ReportTold(received.number, received.is_repeat)


def confirm_by_mail(ctx: Context, command: ConfirmReport) -> ReportTold:
    """Raises ReportClosed, RunNotFound."""
    access.require_staff(ctx, Permission.IMPORT)
    return ReportTold(confirm_report(ctx, command).number)
