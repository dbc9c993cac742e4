"""Raw bytes to ``ParsedMail``, in a limited child (``mail.parsing.parser``). Broken mail is read as far as it goes.

1. The limits are asked before work is done, each in linear time; past one the message is NotParsed.
2. Nothing of the message is believed: kinds are found from bytes, names are no paths, addresses stand as written.
3. No work here takes more than linear time, whatever the bytes are (``tests.mail.corpus``).
"""

import re
from typing import Final

from core.rules.policy import MAIL_BYTES, SHEET_BYTES
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
_UNREAD_BYTES: Final = 64 << 10
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
    files = _files(found)
    whole = "\n".join(found.texts)
    if len(whole) > quotes.CHARACTERS:
        whole = whole[: quotes.CHARACTERS]
        found.problems.append("a long text was cut")
    cut = quotes.cut(whole)
    headers = root.headers
    return ParsedMail(
        headers=tuple((name, _decoded(name, value)) for name, value in headers),
        message_ref=message_ref(first(headers, "message-id")),
        senders=_senders(headers),
        from_headers=sum(name == "from" for name, _ in headers),
        in_reply_to=next(iter(message_refs(first(headers, "in-reply-to"))), ""),
        references=message_refs(" ".join(value for name, value in headers if name == "references")),
        subject=clean_name(clean(decode_words(first(headers, "subject")))[: 2 * _SUBJECT], _SUBJECT),
        text=cut.text,
        quoted=cut.quoted,
        attachments=files,
        report=report,
        problems=tuple(dict.fromkeys(found.problems)),
    )


def _decoded(name: str, value: str) -> str:
    """Only what people wrote: elsewhere, decoded, a word could pass for an address or for a host's verdict."""
    return clean(decode_words(value)) if name in _IN_WORDS else value


def _senders(headers: Headers) -> tuple[str, ...]:
    return tuple(each[:320] for name, value in headers if name == "from" for each in mailboxes(value))


def _files(found: bodies.Found) -> tuple[Attachment, ...]:
    files: list[Attachment] = []
    for part in found.files:
        content = part.content()
        if tnef.is_envelope(content):
            _open(content, found, files)
            continue
        default = "attachment"
        kind = attachments.kind_of(content)
        if part.content_type in ("message/rfc822", "message/global"):
            kind, default = "message", "message.eml"
        is_inline = part.disposition != "attachment" and (bool(first(part.headers, "content-id")) or not part.name)
        files.append(_as_file(attachments.name_of(part.name, default), kind, content, is_inline=is_inline))
    return tuple(files)


def _as_file(name: str, kind: str, content: bytes, *, is_inline: bool = False) -> Attachment:
    """What nobody would read is not carried back to whoever waits for it."""
    if len(content) > (SHEET_BYTES if attachments.may_be_table(kind, name) else _UNREAD_BYTES):
        return Attachment(name, kind, b"", is_inline, len(content))
    return Attachment(name, kind, content, is_inline)


def _open(content: bytes, found: bodies.Found, files: list[Attachment]) -> None:
    envelope = tnef.opened(content)
    if envelope is None:
        found.problems.append("winmail.dat could not be read")
        files.append(_as_file("winmail.dat", "other", content))
        return
    for name, inner in envelope.files:
        files.append(_as_file(attachments.name_of(name, "attachment"), attachments.kind_of(inner), inner))
    if not (found.has_plain or found.has_html):
        text = envelope.text or to_text(envelope.html)
        found.texts.append(clean(text))
        found.has_plain = bool(text.strip())
