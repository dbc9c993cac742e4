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
# Postfix and Exim, of an address that they looked for at its own server.
_QUOTING = re.compile(r"\b(?:said|response):", re.IGNORECASE)
_STORAGE_EXCEEDED: Final = 552
_NO_MAILBOX_CODES = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1"})
# Servers without enhanced codes say it in words only.
_NO_MAILBOX_WORDS = re.compile(
    r"\bno such (?:user|mailbox|recipient|address|person|account)\b|\b(?:user|recipient|mailbox|address) unknown\b"
    r"|\bunknown (?:user|recipient|mailbox|address)\b|\b(?:user|recipient|mailbox|account) (?:was )?not found\b"
    r"|\b(?:does not|doesn't) (?:exist|have an? \S+ account)\b"
    r"|\bunrouteable address\b|\binvalid (?:mailbox|recipient)\b",
    re.IGNORECASE,
)
_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
# From the beginning of a word: from each letter of it to its end would be quadratic.
_ADDRESS = re.compile(r"(?<![^\s<>])<?[^\s<>]*@[^\s<>]*>?")


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
        # Before any mail is named, a server too busy for us says nothing about the mails that wait.
        return Verdict.OUR_FAULT if stage is Stage.SESSION else Verdict.LATER
    if not 500 <= code < 600:
        # No code that this stage knows: whoever speaks so is no working mail server.
        return Verdict.OUR_FAULT if stage is Stage.SESSION else Verdict.LATER
    own, *quoted = _QUOTING.split(text, maxsplit=1)
    if stage in (Stage.SESSION, Stage.SENDER) or code in _OUR_CODES or _is_about_us(own):
        return Verdict.OUR_FAULT
    # Perhaps our server's fault, perhaps a stranger's words: they bounce nobody, and stop nobody else's mail.
    return Verdict.LATER if any(map(_is_about_us, quoted)) else Verdict.REFUSED


def is_no_mailbox(code: int, text: str) -> bool:
    """Of a refusal: nobody is at that address. Full, too big, spam or a policy pass; without a clear word it is none.

    RFC 3463 (5.1.1 to 5.1.6, and 5.2.1: disabled), RFC 7505 (5.1.10: the domain takes no mail).
    """
    if code == _STORAGE_EXCEEDED:
        return False
    enhanced = _ENHANCED.search(text)
    if enhanced is not None:
        return enhanced[0] in _NO_MAILBOX_CODES
    return _NO_MAILBOX_WORDS.search(text) is not None


def ends_connection(code: int) -> bool:
    return code == _SERVICE_NOT_AVAILABLE


def detail_of(code: int, text: str) -> str:
    """The answer on one line, without addresses."""
    return plain_detail(f"{code} {text}")


def plain_detail(text: str) -> str:
    return clean_name(_ADDRESS.sub("(address)", text), _DETAIL_CHARACTERS)


def _is_about_us(text: str) -> bool:
    enhanced = _ENHANCED.search(text)
    return (enhanced is not None and enhanced[0] in _OUR_ENHANCED_CODES) or _OUR_WORDS.search(text) is not None
