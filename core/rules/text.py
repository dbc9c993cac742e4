"""Text that strangers typed, made safe to store and to put into a header, a page or a message."""

import re
import unicodedata
from typing import Literal

# Bidirectional overrides can make one name read as another; line breaks end a header.
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# Joiners are part of ordinary writing in Persian, Hindi and of family emoji.
_JOINERS = "\u200c\u200d"
_EDGES = _JOINERS + " "
# Each pattern takes linear time on any text: bounded, or beginning only where a word begins.
_SPOKEN_LINK = re.compile(r"(?:[a-z][a-z0-9+.-]{0,20}://|\bwww\.)\S+", re.IGNORECASE)
_DOMAIN_LINK = re.compile(
    r"(?<![\w-])[\w-]+\.(?:com|org|net|info|biz|io|ly|uk|eu|de|co|me|ru|cn|xyz|top|link|site|online|app|dev|shop|click"
    # With a path, whatever the domain ends in.
    r"|edu|gov|ie|fr|nl|au|ca|tk|gg)\b\S*|(?<![\w-])[\w-]+\.[a-z]{2,24}/\w\S*",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(?<![\w.+%'-])[\w.+%'-]+@[\w-]+(?:\.[\w-]+)*")
_MARKS_IN_A_ROW = 30
_HEADING_CHARACTERS = 200
# A database takes neither NUL nor half of a surrogate pair; JSON can bring both.
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


def clean_name(text: str, limit: int) -> str:
    """One line without control or direction characters, white space folded, at most ``limit`` characters."""
    safe = text if _is_plain(text) else _normalised("NFC", "".join(_keep(character) for character in text))
    # A joiner at an end joins nothing, and alone it would be a name that nobody sees.
    return " ".join(safe.split())[:limit].strip(_EDGES)


def clean_note(text: str) -> str:
    """Plain text of several lines: control and direction characters go, line breaks stay."""
    lines = (clean_name(line, len(line)) for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def first_link(text: str) -> str | None:
    """The first thing in the text that a mail program would turn into a link. E-mail addresses may stay."""
    # A browser takes the full stop of Chinese and Japanese for a dot.
    plain = _normalised("NFKC", text).replace("\u3002", ".")
    match = _SPOKEN_LINK.search(plain) or _DOMAIN_LINK.search(_ADDRESS.sub(" ", plain))
    return match.group(0) if match else None


def bare_heading(heading: str) -> str:
    """A column's heading for comparing: ``E-mail address*`` and ``email_address`` alike."""
    return "".join(filter(str.isalnum, folded(heading[:_HEADING_CHARACTERS])))


def folded(text: str) -> str:
    """For comparing what people typed: without case, marks' order or width."""
    if text.isascii() and "\0" not in text:
        # As most of what is compared is.
        return text.lower().strip()
    return _normalised("NFKC", _NO_TEXT.sub("", text)).casefold().strip()


def _is_plain(text: str) -> bool:
    """As most text is; looking at each of its characters costs thirty times as much."""
    return text.isascii() and text.isprintable()


def _normalised(form: Literal["NFC", "NFKC"], text: str) -> str:
    return text if text.isascii() else unicodedata.normalize(form, _with_few_marks(text))


def _with_few_marks(text: str) -> str:
    """At most 30 in a row (UAX 15, stream-safe text): putting more in order takes quadratic time (measured)."""
    if len(text) <= _MARKS_IN_A_ROW:
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)


def _keep(character: str) -> str:
    if character in _JOINERS:
        return character
    if character in "\t\r\n\v\f" or character in "\u2028\u2029\x85":
        return " "
    return "" if unicodedata.category(character) in _UNSAFE_CATEGORIES else character
