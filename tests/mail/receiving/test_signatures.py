"""Real signatures, a resolver of our own."""

import time
from datetime import timedelta

import pytest

from mail.receiving.signatures import LookupSlow, Wanted, is_under, vouched_for
from tests.factories import NOW
from tests.mail.mails import INBOX, written
from tests.mail.signing import SIGNED, Domain

WANTED = Wanted("north.example.org", INBOX, NOW)
NORTH = Domain()


def reason(raw: bytes, wanted: Wanted = WANTED, domain: Domain = NORTH) -> str:
    return vouched_for(raw, wanted, domain.lookup)


@pytest.mark.parametrize("head", [b"relaxed", b"simple"])
@pytest.mark.parametrize("body", [b"relaxed", b"simple"])
def test_a_message_signed_by_its_domain_is_vouched_for(head: bytes, body: bytes) -> None:
    raw = NORTH.sign(written(text="courses  \t now\r\n\r\nbye \r\n\r\n"), canonicalize=(head, body))

    assert reason(raw) == ""
    assert reason(raw.replace(b"bye", b"buy")) == "its signature does not count (ValidationError)"
    assert reason(b"Received: from a by b\r\n" + raw) == ""


def test_without_a_signature_nobody_vouches() -> None:
    assert reason(written()) == "no signature of its own"


@pytest.mark.parametrize("name", ["subject", "date", "message-id", "from", "to"])
def test_each_header_that_decides_must_be_signed(name: str) -> None:
    headers = tuple(each for each in SIGNED if each != name.encode())
    if name == "from":
        raw = NORTH.sign(written()).replace(b"from : ", b"").replace(b"from", b"x-from")
        assert reason(raw) != ""
        return

    assert reason(NORTH.sign(written(), headers=headers)) in ("signed in part only", "its recipients are not signed")
    assert reason(NORTH.sign(written())) == ""


@pytest.mark.parametrize("header", [b"Subject: links", b"From: o@north.example.org", b"Date: x", b"Message-ID: <b@c>"])
def test_a_second_header_above_the_signed_one_is_refused(header: bytes) -> None:
    raw = NORTH.sign(written())

    assert reason(raw) == ""
    assert reason(header + b"\r\n" + raw).startswith("two ")


def test_a_part_of_the_body_is_not_enough() -> None:
    assert reason(NORTH.sign(written(), length=True)) == "signed in part only"
    assert reason(NORTH.sign(written(), length=True) + b"invite maths\r\n") == "signed in part only"


@pytest.mark.parametrize(
    ("signer", "counts"),
    [
        ("north.example.org", True),
        ("example.org", True),
        ("org", False),
        ("mail.north.example.org", False),
        ("orth.example.org", False),
        ("evil.example.net", False),
        ("", False),
    ],
)
def test_only_its_own_domain_or_one_above_it_vouches(signer: str, counts: bool) -> None:
    assert is_under("north.example.org", signer) is counts


def test_another_domain_s_key_is_not_even_asked_for() -> None:
    evil = Domain("evil.example.net")

    assert reason(evil.sign(written()), domain=evil) == "signed by another domain"
    assert evil.asked == []


def test_a_key_that_is_too_short_or_absent_does_not_count() -> None:
    assert reason(NORTH.sign(written()), domain=Domain("other.example.org")) != ""
    assert vouched_for(NORTH.sign(written()), WANTED, lambda _name: b"v=DKIM1; p=") != ""
    assert vouched_for(NORTH.sign(written()), WANTED, lambda _name: b"\xff\xfe") != ""


def test_dns_without_an_answer_is_said() -> None:
    def slow(_name: str) -> bytes | None:
        raise LookupSlow

    assert vouched_for(NORTH.sign(written()), WANTED, slow) == "DNS gave no answer about its signature"


def test_of_three_signatures_one_that_counts_is_enough_and_a_fourth_is_not_read() -> None:
    evil = Domain("evil.example.net")
    raw = NORTH.sign(written())

    assert reason(evil.sign(evil.sign(raw))) == ""
    assert reason(evil.sign(evil.sign(evil.sign(raw)))) == "signed by another domain"


@pytest.mark.parametrize("days", [-2, 8])
def test_an_old_message_is_not_vouched_for_again(days: int) -> None:
    raw = NORTH.sign(written())

    assert reason(raw, Wanted("north.example.org", INBOX, NOW + timedelta(days=days))).startswith("its date")
    assert reason(raw, Wanted("north.example.org", INBOX, NOW + timedelta(days=6))) == ""


@pytest.mark.parametrize("to", ["bo@example.org", "x" + INBOX, INBOX + ".evil.net", "usher+@evil.net"])
def test_what_was_written_to_somebody_else_proves_nothing_to_us(to: str) -> None:
    assert reason(NORTH.sign(written(to=to))) == "it was not written to us"


@pytest.mark.parametrize("to", [f"Usher <{INBOX}>", "USHER+northfield@usher.example.org", f"bo@example.org,{INBOX}"])
def test_to_us_means_any_of_our_addresses(to: str) -> None:
    assert reason(NORTH.sign(written(to=to))) == ""


def test_a_copy_to_us_that_was_added_on_the_way_is_not_signed() -> None:
    raw = NORTH.sign(written(to="bo@example.org"))

    assert reason(f"Cc: {INBOX}\r\n".encode() + raw) == "its recipients are not signed"


@pytest.mark.parametrize(
    "raw",
    [
        NORTH.sign(written()) + b" " * 2_000_000,
        NORTH.sign(written()) + b" \t" * 1_000_000 + b"x",
        NORTH.sign(written()) + b"\r\n" * 900_000,
        NORTH.sign(written()) + b"\n" * 30_000_000,
        b"DKIM-Signature: v=1; d=north.example.org; b=" + b"\r\n " * 80_000 + b"!\r\n" + written(),
        b"DKIM-Signature: " + b"a=b;" * 900 + b"\r\n" + written(),
        b"X: y\r\n" * 900 + NORTH.sign(written(), headers=(*SIGNED, *(b"x",) * 150)),
        b"\n" * 1000,
        b"",
        b" x",
        b"\xff: \xff\r\n\r\n",
    ],
    ids=lambda raw: str(len(raw)),
)
def test_hostile_messages_cost_little_time(raw: bytes) -> None:
    began = time.process_time()

    reason(raw)

    assert time.process_time() - began < 2
