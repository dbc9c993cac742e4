"""Our own look at a message's DKIM signatures (RFC 6376): whether its From's domain vouches for it, as it is, to us.

A signature proves that the domain once let these headers and this body go, to whomever; not that they were meant for
us today. So it counts only when

1. ``d=`` is From's domain or one above it. One below it is not enough: at hosts for many customers that is anybody.
2. From, Subject, Date, Message-ID and the header that names our address are signed, each there is once, and there is
   no ``l=``: nothing that we read can have been added. What is sent a second time is then the same message.
3. its Date is at most a week from when we received it. (``t=`` and ``x=`` are the library's affair.)

Hostile messages cost bounded time: the library's patterns are quadratic in blanks (measured), so what it is given has
none in a row, few header lines, and at most three signatures. Nothing raises.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import dkim  # type: ignore[import-untyped]  # It has no types.
from dkim.util import InvalidTagValueList, parse_tag_value  # type: ignore[import-untyped]  # As above.
from msgspec import Struct

from core.rules.policy import MAIL_PROOF_LIFE
from mail.receiving.arrival import HEADER_BYTES

TxtLookup = Callable[[str], bytes | None]
"""The TXT record at a name, its strings joined; None where there is none. Raises LookupSlow."""


class LookupSlow(Exception):
    """DNS gave no answer within its time: nobody knows."""


class Wanted(Struct, frozen=True):
    """``domain``: From's, A-label in small letters. ``inbox``: our address, which To or Cc must name."""

    domain: str
    inbox: str
    received_at: datetime


SIGNATURES: Final = 3
_SIGNATURE_BYTES: Final = 4096
_HEADER_LINES: Final = 1000
_LINES: Final = 1_000_000
_SIGNED_NAMES: Final = 200
_MUST_BE_SIGNED: Final = (b"from", b"subject", b"date", b"message-id")
# RFC 5322, 3.6: at most once. Of two the one that is signed may not be the one that is read.
_ONCE: Final = frozenset({
    b"from", b"sender", b"reply-to", b"to", b"cc", b"subject", b"date", b"message-id", b"in-reply-to", b"references",
    b"mime-version", b"content-type", b"content-transfer-encoding",
})  # fmt: skip
_BLANKS: Final = re.compile(rb"[\t ]+")
_END_OF_HEADERS: Final = re.compile(rb"\r?\n\r?\n")

_Headers = list[tuple[bytes, bytes]]


def names_of_records(head: bytes, wanted: Wanted) -> tuple[str, ...]:
    """Where the keys of those signatures stand that may count. ``head``: the message's first ``HEADER_BYTES``."""
    end = _END_OF_HEADERS.search(head)
    headers = _headers(head[: end.start()]) if end is not None else None
    if headers is None or _problem(headers, wanted):
        return ()
    named = _where_named(headers, wanted.inbox)
    return tuple(
        f"{tags.get(b's', b'').decode('ascii', 'replace')}._domainkey.{tags.get(b'd', b'').decode('ascii', 'replace')}."
        for tags in _signatures(headers)
        if not _refusal(tags, headers, named, wanted)
    )


def vouched_for(raw: bytes, wanted: Wanted, lookup: TxtLookup) -> str:
    """Empty when the domain vouches for it; else why not, in a few words for operators."""
    end = _END_OF_HEADERS.search(raw, 0, HEADER_BYTES)
    headers = _headers(raw[: end.start()]) if end is not None and raw.count(b"\n") <= _LINES else None
    if end is None or headers is None:
        return "its headers cannot be checked"
    problem = _problem(headers, wanted)
    if problem:
        return problem
    named = _where_named(headers, wanted.inbox)
    parts = (raw[: end.end()], raw[end.end() :])
    reasons = [
        _refusal(tags, headers, named, wanted) or _fit(parts, number, tags, lookup)
        for number, tags in enumerate(_signatures(headers))
    ]
    return "" if "" in reasons else next(iter(reasons), "no signature of its own")


def _headers(block: bytes) -> _Headers | None:
    """None for headers that no honest program writes."""
    lines = block.replace(b"\r\n", b"\n").split(b"\n")
    if len(lines) > _HEADER_LINES:
        return None
    headers: _Headers = []
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            if not headers:
                return None
            name, value = headers[-1]
            headers[-1] = (name, value + line)
            continue
        name, colon, value = line.partition(b":")
        if not colon or not name or name.strip() != name:
            return None
        headers.append((name.lower(), value))
    return headers


def _problem(headers: _Headers, wanted: Wanted) -> str:
    names = [name for name, _ in headers]
    twice = next((name for name in sorted(_ONCE) if names.count(name) > 1), None)
    if twice is not None:
        return f"two {twice.decode()} headers"
    if not _is_recent(dict(headers).get(b"date", b""), wanted.received_at):
        return "its date is not of these days"
    if not _where_named(headers, wanted.inbox):
        return "it was not written to us"
    return ""


def _is_recent(value: bytes, received_at: datetime) -> bool:
    try:
        dated = parsedate_to_datetime(value[:200].decode("ascii").strip())
        # "-0000" says that the zone is not known.
        age = received_at - (dated if dated.tzinfo else dated.replace(tzinfo=UTC))
    except (ValueError, TypeError, OverflowError):
        return False
    return -timedelta(days=1) <= age <= MAIL_PROOF_LIFE


def _where_named(headers: _Headers, inbox: str) -> frozenset[bytes]:
    """Which of To and Cc name our address, with or without an organisation's ``+name``."""
    local, _, domain = inbox.lower().encode().rpartition(b"@")
    ours = re.compile(
        rb"(?<![\w.+%%!#$&'*/=?^`{|}~-])%s(?:\+[\w.-]{0,64})?@%s(?![\w.-])" % (re.escape(local), re.escape(domain))
    )
    return frozenset(name for name, value in headers if name in (b"to", b"cc") and ours.search(value.lower()))


def _signatures(headers: _Headers) -> Iterator[dict[bytes, bytes]]:
    """Their tags; of one that cannot be read or is longer than any honest one, none."""
    for value in [value for name, value in headers if name == b"dkim-signature"][:SIGNATURES]:
        try:
            yield parse_tag_value(value) if len(value) <= _SIGNATURE_BYTES else {}
        except InvalidTagValueList:
            yield {}


def _refusal(tags: dict[bytes, bytes], headers: _Headers, named: frozenset[bytes], wanted: Wanted) -> str:
    signed = {name.strip().lower() for name in tags.get(b"h", b"").split(b":")}
    present = {name for name, _ in headers}
    if not tags:
        return "its signature cannot be read"
    if not is_under(wanted.domain, tags.get(b"d", b"").decode("ascii", "replace").lower()):
        return "signed by another domain"
    if b"l" in tags:
        return "signed in part only"
    if tags.get(b"a") != b"rsa-sha256":
        return "signed in a way that we cannot check"
    if len(signed) > _SIGNED_NAMES:
        return "its signature cannot be read"
    if b"message-id" not in present or not {each for each in _MUST_BE_SIGNED if each in present} <= signed:
        return "signed in part only"
    return "" if named & signed else "its recipients are not signed"


def is_under(domain: str, signer: str) -> bool:
    """``signer`` is the domain or one above it, and no top-level domain."""
    return "." in signer.strip(".") and (domain == signer or domain.endswith(f".{signer}"))


def _fit(parts: tuple[bytes, bytes], number: int, tags: dict[bytes, bytes], lookup: TxtLookup) -> str:
    head, body = parts
    _, _, way = tags.get(b"c", b"").partition(b"/")
    # The same for that canonical form, and linear.
    calm = _BLANKS.sub(b" ", body) if way.strip() == b"relaxed" else body
    try:
        checked: Any = dkim.DKIM(head + calm, minkey=1024)
        fits = checked.verify(idx=number, dnsfunc=_record_at(lookup))
    except LookupSlow:
        return "DNS gave no answer about its signature"
    except Exception as error:  # The library raises many kinds for what strangers write and publish.
        return f"its signature does not count ({type(error).__name__})"
    return "" if fits else "its signature does not fit"


def _record_at(lookup: TxtLookup) -> Callable[..., bytes | None]:
    def record(name: bytes, **_timeout: object) -> bytes | None:
        return lookup(name.decode("ascii"))

    return record
