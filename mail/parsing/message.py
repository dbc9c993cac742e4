"""Raw bytes to ``ParsedMail``, in a limited child (``mail.parsing.parser``). Broken mail is read as far as it goes.

1. The limits are asked before work is done, each in linear time; past one the message is NotParsed.
2. Nothing of the message is believed: kinds are found from bytes, names are no paths, addresses stand as written.
3. No work here takes more than linear time, whatever the bytes are (``tests.mail.corpus``).
"""

import re
from dataclasses import dataclass
from typing import Final

from core.rules.policy import MAIL_BYTES
from core.rules.text import clean_name
from mail.parsing import attachments, bodies, guesses, quotes, reports, tnef
from mail.parsing.charsets import clean
from mail.parsing.headers import Headers, decode_words, header_end, mailboxes, message_ref, message_refs
from mail.parsing.html import to_text
from mail.parsing.mime import Part, TooMuch, first, take_apart
from mail.parsing.parsed import Attachment, NotParsed, ParsedMail

HEADER_BYTES: Final = 256 << 10
_EMPTY_LINE: Final = re.compile(rb"\n\r?\n")
_SUBJECT: Final = 1000
_FORWARD_MARKS: Final = ("fwd:", "fw:", "wg:", "tr:", "rv:", "enc:", "doorst:", "vs:", "vb:", "yml:", "ymlaen:")
_IN_WORDS: Final = ("subject", "thread-topic", "comments", "keywords")


def parse(raw: bytes) -> ParsedMail | NotParsed:
    if len(raw) > MAIL_BYTES:
        return NotParsed("larger than 35 MiB")
    if b"\n" not in raw:
        # An old Mac's newlines.
        raw = raw.replace(b"\r", b"\n")
    # Empty lines before the first header are a slip of some programs.
    raw = _without_nuls(raw.lstrip(b"\r\n"))
    if header_end(raw, 0, min(len(raw), HEADER_BYTES + 1))[0] > HEADER_BYTES:
        return NotParsed("header block larger than 256 KB")
    try:
        return _read(take_apart(raw), raw)
    except TooMuch as limit:
        return NotParsed(str(limit))


def _without_nuls(raw: bytes) -> bytes:
    """In the header block only: a body of UTF-16 is full of them, and its text loses them when it is decoded."""
    empty = _EMPTY_LINE.search(raw, 0, HEADER_BYTES)
    end = empty.start() if empty else min(len(raw), HEADER_BYTES)
    head = raw[:end]
    return head.replace(b"\0", b"") + raw[end:] if b"\0" in head else raw


def _read(root: Part, raw: bytes) -> ParsedMail:
    found = bodies.find(root)
    report = reports.report_of(root)
    if report is None or not report.recipients:
        report = guesses.guessed(root, raw) or report
    files, has_envelope = _files(found)
    whole = "\n".join(found.texts)
    if len(whole) > quotes.CHARACTERS:
        whole = whole[: quotes.CHARACTERS]
        found.problems.append("a long text was cut")
    cut = quotes.cut(whole)
    headers = root.headers
    subject = clean_name(clean(decode_words(first(headers, "subject")))[: 2 * _SUBJECT], _SUBJECT)
    return ParsedMail(
        headers=tuple((name, _decoded(name, value)) for name, value in headers),
        message_ref=message_ref(first(headers, "message-id")),
        senders=_senders(headers),
        from_headers=sum(name == "from" for name, _ in headers),
        in_reply_to=next(iter(message_refs(first(headers, "in-reply-to"))), ""),
        references=message_refs(" ".join(value for name, value in headers if name == "references")),
        subject=subject,
        text=cut.text,
        quoted=cut.quoted,
        has_quote=bool(cut.quoted.strip()),
        attachments=files,
        report=report,
        features=_features(root, found, files, subject, _Seen(cut.is_forwarded, has_envelope, report is not None)),
        problems=tuple(dict.fromkeys(found.problems)),
    )


def _decoded(name: str, value: str) -> str:
    """Only what people wrote: elsewhere, decoded, a word could pass for an address or for a host's verdict."""
    return clean(decode_words(value)) if name in _IN_WORDS else value


def _senders(headers: Headers) -> tuple[str, ...]:
    return tuple(each[:320] for name, value in headers if name == "from" for each in mailboxes(value))


def _files(found: bodies.Found) -> tuple[tuple[Attachment, ...], bool]:
    """What is attached, and whether an envelope of Outlook's was opened."""
    files: list[Attachment] = []
    has_envelope = False
    for part in found.files:
        content = part.content()
        if tnef.is_envelope(content):
            has_envelope = True
            _open(content, found, files)
            continue
        default = "attachment"
        kind = attachments.kind_of(content)
        if part.content_type in ("message/rfc822", "message/global"):
            kind, default = "message", "message.eml"
        is_inline = part.disposition != "attachment" and (bool(first(part.headers, "content-id")) or not part.name)
        files.append(Attachment(attachments.name_of(part.name, default), kind, content, is_inline))
    return tuple(files), has_envelope


def _open(content: bytes, found: bodies.Found, files: list[Attachment]) -> None:
    envelope = tnef.opened(content)
    if envelope is None:
        found.problems.append("winmail.dat could not be read")
        files.append(Attachment("winmail.dat", "other", content))
        return
    for name, inner in envelope.files:
        files.append(Attachment(attachments.name_of(name, "attachment"), attachments.kind_of(inner), inner))
    if not (found.has_plain or found.has_html):
        text = envelope.text or to_text(envelope.html)
        found.texts.append(clean(text))
        found.has_plain = bool(text.strip())


@dataclass(frozen=True, slots=True)
class _Seen:
    forward: bool
    envelope: bool
    report: bool


def _features(
    root: Part, found: bodies.Found, files: tuple[Attachment, ...], subject: str, seen: _Seen
) -> frozenset[str]:
    parts = list(root.walk())
    kinds = {part.content_type for part in parts}
    text = "\n".join(found.texts)
    smime = {
        part.params.get("smime-type", "").lower()
        for part in parts
        if part.content_type in ("application/pkcs7-mime", "application/x-pkcs7-mime")
    }
    has_messages = any(each.kind == "message" for each in files)
    said = {
        "encrypted": "multipart/encrypted" in kinds
        or bool(smime - {"signed-data", "certs-only"})
        or "-----BEGIN PGP MESSAGE-----" in text,
        "signed": "multipart/signed" in kinds or "signed-data" in smime or "-----BEGIN PGP SIGNED MESSAGE-----" in text,
        "calendar": "text/calendar" in kinds or any(each.kind == "calendar" for each in files),
        "forwarded": not seen.report and (has_messages or seen.forward or subject.lower().startswith(_FORWARD_MARKS)),
        "resent": any(name.startswith("resent-") for name, _ in root.headers),
        "html_only": found.has_html and not found.has_plain,
        "tnef": seen.envelope,
    }
    return frozenset(name for name, is_so in said.items() if is_so)
