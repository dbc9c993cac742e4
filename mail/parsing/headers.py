"""Headers: split, unfolded, decoded; the addresses and the Message-IDs in them. Nothing raises; all in linear time."""

import binascii
import quopri
import re
from collections.abc import Iterator
from typing import Final

from mail.parsing.charsets import decode

Headers = list[tuple[str, str]]

_NAME: Final = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")
_FOLD: Final = re.compile(r"\r?\n|\r")
# Bounded and without a way back: the standard library's pattern takes quadratic time.
_ENCODED_WORD: Final = re.compile(r"=\?([\w.+:'-]{1,40})(?:\*[\w-]{0,20})?\?([bBqQ])\?([^?]{0,5000})\?=")
_REF: Final = re.compile(r"<[!-;=?-~]{1,252}>")
_BARE_REF: Final = re.compile(r"[!-;=?-~]{1,200}@[!-;=?-~]{1,50}")
_REFERENCES: Final = 50


def header_end(raw: bytes, begin: int, end: int) -> tuple[int, int]:
    """Where the header block ends and where the body begins: at an empty line, or at one that is no header's."""
    at = begin
    while at < end:
        newline = raw.find(b"\n", at, end)
        stop = end if newline < 0 else newline
        if raw[at : min(stop, at + 2)].rstrip(b"\r") == b"":
            return at, min(stop + 1, end)
        is_more = raw[at] in b" \t" and at > begin
        if not is_more and not _NAME.match(raw, at, stop) and not _is_envelope(raw, at, begin):
            return at, at
        at = stop + 1
    return end, end


def _is_envelope(raw: bytes, at: int, begin: int) -> bool:
    """The line that a mbox file or an old mail program puts before the first header."""
    return at == begin and raw.startswith((b"From ", b">From "), at)


def split_headers(raw: bytes, begin: int, end: int) -> tuple[Headers, int]:
    """The headers as text, unfolded, names in lower case; and where the body begins."""
    stop, body = header_end(raw, begin, end)
    lines: list[list[bytes]] = []
    for line in raw[begin:stop].split(b"\n"):
        if line[:1] in (b" ", b"\t") and lines:
            lines[-1].append(line)
        elif _NAME.match(line):
            lines.append([line])
    return [_header(b"\n".join(each)) for each in lines], body


def _header(line: bytes) -> tuple[str, str]:
    name, _, value = line.partition(b":")
    return name.decode("ascii", "replace").strip().lower(), _FOLD.sub("", decode(value)).strip()


def decode_words(value: str) -> str:
    """RFC 2047. Neighbours of one charset are put together before they are decoded: they may share a character."""
    if "=?" not in value:
        return value
    decoded: list[str] = []
    waiting: list[bytes] = []
    charset, at = "", 0
    for match in _ENCODED_WORD.finditer(value):
        between = value[at : match.start()]
        if waiting and (between.strip() or match[1].lower() != charset):
            decoded.append(decode(b"".join(waiting), charset))
            waiting = []
        if between.strip() or not at:
            decoded.append(between)
        charset, at = match[1].lower(), match.end()
        waiting.append(_word(match[2], match[3]))
    if waiting:
        decoded.append(decode(b"".join(waiting), charset))
    return "".join([*decoded, value[at:]])


def _word(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return quopri.decodestring(raw, header=True)
    raw = raw.rstrip(b"=")
    try:
        return binascii.a2b_base64(raw + b"=" * (-len(raw) % 4))
    except binascii.Error:
        return raw


def message_ref(value: str) -> str:
    """A Message-ID with its angle brackets, or an empty string: at most 254 characters, all of them visible ASCII."""
    found = _REF.search(value)
    if found is None:
        bare = _BARE_REF.fullmatch(value.strip())
        return f"<{bare[0]}>" if bare else ""
    # ``<>`` and ``<@>`` name nothing.
    return found[0] if found[0].strip("<@.>") else ""


def message_refs(value: str) -> tuple[str, ...]:
    """All of References: the first, which began the thread, and the last ones."""
    found = [each for each in _REF.findall(value) if each.strip("<@.>")]
    return tuple(found if len(found) <= _REFERENCES else [found[0], *found[1 - _REFERENCES :]])


def mailboxes(value: str) -> tuple[str, ...]:
    """The bare address of each mailbox. Where there is none, what stands there: nobody may slip in beside another.

    An address outside the angle brackets counts besides the one inside, unless it is the same or in quotes: programs do
    not agree on which of the two it is from.
    """
    return tuple(dict.fromkeys(each for outside, angles in _entries(value) for each in _bare(outside, angles)))


def _bare(outside: str, angles: list[str]) -> Iterator[str]:
    outside = " ".join(outside.split())
    inside = [each for each in (angle.rpartition(":")[2].strip() for angle in angles) if each]
    for word in outside.split() if angles else ():
        word = word.strip("'\"()[],;.")
        if "@" in word.strip("@") and word.casefold() not in [each.casefold() for each in inside]:
            yield word
    yield from inside
    if not angles and outside:
        yield outside


def _entries(value: str) -> Iterator[tuple[str, list[str]]]:
    """Each piece between commas: what stands outside of angle brackets, without comments, and what in them.

    A quoted string counts as outside only where it is the address itself: ``"bo b"@example.org``.
    """
    outside: list[str] = []
    angles: list[str] = []
    for kind, text in _tokens(value):
        if kind == ",":
            yield "".join(outside), angles
            outside, angles = [], []
        elif kind == ":":
            # The name of a group.
            outside = []
        elif kind == "<":
            outside = [each for each in outside if not each.startswith('"')]
            angles.append(text)
        else:
            outside.append(text)
    yield "".join(outside), angles


_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|<[^<>]*+>?|[(),;:\\]|[^"<(),;:\\]++', re.DOTALL)


def _tokens(value: str) -> Iterator[tuple[str, str]]:
    comment = 0
    for match in _TOKEN.finditer(value):
        text = match[0]
        if text == "(":
            comment += 1
        elif text == ")":
            comment = max(0, comment - 1)
        elif comment:
            continue
        elif text in (",", ";"):
            yield ",", ""
        elif text == ":":
            yield ":", ""
        elif text[0] == "<":
            yield "<", text.strip("<>")
        else:
            yield "", text
