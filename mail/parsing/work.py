"""What the limited child runs, and nothing else imports: it brings all that reads strangers' bytes."""

from collections.abc import Iterator
from typing import BinaryIO

from mail.parsing.message import parse
from mail.parsing.parsed import NotParsed
from mail.parsing.result import Parsed


def read(raw: bytes) -> Parsed:
    found = parse(raw)
    return Parsed(None, found.reason) if isinstance(found, NotParsed) else Parsed(found)


def read_large(size: int, source: BinaryIO) -> Iterator[Parsed]:
    """The one message in that file."""
    yield read(source.read(size))
