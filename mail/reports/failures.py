"""Why an e-mail came back: from status and diagnostic to hard, soft or late, with the reason in plain words.

``mail.sending.verdicts`` knows what an answer means; this applies it to answers that others were given.
"""

import re
from typing import Final

from msgspec import Struct

from core.letters import Verdict
from core.words import ReportedAs
from mail.sending.verdicts import Stage, is_no_mailbox, plain_detail, verdict_of

_ENHANCED: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_CODE: Final = re.compile(r"(?<![\d.:/@+-])([45][0-5]\d)(?=[ -]|$)")
_REFUSED: Final = 550
_TRY_LATER: Final = 450
# RFC 3463: what is said of nothing in particular is less than the words beside it.
_VAGUE: Final = frozenset({"4.0.0", "5.0.0"})
_DIAGNOSTIC_TYPE: Final = re.compile(r"^\s*(?:smtp|x-[\w-]+)\s*;\s*", re.IGNORECASE)

_NO_MAILBOX: Final = "No such mailbox"
_LATE: Final = "Still on its way"
_UNKNOWN: Final = "It did not arrive"
_REASONS: Final = {
    "1.2": "No such mail domain",
    "2.1": "The mailbox is switched off",
    "2.2": "The mailbox is full",
    "2.3": "The e-mail is too big for that mailbox",
    "3.4": "The e-mail is too big for their mail server",
    "4.6": "Their mail servers send it in circles",
    "4.7": "Their mail server took nothing for days",
    "7.1": "Their mail server refuses it",
}
_SUBJECTS: Final = {
    "1": "Their mail server does not take that address",
    "2": "That mailbox takes nothing now",
    "3": "Their mail server has a problem",
    "4": "Their mail server cannot be reached",
    "5": "Their mail server does not understand ours",
    "6": "Their mail server does not take such e-mails",
    "7": "Their mail server refuses it",
}


class Failure(Struct, frozen=True):
    """``detail``: why, in words, with what the server said; no addresses. ``addresses``: who did not get it."""

    reported_as: ReportedAs
    detail: str
    is_no_mailbox: bool = False
    addresses: tuple[str, ...] = ()


def failure_of(status: str, diagnostic: str, *, addresses: tuple[str, ...] = (), is_late: bool = False) -> Failure:
    """``status`` is the report's own, or empty. What says nothing at all is taken for final, and for no more."""
    said = _DIAGNOSTIC_TYPE.sub("", diagnostic)[:2000]
    found = _clear(status) or _clear(said) or _any(status)
    code = _code(said, found)
    text = f"{found} {said}" if found and found not in said else said
    nobody = not is_late and code >= _REFUSED - 50 and is_no_mailbox(code, _without_vague(text))
    return Failure(
        reported_as=_reported_as(code, text, is_late=is_late),
        detail=_detail(_reason(found, nobody=nobody, is_late=is_late), said),
        is_no_mailbox=nobody,
        addresses=addresses,
    )


def _clear(text: str) -> str:
    found = _any(text)
    return "" if found in _VAGUE else found


def _any(text: str) -> str:
    found = _ENHANCED.search(text)
    return found[0] if found else ""


def _code(said: str, status: str) -> int:
    """As SMTP would have answered. A status is worth more than a number in the text."""
    written = _CODE.search(said)
    if status:
        is_same_class = written is not None and written[1][0] == status[0]
        return int(written[1]) if written and is_same_class else _TRY_LATER if status[0] == "4" else _REFUSED
    return int(written[1]) if written else _REFUSED


def _without_vague(text: str) -> str:
    """So that the words are asked."""
    return re.sub(r"(?<![\d.])[245]\.0\.0(?![\d.])", "", text)


def _reported_as(code: int, text: str, *, is_late: bool) -> ReportedAs:
    if is_late:
        return ReportedAs.LATE
    # What is our own fault, and refused as spam all the same, may be mended by tomorrow.
    is_final = verdict_of(Stage.CONTENT, code, text) is Verdict.REFUSED
    return ReportedAs.HARD if is_final else ReportedAs.SOFT


def _reason(status: str, *, nobody: bool, is_late: bool) -> str:
    _class, _, rest = status.partition(".")
    if is_late:
        return _LATE
    if rest in _REASONS:
        return _REASONS[rest]
    return _NO_MAILBOX if nobody else _SUBJECTS.get(rest.partition(".")[0], _UNKNOWN)


def _detail(reason: str, said: str) -> str:
    words = plain_detail(said)
    return f"{reason}: {words}" if words else f"{reason}."
