"""A message taken apart into its parts: by its bytes, in linear time, within limits. It may be broken in any way.

The standard library's parser goes line by line, through every open boundary, and reads what is attached as a message
as deep as it goes: 20,000 parts took 7 s, 1,000 levels ended in a RecursionError (measured). Here the whole message is
searched for each boundary once, an attached message stays bytes, and the count of parts is limited while they are made.
"""

import binascii
import quopri
from collections.abc import Iterator
from email.message import Message
from email.policy import compat32
from typing import Final

from msgspec import Struct

from mail.parsing.headers import Headers, decode_words, split_headers

PARTS: Final = 100
DEPTH: Final = 20
LINES: Final = 10_000
# Enough for any type, name and boundary; the library's reading of parameters takes quadratic time.
_STRUCTURED: Final = 4000
_BOUNDARY: Final = 200


class TooMuch(Exception):
    """Past a limit. What it says is for operators."""


class Part(Struct):
    """A leaf has no ``parts``; its ``body`` is as it was sent, still encoded."""

    headers: Headers
    content_type: str
    params: dict[str, str]
    disposition: str
    name: str
    body: bytes
    parts: list["Part"] = []

    def __repr__(self) -> str:
        # What people write is in no log.
        return f"Part({self.content_type})"

    def leaves(self) -> Iterator["Part"]:
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()

    def walk(self) -> Iterator["Part"]:
        yield self
        for part in self.parts:
            yield from part.walk()

    def content(self) -> bytes:
        """Decoded, as far as that goes."""
        encoding = first(self.headers, "content-transfer-encoding").strip().lower()
        if encoding == "base64":
            return _base64(self.body)
        if encoding == "quoted-printable":
            return quopri.decodestring(self.body)
        if encoding in ("x-uuencode", "uuencode", "uue", "x-uue"):
            return _uuencoded(self.body)
        return self.body


def first(headers: Headers, name: str) -> str:
    return next((value for each, value in headers if each == name), "")


def take_apart(raw: bytes) -> Part:
    """Raises TooMuch."""
    return _Taking(raw).part(0, len(raw), depth=0, default="text/plain")


class _Taking:
    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._count = 0

    def part(self, begin: int, end: int, *, depth: int, default: str) -> Part:
        self._count += 1
        if self._count > PARTS:
            raise TooMuch(f"more than {PARTS} parts")
        if depth > DEPTH:
            raise TooMuch(f"parts nested deeper than {DEPTH}")
        headers, body = split_headers(self._raw, begin, end)
        part = _described(headers, default)
        boundary = part.params.get("boundary", "")
        if part.content_type.startswith("multipart/") and boundary:
            inner = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
            part.parts = [
                self.part(start, stop, depth=depth + 1, default=inner)
                for start, stop in self._between(boundary, body, end)
            ]
        if not part.parts:
            part.body = self._raw[body : self._end_of_preamble(part, body, end)]
            if part.content_type.startswith("multipart/"):
                part.content_type = "text/plain"
        return part

    def _end_of_preamble(self, part: Part, begin: int, end: int) -> int:
        """What has no parts, though it should, is read as a text up to the boundary that closes it."""
        boundary = part.params.get("boundary", "")
        if not boundary or not part.content_type.startswith("multipart/"):
            return end
        return next((at for at, _, _ in _lines_of(self._raw, _marker(boundary), begin, end)), end)

    def _between(self, boundary: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Where each part begins and ends. The last boundary may be missing: then the part ends with its parent."""
        start = None
        for at, after, is_last in _lines_of(self._raw, _marker(boundary), begin, end):
            if start is not None:
                yield start, max(start, _without_newline(self._raw, at))
            start = after
            if is_last:
                return
        if start is not None:
            yield start, end


def _marker(boundary: str) -> bytes:
    return b"--" + boundary.encode("utf-8", "replace")


def _lines_of(raw: bytes, marker: bytes, begin: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Lines that are nothing but the marker: where each begins, where the next begins, whether it closes."""
    at = begin if raw.startswith(marker, begin, end) else _next_line(raw, marker, begin, end)
    seen = 0
    while at >= 0:
        seen += 1
        if seen > LINES:
            raise TooMuch(f"more than {LINES} lines like a boundary")
        after = at + len(marker)
        newline = raw.find(b"\n", after, end)
        stop = end if newline < 0 else newline
        tail = raw[after : min(stop, after + 80)].rstrip(b" \t\r")
        if tail in (b"", b"--"):
            yield at, min(stop + 1, end), tail == b"--"
        at = _next_line(raw, marker, after, end)


def _next_line(raw: bytes, marker: bytes, begin: int, end: int) -> int:
    found = raw.find(b"\n" + marker, begin, end)
    return found + 1 if found >= 0 else -1


def _without_newline(raw: bytes, at: int) -> int:
    """The newline before a boundary is the boundary's (RFC 2046 5.1.1)."""
    at -= raw[at - 1 : at] == b"\n"
    return at - (raw[at - 1 : at] == b"\r")


def _described(headers: Headers, default: str) -> Part:
    message = Message(compat32)
    for name in ("content-type", "content-disposition"):
        value = first(headers, name)
        if value:
            message[name] = value[:_STRUCTURED]
    message.set_default_type(default)
    params = _params(message)
    return Part(headers, message.get_content_type(), params, _disposition(message), _name(message, params), b"")


def _params(message: Message) -> dict[str, str]:
    try:
        found = message.get_params([], unquote=True)[1:]
    except Exception:  # The library's reading of RFC 2231 knows many ways to fail.
        return {}
    params: dict[str, str] = {}
    for name, value in found:
        params.setdefault(name.lower(), _plain(value))
    params["boundary"] = params.get("boundary", "").rstrip()[:_BOUNDARY]
    return params


def _plain(value: object) -> str:
    """Of RFC 2231 the library makes a triple: charset, language, value."""
    if isinstance(value, tuple):
        charset, _, text = value
        try:
            return str(text).encode("raw-unicode-escape").decode(charset or "ascii", "replace")
        except (LookupError, ValueError):
            return str(text)
    return str(value)


def _disposition(message: Message) -> str:
    try:
        return message.get_content_disposition() or ""
    except Exception:
        return ""


def _name(message: Message, params: dict[str, str]) -> str:
    try:
        name = message.get_param("filename", None, "content-disposition")
    except Exception:
        name = None
    return decode_words(_plain(name) if name else params.get("name", ""))


_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64: Final = bytes(set(range(256)) - set(_ALPHABET))


def _base64(body: bytes) -> bytes:
    letters = body.partition(b"=")[0] if body.count(b"=") <= 2 else body
    letters = letters.translate(None, _NOT_BASE64)
    # A single letter left over holds no whole byte.
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


# At 45 bytes each, that holds more than a message may.
_UU_LINES: Final = 1_000_000


def _uuencoded(body: bytes) -> bytes:
    decoded = bytearray()
    for line in body.partition(b"begin ")[2].split(b"\n", _UU_LINES)[1:_UU_LINES]:
        line = line.rstrip(b"\r")
        if line.strip() in (b"end", b"`", b""):
            break
        try:
            decoded += binascii.a2b_uu(line)
        except binascii.Error:
            # Some encoders wrote too many or too few characters; the count at the line's begin is what is meant.
            wanted = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                decoded += binascii.a2b_uu(line[:wanted])
            except binascii.Error:
                break
    return bytes(decoded)
