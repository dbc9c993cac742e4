"""Which of our addresses a message was written to: ``local+SLUG@domain`` of an organisation, or a bounce address."""

import re
from collections.abc import Iterable, Iterator

from core.rules.links import LinkSigner
from core.rules.text import folded
from mail.parsing.parsed import ParsedMail

_ADDRESS_CHARACTERS = 320
_HEADER_CHARACTERS = 20_000
_ADDRESSES = re.compile(r"[^\s<>,;:\"()]{1,320}")


def slug_written_to(envelope_to: str, mail: ParsedMail, inbox: str) -> str:
    """The envelope's word goes first; then the first of To and Cc that names one. Empty: none is named."""
    if not inbox:
        return ""
    slugs = (_slug(address, inbox) for address in (envelope_to, *_named(mail)))
    return next((slug for slug in slugs if slug), "")


def is_bounce_address(envelope_to: str, links: LinkSigner) -> bool:
    """``bounces+TOKEN@…`` with a token of ours: only one mail's envelope had it."""
    local = envelope_to.rpartition("@")[0].lower()
    token = local.removeprefix("bounces+")
    return token != local and links.read_bounce_token(token) is not None


def names_us(mail: ParsedMail, house: Iterable[str]) -> bool:
    """To or Cc has one of these addresses, with or without an organisation's ``+name``."""
    ours = {address.lower() for address in house}
    return any(_without_name(address) in ours for address in _named(mail, ("to", "cc")))


def _without_name(address: str) -> str:
    local, _, domain = address[:_ADDRESS_CHARACTERS].lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _named(mail: ParsedMail, names: Iterable[str] = ("delivered-to", "x-original-to", "to", "cc")) -> Iterator[str]:
    for name in names:
        for value in mail.all_headers(name):
            yield from _ADDRESSES.findall(value[:_HEADER_CHARACTERS])


def _slug(address: str, inbox: str) -> str:
    local, _, domain = inbox.lower().rpartition("@")
    theirs, _, their_domain = address[:_ADDRESS_CHARACTERS].lower().rpartition("@")
    head, plus, slug = theirs.partition("+")
    return folded(slug) if plus and head == local and their_domain == domain else ""
