"""Histories: of a person, a batch, an import, a shared link, a run; on the screen or as a file."""

import re
from typing import Final

from core.errors import HistoryNotChosen
from core.requests.about_exports import form_among, is_export
from core.requests.language import Asker, Mode, OtherUseCases, Verb, bare_address, first_word, verb
from core.rules.text import folded
from core.usecases.exports import ExportHistory, export_history
from core.usecases.history.history import ShowHistory, show_history
from core.words import Subject

_NUMBERED: Final = re.compile(r"(?P<kind>[bi])-?0*(?P<number>[0-9]{1,9})", re.IGNORECASE)
_NAMED: Final = {
    "link": Subject.LINK, "links": Subject.LINK, "staff": Subject.STAFF, "colleague": Subject.STAFF,
    "learner": Subject.LEARNER, "run": Subject.RUN, "batch": Subject.BATCH, "import": Subject.IMPORT,
}  # fmt: skip
_NUMBERS: Final = {"b": Subject.BATCH, "i": Subject.IMPORT}
_OF_ONE_WORD: Final = frozenset({Subject.LINK, Subject.STAFF})
_DIGITS: Final = 9
_PAGE: Final = re.compile(r"[0-9]{1,5}")


def _history(rest: str) -> ShowHistory | ExportHistory:
    """``WHOSE [page]``, or ``export WHOSE [csv|xlsx]``."""
    if is_export(rest):
        words, form = form_among(first_word(rest)[1])
        kind, name, _tail = _whose(" ".join(words))
        return ExportHistory(kind, name, form)
    kind, name, tail = _whose(rest)
    return ShowHistory(kind, name, int(tail) if _PAGE.fullmatch(tail) else 1)


def _whose(rest: str) -> tuple[Subject, str, str]:
    """(what it is of, its name or number, what comes after it). Raises HistoryNotChosen."""
    first, tail = first_word(rest)
    kind = _NAMED.get(folded(first))
    if kind is not None:
        rest = tail
        first, tail = first_word(rest)
    name = bare_address(first.strip(",;:"))
    numbered = _NUMBERED.fullmatch(name)
    if numbered and kind in (None, Subject.BATCH, Subject.IMPORT):
        return _NUMBERS[numbered["kind"].lower()], numbered["number"], tail
    if kind is Subject.BATCH or kind is Subject.IMPORT:
        if not name.isascii() or not name.isdecimal() or len(name) > _DIGITS:
            raise HistoryNotChosen
        return kind, name, tail
    if not name:
        raise HistoryNotChosen
    if kind in _OF_ONE_WORD or "@" in name:
        return kind or Subject.LEARNER, name, tail
    return kind or Subject.RUN, *_names_and_page(rest)


def _names_and_page(rest: str) -> tuple[str, str]:
    words = rest.split()
    has_page = len(words) > 1 and _PAGE.fullmatch(words[-1]) is not None
    return (" ".join(words[:-1]), words[-1]) if has_page else (" ".join(words), "")


VERBS: Final[tuple[Verb, ...]] = (verb("history", Mode.READ, Asker.STAFF, _history, show_history),)
OTHERS: Final[OtherUseCases] = {ExportHistory: (export_history, Mode.RUN)}
