"""E-mail addresses in any shape that people paste them, read into addresses and problems. Nothing raises.

1. Every address-like piece of the text ends in exactly one of: accepted, duplicate, invalid.
2. ``key`` decides identity: case, width, Unicode form, an internationalised domain's spelling and
   googlemail.com/gmail.com are the same person. The address itself is kept as it was typed.
3. A typo is guessed, never corrected.
"""

import difflib
import functools
import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum

import idna
from msgspec import Struct

from core.rules.policy import NAME_CHARACTERS
from core.rules.text import clean_name, folded

# Slack: <mailto:bo@example.org|bo@example.org>. No class may run past the next bracket: that would be quadratic.
_SLACK_MAILTO = re.compile(r"<mailto:([^|<>]+)(?:\|[^<>]*)?>", re.IGNORECASE)
_BETWEEN_WORDS = re.compile(r"[\s<>\"“”„«»,;|()\[\]]+")
_PLAIN = re.compile(r"[A-Za-z0-9._%+'-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,24}")
_SPLIT = re.compile(r"([,;\n\r\t|]+)")
_QUOTED_SEPARATOR = re.compile(r'"([^"\n]*)"')
_SURNAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ '’-])*")
_QUOTES = "'\"‘’“”„«»"
_AROUND = _QUOTES + " \t\r\n"

# Wide punctuation of East Asian keyboards, and the invisible marks that come along when a list is copied.
_WIDE = {"，": ",", "、": ",", "；": ";", "｜": "|", "＜": "<", "＞": ">", "＠": "@"}
_INVISIBLE = "\u00ad\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
_NO_NAME = str.maketrans(dict.fromkeys('"<>@', " "))
_TIDY = str.maketrans({**_WIDE, **dict.fromkeys(_INVISIBLE), "\x00": None})

COMMON_DOMAINS = (
    "gmail.com", "googlemail.com", "hotmail.com", "hotmail.co.uk", "outlook.com", "live.co.uk", "live.com",
    "yahoo.com", "yahoo.co.uk", "icloud.com", "me.com", "btinternet.com", "sky.com", "virginmedia.com",
    "talktalk.net", "aol.com", "protonmail.com", "msn.com",
)  # fmt: skip
_SAME_MAILBOX = {"googlemail.com": "gmail.com"}
# Near a common domain, and not mistyped.
_REAL_NEIGHBOURS = frozenset({"mail.com", "ymail.com", "email.com", "aol.co.uk"})
# ``gmail,com``: a comma that separates nothing. Elsewhere it always separates: ``,UK`` may be a sheet's next column.
_COMMON_WITH_COMMA = re.compile(
    "@(?:" + "|".join(re.escape(domain).replace(r"\.", r"(?:\.|, ?)") for domain in COMMON_DOMAINS) + r")(?![\w.@-])",
    re.IGNORECASE,
)
# Stands for such a comma while the text is split; there is no other NUL in it then.
_COMMA = "\x00"
# Names that no mail reaches. The full validator knows them all; the plain test must not let them through.
_UNREACHABLE = frozenset({"arpa", "invalid", "local", "localhost", "onion"})


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


class Address(Struct, frozen=True):
    address: str
    key: str
    name: str = ""


class InvalidAddress(Struct, frozen=True):
    text: str
    fault: AddressFault
    suggestion: str | None = None


class AddressList(Struct, frozen=True):
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


def mentioned_addresses(text: str) -> str:
    """Running text without what is no address: a greeting is no mistyped one. One a line, names in quotes.

    Words before a bracket count as a name only when none begins small: "and <bo@example.org>" names nobody.
    """
    pieces = ((name, piece.strip()) for name, piece in _pieces(text))
    # Slack's mentions begin with the sign: @here.
    return "\n".join(_spoken(name, piece) for name, piece in pieces if "@" in piece.strip("@"))


def _spoken(name: str, piece: str) -> str:
    words = name.rpartition(":")[2].translate(_NO_NAME).split()
    is_name = words and not any(word[0].islower() for word in words)
    found = parse_address(piece)
    address = found.address if isinstance(found, Address) else piece
    return f'"{" ".join(words)}" <{address}>' if is_name else address


def parse_address(text: str, name: str = "") -> Address | InvalidAddress:
    typed = _bare(text)
    # Most addresses are of the plainest shape; the full validator costs fifty times as much.
    if len(typed) <= 254 and _PLAIN.fullmatch(typed) and _is_plainly_fine(typed):
        return Address(typed, address_key(typed), clean_name(name, NAME_CHARACTERS))
    fault = _fault(typed)
    if fault is None:
        normal = _normalised(typed)
        if normal is not None:
            return Address(normal, address_key(normal), clean_name(name, NAME_CHARACTERS))
        fault = _validator_fault(typed)
    shown = clean_name(typed, 254) or clean_name(text, 254)
    return InvalidAddress(shown, fault, _suggestion(shown))


def _bare(text: str) -> str:
    """Without what surrounds an address in running text; letters of double width become plain ones."""
    typed = _tidied(text).strip()
    if not typed.isascii() and len(typed) <= 1000:
        typed = unicodedata.normalize("NFKC", typed)
    typed = typed.strip(_AROUND)
    if typed[:7].lower() == "mailto:":
        typed = typed[7:].lstrip(_AROUND)
    return typed.rstrip(_AROUND + ".:!?")


def _tidied(text: str) -> str:
    return text if text.isascii() and "\x00" not in text else text.translate(_TIDY)


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


def mailbox_key(key: str) -> str:
    """Of an address's key: one for all the spellings that one person reads, such as ``ada+1@`` and ``ada+2@``."""
    local, _, domain = key.rpartition("@")
    mailbox = local.partition("+")[0] or local
    return f"{mailbox.replace('.', '') if domain == 'gmail.com' else mailbox}@{domain}"


def guess_typo(address: str) -> str | None:
    """What was probably meant, when the domain is nearly one that everybody uses: ``gmial.com``."""
    local, _, domain = address.rpartition("@")
    if not local or "@" in local or len(domain) > 64:
        return None
    guess = _nearest_domain(domain.lower())
    return f"{local}@{guess}" if guess else None


def _suggestion(shown: str) -> str | None:
    guess = guess_typo(shown)
    return guess if guess and isinstance(parse_address(guess), Address) else None


@functools.lru_cache(maxsize=4096)
def _nearest_domain(domain: str) -> str | None:
    wanted = re.sub(r"[,\s]+", ".", domain).strip(".")
    if wanted in COMMON_DOMAINS or wanted in _REAL_NEIGHBOURS:
        return wanted if wanted != domain else None
    nearest = difflib.get_close_matches(wanted, COMMON_DOMAINS, n=1, cutoff=0.86)
    return nearest[0] if nearest else None


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    plain = _SLACK_MAILTO.sub(r"<\1>", _tidied(text))
    # A comma inside a quoted name is part of the name: "Young, Bo" <bo@example.org>.
    plain = _QUOTED_SEPARATOR.sub(lambda match: '"' + _SPLIT.sub(" ", match.group(1)) + '"', plain)
    plain = _COMMON_WITH_COMMA.sub(lambda match: re.sub(", ?", _COMMA, match.group()), plain)
    for piece in _with_surnames(_SPLIT.split(plain)):
        for name, address in _addresses_in(piece):
            yield name, address.replace(_COMMA, ",")


def _with_surnames(parts: list[str]) -> Iterator[str]:
    """Outlook copies ``Young, Bo <bo@example.org>`` without quotes: the two halves of the name belong together.

    ``parts`` are pieces and the separators between them, in turn.
    """
    surname = ""
    for piece, separator in zip(parts[::2], [*parts[1::2], ""], strict=True):
        begins_name = separator == "," and _SURNAME.fullmatch(piece.strip()) is not None
        if surname and not _is_named(piece):
            yield surname
            surname = ""
        if begins_name:
            surname = piece
        else:
            yield f"{surname} {piece}" if surname else piece
            surname = ""
    if surname:
        yield surname


def _is_named(piece: str) -> bool:
    named = _named(piece.strip())
    return named is not None and named[0] != ""


def _addresses_in(piece: str) -> Iterator[tuple[str, str]]:
    bare = piece.strip()
    named = _named(bare)
    if named is not None:
        yield named
        return
    found = [word for word in _BETWEEN_WORDS.split(bare) if "@" in word and word != "@"]
    if len(found) == 1:
        yield _name_before(bare, found[0]), found[0]
    elif found:
        yield from (("", address) for address in found)
    elif clean_name(bare, 1):
        yield "", bare


def _named(piece: str) -> tuple[str, str] | None:
    """``Name <a@b>``. By hand: the obvious pattern takes cubic time on a line of spaces (measured)."""
    if not piece.endswith(">"):
        return None
    before, bracket, address = piece[:-1].rpartition("<")
    if not bracket or "@" not in address or "<" in before or ">" in before or ">" in address:
        return None
    name = before.strip().strip(_QUOTES).strip()
    if "@" not in name:
        return name, address
    # Some programs write the address twice; another address before the bracket is one more person.
    return ("", address) if name.casefold() == address.strip().casefold() else None


def _name_before(piece: str, address: str) -> str:
    """Words before a bracket are a name; before a bare address they may be anything: "please invite"."""
    before = piece.partition(address)[0].rstrip()
    return before.rstrip("<([").strip().strip(_QUOTES) if before.endswith(("<", "(", "[")) else ""


def _is_plainly_fine(address: str) -> bool:
    local, _, domain = address.rpartition("@")
    if len(local) > 64 or local[0] == "." or local[-1] == "." or ".." in local:
        return False
    labels = domain.split(".")
    # Labels with "--" in third place may be punycode, which has rules of its own.
    return "--" not in domain and max(map(len, labels)) <= 63 and labels[-1].lower() not in _UNREACHABLE


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
    if not local.isascii():
        return AddressFault.NOT_ASCII_LOCAL
    return None


def _normalised(typed: str) -> str | None:
    # Loaded for the first address that is not plain: it costs 50 ms, which a start need not wait for.
    from email_validator import EmailNotValidError, validate_email

    try:
        checked = validate_email(typed, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    # Mail is sent to the A-label; an internationalised domain inside a header would break it.
    return checked.ascii_email or None


def _validator_fault(typed: str) -> AddressFault:
    from email_validator import EmailNotValidError, validate_email

    local = typed.partition("@")[0]
    try:
        validate_email(f"{local}@example.org", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return AddressFault.BAD_LOCAL
    return AddressFault.BAD_DOMAIN
