"""What a reply asks of an import or a report and a worker does: the answer waits until it is done."""

from msgspec.structs import replace

from core.usecases.imports.applying import ReleaseImport
from core.usecases.imports.mails import OrderByMail, order_by_mail, undo_by_mail
from core.usecases.imports.undoing import UndoImport
from core.usecases.progress.confirming import ConfirmReport
from core.usecases.progress.mails import confirm_by_mail
from core.words import ImportWork
from mail.requests.tasks import Task


def for_worker(task: Task, inbound_id: int) -> Task:
    """The same, ordered by this message; other tasks as they are."""
    match task.command:
        case ConfirmReport() as command:
            return Task(confirm_by_mail, replace(command, inbound_id=inbound_id))
        case ReleaseImport(number):
            return replace(task, usecase=order_by_mail, command=OrderByMail(number, ImportWork.RELEASE, inbound_id))
        case UndoImport(number):
            # A yes was asked for already, or is if it would change many.
            usecase = order_by_mail if task.is_confirmed else undo_by_mail
            return replace(task, usecase=usecase, command=OrderByMail(number, ImportWork.UNDO, inbound_id))
    return task
