"""Reports of progress attached to an e-mail, and the yes to their columns: taken in, merged, answered."""

from collections.abc import Sequence
from typing import Final

from core.app import App
from core.context import StaffActor
from core.errors import NotStaff, SenderUnproven, Unavailable, UsherError
from core.progressing import ProgressFile, go_on, looks_like_progress, take_progress
from core.requests import Request
from core.results import refused
from core.rules.text import clean_name
from core.usecases.progress.figures import ShowProgress
from core.usecases.progress.reports import ConfirmReport
from mail.parsing.parsed import Attachment

ProgressWanted = ProgressFile | ConfirmReport

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


def progress_result(app: App, staff: StaffActor, wanted: ProgressWanted, key: str) -> object:
    """A refusal is an answer, too. Raises what is to be done again, or not to be answered."""
    try:
        if isinstance(wanted, ConfirmReport):
            return go_on(app, staff, wanted)
        return take_progress(app, staff, wanted, key=f"{key}:progress")
    except (Unavailable, NotStaff, SenderUnproven):
        raise
    except UsherError as error:
        return refused(error)


def _is_sheet(attached: Attachment) -> bool:
    return attached.kind in _BOOKS or attached.name.lower().endswith(_SHEETS)
