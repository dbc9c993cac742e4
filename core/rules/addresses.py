"""E-mail addresses in any shape that people paste them, read into addresses and problems. Nothing raises.

1. Every address-like piece of the text ends in exactly one of: accepted, duplicate, invalid.
2. ``key`` decides identity: case, width, Unicode form, an internationalised domain's spelling and
   googlemail.com/gmail.com are the same person. The address itself is kept as it was typed.
3. A typo is guessed, never corrected.
"""

import difflib
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import idna
from email_validator import EmailNotValidError, validate_email

from core.rules.policy import NAME_CHARACTERS
from core.rules.text import clean_name, folded

# Slack: <mailto:bo@example.org|bo@example.org>
_SLACK_MAILTO = re.compile(r"<mailto:([^|>]+)(?:\|[^>]*)?>", re.IGNORECASE)
_NAMED = re.compile(r'^\s*"?(?P<name>[^"<>]*?)"?\s*<\s*(?:mailto:)?(?P<address>[^<>]*)>\s*$', re.IGNORECASE)
_ADDRESS_LIKE = re.compile(r"[^\s<>\"',;|()\[\]]+@[^\s<>\"',;|()\[\]]*|[^\s<>\"',;|()\[\]]*@[^\s<>\"',;|()\[\]]+")
_PLAIN = re.compile(r"[A-Za-z0-9._%+'-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,24}")
_SPLIT = re.compile(r"[,;\n\r\t|]+")
_QUOTED_SEPARATOR = re.compile(r'"([^"\n]*)"')

COMMON_DOMAINS = (
    "gmail.com", "googlemail.com", "hotmail.com", "hotmail.co.uk", "outlook.com", "live.co.uk", "live.com",
    "yahoo.com", "yahoo.co.uk", "icloud.com", "me.com", "btinternet.com", "sky.com", "virginmedia.com",
    "talktalk.net", "aol.com", "protonmail.com", "msn.com",
)  # fmt: skip
_SAME_MAILBOX = {"googlemail.com": "gmail.com"}


class AddressFault(StrEnum):
    """Why a piece of text is no address. The doors word it."""

    NO_AT = "no_at"
    NO_DOMAIN = "no_domain"
    NO_LOCAL = "no_local"
    TWO_AT = "two_at"
    BAD_DOMAIN = "bad_domain"
    BAD_LOCAL = "bad_local"
    TOO_LONG = "too_long"
    NOT_ASCII_LOCAL = "not_ascii_local"


@dataclass(frozen=True, slots=True)
class Address:
    address: str
    key: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class InvalidAddress:
    text: str
    fault: AddressFault
    suggestion: str | None = None


@dataclass(frozen=True, slots=True)
class AddressList:
    accepted: tuple[Address, ...]
    duplicates: tuple[Address, ...]
    invalid: tuple[InvalidAddress, ...]
    typos: tuple[tuple[str, str], ...] = ()
    """(address, guess) of accepted addresses whose domain looks mistyped."""


def parse_addresses(text: str) -> AddressList:
    """Reads commas, semicolons, bars, tabs, lines, ``Name <a@b>`` and Slack's mailto markup, in any mixture."""
    accepted: dict[str, Address] = {}
    duplicates: list[Address] = []
    invalid: list[InvalidAddress] = []
    for name, piece in _pieces(text):
        found = parse_address(piece, name)
        if isinstance(found, InvalidAddress):
            invalid.append(found)
        elif found.key in accepted:
            duplicates.append(found)
        else:
            accepted[found.key] = found
    typos = tuple(
        (entry.address, guess) for entry in accepted.values() if (guess := guess_typo(entry.address)) is not None
    )
    return AddressList(tuple(accepted.values()), tuple(duplicates), tuple(invalid), typos)


def parse_address(text: str, name: str = "") -> Address | InvalidAddress:
    typed = text.strip().strip("'\"").rstrip(".").removeprefix("mailto:")
    shown = clean_name(typed, 254) or clean_name(text, 254)
    # Most addresses are of the plainest shape; the full validator costs fifty times as much.
    if len(typed) <= 254 and _PLAIN.fullmatch(typed) and _is_plainly_fine(typed):
        return Address(typed, address_key(typed), clean_name(name, NAME_CHARACTERS))
    fault = _fault(typed)
    if fault is None:
        normal = _normalised(typed)
        if normal is not None:
            return Address(normal, address_key(normal), clean_name(name, NAME_CHARACTERS))
        fault = _validator_fault(typed)
    return InvalidAddress(shown, fault, guess_typo(typed))


def address_key(address: str) -> str:
    """The identity of a mailbox. ``address`` must have one @ with something on each side."""
    local, _, domain = folded(address).rpartition("@")
    domain = domain.rstrip(".")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except idna.IDNAError:
            domain = domain.encode("punycode").decode()
    domain = _SAME_MAILBOX.get(domain, domain)
    if domain == "gmail.com":
        local = local.replace(".", "")
    return f"{local}@{domain}"


def guess_typo(address: str) -> str | None:
    """What was probably meant, when the domain is nearly one that everybody uses: ``gmial.com``."""
    local, _, domain = address.rpartition("@")
    guess = _nearest_domain(domain.lower()) if local else None
    return f"{local}@{guess}" if guess else None


@functools.lru_cache(maxsize=4096)
def _nearest_domain(domain: str) -> str | None:
    wanted = re.sub(r"[,\s]+", ".", domain).strip(".")
    if wanted in COMMON_DOMAINS:
        return wanted if wanted != domain else None
    nearest = difflib.get_close_matches(wanted, COMMON_DOMAINS, n=1, cutoff=0.86)
    return nearest[0] if nearest else None


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    plain = _SLACK_MAILTO.sub(r"<\1>", text.replace("\x00", ""))
    # A comma inside a quoted name is part of the name: "Young, Bo" <bo@example.org>.
    plain = _QUOTED_SEPARATOR.sub(lambda match: '"' + _SPLIT.sub(" ", match.group(1)) + '"', plain)
    for piece in _SPLIT.split(plain):
        yield from _addresses_in(piece)


def _addresses_in(piece: str) -> Iterator[tuple[str, str]]:
    if not piece.strip():
        return
    named = _NAMED.match(piece)
    if named:
        yield named["name"], named["address"]
        return
    found = _ADDRESS_LIKE.findall(piece)
    if len(found) == 1 and piece.strip() != found[0]:
        yield _name_before(piece, found[0]), found[0]
        return
    if found:
        yield from (("", address) for address in found)
        return
    yield "", piece


def _name_before(piece: str, address: str) -> str:
    before = piece.partition(address)[0]
    return before.strip(" <>\"'()[]:")


def _is_plainly_fine(address: str) -> bool:
    local, _, domain = address.rpartition("@")
    if len(local) > 64 or local[0] == "." or local[-1] == "." or ".." in local:
        return False
    # Labels with "--" in third place may be punycode, which has rules of its own.
    return "--" not in domain and max(map(len, domain.split("."))) <= 63


def _fault(typed: str) -> AddressFault | None:
    if "@" not in typed:
        return AddressFault.NO_AT
    if typed.count("@") > 1:
        return AddressFault.TWO_AT
    local, _, domain = typed.partition("@")
    if not local:
        return AddressFault.NO_LOCAL
    if not domain:
        return AddressFault.NO_DOMAIN
    if len(typed) > 254 or len(local) > 64:
        return AddressFault.TOO_LONG
    if not folded(local).isascii():
        return AddressFault.NOT_ASCII_LOCAL
    return None


def _normalised(typed: str) -> str | None:
    try:
        checked = validate_email(typed, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    # Mail is sent to the A-label; an internationalised domain inside a header would break it.
    return checked.ascii_email or None


def _validator_fault(typed: str) -> AddressFault:
    local = typed.partition("@")[0]
    try:
        validate_email(f"{local}@example.org", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return AddressFault.BAD_LOCAL
    return AddressFault.BAD_DOMAIN
