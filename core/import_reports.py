"""Fills an answer about imports and reports of progress when it is sent: what became of the rows, and of an
import its sender's file, marked.

Between transactions, for the copy is made in a child process. It is kept nowhere: sent again, it is made again.
"""

from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from core.app import App
from core.context import StaffActor
from core.errors import Unavailable, UsherError
from core.exports.making import exported
from core.letters import AnswerLetter, AnswerPart
from core.results import refused
from core.rules.policy import MAIL_FILES_BYTES
from core.sheets.annotate import MarkedFile, full_copies, marked_files
from core.sheets.marks import Form
from core.usecases.exports import ExportOrdered
from core.usecases.imports.answers import MarksLoaded
from core.usecases.imports.applying import ImportSettled
from core.usecases.imports.copies import TemplateOffered
from core.usecases.imports.imports import ImportCard, ImportShown, ImportsListed, ListImports, list_imports
from core.usecases.imports.mails import ImportRowsTold, ImportTold, LoadReport, OrderTold, ReportLoaded, load_report
from core.usecases.imports.orders import ShowOrder, show_order
from core.usecases.imports.rows import ListImportRows, list_import_rows
from core.usecases.progress.mails import ReportTold
from core.usecases.progress.reports import ReportShown, ShowReport, show_report
from core.wording.imports import TEMPLATE_FILES
from core.words import CopyWanted, ImportSubject


class CopyFate(StrEnum):
    """What became of the copy that goes with an answer."""

    NONE = "none"
    """There is nothing to be marked."""
    WHOLE = "whole"
    FAULTY = "faulty"
    """Only the rows with problems, for the file is large."""
    NOT_NEEDED = "not_needed"
    """The file is large, and none of its rows has a problem."""
    TOO_LARGE = "too_large"
    """For an e-mail."""
    FAILED = "failed"
    """It could not be written within the limits."""


class ImportReport(Struct, frozen=True):
    """What an answer tells of an import. ``files``: names of those that go with it."""

    shown: ImportShown
    copy: CopyFate
    files: tuple[str, ...] = ()
    repeated: ImportCard | None = None
    """The import that applied the same rows before."""
    differing: int | None = None
    """Rows that the import which it corrects had not applied as they are; None where that had applied none."""
    is_repeat: bool = False
    is_copy_asked: bool = False
    """The copy is what was asked for; the rest was told before."""


class Enclosed(Struct, frozen=True):
    """A file that goes with a letter; its type follows from its name."""

    name: str
    content: bytes


def with_reports(app: App, letter: AnswerLetter) -> tuple[AnswerLetter, tuple[Enclosed, ...]]:
    """Raises Busy; then it is sent later."""
    parts: list[AnswerPart] = []
    files: list[Enclosed] = []
    for part in letter.parts:
        room = MAIL_FILES_BYTES - sum(len(each.content) for each in files)
        result, more = _filled(app, letter.asker, part.result, room)
        parts.append(AnswerPart(part.asked or _asked(result), result))
        files += more
    return replace(letter, parts=tuple(parts)), tuple(files)


def _asked(result: object) -> str:
    """Of a file: its name."""
    if isinstance(result, ReportShown):
        return result.card.file_name
    return result.shown.card.file_name if isinstance(result, ImportReport) else ""


def _filled(app: App, asker: StaffActor, result: Any, room: int) -> tuple[object, tuple[Enclosed, ...]]:
    if isinstance(result, TemplateOffered):
        return result, (_template(result.subject),)
    if isinstance(result, ExportOrdered) and result.is_file:
        return _exported(app, asker, result, room)
    if not isinstance(result, ImportTold | ImportsListed | ImportRowsTold | OrderTold | ReportTold):
        return result, ()
    try:
        if isinstance(result, OrderTold):
            shown = app.read(show_order, ShowOrder(result.order_id), asker)
            if not isinstance(shown.done, ImportSettled):
                return shown.done or shown, ()
            result = ImportTold(result.number)
        if isinstance(result, ImportsListed):
            return app.read(list_imports, ListImports(result.page, result.state), asker), ()
        if isinstance(result, ReportTold):
            return app.read(show_report, ShowReport(result.number, is_repeat=result.is_repeat), asker), ()
        if isinstance(result, ImportRowsTold):
            return app.read(list_import_rows, ListImportRows(result.number, result.bucket, result.page), asker), ()
        loaded = app.read(load_report, LoadReport(result.number, result.copy), asker)
    except Unavailable:
        raise
    except UsherError as error:
        return refused(error), ()
    copy, files = _copy(loaded, result.copy, room)
    names = tuple(each.name for each in files)
    is_asked = result.copy is CopyWanted.FULL
    report = ImportReport(
        loaded.shown,
        copy,
        names,
        loaded.repeated,
        loaded.differing,
        is_repeat=result.is_repeat,
        is_copy_asked=is_asked,
    )
    return report, files


def _exported(app: App, asker: StaffActor, ordered: ExportOrdered, room: int) -> tuple[object, tuple[Enclosed, ...]]:
    """What an e-mail has no room for is downloaded."""
    try:
        file = exported(app, ordered.export_id, asker)
    except Unavailable:
        raise
    except UsherError as error:
        return refused(error), ()
    if len(file.content) > room:
        return replace(ordered, is_file=False), ()
    return ordered, (Enclosed(file.name, file.content),)


def _template(subject: ImportSubject) -> Enclosed:
    # It takes a tenth of a second to load, and few answers bring it.
    from core.sheets.run_template import template_of

    return Enclosed(TEMPLATE_FILES[subject], template_of(subject))


def _copy(loaded: ReportLoaded, wanted: CopyWanted, room: int) -> tuple[CopyFate, tuple[Enclosed, ...]]:
    if loaded.is_spared:
        return CopyFate.NOT_NEEDED, ()
    if loaded.marked is None:
        return CopyFate.NONE, ()
    made = marked_copies(loaded.marked, is_full=wanted is CopyWanted.FULL)
    if not made:
        return CopyFate.FAILED, ()
    if sum(len(each.content) for each in made) > room:
        return CopyFate.TOO_LARGE, ()
    fate = CopyFate.FAULTY if any(each.form is Form.FAULTY for each in made) else CopyFate.WHOLE
    return fate, tuple(Enclosed(each.name, each.content) for each in made)


def marked_copies(loaded: MarksLoaded, *, is_full: bool) -> tuple[MarkedFile, ...]:
    if loaded.kind is None or loaded.marks is None:
        return ()
    make = full_copies if is_full else marked_files
    return make(loaded.content, loaded.kind, loaded.file_name, loaded.marks)
