"""Who a message claims to be from, and what proves it."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mail.receiving.senders import Claim, Proof, Sender, proof_of, sender_of
from tests.factories import NOW, SETTINGS
from tests.mail.mails import INBOX, OLIVE, mail, read, with_senders, written
from tests.mail.signing import Domain
from tests.slow import examples

OURS = dataclasses.replace(SETTINGS, mail_inbox=INBOX, mail_authserv_ids=("mx.usher.example.org",))
NOBODY = dataclasses.replace(SETTINGS, mail_inbox=INBOX)
MICROSOFT = dataclasses.replace(SETTINGS, mail_inbox=INBOX, mail_authserv_ids=("-",))
NORTH = Sender(OLIVE, "north.example.org")
PASS = "mx.usher.example.org; dmarc=pass (p=reject) header.from=north.example.org"


def claim(sender: Sender = NORTH) -> Claim:
    return Claim(sender, (INBOX, "help@usher.example.org"), NOW)


def proven(*results: str, house: object = OURS, **values: str) -> Proof:
    raw = written(*(("Authentication-Results", value) for value in results), **values)
    assert isinstance(house, type(SETTINGS))
    return proof_of(read(raw), raw, claim(), house, lambda _name: None)


def test_our_own_mail_host_s_word_counts() -> None:
    assert proven(PASS).is_given
    assert proven(PASS.replace("north.example.org", "NORTH.example.org.")).is_given
    assert proven("MX.usher.example.org 1; spf=fail; dmarc=pass header.from=north.example.org").is_given


def test_empty_authserv_list_trusts_nobody() -> None:
    assert not proven(PASS, house=NOBODY).is_given
    assert "no mail host of ours is set" in proven(PASS, house=NOBODY).words


@pytest.mark.parametrize(
    "results",
    [
        ["mx.evil.test; dmarc=pass header.from=north.example.org"],
        # Theirs on top: ours below it may be forged.
        ["mx.evil.test; dmarc=pass header.from=north.example.org", PASS],
        [PASS.replace("dmarc=pass", "dmarc=fail"), PASS],
        ["mx.usher.example.org; none", PASS],
        ["mx.usher.example.org; spf=pass smtp.mailfrom=north.example.org; dkim=pass header.d=north.example.org"],
        ["mx.usher.example.org; dmarc=pass header.from=evil.test"],
        ["mx.usher.example.org; dmarc=pass"],
        ["mx.usher.example.org; dmarc=pass header.from=north.example.org header.from=evil.test"],
        ["mx.usher.example.org; dmarc=fail header.from=evil.test; dmarc=pass header.from=north.example.org"],
        ["mx.usher.example.org; dmarc=bestguesspass header.from=north.example.org"],
        ["mx.usher.example.org; (dmarc=pass header.from=north.example.org) spf=pass"],
        ['mx.usher.example.org; spf=pass smtp.mailfrom="a; dmarc=pass header.from=north.example.org"@evil.test'],
        ["mx.usher.example.org.evil.test; dmarc=pass header.from=north.example.org"],
        ["(mx.usher.example.org) mx.evil.test; dmarc=pass header.from=north.example.org"],
        ["", PASS],
        [";", PASS],
        ["-; dmarc=pass header.from=north.example.org"],
        ["dmarc=pass header.from=north.example.org"],
        ["(" * 3000],
        [PASS + " " * 5000],
    ],
)
def test_forged_auth_results_ignored(results: list[str]) -> None:
    assert not proven(*results).is_given


def test_a_host_that_writes_no_name_counts_where_the_settings_say_so() -> None:
    dmarc = "dmarc=pass action=none header.from=north.example.org"
    theirs = f"spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=north.example.org; {dmarc};compauth=pass reason=100"

    assert proven(theirs, house=MICROSOFT).is_given
    assert not proven(theirs, house=OURS).is_given
    assert not proven("mx.evil.test; dmarc=pass header.from=north.example.org", house=MICROSOFT).is_given


def test_a_signature_of_its_domain_is_proof_too() -> None:
    domain = Domain()
    raw = domain.sign(written())

    assert proof_of(read(raw), raw, claim(), NOBODY, domain.lookup).is_given
    assert not proof_of(
        read(raw), raw, claim(replace(NORTH, domain="south.example.org")), NOBODY, domain.lookup
    ).is_given


@pytest.mark.parametrize(
    ("to", "is_ours"),
    [
        (INBOX, True),
        (f"Usher <{INBOX.upper()}>, bo@example.org", True),
        (INBOX.replace("@", "+north@"), True),
        ("help@usher.example.org", True),
        ("eve@example.org", False),
        (f"{INBOX}.example.com", False),
        (f"not{INBOX}", False),
        ("", False),
    ],
)
def test_a_mail_that_was_written_to_somebody_else_proves_nothing_when_they_send_it_on(to: str, is_ours: bool) -> None:
    assert proven(PASS, to=to).is_given == is_ours


@pytest.mark.parametrize("name", ["Resent-From", "Resent-Date", "X-Forwarded-To", "X-Forwarded-For"])
def test_what_somebody_sent_on_is_not_proven(name: str) -> None:
    raw = written(("Authentication-Results", PASS), (name, "bo@example.org"))

    assert proven(PASS).is_given
    assert not proof_of(read(raw), raw, claim(), OURS, lambda _name: None).is_given


@pytest.mark.parametrize("name", ["Subject", "To", "Date", "Message-ID", "Content-Type"])
def test_of_two_headers_nobody_knows_which_was_checked(name: str) -> None:
    raw = written(("Authentication-Results", PASS), (name, "x"), (name, "y"))

    assert not proof_of(read(raw), raw, claim(), OURS, lambda _name: None).is_given


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("olive@north.example.org", "olive@north.example.org"),
        ("Olive@NORTH.example.org", "olive@north.example.org"),
        ("olive@bücher.example", "olive@xn--bcher-kva.example"),
        ("olive.o@gmail.com", "oliveo@gmail.com"),
    ],
)
def test_the_key_is_the_one_that_staff_are_known_by(typed: str, key: str) -> None:
    sender = sender_of(with_senders([typed]))

    assert sender is not None
    assert sender.key == key
    assert sender.domain.isascii()


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "olive",
        "@north.example.org",
        "'olive'@north.example.org",
        "mailto:olive@north.example.org",
        "\uff4flive@north.example.org",
        "olive@north.example.org@evil.test",
        "olive@north.example.org.",
        "<olive@north.example.org>",
        "olive\u200b@north.example.org",
    ],
)
def test_an_address_that_only_looks_like_somebody_s_is_nobody_s(typed: str) -> None:
    found = sender_of(with_senders([typed]))

    assert found is None or found.key != OLIVE or typed.rstrip(".") == OLIVE


def test_the_sign_of_kelvin_is_no_letter_of_an_address() -> None:
    """In small letters it is a plain k, and at its host it is somebody else."""
    assert sender_of(with_senders(["fran\u212a@north.example.org"])) is None


def test_two_from_headers_refused() -> None:
    assert sender_of(with_senders([OLIVE, OLIVE], from_headers=2)) is None
    assert sender_of(with_senders([OLIVE], from_headers=2)) is None
    assert sender_of(with_senders([OLIVE, "bo@example.org"])) is None
    assert sender_of(with_senders([])) is None


def test_other_headers_choose_nobody() -> None:
    names = ("Reply-To", "Sender", "Return-Path", "Resent-From", "X-Original-From")
    strange = mail(*((name, OLIVE) for name in names), sender="eve@evil.test")
    named = mail(sender=f'"{OLIVE}" <eve@evil.test>')

    assert [sender_of(each) for each in (strange, named)] == [Sender("eve@evil.test", "evil.test")] * 2


@settings(max_examples=examples(200), deadline=None)
@given(st.text(max_size=200), st.text(max_size=60))
def test_no_text_is_proof_and_nothing_raises(results: str, sender: str) -> None:
    message = replace(with_senders([sender]), headers=(("authentication-results", results), ("from", sender)))
    found = sender_of(message)

    assert not proof_of(message, sender.encode(), claim(found or NORTH), OURS, lambda _name: None).is_given
