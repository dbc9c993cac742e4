"""Exports: progress as a file. Costs are exported by their own verb."""

from typing import Final

from core.errors import RunNotChosen
from core.requests.language import Asker, Mode, OtherUseCases, Verb, first_word, run_and_rest, verb
from core.rules.text import folded
from core.usecases.exports import ExportCosts, ExportProgress, export_costs, export_progress
from core.words import ExportForm

_FORMS: Final = {
    "csv": ExportForm.CSV, "xlsx": ExportForm.XLSX, "excel": ExportForm.XLSX, "xls": ExportForm.XLSX,
    "workbook": ExportForm.XLSX,
}  # fmt: skip
_FILE: Final = ("file", "attached", "attachment")
_FILLERS: Final = ("as", "a", "an", "in", "for")


def _export(rest: str) -> ExportProgress | ExportCosts:
    run, tail = run_and_rest(rest)
    if not run or folded(run) in _FORMS:
        raise RunNotChosen(verb="export")
    if folded(run) == "costs":
        return costs_export(tail)
    words, form = form_among(tail)
    return ExportProgress("" if folded(run) == "all" else run, form, any(word in _FILE for word in words))


def costs_export(rest: str) -> ExportCosts:
    words, form = form_among(rest)
    return ExportCosts(" ".join(word for word in words if word not in _FILE), form)


def form_among(rest: str) -> tuple[list[str], ExportForm]:
    """The other words, and the form among them; CSV where none is named."""
    words = [word for word in folded(rest).split() if word not in _FILLERS]
    named = [word for word in words if word.strip(".,") in _FORMS]
    form = _FORMS[named[0].strip(".,")] if named else ExportForm.CSV
    return [word for word in words if word not in named], form


def is_export(rest: str) -> bool:
    return folded(first_word(rest)[0]) == "export"


VERBS: Final[tuple[Verb, ...]] = (verb("export", Mode.RUN, Asker.STAFF, _export, export_progress),)
OTHERS: Final[OtherUseCases] = {ExportCosts: (export_costs, Mode.RUN)}
