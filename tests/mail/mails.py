"""Messages that come in, as bytes and as read; each states only what its test is about."""

from collections.abc import Iterable
from email import message_from_bytes
from email.utils import format_datetime, getaddresses
from typing import Any

from msgspec.structs import replace

from core.large_mail import RawMail, pieces_of
from mail.parsing import message
from mail.parsing.parsed import NotParsed, ParsedMail, Report, ReportKind
from tests.factories import NOW

INBOX = "usher@usher.example.org"
OLIVE = "olive@north.example.org"
DATE = format_datetime(NOW)


def parse_here(raw: RawMail) -> ParsedMail | NotParsed:
    """As the house's parser, without its child."""
    return message.parse(b"".join(pieces_of(raw)))


def written(
    *more: tuple[str, str],
    sender: str = OLIVE,
    to: str = INBOX,
    subject: str = "courses",
    ref: str = "<a1@north.example.org>",
    text: str = "courses\r\n",
) -> bytes:
    """``more`` headers stand on top, as hosts on the way write them."""
    own = (("From", sender), ("To", to), ("Subject", subject), ("Date", DATE), ("Message-ID", ref))
    headers = (*more, *((name, value) for name, value in own if value))
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"{head}\r\n{text}".encode()


def read(raw: RawMail) -> ParsedMail:
    """As the real parser would, of plain mails: enough for what comes after it."""
    found = message_from_bytes(b"".join(pieces_of(raw)))
    headers = tuple((name.lower(), str(value).replace("\r\n", "")) for name, value in found.items())
    senders_said = [value for name, value in headers if name == "from"]
    body = found.get_payload(decode=True)
    return ParsedMail(
        headers=headers,
        message_ref=next((value.strip() for name, value in headers if name == "message-id"), ""),
        senders=tuple(address for _, address in getaddresses(senders_said) if address),
        from_headers=len(senders_said),
        in_reply_to=next((value for name, value in headers if name == "in-reply-to"), ""),
        references=(),
        subject=next((value for name, value in headers if name == "subject"), ""),
        text=body.decode("utf-8", "replace") if isinstance(body, bytes) else "",
        quoted="",
        attachments=(),
        report=None,
        problems=(),
    )


def mail(*more: tuple[str, str], **values: Any) -> ParsedMail:
    """``values`` are those of ``written``."""
    return read(written(*more, **values))


def with_senders(senders: Iterable[str], from_headers: int = 1) -> ParsedMail:
    return replace(mail(), senders=tuple(senders), from_headers=from_headers)


def reporting(kind: ReportKind, **values: Any) -> ParsedMail:
    return replace(mail(**values), report=Report(kind, (), ""))
