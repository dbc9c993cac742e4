"""Imports of learners: earlier ones, what became of them, the good rows, the template. ``undo`` stands with batches."""

import re
from typing import Final

from core.errors import ImportNotChosen
from core.requests.language import Asker, Mode, OtherUseCases, Verb, first_word, verb
from core.rules.text import folded
from core.rules.ucas.buckets import Bucket
from core.usecases.imports.applying import ReleaseImport, release_import
from core.usecases.imports.copies import OfferTemplate, offer_template
from core.usecases.imports.imports import ListImports, ShowImport, list_imports, show_import
from core.usecases.imports.rows import ListImportRows, list_import_rows
from core.usecases.imports.undoing import UndoImport, undo_import
from core.words import ImportState, ImportSubject

_NUMBER: Final = re.compile(r"(?:i-?)?0*([0-9]{1,9})", re.IGNORECASE)
_NAMED: Final = re.compile(r"i-?0*([0-9]{1,9})", re.IGNORECASE)
_BUCKETS: Final = {
    "problems": Bucket.PROBLEM,
    "new": Bucket.CREATED,
    "changed": Bucket.UPDATED,
    "unchanged": Bucket.UNCHANGED,
    "repeated": Bucket.DUPLICATE,
}
_RUNS: Final = ("courses", "runs", "catalogue")
_STATES: Final = {
    "waiting": ImportState.HELD,
    "held": ImportState.HELD,
    "imported": ImportState.APPLIED,
    "applied": ImportState.APPLIED,
    "rejected": ImportState.REJECTED,
    "undone": ImportState.UNDONE,
}


def _imports(rest: str) -> ListImports | ShowImport:
    """``[held|imported|rejected|undone] [page]``; a number with its letter is that import."""
    first, tail = first_word(rest)
    if _NAMED.fullmatch(first):
        return ShowImport(number_of(first))
    if state := _STATES.get(folded(first)):
        return ListImports(_page(tail), state)
    return ListImports(_page(first))


def _import(rest: str) -> ShowImport | ListImports | ListImportRows:
    """``NUMBER [problems|new|changed|unchanged|repeated] [page]``."""
    first, tail = first_word(rest)
    if not first:
        return ListImports()
    which, page = first_word(tail)
    if which and (bucket := _BUCKETS.get(folded(which))):
        return ListImportRows(number_of(first), bucket, _page(page))
    return ShowImport(number_of(first))


def _page(word: str) -> int:
    return int(word) if word.isascii() and word.isdecimal() and len(word) < 6 else 1


def _good_rows(rest: str) -> ReleaseImport:
    return ReleaseImport(number_of(rest))


def _template(rest: str) -> OfferTemplate:
    """``[courses]``."""
    is_of_runs = folded(first_word(rest)[0]) in _RUNS
    return OfferTemplate(ImportSubject.CATALOGUE if is_of_runs else ImportSubject.LEARNERS)


def number_of(word: str) -> int:
    """Raises ImportNotChosen."""
    match = _NUMBER.fullmatch(word.strip())
    if match is None:
        raise ImportNotChosen
    return int(match[1])


def undo_of_import(rest: str) -> UndoImport | None:
    """Where the number has an import's letter; a bare one is a batch's."""
    match = _NAMED.fullmatch(rest.strip())
    return UndoImport(int(match[1])) if match else None


VERBS: Final[tuple[Verb, ...]] = (
    verb("imports", Mode.READ, Asker.STAFF, _imports, list_imports),
    verb("import", Mode.READ, Asker.STAFF, _import, show_import),
    verb("good-rows", Mode.RUN, Asker.STAFF, _good_rows, release_import),
    verb("template", Mode.RUN, Asker.STAFF, _template, offer_template),
)
OTHERS: Final[OtherUseCases] = {
    ListImports: (list_imports, Mode.READ),
    ShowImport: (show_import, Mode.READ),
    ListImportRows: (list_import_rows, Mode.READ),
    UndoImport: (undo_import, Mode.RUN),
}
