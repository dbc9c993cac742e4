"""What mail hosts report about messages of ours: deliveries (RFC 3464), complaints (RFC 5965), readings (RFC 8098)."""

import re
from typing import Final

from core.rules.text import clean_name
from mail.parsing.headers import Headers, message_ref, split_headers
from mail.parsing.mime import Part, first
from mail.parsing.parsed import Report, ReportedRecipient, ReportKind

RECIPIENTS: Final = 100
_DIAGNOSTIC: Final = 500
_READ: Final = 1 << 18
_KINDS: Final = {
    "message/delivery-status": ReportKind.DELIVERY,
    "message/global-delivery-status": ReportKind.DELIVERY,
    "message/feedback-report": ReportKind.COMPLAINT,
    "message/disposition-notification": ReportKind.DISPOSITION,
    "message/global-disposition-notification": ReportKind.DISPOSITION,
}
_ORIGINALS: Final = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")
_ACTIONS: Final = frozenset({"failed", "delayed", "delivered", "relayed", "expanded"})
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_EMPTY_LINE: Final = re.compile(rb"\r?\n[ \t]*\r?\n")
_ADDRESS: Final = re.compile(r"[^\s<>,;@]{1,128}@[^\s<>,;@]{1,255}")


def report_of(root: Part) -> Report | None:
    """The first one that stands in the message."""
    leaves = list(root.leaves())
    part = next((each for each in leaves if each.content_type in _KINDS), None)
    if part is None:
        return None
    kind = _KINDS[part.content_type]
    blocks = _blocks(part.content())
    said = next((first(block, "original-message-id") for block in blocks if first(block, "original-message-id")), "")
    return Report(
        kind,
        _recipients(kind, blocks),
        message_ref(said) or original_ref(root),
        feedback_type=clean_name(next((first(each, "feedback-type") for each in blocks), ""), 40).lower(),
        disposition=clean_name(next((first(each, "disposition") for each in blocks), ""), 100).lower(),
    )


def original_ref(root: Part) -> str:
    """The Message-ID in what came back: the message, or its headers."""
    parts = (each for each in root.leaves() if each.content_type in _ORIGINALS)
    headers = next((_headers(each.content()) for each in parts), [])
    return message_ref(first(headers, "message-id"))


def _headers(content: bytes) -> Headers:
    content = content[:_READ].lstrip()
    return split_headers(content, 0, len(content))[0]


def _blocks(content: bytes) -> list[Headers]:
    """The first is about the message, each further one about a recipient."""
    pieces = _EMPTY_LINE.split(content[:_READ].strip(), maxsplit=4 * RECIPIENTS)
    return [headers for headers in map(_headers, pieces) if headers]


def _recipients(kind: ReportKind, blocks: list[Headers]) -> tuple[ReportedRecipient, ...]:
    if kind is ReportKind.COMPLAINT:
        said = [value for block in blocks for name, value in block if name in ("original-rcpt-to", "removal-recipient")]
        return tuple(
            ReportedRecipient(address, "", "", "") for address in dict.fromkeys(map(address_in, said)) if address
        )
    found = [each for each in map(_recipient, blocks) if each is not None]
    return tuple(found[:RECIPIENTS])


def _recipient(block: Headers) -> ReportedRecipient | None:
    # Whom we wrote to stands first: the final one may be where they have it forwarded to.
    address = address_in(first(block, "original-recipient")) or address_in(first(block, "final-recipient"))
    if not address:
        return None
    action = first(block, "action").partition("(")[0].strip().lower()
    status = _STATUS.search(first(block, "status"))
    diagnostic = first(block, "diagnostic-code").partition(";")
    return ReportedRecipient(
        address,
        action if action in _ACTIONS else "",
        status[0] if status else "",
        clean_name((diagnostic[2] or diagnostic[0])[: 2 * _DIAGNOSTIC], _DIAGNOSTIC),
    )


def address_in(value: str) -> str:
    """Of ``rfc822; bo@example.org``, with or without the type and brackets."""
    found = _ADDRESS.search(value[:1000].partition(";")[2] or value[:1000])
    return found[0] if found else ""
