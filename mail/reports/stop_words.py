"""Whether an e-mail asks for no more, decided by its first words alone: nothing but the wish, in a few languages.

A sentence that has “stop” somewhere in it is not such a wish. Pure.
"""

import re
from collections.abc import Iterable
from typing import Final

from core.rules.text import folded
from mail.parsing.parsed import ParsedMail

_LINES: Final = 3
_WORDS: Final = 14
_TOKEN: Final = re.compile(r"(?<![a-z2-7])([a-z2-7]{26})(?![a-z2-7])", re.IGNORECASE)
_TOKEN_ADDRESS: Final = re.compile(r"\bstop\+([a-z2-7]{26})@", re.IGNORECASE)
_ADDRESSED: Final = ("to", "delivered-to", "x-original-to", "x-delivered-to", "envelope-to")
_REPLY_MARK: Final = re.compile(r"^(?:(?:re|aw|sv|vs|antw|rif|r[ée]f|odp|ynt|atb)\s*:\s*)+", re.IGNORECASE)
# People leave the marks out, or not.
_MARKS: Final = str.maketrans("éèêàâîïôûùüöäçñóíúá’", "eeeaaiiouuuoacnoiua'")
_NO_WORD: Final = re.compile(r"[^\w\s]+|_+")
_GREETINGS: Final = frozenset({"hi", "hello", "hey", "dear", "hallo", "bonjour", "hola"})
# Each alone says it.
_WISHES: Final = frozenset({
    "stop", "stoppen", "unsubscribe", "unsub", "optout", "abmelden", "abbestellen", "austragen", "desabonner",
    "desinscrire", "desinscription", "arretez", "baja", "cancelar", "disiscrivimi", "cancellami", "afmelden",
    "uitschrijven", "afmeld", "avregistrera", "wypisz", "sair", "stopiwch", "datdanysgrifio",
})  # fmt: skip
_PHRASES: Final = re.compile(
    r"\b(?:no more|opt out|remove (?:me|my)|take me off|leave me alone"
    r"|(?:not|dont) (?:\w+ )?(?:contact|invite|e ?mail|send|write|want)"
    r"|keine (?:e ?mails|mails|einladungen)|plus de (?:mails?|messages?)|no quiero|darme de baja|geen (?:e ?)?mails?)\b"
)
_UNLIKE: Final = re.compile(r"\b(?:not|dont|never) (?:\w+ ){0,2}stop\b")
# What may stand around a wish. Anything else makes it a sentence about something.
_AROUND: Final = frozenset(
    re.findall(
        r"\w+",
        """
        please pls plz kindly hi hello hey dear usher sir madam team all it this that these those any more now me my i
        we do does not dont to the a an of from with and at on in is are am you your u so just again ever anymore
        further future immediately e mail mails email emails emailing mailing message messages invitation invitations
        invite invites inviting reminder reminders list lists newsletter newsletters spam address notification
        notifications course courses send sending sent get getting receive receiving contact contacting write writing
        want wish would like can could subscribe subscription opt out off no remove take leave alone thanks thank cheers
        bitte mich danke keine mehr einladungen von diesem verteiler merci moi plus de ne s il vous plait d envoyer
        por favor gracias quiero mas correos darme per grazie piu non alstublieft mij geen meer graag bedankt prosze os
        gwelwch yn dda
        """,
    )
)


def asks_to_stop(mail: ParsedMail) -> bool:
    """By its first line that says more than a greeting; by the subject, where that is nothing but the wish."""
    if has_stop_token(mail):
        return True
    lines = [line for line in mail.text[:2000].splitlines() if line.strip()][:_LINES]
    said = next((line for line in lines if not _is_greeting(line)), "")
    return _is_wish(said) or _is_wish(_REPLY_MARK.sub("", mail.subject[:200].strip()))


def has_stop_token(mail: ParsedMail) -> bool:
    """Something of the shape of ours, as our List-Unsubscribe has it. Whether it is ours, the core knows."""
    return next(iter(stop_tokens(mail)), None) is not None


def stop_tokens(mail: ParsedMail) -> Iterable[str]:
    """From the subject that our List-Unsubscribe gives, or from the address."""
    subject = mail.subject[:200]
    if folded(subject).startswith("stop"):
        yield from (token.lower() for token in _TOKEN.findall(subject))
    for name in _ADDRESSED:
        for value in mail.all_headers(name):
            yield from (token.lower() for token in _TOKEN_ADDRESS.findall(value[:2000]))


def _is_greeting(line: str) -> bool:
    words = _words(line)
    return bool(words) and words[0] in _GREETINGS and len(words) <= 4 and not _is_wish(line)


def _is_wish(line: str) -> bool:
    words = _words(line)
    if not words or len(words) > _WORDS:
        return False
    wishes = _WISHES.intersection(words)
    said = " ".join(words)
    says_it = (bool(wishes) or _PHRASES.search(said) is not None) and _UNLIKE.search(said) is None
    return says_it and all(word in _AROUND or word in wishes for word in words)


def _words(line: str) -> list[str]:
    plain = folded(line[:500]).translate(_MARKS).replace("don't", "dont")
    return _NO_WORD.sub(" ", plain).split()
