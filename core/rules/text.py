"""Text that strangers typed, made safe to store and to put into a header, a page or a message."""

import re
import unicodedata

# Bidirectional overrides can make one name read as another; line breaks end a header.
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# Joiners are part of ordinary writing in Persian, Hindi and of family emoji.
_JOINERS = frozenset("\u200c\u200d")
_LINK = re.compile(
    r"(?:\b[a-z][a-z0-9+.-]*://\S+|\bwww\.\S+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|info|biz|io|ly|uk|eu|de|co|me|ru|cn|xyz|top|link|site|online)\b(?:/\S*)?)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"\S+@\S+")


def clean_name(text: str, limit: int) -> str:
    """One line without control or direction characters, white space folded, at most ``limit`` characters."""
    safe = "".join(_keep(character) for character in unicodedata.normalize("NFC", text))
    return " ".join(safe.split())[:limit].rstrip()


def clean_note(text: str) -> str:
    """Plain text of several lines: control and direction characters go, line breaks stay."""
    lines = (clean_name(line, len(line)) for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def first_link(text: str) -> str | None:
    """The first thing in the text that a mail program would turn into a link. E-mail addresses may stay."""
    match = _LINK.search(_ADDRESS.sub(" ", text))
    return match.group(0) if match else None


def folded(text: str) -> str:
    """For comparing what people typed: without case, marks' order or width."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _keep(character: str) -> str:
    if character in _JOINERS:
        return character
    if character in "\t\r\n\v\f" or character in "\u2028\u2029\x85":
        return " "
    return "" if unicodedata.category(character) in _UNSAFE_CATEGORIES else character
