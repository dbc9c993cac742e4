"""What every door says alike of an export. Plain text: a door escapes for its own medium."""

from core.usecases.exports import ExportOrdered
from core.wording.results import counted
from core.words import ExportForm, ExportKind

FORMS = {ExportForm.CSV: "CSV file", ExportForm.XLSX: "Excel workbook"}


def headline(ordered: ExportOrdered) -> str:
    """The number that matters first."""
    if ordered.kind is ExportKind.COSTS:
        return f"{counted(ordered.rows, 'charge')} of {ordered.subject}."
    if ordered.kind is ExportKind.HISTORY:
        return f"{counted(ordered.rows, 'entry', 'entries')} in the history of {ordered.subject}."
    return f"{counted(ordered.rows, 'row')} of progress: {ordered.subject}."


def row_words(ordered: ExportOrdered) -> str:
    if ordered.kind is ExportKind.COSTS:
        return "One line a charge, none names a learner. “To invoice” adds up to what “costs” says."
    if ordered.kind is ExportKind.HISTORY:
        return "One line a deed, the newest first: when, who did what, and through which door."
    return "One row a learner and run. What is not known is empty, never 0. “progress” reads the same file in again."


def page_words(until: str) -> str:
    return (
        f"It tells of learners, so it is behind your sign-in: only you can download it, until {until}. The file is "
        "made at that moment, and the audit notes it."
    )


def file_words(form: ExportForm) -> str:
    return f"The {FORMS[form]} comes with it."
