"""Which of a message's parts are its text, and which are files."""

from typing import Final

from msgspec import Struct

from mail.parsing.charsets import decode, is_known
from mail.parsing.html import to_text
from mail.parsing.mime import Part

# Of one part. What people write by hand is never near it, and what is cut is told.
BYTES: Final = 1 << 20
_TEXTS: Final = ("text/plain", "text/html", "text/enriched", "text/richtext", "message/delivery-status")
_SIGNATURES: Final = frozenset(
    f"application/{name}" for name in ("pgp-signature", "pgp-keys", "pkcs7-signature", "x-pkcs7-signature")
)


class Found(Struct):
    texts: list[str] = []
    files: list[Part] = []
    problems: list[str] = []
    has_plain: bool = False
    has_html: bool = False


def find(root: Part) -> Found:
    found = Found()
    _visit(root, found)
    return found


def _visit(part: Part, found: Found) -> None:
    if not part.parts:
        _take(part, found)
    elif part.content_type == "multipart/alternative":
        chosen = _chosen(part.parts)
        for each in part.parts:
            if each is chosen:
                _visit(each, found)
            else:
                # It says the same in another form. But Apple's programs put files into one of the forms.
                found.files += [leaf for leaf in each.leaves() if not _is_form(leaf)]
    else:
        for each in part.parts:
            _visit(each, found)


def _chosen(parts: list[Part]) -> Part | None:
    """Plain text, unless it is empty as some programs leave it; else what comes last is the richest (RFC 2046)."""
    plain = [each for each in parts if each.content_type == "text/plain" and _is_text(each)]
    full = [each for each in plain if each.body.strip()]
    others = [each for each in parts if each not in plain and (_is_text(each) or each.parts)]
    return next(iter(full or others[::-1] or plain), None)


def _is_text(part: Part) -> bool:
    if part.parts:
        return any(map(_is_text, part.parts))
    if part.content_type not in _TEXTS or part.disposition == "attachment":
        return False
    # A name makes it a file; but some programs give even a body a name.
    return not part.name or part.disposition == "inline"


def _is_form(part: Part) -> bool:
    """Of what another part says, too: any kind of text, but for those that are files by themselves."""
    if part.content_type in ("text/calendar", "text/csv"):
        return False
    is_file = bool(part.name) or part.disposition == "attachment"
    is_words = part.content_type.startswith("text/") or part.content_type in _SIGNATURES
    return _is_text(part) or (is_words and not is_file)


def _take(part: Part, found: Found) -> None:
    if part.content_type in _SIGNATURES:
        return
    if not _is_text(part) or part.content_type.startswith("message/"):
        found.files.append(part)
        return
    text = _text(part, found)
    if part.content_type == "text/html":
        found.has_html = found.has_html or bool(text.strip())
    else:
        found.has_plain = found.has_plain or bool(text.strip())
    found.texts.append(text)


def _text(part: Part, found: Found) -> str:
    content = part.content()
    if len(content) > BYTES:
        content = content[:BYTES]
        found.problems.append("a long text was cut")
    charset = part.params.get("charset", "")
    if charset and not is_known(charset):
        found.problems.append("an unknown charset was guessed")
    text = decode(content, charset)
    if part.content_type == "text/html":
        return to_text(text)
    if part.params.get("format", "").lower() == "flowed":
        return _unflowed(text, is_delsp=part.params.get("delsp", "").lower() == "yes")
    return text


def _unflowed(text: str, *, is_delsp: bool) -> str:
    """RFC 3676: a space at the end says that the line goes on. Quoted lines are dropped later, so they stay."""
    pieces: list[str] = []
    is_open = False
    for line in text.split("\n"):
        is_plain = not line.startswith(">")
        if pieces and not (is_open and is_plain):
            pieces.append("\n")
        is_open = is_plain and line.endswith(" ") and line != "-- "
        bare = line[1:] if line.startswith(" ") else line
        pieces.append(bare[:-1] if is_open and is_delsp else bare)
    return "".join(pieces)
