"""Mails as bytes, written by hand: the standard library takes twenty-five times as long for the same.

1. No line is longer than 76 characters, save one that consists of a single address or link.
2. Whatever text comes in, headers stay headers: no text can begin a new one.
3. Nothing raises.
"""

import base64
import re
from binascii import b2a_qp
from collections.abc import Iterable, Sequence
from functools import lru_cache
from urllib.parse import quote

from core.rules.addresses import Address, parse_address
from core.rules.text import clean_name

_LINE = 76
# "=?utf-8?b?" and "?="; RFC 2047 allows 75 characters for the whole word.
_WORD_FRAME = 12
_WORD = 75
# A line may have 998 characters; no mail program makes identifiers that long.
_REF = 250
_FILE_NAME = 60
_REF_FORM = re.compile(r"<[!-;=?-~]+>")
# What would end an address in a header or in an envelope.
_SPECIAL = frozenset(' <>,;:()[]\\"')
# "=_" can never stand in a quoted-printable or base64 body.
_OUTER, _INNER = b"=_usher-outer", b"=_usher-inner"


def one_line(text: str) -> str:
    """For names and titles. Core has cleaned them; this costs little and holds whatever core does."""
    return " ".join(text.split()) if text.isprintable() else clean_name(text, len(text))


def text_header(name: str, text: str) -> bytes:
    return f"{name}: {_header_text(one_line(text), len(name) + 2)}\r\n".encode("ascii", "replace")


def plain_header(name: str, value: str) -> bytes:
    """For values of our own making; a long one goes on a line of its own."""
    gap = " " if len(name) + 2 + len(value) <= _LINE else "\r\n "
    return f"{name}:{gap}{one_line(value)}\r\n".encode("ascii", "replace")


def refs_header(name: str, refs: Sequence[str]) -> bytes:
    """Message-IDs as somebody else wrote them, each on a line of its own; nothing where none can be used."""
    safe = [ref for ref in refs if len(ref) <= _REF and _REF_FORM.fullmatch(ref)]
    if not safe:
        return b""
    gap = " " if len(name) + 2 + len(safe[0]) <= _LINE else "\r\n "
    listed = "\r\n ".join(safe)
    return f"{name}:{gap}{listed}\r\n".encode("ascii")


def mailbox_header(name: str, display: str, address: str) -> bytes:
    """``display`` may be empty."""
    safe = ascii_address(address)
    words = _display_words(one_line(display), len(name) + 2)
    if not words:
        return plain_header(name, safe)
    last = len(words.rpartition("\r\n")[2]) + (0 if "\r\n" in words else len(name) + 2)
    gap = " " if last + len(safe) + 3 <= _LINE else "\r\n "
    return f"{name}: {words}{gap}<{safe}>\r\n".encode("ascii", "replace")


def ascii_address(address: str) -> str:
    """With an internationalised domain in the spelling that every mail host understands."""
    if address.isascii() and address.isprintable() and not _SPECIAL.intersection(address):
        return address
    found = parse_address(address)
    kept = found.address if isinstance(found, Address) else address
    safe = "".join(character for character in kept if character.isprintable() and character not in _SPECIAL)
    return safe.encode("ascii", "replace").decode()


def quoted_printable(lines: Iterable[str]) -> bytes:
    """Each line with its end."""
    text = "\r\n".join((*lines, ""))
    # Half a surrogate pair cannot be encoded and becomes a question mark.
    return b2a_qp(text.encode("utf-8", "replace"))


def alternatives(text: bytes, html: bytes) -> bytes:
    """A multipart/alternative with its own header lines, text first; both in quoted-printable."""
    return b"".join((
        b'Content-Type: multipart/alternative; boundary="', _INNER, b'"\r\n\r\n--', _INNER,
        b"\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
        text,
        b"\r\n--", _INNER,
        b"\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
        html,
        b"\r\n--", _INNER, b"--\r\n",
    ))  # fmt: skip


def with_attachments(part: bytes, attachments: Sequence[bytes]) -> bytes:
    """A multipart/mixed with its own header lines; all parts bring theirs."""
    between = b"\r\n--" + _OUTER + b"\r\n"
    return b"".join((
        b'Content-Type: multipart/mixed; boundary="', _OUTER, b'"\r\n', between,
        between.join((part, *attachments)),
        b"\r\n--", _OUTER, b"--\r\n",
    ))  # fmt: skip


def file_part(name: str, content_type: str, content: bytes) -> bytes:
    """``content_type``: of our own making."""
    safe = one_line(name).replace("\\", "_").replace('"', "_")
    is_plain = safe.isascii() and len(safe) <= _FILE_NAME
    given = f'"{safe}"' if is_plain else f'"{_encoded_words(safe, len(name))}"'
    disposition = f'\r\n filename="{safe}"' if is_plain else _continued("filename", safe)
    head = f"Content-Type: {content_type};\r\n name={given}\r\nContent-Disposition: attachment;{disposition}\r\n"
    return base64_part(content, (head.encode("ascii", "replace"),))


def _continued(name: str, value: str) -> str:
    """RFC 2231: each piece on a line of its own."""
    octets = [quote(character, safe="", errors="replace") for character in value]
    pieces = [""]
    for each in octets:
        if len(pieces[-1]) + len(each) > _FILE_NAME - 12:
            pieces.append("")
        pieces[-1] += each
    first, *rest = pieces
    lines = [f"{name}*0*=utf-8''{first}", *(f"{name}*{place}*={piece}" for place, piece in enumerate(rest, start=1))]
    return ";".join(f"\r\n {line}" for line in lines)


def base64_part(content: bytes, headers: Sequence[bytes]) -> bytes:
    encoded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return b"".join((*headers, b"Content-Transfer-Encoding: base64\r\n\r\n", encoded))


@lru_cache(maxsize=1024)
def _header_text(text: str, used: int) -> str:
    if text.isascii() and "=?" not in text and len(text) <= _LINE - used:
        return text
    return _encoded_words(text, used)


@lru_cache(maxsize=1024)
def _display_words(text: str, used: int) -> str:
    if not text.isascii() or "=?" in text:
        return _encoded_words(text, used)
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' if text else ""
    return quoted if len(quoted) <= _LINE - used else _encoded_words(text, used)


def _encoded_words(text: str, used: int) -> str:
    """RFC 2047. ``used``: characters that the header's name has taken from the first line."""
    words, word, room = [], b"", _octets(_LINE - used)
    for character in text:
        octets = character.encode("utf-8", "replace")
        if len(word) + len(octets) > room:
            words.append(word)
            word, room = b"", _octets(_WORD)
        word += octets
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(piece).decode()}?=" for piece in (*words, word))


def _octets(characters: int) -> int:
    """How many octets an encoded word of so many characters holds; every four characters hold three."""
    return (min(characters, _WORD) - _WORD_FRAME) // 4 * 3
