"""Files that come by e-mail, and what is replied to their answers.

    e-mail with files --import_by_mail--> received, message settled, answer kept --worker--> settled --> answer is due
    "good rows", "undo" in reply --> ordered, message settled, answer kept --worker--> done --> answer is due
    "full", "no" in reply --> an answer of its own

An answer names its imports and no more: what is said of their rows is read, and the marked copy made, when it is sent.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from core import access
from core.access import Permission
from core.context import Context
from core.errors import ImportClosed, ReplyNeeded
from core.rules.policy import MAIL_UNDOES_AT_ONCE, OWN_WORKBOOK_ROWS
from core.rules.ucas.buckets import Bucket
from core.usecases.imports.answers import LoadMarks, MarksLoaded, load_marks
from core.usecases.imports.checking import own_import
from core.usecases.imports.corrections import count_differing
from core.usecases.imports.imports import ImportCard, ImportShown, ShowImport, find_import, show_import
from core.usecases.imports.orders import OrderWork, order_work
from core.usecases.imports.receiving import ReceiveImport, receive_import
from core.usecases.imports.undoing import require_undoable
from core.usecases.imports.values import import_ref, standing
from core.words import CopyWanted, ImportPolicy, ImportReason, ImportState, ImportWork, Subject


class ImportByMail(Struct, frozen=True):
    """One file of a message. ``corrects``: the number of the import whose answer it replies to."""

    file_name: str
    content: bytes
    inbound_id: int
    policy: ImportPolicy | None = None
    corrects: int | None = None


class ImportTold(Struct, frozen=True):
    """An answer about an import, by its number; ``core.import_reports`` fills it when it is sent."""

    number: int
    copy: CopyWanted = CopyWanted.MARKED
    is_repeat: bool = False
    """The same file was here already."""


class ImportRowsTold(Struct, frozen=True):
    """A page of an import's rows, without them; they are read when it is sent."""

    number: int
    bucket: Bucket
    page: int
    page_count: int


def import_by_mail(ctx: Context, command: ImportByMail) -> ImportTold:
    """Stored; a worker runs it, and the answer waits for that. Raises ImportNotFound or ImportClosed about the one that
    it corrects.
    """
    access.require_staff(ctx, Permission.IMPORT)
    wanted = ReceiveImport(
        command.file_name,
        command.content,
        command.policy,
        inbound_id=command.inbound_id,
        runs_later=True,
        corrects=command.corrects,
    )
    received = receive_import(ctx, wanted)
    return ImportTold(received.number, is_repeat=received.is_repeat)


class CopyImport(Struct, frozen=True):
    """All rows, marked, however many."""

    number: int


def copy_by_mail(ctx: Context, command: CopyImport) -> ImportTold:
    """Raises ImportClosed of a colleague's, or an erased one."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    found = own_import(ctx, staff, find_import(ctx, command.number).id)
    if found.content is None or found.ends_at <= ctx.now:
        raise ImportClosed(number=import_ref(found.number), reason="its file has been erased")
    ctx.about(Subject.IMPORT, found.id)
    return ImportTold(found.number, CopyWanted.FULL)


class LeaveImport(Struct, frozen=True):
    """Somebody said no to the good rows."""

    number: int


class ImportLeft(Struct, frozen=True):
    """Nothing of it is imported. ``until``: it can still be, up to then."""

    number: int
    until: datetime
    reason: ImportReason | None = None
    """Why it waits."""


def leave_import(ctx: Context, command: LeaveImport) -> ImportLeft:
    """Raises ImportClosed when it does not wait."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    found = own_import(ctx, staff, find_import(ctx, command.number).id)
    if found.state is not ImportState.HELD:
        raise ImportClosed(number=import_ref(found.number), reason=standing(found))
    ctx.about(Subject.IMPORT, found.id)
    return ImportLeft(found.number, found.ends_at, found.reason)


class OrderByMail(Struct, frozen=True):
    number: int
    work: ImportWork
    inbound_id: int


class OrderTold(Struct, frozen=True):
    """An answer about what was ordered; ``core.import_reports`` fills it when it is sent."""

    number: int
    work: ImportWork
    order_id: int


def order_by_mail(ctx: Context, command: OrderByMail) -> OrderTold:
    """The answer waits until a worker has done it. Raises what ``order_work`` raises."""
    access.require_staff(ctx, Permission.IMPORT)
    ordered = order_work(ctx, OrderWork(command.number, command.work, command.inbound_id))
    return OrderTold(ordered.number, ordered.work, ordered.order_id)


def undo_by_mail(ctx: Context, command: OrderByMail) -> OrderTold:
    """Raises ReplyNeeded where the import made or changed many, and whatever ``order_work`` raises. What it would do is
    for whoever asks to read (``preview_undo``): that looks at every learner, and nobody could write meanwhile.
    """
    staff = access.require_staff(ctx, Permission.IMPORT)
    found = find_import(ctx, command.number)
    require_undoable(ctx, staff, found)
    if found.created + found.updated > MAIL_UNDOES_AT_ONCE:
        raise ReplyNeeded
    return order_by_mail(ctx, command)


class LoadReport(Struct, frozen=True):
    number: int
    copy: CopyWanted = CopyWanted.MARKED


class ReportLoaded(Struct, frozen=True):
    """``marked`` None: nothing is to be marked, its file is not the asker's, or the copy is spared."""

    shown: ImportShown
    marked: MarksLoaded | None
    is_spared: bool
    """The file is large and none of its rows has a problem: a copy is made when it is asked for."""
    repeated: ImportCard | None
    """The import that applied the same rows before."""
    differing: int | None
    """Rows that the import which it corrects has not applied as they are. None: that applied nothing."""


_COPIED: Sequence[ImportState] = (ImportState.APPLIED, ImportState.HELD, ImportState.REJECTED)


def load_report(ctx: Context, command: LoadReport) -> ReportLoaded:
    """For an answer that is about to be sent. Raises ImportNotFound."""
    staff = access.require_staff(ctx, Permission.VIEW)
    shown = show_import(ctx, ShowImport(command.number))
    is_theirs = Permission.IMPORT in access.ROLE_PERMISSIONS[staff.role]
    has_copy = is_theirs and command.copy is not CopyWanted.NONE and shown.card.state in _COPIED
    found, rows = find_import(ctx, command.number), shown.card.buckets
    is_large = rows.rows > OWN_WORKBOOK_ROWS and not rows.problem and command.copy is CopyWanted.MARKED
    is_spared = has_copy and is_large and found.staff_id == staff.id and found.content is not None
    marked = _marked(ctx, command.number) if has_copy and not is_spared else None
    repeated = show_import(ctx, ShowImport(shown.repeats)).card if shown.repeats else None
    return ReportLoaded(shown, marked, is_spared, repeated, count_differing(ctx, found))


def _marked(ctx: Context, number: int) -> MarksLoaded | None:
    try:
        loaded = load_marks(ctx, LoadMarks(number))
    except ImportClosed:
        return None
    return loaded if loaded.marks is not None else None
