"""Tokens and codes: what this house signed comes back, anything else is nothing."""

import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.links import CodeKind, LinkKind, LinkSigner, LinkTarget

KEY, NEWER, NEWEST = (name * 8 for name in (b"key-", b"new-", b"newest-x"))
SIGNER = LinkSigner((KEY,))
IDS = st.integers(min_value=0, max_value=2**63 - 1)
ALPHABET = string.ascii_letters + string.digits + "-_"
TOKEN = SIGNER.token(LinkKind.INVITATION, 2**40 + 7, 3)


@given(st.sampled_from(LinkKind), IDS, st.integers(min_value=0, max_value=2**16 - 1))
def test_every_id_and_generation_comes_back(kind: LinkKind, target_id: int, generation: int) -> None:
    token = SIGNER.token(kind, target_id, generation)

    assert SIGNER.read(kind, token) == LinkTarget(target_id, generation)
    assert len(token) == 36
    assert set(token) <= set(ALPHABET)


@pytest.mark.parametrize("kind", LinkKind)
def test_a_token_of_one_kind_is_none_of_another(kind: LinkKind) -> None:
    token = SIGNER.token(kind, 5)

    assert [other for other in LinkKind if SIGNER.read(other, token)] == [kind]


def test_another_house_reads_nothing() -> None:
    assert LinkSigner((NEWER,)).read(LinkKind.INVITATION, TOKEN) is None


def test_the_same_target_has_the_same_link_and_another_generation_another_one() -> None:
    assert SIGNER.token(LinkKind.INVITATION, 2**40 + 7, 3) == TOKEN
    assert SIGNER.token(LinkKind.INVITATION, 2**40 + 7, 4) != TOKEN


@pytest.mark.parametrize("place", range(36))
def test_a_token_with_one_other_character_is_refused(place: int) -> None:
    spellings = [TOKEN[:place] + character + TOKEN[place + 1 :] for character in ALPHABET if character != TOKEN[place]]

    assert [spelling for spelling in spellings if SIGNER.read(LinkKind.INVITATION, spelling)] == []


def test_each_byte_counts() -> None:
    raw = base64.urlsafe_b64decode(TOKEN)

    for place in range(len(raw)):
        for bit in range(8):
            changed = bytes([*raw[:place], raw[place] ^ (1 << bit), *raw[place + 1 :]])
            assert SIGNER.read(LinkKind.INVITATION, base64.urlsafe_b64encode(changed).decode()) is None


@pytest.mark.parametrize(
    "spelling",
    [
        "", TOKEN[:-1], TOKEN[1:], TOKEN[:32], TOKEN + "A", TOKEN + "=", TOKEN + "==", TOKEN + "====", "=" + TOKEN,
        TOKEN + "\n", "\n" + TOKEN, " " + TOKEN, TOKEN + " ", TOKEN[:18] + "\n" + TOKEN[18:], TOKEN + "\x00",
        TOKEN.upper(), TOKEN.lower(), TOKEN * 2, f"<{TOKEN}>", TOKEN + "é", "é" * 36, "\ud800" * 36, "\U0001f600",
        "A" * 36, "/" * 36, "+" * 36, "A" * 1_000_000, "%3D" * 12, TOKEN + "%3D", "＝",
    ],
)  # fmt: skip
def test_only_the_spelling_that_was_signed_is_read(spelling: str) -> None:
    assert SIGNER.read(LinkKind.INVITATION, TOKEN) is not None
    assert SIGNER.read(LinkKind.INVITATION, spelling) is None


def test_the_other_alphabet_of_base64_is_refused() -> None:
    token = next(
        token for token in (SIGNER.token(LinkKind.INVITATION, number) for number in range(99)) if {*"-_"} & {*token}
    )

    assert SIGNER.read(LinkKind.INVITATION, token) is not None
    assert SIGNER.read(LinkKind.INVITATION, token.replace("-", "+").replace("_", "/")) is None


@given(st.one_of(st.text(), st.binary().map(lambda raw: raw.decode("latin-1")), st.text(ALPHABET + "=", max_size=40)))
def test_junk_is_nothing_and_never_raises(junk: str) -> None:
    for kind in LinkKind:
        assert SIGNER.read(kind, junk) is None
    assert SIGNER.read_bounce_token(junk) is None
    assert not SIGNER.code_fits(CodeKind.SLACK_LINK, 5, 1, junk)


# --- Keys -------------------------------------------------------------------------------------------------


def test_a_new_key_in_front_signs_and_the_old_one_still_verifies() -> None:
    rotated = LinkSigner((NEWER, KEY))

    assert rotated.read(LinkKind.INVITATION, TOKEN) == LinkTarget(2**40 + 7, 3)
    assert SIGNER.read(LinkKind.INVITATION, rotated.token(LinkKind.INVITATION, 5)) is None


def test_an_old_key_taken_away_takes_only_its_own_links() -> None:
    rotated, retired = LinkSigner((NEWEST, NEWER, KEY)), LinkSigner((NEWEST, NEWER))
    newer = LinkSigner((NEWER, KEY)).token(LinkKind.INVITATION, 5)
    newest = rotated.token(LinkKind.INVITATION, 6)

    assert retired.read(LinkKind.INVITATION, newer) == LinkTarget(5, 0)
    assert retired.read(LinkKind.INVITATION, newest) == LinkTarget(6, 0)
    assert retired.read(LinkKind.INVITATION, TOKEN) is None


def test_two_keys_with_the_same_mark_both_verify() -> None:
    keys = [number.to_bytes(32, "big") for number in range(300)]
    many = LinkSigner(keys)

    tokens = [LinkSigner((key,)).token(LinkKind.INVITATION, 5) for key in keys]

    assert len({token[:1] for token in tokens}) < len(keys)
    assert all(many.read(LinkKind.INVITATION, token) == LinkTarget(5, 0) for token in tokens)


# --- Codes ------------------------------------------------------------------------------------------------


@given(st.sampled_from(CodeKind), IDS, st.integers(min_value=0, max_value=2**32 - 1))
def test_a_code_has_eight_digits_and_fits_its_own_target_only(kind: CodeKind, target_id: int, generation: int) -> None:
    code = SIGNER.code(kind, target_id, generation)

    assert len(code) == 8
    assert code.isdecimal()
    assert SIGNER.code_fits(kind, target_id, generation, code)
    assert not SIGNER.code_fits(kind, target_id ^ 1, generation, code)
    assert not SIGNER.code_fits(kind, target_id, generation ^ 1, code)
    assert not any(SIGNER.code_fits(other, target_id, generation, code) for other in CodeKind if other is not kind)


@pytest.mark.parametrize("typed", ["{0}{1}", "{0} {1}", " {0}-{1}\n", "{0}\u2009{1}", "code: {0}.{1}"])
def test_a_code_is_read_as_people_type_it(typed: str) -> None:
    code = SIGNER.code(CodeKind.SLACK_LINK, 5, 1)

    assert SIGNER.code_fits(CodeKind.SLACK_LINK, 5, 1, typed.format(code[:4], code[4:]))


@pytest.mark.parametrize("typed", ["", "{0}", "{1}", "0{0}{1}", "{0}{1}0", "{0}²{1}", "{0}{1}٣"])
def test_a_code_with_a_digit_too_few_or_too_many_does_not_fit(typed: str) -> None:
    code = SIGNER.code(CodeKind.SLACK_LINK, 5, 1)

    assert not SIGNER.code_fits(CodeKind.SLACK_LINK, 5, 1, typed.format(code[:4], code[4:]))


# --- Bounces ----------------------------------------------------------------------------------------------


@given(IDS)
def test_a_bounce_token_comes_back_in_any_case(message_id: int) -> None:
    token = SIGNER.bounce_token(message_id)

    assert len(token) == 26
    assert token == token.lower()
    assert SIGNER.read_bounce_token(token) == message_id
    assert SIGNER.read_bounce_token(token.upper()) == message_id
    assert SIGNER.read_bounce_token(token.title()) == message_id


def test_a_bounce_token_survives_a_new_key_and_the_loss_of_another() -> None:
    token = LinkSigner((NEWER, KEY)).bounce_token(77)

    assert LinkSigner((NEWEST, NEWER)).read_bounce_token(token) == 77
    assert SIGNER.read_bounce_token(token) is None


def test_a_changed_bounce_token_is_refused() -> None:
    token = SIGNER.bounce_token(77)

    # The last character carries two bits that mean nothing.
    for place in range(25):
        other = "b" if token[place] == "a" else "a"
        assert SIGNER.read_bounce_token(token[:place] + other + token[place + 1 :]) is None
    assert SIGNER.read_bounce_token(token[:-1]) is None
    assert SIGNER.read_bounce_token(token + "a") is None
    assert SIGNER.read_bounce_token(TOKEN) is None
