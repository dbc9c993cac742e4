"""The bytes of a message that came in: as they are while they are few, else beside this process's memory.

    pieces, as the network brings them --Intake--> bytes, up to one piece
                                                   LargeMail, a file without a name: written and read piece by piece

A message of 25 MB used to be there seven times before it was stored. Whoever needs all of it at once reads it in a
limited child, which is handed the file.
"""

import os
import tempfile
import weakref
from collections.abc import Iterator
from typing import BinaryIO, Final

PIECE: Final = 1 << 20


class LargeMail:
    """``opened`` may be handed to a child. Closed with its last reference."""

    def __init__(self) -> None:
        self.size = 0
        self._number = _file_without_name()
        weakref.finalize(self, os.close, self._number)

    def add(self, piece: bytes | bytearray | memoryview) -> None:
        rest = memoryview(piece)
        while rest:
            written = os.pwrite(self._number, rest, self.size)
            self.size += written
            rest = rest[written:]

    def head(self, most: int) -> bytes:
        return os.pread(self._number, min(most, self.size), 0)

    def pieces(self) -> Iterator[bytes]:
        at = 0
        while at < self.size:
            piece = os.pread(self._number, min(PIECE, self.size - at), at)
            yield piece
            at += len(piece)

    def opened(self) -> BinaryIO:
        """Another descriptor of it, for the caller to close; all of them stand at the same place."""
        return os.fdopen(os.dup(self._number), "rb")


RawMail = bytes | LargeMail


class Intake:
    def __init__(self) -> None:
        self._few = bytearray()
        self._many: LargeMail | None = None

    @property
    def size(self) -> int:
        return len(self._few) if self._many is None else self._many.size

    def add(self, piece: bytes | bytearray | memoryview) -> None:
        """Raises OSError when there is no room for it."""
        if self._many is None and len(self._few) + len(piece) <= PIECE:
            self._few += piece
            return
        if self._many is None:
            self._many = LargeMail()
            self._many.add(self._few)
            self._few.clear()
        self._many.add(piece)

    def taken(self) -> RawMail:
        return bytes(self._few) if self._many is None else self._many


def size_of(raw: RawMail) -> int:
    return len(raw) if isinstance(raw, bytes) else raw.size


def head_of(raw: RawMail, most: int) -> bytes:
    return raw[:most] if isinstance(raw, bytes) else raw.head(most)


def pieces_of(raw: RawMail) -> Iterator[bytes]:
    """At least one, each but the last of the same size."""
    if isinstance(raw, bytes):
        yield raw[:PIECE]
        yield from (raw[start : start + PIECE] for start in range(PIECE, len(raw), PIECE))
    else:
        yield from raw.pieces()


def _file_without_name() -> int:
    """Never on a disk, where the system can do that: it is personal data, and not encrypted."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("usher-mail")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
