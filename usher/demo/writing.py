"""What a visitor of the demo writes, as the mail program of a college would send it."""

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP, compat32
from email.utils import format_datetime, make_msgid
from mimetypes import guess_type

from msgspec import Struct

_MOST_HEADER_BYTES = 64 * 1024


class Enclosure(Struct, frozen=True):
    name: str
    content: bytes


class Thread(Struct, frozen=True):
    """``refs``: Message-IDs, oldest first; the last one is the mail that is answered."""

    refs: tuple[str, ...]


class Written(Struct, frozen=True):
    author_name: str
    author: str
    to: str
    subject: str
    text: str
    enclosures: tuple[Enclosure, ...] = ()
    thread: Thread | None = None


def thread_of(content: bytes) -> Thread:
    """Where a reply to this mail belongs."""
    headers = BytesHeaderParser(policy=compat32).parsebytes(content[:_MOST_HEADER_BYTES])
    refs = f"{headers['References'] or ''} {headers['Message-ID'] or ''}".split()
    return Thread(tuple(ref for ref in refs if re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+>", ref)))


def as_bytes(written: Written, now: datetime) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["Date"] = format_datetime(now)
    message["From"] = Address(_on_one_line(written.author_name), addr_spec=written.author)
    message["To"] = written.to
    message["Subject"] = _on_one_line(written.subject)
    message["Message-ID"] = make_msgid(domain=written.author.rpartition("@")[2])
    if written.thread and written.thread.refs:
        message["In-Reply-To"] = written.thread.refs[-1]
        message["References"] = " ".join(written.thread.refs)
    message.set_content(written.text)
    for enclosure in written.enclosures:
        main, _, sub = (guess_type(enclosure.name)[0] or "application/octet-stream").partition("/")
        message.add_attachment(enclosure.content, maintype=main, subtype=sub, filename=_on_one_line(enclosure.name))
    return message.as_bytes()


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
