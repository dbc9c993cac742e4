"""What can go wrong with a mail server, stage by stage, and what each must mean. The table is the specification."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from msgspec import Struct

from bench.faults.mail_server import DOT, GREETING, Act, Answer, Slowly, Swallowed


class Meaning(StrEnum):
    REFUSED = "refused"
    """This mail, for good: bounced."""
    NO_MAILBOX = "no mailbox"
    """This recipient, for good: bounced, and suppressed."""
    LATER = "later"
    """Tried again; the try counts."""
    UNSURE = "unsure"
    """It may have arrived: an invitation is tried again, a code is held."""
    OUR_FAULT = "our_fault"
    """Nobody's try: it waits until we have mended it."""


class Case(Struct, frozen=True):
    stage: str
    fault: str
    answer: Answer
    meaning: Meaning

    @property
    def name(self) -> str:
        return f"{self.stage} {self.fault}"


_REFUSED, _LATER, _UNSURE, _OURS = Meaning.REFUSED, Meaning.LATER, Meaning.UNSURE, Meaning.OUR_FAULT
_TEXTS: Final = {
    "421": "421 4.3.2 Service shutting down",
    "450": "450 4.2.1 Mailbox busy",
    "451": "451 4.3.0 Local error",
    "550": "550 5.1.1 No such mailbox",
    "552": "552 5.2.2 Mailbox full",
    "554": "554 5.7.1 Refused",
}
_ACTS: Final[dict[str, Answer]] = {
    "no answer": Act.SILENCE,
    "drop": Act.DROP,
    "RST": Act.RESET,
    "slow": Slowly("250 2.0.0 this takes a while", 0.2),
}
# By stage: what a temporary answer, a permanent answer, and no answer mean.
_MEANINGS: Final = {
    GREETING: (_OURS, _OURS, _OURS),
    "EHLO": (_OURS, _OURS, _OURS),
    "MAIL": (_LATER, _OURS, _LATER),
    "RCPT": (_LATER, _REFUSED, _LATER),
    "DATA": (_LATER, _REFUSED, _LATER),
    DOT: (_LATER, _REFUSED, _UNSURE),
}


def cases() -> list[Case]:
    return [*_grid(), Case(DOT, "accepted, no answer", Swallowed(Act.SILENCE), _UNSURE),
            Case(DOT, "accepted, RST", Swallowed(Act.RESET), _UNSURE)]  # fmt: skip


def _grid() -> Iterator[Case]:
    for stage, (temporary, permanent, nothing) in _MEANINGS.items():
        for code, text in _TEXTS.items():
            meaning = temporary if code.startswith("4") else permanent
            is_gone = meaning is _REFUSED and code == "550"
            yield Case(stage, code, text, Meaning.NO_MAILBOX if is_gone else meaning)
        for fault, answer in _ACTS.items():
            yield Case(stage, fault, answer, nothing)
