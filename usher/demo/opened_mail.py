"""Reads received mails for people to look at. A mail may be broken in any way; reading it never raises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser
from email.policy import compat32, default
from typing import Any, Literal

from msgspec import Struct

Scheme = Literal["light", "dark"]
_FEATURE = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
# A media feature that always holds, and one that never does.
_ALWAYS, _NEVER = "(min-width: 0)", "(max-width: 0)"


class Summary(Struct, frozen=True):
    """One line of the list."""

    sender: str
    subject: str


class Attachment(Struct, frozen=True):
    name: str
    content_type: str
    content: bytes


class OpenedMail(Struct, frozen=True):
    """``html`` is None when there is none. ``raw_headers`` as they came."""

    sender: str
    to: str
    subject: str
    date: str
    text: str
    html: str | None
    attachments: tuple[Attachment, ...]
    raw_headers: str


def summary_of(content: bytes) -> Summary:
    headers = BytesHeaderParser(policy=default).parsebytes(content[:_MOST_HEADER_BYTES])
    return Summary(_header(headers, content, "From"), _header(headers, content, "Subject"))


def open_mail(content: bytes) -> OpenedMail:
    message = message_from_bytes(content, policy=default)
    parts = list(_leaves(message))
    shown = [part for part in parts if not _is_attachment(part)]
    return OpenedMail(
        sender=_header(message, content, "From"),
        to=_header(message, content, "To"),
        subject=_header(message, content, "Subject"),
        date=_header(message, content, "Date"),
        text=_first_text(shown, "text/plain") or "",
        html=_first_text(shown, "text/html"),
        attachments=tuple(map(_attachment, (part for part in parts if _is_attachment(part)))),
        raw_headers=_raw_headers(content),
    )


def as_page(html: str, scheme: Scheme) -> str:
    """The HTML as a mail program in light or dark colours shows it; its links open in a new tab."""
    other = {"light": "dark", "dark": "light"}[scheme]
    answers = {scheme: _ALWAYS, other: _NEVER}
    coloured = _FEATURE.sub(lambda feature: answers[feature.group(1).lower()], html)
    base = f'<base target="_blank"><style>:root {{ color-scheme: {scheme} !important; }}</style>'
    head = _HEAD.search(coloured)
    return coloured[: head.end()] + base + coloured[head.end() :] if head else base + coloured


_MOST_HEADER_BYTES = 64 * 1024


def _header(message: Message[Any, Any], content: bytes, name: str) -> str:
    """Decoded. Where the strict reader of the standard library fails, the bytes as they stand."""
    try:
        return str(message[name] or "")
    except Exception:
        old = BytesHeaderParser(policy=compat32).parsebytes(content[:_MOST_HEADER_BYTES])
        return str(old[name] or "")


def _leaves(message: Message[Any, Any]) -> Iterator[EmailMessage]:
    try:
        yield from (part for part in message.walk() if isinstance(part, EmailMessage) and not part.is_multipart())
    except Exception:
        return


def _is_attachment(part: EmailMessage) -> bool:
    try:
        is_named = part.get_filename() is not None
        return is_named or part.is_attachment() or part.get_content_maintype() != "text" or _is_calendar(part)
    except Exception:
        return True


def _is_calendar(part: EmailMessage) -> bool:
    return part.get_content_type() == "text/calendar"


def _first_text(parts: list[EmailMessage], content_type: str) -> str | None:
    return next((_text(part) for part in parts if part.get_content_type() == content_type), None)


def _text(part: EmailMessage) -> str:
    try:
        text = str(part.get_content())
    except Exception:
        text = _bytes(part).decode("utf-8", "replace")
    return text.replace("\r\n", "\n")


def _attachment(part: EmailMessage) -> Attachment:
    try:
        name = part.get_filename()
    except Exception:
        name = None
    return Attachment(name or f"part.{part.get_content_subtype()}", part.get_content_type(), _bytes(part))


def _bytes(part: EmailMessage) -> bytes:
    try:
        payload = part.get_payload(decode=True)
    except Exception:
        return b""
    return payload if isinstance(payload, bytes) else b""


def _raw_headers(content: bytes) -> str:
    end = re.search(rb"\r?\n\r?\n", content)
    return content[: end.start() if end else _MOST_HEADER_BYTES].decode("utf-8", "replace")
