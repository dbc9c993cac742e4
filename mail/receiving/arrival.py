"""Of a message that has just come in: its name, what makes it the same as its copy, and its envelope.

From the header bytes alone and in one pass, before anything is parsed and in the process that receives: nothing here
may be slow or raise, whatever a stranger sent.
"""

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from core.large_mail import RawMail, head_of, pieces_of

HEADER_BYTES: Final = 256 * 1024
"""What is beyond counts as body."""
_REF_CHARACTERS: Final = 255
_ADDRESS_CHARACTERS: Final = 320
_REF: Final = re.compile(rb"<[!-;=?A-~]+@[!-;=?A-~]+>")
_ADDRESS: Final = re.compile(rb"<?([!-;=?-~]*@[!-;=?-~]+)>?")

# What each host on the way adds, so that two copies of a message differ in it. A DKIM signature is the sender's own.
_OF_THE_WAY: Final = frozenset({
    b"apparently-to", b"authentication-results", b"delivered-to", b"delivery-date", b"dmarc-filter", b"envelope-to",
    b"received", b"received-spf", b"return-path", b"x-authentication-warning", b"x-bogosity",
    b"x-forefront-antispam-report", b"x-google-smtp-source", b"x-greylist", b"x-lmtp-server", b"x-original-to",
    b"x-originalarrivaltime", b"x-proofpoint-spam-details", b"x-received", b"x-sieve", b"x-uid", b"x-uidl",
    b"x-virus-scanned", b"x-virus-status",
})  # fmt: skip
_OF_THE_WAY_BEGINS: Final = (
    b"arc-", b"x-amavis-", b"x-antispam", b"x-gm-", b"x-microsoft-antispam", b"x-ms-exchange-", b"x-rspamd-", b"x-spam",
)  # fmt: skip
# Each mailbox program has one of these, the topmost written last.
_TO: Final = (b"delivered-to", b"x-original-to", b"envelope-to")


class Arrival(Struct, frozen=True):
    message_ref: str
    """The Message-ID with its angle brackets; empty where there is none, several, or none that can be used."""
    content_digest: str
    """Hex SHA-256 without the headers that its way added; line endings count as one."""
    envelope_from: str | None
    """Empty string: the null sender. None: nobody told."""
    envelope_to: str


def read_arrival(raw: RawMail, *, envelope_from: str | None = None, envelope_to: str = "") -> Arrival:
    """What the caller knows of the envelope goes before what the last host wrote into the headers."""
    block = _header_block(head_of(raw, HEADER_BYTES))
    headers = list(_headers(block))
    told = next((value for name, value in headers if name == b"return-path"), None)
    written_to = next((value for wanted in _TO for name, value in headers if name == wanted), b"")
    return Arrival(
        message_ref=_ref([value for name, value in headers if name == b"message-id"]),
        content_digest=_digest(headers, _unified(_after(pieces_of(raw), len(block)))),
        envelope_from=envelope_from if envelope_from is not None else _return_path(told),
        envelope_to=(envelope_to or _address(written_to))[:_ADDRESS_CHARACTERS],
    )


def _header_block(head: bytes) -> bytes:
    """Up to the first empty line, or as much as may be headers."""
    if head.startswith((b"\n", b"\r\n")):
        return b""
    ends = [place + len(mark) for mark in (b"\r\n\r\n", b"\n\n", b"\n\r\n") if (place := head.find(mark)) >= 0]
    return head[: min(ends, default=len(head))]


def _after(pieces: Iterator[bytes], start: int) -> Iterator[bytes]:
    """Without the first octets, which are of the first piece."""
    yield next(pieces)[start:]
    yield from pieces


def _headers(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names in lower case; values unfolded. A line that is no header is one without a name."""
    name, lines = b"", list[bytes]()
    for line in block.splitlines():
        if line[:1] in (b" ", b"\t") and lines:
            lines.append(line.strip())
            continue
        if lines:
            yield name, b" ".join(lines)
        head, colon, value = line.partition(b":")
        name = head.strip().lower() if colon else b""
        lines = [value.strip() if colon else line]
    if lines:
        yield name, b" ".join(lines)


def _digest(headers: list[tuple[bytes, bytes]], body: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for name, value in headers:
        if (name or value) and name not in _OF_THE_WAY and not name.startswith(_OF_THE_WAY_BEGINS):
            digest.update(name + b":" + value + b"\n")
    digest.update(b"\n")
    for piece in _stripped(body):
        digest.update(piece)
    return digest.hexdigest()


def _unified(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """IMAP and LMTP end lines with CRLF, a file with LF: it is the same message."""
    carried = b""
    for each in pieces:
        piece = carried + each
        # Perhaps the first half of a line's end.
        carried = b"\r" if piece.endswith(b"\r") else b""
        yield piece.removesuffix(b"\r").replace(b"\r\n", b"\n")
    yield carried


def _stripped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Without empty lines at the beginning and at the end."""
    held, is_begun = 0, False
    for piece in pieces:
        text = piece.rstrip(b"\n")
        if not text:
            held += len(piece)
            continue
        if is_begun:
            yield b"\n" * held
        yield text if is_begun else text.lstrip(b"\n")
        held, is_begun = len(piece) - len(text), True


def _ref(values: list[bytes]) -> str:
    """Two of them are none: programs would choose differently."""
    if len(values) != 1:
        return ""
    value = values[0].strip()
    is_usable = len(value) <= _REF_CHARACTERS and _REF.fullmatch(value) is not None
    return value.decode("ascii") if is_usable else ""


def _return_path(value: bytes | None) -> str | None:
    if value is None:
        return None
    return "" if value in (b"", b"<>") else _address(value) or None


def _address(value: bytes) -> str:
    found = _ADDRESS.fullmatch(value.strip()) if len(value) <= _ADDRESS_CHARACTERS + 2 else None
    return found[1].decode("ascii") if found else ""
