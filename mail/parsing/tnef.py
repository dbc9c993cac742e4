"""Outlook's own envelope, ``winmail.dat``: the files and the text in it.

The library is not looked after any more: it is asked only about what is not too much for it, and whatever it raises
means that the envelope cannot be read.
"""

import struct
from typing import Final

from msgspec import Struct
from tnefparse import TNEF  # type: ignore[import-untyped]  # It brings no types.

from mail.parsing.charsets import decode

BYTES: Final = 25 << 20
FILES: Final = 50
# The library copies what is left for each object, so their number times the size is what it costs.
_COPIED: Final = 1 << 30
_HEAD: Final = struct.Struct("<BHHI")
_SIGNATURE: Final = b"\x78\x9f\x3e\x22"


class Envelope(Struct, frozen=True):
    """``files``: names as they are said, and contents."""

    files: tuple[tuple[str, bytes], ...]
    text: str
    html: str


def is_envelope(content: bytes) -> bool:
    return content.startswith(_SIGNATURE)


def opened(content: bytes) -> Envelope | None:
    """None: it cannot be read, or would take too much."""
    if len(content) > BYTES or _has_more_objects(content, _COPIED // len(content)):
        return None
    try:
        found = TNEF(content, do_checksum=False)
        files = tuple((_text(each.long_filename()), bytes(each.data)) for each in found.attachments[:FILES])
        return Envelope(files, _text(found.body), _text(found.htmlbody))
    except Exception:  # Of any kind: struct.error, IndexError, AttributeError, UnboundLocalError, RecursionError ...
        return None


def _has_more_objects(content: bytes, most: int) -> bool:
    count, at = 0, 6
    while at + _HEAD.size < len(content) and count <= most:
        at += _HEAD.unpack_from(content, at)[3] + 11
        count += 1
    return count > most


def _text(value: object) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    return decode(value.rstrip(b"\0")) if isinstance(value, bytes) else str(value or "").rstrip("\0")
