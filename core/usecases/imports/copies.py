"""Files that somebody asks for in Slack: the marked copy of an import, the template to fill in.

Each is a row of the outbox; the file itself is made when it is sent.
"""

from typing import Any, Final

from msgspec import Struct

from core import access
from core.access import Permission
from core.context import Context, Door, StaffActor
from core.errors import ImportClosed
from core.model import Import
from core.usecases.imports.imports import find_import
from core.usecases.imports.telling import say_file
from core.usecases.imports.values import import_ref
from core.words import ImportState, ImportSubject, MessageKind, Subject

TEMPLATES: Final = {
    ImportSubject.LEARNERS: MessageKind.IMPORT_TEMPLATE,
    ImportSubject.CATALOGUE: MessageKind.RUN_TEMPLATE,
}


class OrderCopy(Struct, frozen=True):
    """The caller's own import, by number: its file, marked, as a direct message in Slack."""

    number: int
    is_full: bool = False
    """All rows, however many; else, of a large file, the faulty ones."""


class CopyOrdered(Struct, frozen=True):
    number: int


class OfferTemplate(Struct, frozen=True):
    """The workbook to fill in."""

    subject: ImportSubject = ImportSubject.LEARNERS


class TemplateOffered(Struct, frozen=True):
    """It is made where it is handed over: in Slack as a direct message of its own."""

    subject: ImportSubject = ImportSubject.LEARNERS


class ImportCopy(Struct, frozen=True):
    """What a file in Slack is made of: read with ``load_marks`` in its receiver's name."""

    number: int
    is_full: bool
    receiver: StaffActor


class TemplateCopy(Struct, frozen=True):
    """The template, for somebody in Slack."""

    subject: ImportSubject = ImportSubject.LEARNERS


def order_copy(ctx: Context, command: OrderCopy) -> CopyOrdered:
    """Raises ImportNotFound; ImportClosed where there is nothing to mark, or it is a colleague's."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    found = find_import(ctx, command.number)
    if found.staff_id != staff.id:
        raise ImportClosed(number=import_ref(found.number), reason="a colleague sent it")
    if found.content is None or found.ends_at <= ctx.now:
        raise ImportClosed(number=import_ref(found.number), reason="its file has been erased")
    if found.state not in (ImportState.HELD, ImportState.APPLIED, ImportState.UNDONE, ImportState.REJECTED):
        raise ImportClosed(number=import_ref(found.number), reason="its rows are not checked yet")
    kind = MessageKind.IMPORT_FULL_COPY if command.is_full else MessageKind.IMPORT_COPY
    say_file(ctx, kind, staff.id, found.id, str(ctx.tokens.new_id()))
    ctx.about(Subject.IMPORT, found.id)
    return CopyOrdered(found.number)


def offer_template(ctx: Context, command: OfferTemplate) -> TemplateOffered:
    staff = access.require_staff(ctx, Permission.IMPORT)
    if ctx.actor.door is Door.SLACK:
        say_file(ctx, TEMPLATES[command.subject], staff.id, staff.id, str(ctx.tokens.new_id()))
    return TemplateOffered(command.subject)


def copy_of(ctx: Context, import_id: int, message: Any, *, is_full: bool) -> ImportCopy:
    """``message``: the row that is sent. The caller has authorised."""
    found = ctx.session.get_one(Import, import_id)
    receiver = StaffActor(found.organisation_id, int(message.recipient.removeprefix("staff:")), Door.SLACK)
    return ImportCopy(found.number, is_full, receiver)
