"""What a mail server's answer means for the message, and for everybody else's.

The dangerous mistake is to take our own fault for the recipient's: a wrong password must not bounce a thousand
invitations.
"""

import re
from enum import StrEnum
from typing import Final

from core.letters import Verdict
from core.rules.text import clean_name

_SERVICE_NOT_AVAILABLE: Final = 421
_DETAIL_CHARACTERS: Final = 200

# Bad sequence of commands, and login required, refused or without encryption: about us at whatever stage.
_OUR_CODES = frozenset({503, 530, 534, 535, 538})
# The sender's address (RFC 3463), failed login, and the checks of our SPF, DKIM and address names (RFC 7372).
_OUR_ENHANCED_CODES = frozenset({"5.1.7", "5.1.8", "5.7.8"} | {f"5.7.{number}" for number in range(20, 27)})
# Postfix keeps its refusals of client and sender until RCPT, under the same 554 5.7.1 as one of the recipient.
_OUR_WORDS = re.compile(
    r"\brelay(?:ing)?\b.{0,20}\b(?:denied|prohibited|not permitted)|\bunable to relay\b|\bnot permitted to relay\b"
    r"|\bsender address rejected\b|\bclient host rejected\b|\bhelo command rejected\b|\bas this sender\b",
    re.IGNORECASE,
)
_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_ADDRESS = re.compile(r"<?[^\s<>]*@[^\s<>]*>?")


class Stage(StrEnum):
    SESSION = "session"
    """Greeting, EHLO, STARTTLS, AUTH."""
    SENDER = "MAIL"
    RECIPIENT = "RCPT"
    CONTENT = "DATA"
    """DATA and what follows it, up to the answer to the final dot."""


def verdict_of(stage: Stage, code: int, text: str) -> Verdict:
    """For a complete answer that is neither a success nor what the stage waits for."""
    if 400 <= code < 500:
        return Verdict.LATER
    if not 500 <= code < 600:
        # No code that this stage knows: whoever speaks so is no working mail server.
        return Verdict.OUR_FAULT if stage is Stage.SESSION else Verdict.LATER
    if stage in (Stage.SESSION, Stage.SENDER) or _is_about_us(code, text):
        return Verdict.OUR_FAULT
    return Verdict.REFUSED


def ends_connection(code: int) -> bool:
    return code == _SERVICE_NOT_AVAILABLE


def detail_of(code: int, text: str) -> str:
    """The answer on one line, without addresses."""
    return plain_detail(f"{code} {text}")


def plain_detail(text: str) -> str:
    return clean_name(_ADDRESS.sub("(address)", text), _DETAIL_CHARACTERS)


def _is_about_us(code: int, text: str) -> bool:
    enhanced = _ENHANCED.search(text)
    return (
        code in _OUR_CODES
        or (enhanced is not None and enhanced[0] in _OUR_ENHANCED_CODES)
        or _OUR_WORDS.search(text) is not None
    )
