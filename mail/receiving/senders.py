"""Who a message claims to be from, and whether that is proven (design decision 5).

The claim is the one address of the one From. What proves it, the first that fits:

- our own mail host said ``dmarc=pass`` for From's domain, in the topmost Authentication-Results, under a name that
  the settings list (RFC 8601, 5: nobody else's is believed);
- a signature of From's domain that we checked ourselves (``mail.receiving.signatures``).

Reply-To, Sender, Return-Path, Resent-From and display names prove nothing and choose nobody.
"""

from datetime import datetime
from typing import Final

import authres  # type: ignore[import-untyped]  # It has no types.
from msgspec import Struct

from core.large_mail import RawMail
from core.limited import Limits, Stream
from core.rules.addresses import Address, parse_address
from core.settings import Settings
from mail.parsing.parsed import ParsedMail
from mail.receiving.arrival import HEADER_BYTES
from mail.receiving.signatures import LookupSlow, TxtLookup, Wanted, names_of_records, vouched_for
from mail.receiving.work import Signed
from mail.receiving.written_to import names_us

WITHOUT_ID: Final = "-"
"""In the setting: our host writes no name of its own (Microsoft 365)."""
_WORK: Final = "mail.receiving.work:vouched"
_LIMITS: Final = Limits(wall=30.0, cpu=20.0, memory=1 << 30, answer=1 << 16)
_RESULTS_CHARACTERS: Final = 4096
# At most once in a message (RFC 5322, 3.6); of two it is anybody's guess which one was signed.
_ONCE: Final = ("from", "subject", "date", "message-id", "to", "cc", "reply-to", "content-type", "mime-version")


class Sender(Struct, frozen=True):
    """``key`` as in ``core.rules.addresses``; ``domain`` as From has it: A-label, small letters."""

    key: str
    domain: str


class Proof(Struct, frozen=True):
    is_given: bool
    words: str
    """By what, or what was missing; for operators."""


def sender_of(mail: ParsedMail) -> Sender | None:
    """None: not exactly one From with exactly one address that is nobody else's by another spelling."""
    if mail.from_headers != 1 or len(mail.senders) != 1:
        return None
    typed = mail.senders[0].strip()
    found = parse_address(typed)
    # Letters that only look like others of that mailbox's, or become them in small letters: K for the Kelvin sign.
    if not typed.rpartition("@")[0].isascii():
        return None
    if not isinstance(found, Address) or not _is_as_typed(typed, found.address):
        return None
    return Sender(found.key, found.address.rpartition("@")[2].lower().rstrip("."))


def _is_as_typed(typed: str, read: str) -> bool:
    """People's spellings are forgiven where they name others; a sender gets no help to look like somebody."""
    return typed.rpartition("@")[0].lower() == read.rpartition("@")[0].lower() and "@" not in typed.partition("@")[2]


class Claim(Struct, frozen=True):
    """What is to be proven. ``house``: the addresses that people write to us at."""

    sender: Sender
    house: tuple[str, ...]
    received_at: datetime


def proof_of(mail: ParsedMail, raw: RawMail, claim: Claim, settings: Settings, lookup: TxtLookup) -> Proof:
    """Never raises."""
    sender = claim.sender
    passed_on = passed_on_by(mail)
    if passed_on:
        return Proof(False, passed_on)
    twice = next((name for name in _ONCE if len(mail.all_headers(name)) > 1), None)
    if twice is not None:
        return Proof(False, f"two {twice} headers")
    # A signature does not say whom a mail was for: whoever got one could send it to us as it is.
    if not names_us(mail, claim.house):
        return Proof(False, "neither To nor Cc names us")
    said = _said_by_our_host(mail, sender.domain, settings.mail_authserv_ids)
    if said == "":
        return Proof(True, "our mail host checked it (DMARC)")
    wanted = Wanted(sender.domain, settings.mail_inbox, claim.received_at)
    unsigned = _unsigned(raw, wanted, lookup) if settings.mail_inbox else "no address of ours is set"
    return Proof(True, "signed by its domain (DKIM)") if unsigned == "" else Proof(False, f"{said}; {unsigned}")


def _unsigned(raw: RawMail, wanted: Wanted, lookup: TxtLookup) -> str:
    """Empty when its domain vouches for it; else why not."""
    if isinstance(raw, bytes):
        return vouched_for(raw, wanted, lookup)
    records, slow = dict[str, bytes | None](), list[str]()
    for name in names_of_records(raw.head(HEADER_BYTES), wanted):
        try:
            records[name] = lookup(name)
        except LookupSlow:
            slow.append(name)
    signed = Signed(raw.size, wanted, records, tuple(slow))
    with raw.opened() as source, Stream(_WORK, str, _LIMITS, signed, source=source) as said:
        return next(iter(said), "its signature cannot be checked")


def passed_on_by(mail: ParsedMail) -> str:
    """Somebody else sent it on: it was not its author who wrote to us (RFC 5322, 3.6.6). Empty, or why."""
    if any(name.startswith("resent-") for name, _ in mail.headers):
        return "somebody sent it on (Resent)"
    sent_on = ("x-forwarded-to", "x-forwarded-for", "x-forwarded-encrypted")
    return "somebody's mailbox sent it on" if any(mail.header(name) for name in sent_on) else ""


def _said_by_our_host(mail: ParsedMail, domain: str, ours: tuple[str, ...]) -> str:
    """Empty: DMARC passed for that domain. Else why that is not known."""
    value = mail.header("authentication-results")
    if not ours:
        return "no mail host of ours is set"
    if not value or len(value) > _RESULTS_CHARACTERS:
        return "our mail host said nothing"
    header = _results(value, ours)
    if header is None:
        return "what a mail host said cannot be read"
    if header.authserv_id not in ours:
        return "the topmost mail host is none of ours"
    verdicts = [result for result in header.results if getattr(result, "method", "").lower() == "dmarc"]
    # Two would mean that a sender's words became a verdict of their own.
    if len(verdicts) != 1:
        return "our mail host gave no DMARC verdict"
    (verdict,) = verdicts
    domains = [each.value for each in verdict.properties if (each.type, each.name) == ("header", "from")]
    if verdict.result.lower() != "pass":
        return "DMARC did not pass"
    aligned = len(domains) == 1 and domains[0].lower().rpartition("@")[2].rstrip(".") == domain
    return "" if aligned else "DMARC passed for another domain"


def _results(value: str, ours: tuple[str, ...]) -> authres.AuthenticationResultsHeader | None:
    """The library raises for what Microsoft 365 writes, for an empty one and for much else."""
    first = value.partition(";")[0]
    has_no_id = WITHOUT_ID in ours and "=" in first
    try:
        text = f"{WITHOUT_ID}; {value}" if has_no_id else value
        return authres.all_features().parse(f"Authentication-Results: {text}")
    except Exception:  # Of any kind, from hostile text: recursion too.
        return None
