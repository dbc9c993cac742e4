"""Every shape in which people paste addresses, and every shape in which they cannot be read."""

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.rules.addresses import (
    COMMON_DOMAINS,
    Address,
    AddressFault,
    AddressList,
    InvalidAddress,
    address_key,
    guess_typo,
    mailbox_key,
    mentioned_addresses,
    parse_address,
    parse_addresses,
)
from core.rules.text import clean_name

# Parts of which address lists and their ruins are made.
WORDS = "bo Al @ @ example.org school.example . .. - + ' \" “ , ; | < > <mailto: mailto: ( ) [ ] xn-- é ß ﬁ １ ＠ ， 。"
MARKS = (" ", "\t", "\n", "\u0301", "\x00", "\u202e", "\u200b", "\u200d", "\ufeff", "\U0001f600", "\ud800")
FRAGMENTS = st.sampled_from([*WORDS.split(), *MARKS, "gmail,com", "gmial.com", ".local", ":"])
PASTED = st.one_of(st.text(), st.lists(FRAGMENTS, max_size=16).map("".join))
NAMES = st.sampled_from(["", "Bo Young", "O'Brien", "Zoë", "יעל", "Young, Bo"])
ADDRESSES = st.builds(
    lambda local, domain: f"{local}@{domain}",
    st.sampled_from(["bo", "AL", "o'brien", "bo.young+maths", "x_y-z", "1", "d'", "a" * 64]),
    st.sampled_from(["example.org", "EXAMPLE.org", "school.example", "xn--bcher-kva.example", "a.b.c.example.org"]),
)


def addresses(found: AddressList) -> list[str]:
    return [entry.address for entry in found.accepted]


# --- Shapes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "al@example.org,bo@example.org",
        "al@example.org , bo@example.org,",
        "al@example.org;bo@example.org;",
        "al@example.org|bo@example.org",
        "al@example.org\tbo@example.org",
        "al@example.org\r\n\r\nbo@example.org\r\n",
        "al@example.org\rbo@example.org",
        "al@example.org bo@example.org",
        "al@example.org\xa0bo@example.org",
        "al@example.org\u2028bo@example.org",
        "al@example.org、bo@example.org",
        "al@example.org；bo＠example.org",
        "<al@example.org> <bo@example.org>",
        "(al@example.org) [bo@example.org]",
        "'al@example.org', \"bo@example.org\"",
        "“al@example.org” ‘bo@example.org’",
        '"al@example.org,bo@example.org"',
        "al@example.org <al@example.org>; bo@example.org <bo@example.org>",
        "mailto:al@example.org, MAILTO:bo@example.org",
        "<mailto:al@example.org|al@example.org> <mailto:bo@example.org|bo@example.org>",
        "<mailto:al@example.org|al@example.org>,<mailto:bo@example.org>",
        "\ufeffal@example.org,\u200bbo@example.org\u200b",
        "\u202aal@example.org\u202c, bo@\u202eexample.org",
        "al@example.org.\nbo@example.org!",
        "al@exa\x00mple.org bo@example.org",
    ],
)
def test_two_addresses_are_read_in_any_shape(text: str) -> None:
    found = parse_addresses(text)

    assert addresses(found) == ["al@example.org", "bo@example.org"]
    assert not found.invalid
    assert not found.duplicates


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Bo Young <bo@example.org>", "Bo Young"),
        ('"Bo Young" <bo@example.org>', "Bo Young"),
        ("'Bo Young' <bo@example.org>", "Bo Young"),
        ('"Young, Bo" <bo@example.org>', "Young Bo"),
        ('"Young; Bo | 7B" <bo@example.org>', "Young Bo 7B"),
        ("Young, Bo <bo@example.org>", "Young Bo"),
        ("O'Brien-Smith, Bo <bo@example.org>", "O'Brien-Smith Bo"),
        ("Bo Young<bo@example.org>", "Bo Young"),
        ("Bo Young (bo@example.org)", "Bo Young"),
        ("Bo Young <bo@example.org> (7B)", "Bo Young"),
        ("Bo <mailto:bo@example.org|bo@example.org>", "Bo"),
        ("<bo@example.org>", ""),
        ("bo@example.org <BO@example.org>", ""),
        ("בו <bo@example.org>", "בו"),
        ("Bo 👩\u200d🎓 <bo@example.org>", "Bo 👩\u200d🎓"),
        ("B\u202eo\x07 <bo@example.org>", "Bo"),
        (f"{'x' * 300} <bo@example.org>", "x" * 100),
    ],
)
def test_a_name_in_front_of_a_bracket_is_kept(text: str, name: str) -> None:
    found = parse_addresses(text)

    assert [(entry.name, entry.address.lower()) for entry in found.accepted] == [(name, "bo@example.org")]
    assert not found.invalid


def test_words_around_a_bare_address_are_no_name() -> None:
    found = parse_addresses("Please invite bo@example.org to this: thank you")

    assert found.accepted == (Address("bo@example.org", "bo@example.org"),)


def test_an_apostrophe_belongs_to_the_address() -> None:
    found = parse_addresses("o'brien@example.org, 'd'arcy@example.org'")

    assert addresses(found) == ["o'brien@example.org", "d'arcy@example.org"]


def test_a_person_before_a_bracket_is_not_swallowed_as_a_name() -> None:
    found = parse_addresses("al@example.org cy@example.org <bo@example.org>")

    assert addresses(found) == ["al@example.org", "cy@example.org", "bo@example.org"]


def test_a_mistyped_address_before_a_comma_is_no_surname() -> None:
    found = parse_addresses("al.example.org, Bo <bo@example.org>; only words")

    assert addresses(found) == ["bo@example.org"]
    assert [entry.text for entry in found.invalid] == ["al.example.org", "only words"]


def test_the_address_is_kept_as_it_was_typed() -> None:
    assert addresses(parse_addresses("Bo.Young+Maths@Example.ORG")) == ["Bo.Young+Maths@Example.ORG"]


def test_ten_thousand_addresses_are_all_read() -> None:
    found = parse_addresses("; ".join(f"Learner {n} <learner{n}@example.org>" for n in range(10_000)))

    assert len(found.accepted) == 10_000
    assert found.accepted[9_999] == Address("learner9999@example.org", "learner9999@example.org", "Learner 9999")


@pytest.mark.parametrize("text", ["", " ", "\n\n\t", ",;|", "\x00", "\u200b"])
def test_nothing_holds_no_piece(text: str) -> None:
    assert parse_addresses(text) == AddressList((), (), ())


# --- Any text ---------------------------------------------------------------------------------------------


@given(PASTED)
@example('"\x00\n@')
@example("<mailto:'xn--@a.example.org")
def test_any_text_is_read_and_what_is_accepted_stays_accepted(text: str) -> None:
    found = parse_addresses(text)

    assert len({entry.key for entry in found.accepted}) == len(found.accepted)
    for entry in (*found.accepted, *found.duplicates):
        assert parse_address(entry.address, entry.name) == entry
        assert entry.address.isascii()
        assert len(entry.address) <= 254
    for problem in found.invalid:
        assert problem.text == clean_name(problem.text, 254)
        assert 0 < len(problem.text) <= 254
        assert problem.suggestion is None or isinstance(parse_address(problem.suggestion), Address)


@given(st.lists(st.tuples(NAMES, ADDRESSES), max_size=12), st.sampled_from([", ", ";", "\n", "\r\n", "|", "\t"]))
def test_a_written_list_reads_back(people: list[tuple[str, str]], separator: str) -> None:
    written = separator.join(f'"{name}" <{address}>' if name else address for name, address in people)

    found = parse_addresses(written)

    assert not found.invalid
    assert len(found.accepted) + len(found.duplicates) == len(people)
    assert {entry.address for entry in (*found.accepted, *found.duplicates)} == {address for _, address in people}


@given(st.lists(st.sampled_from(["al@example.org", "AL@example.org", "bo@example.org", "bo@", "@", "bo", "a@b@c"])))
def test_every_piece_is_counted_once(pieces: list[str]) -> None:
    found = parse_addresses(", ".join(pieces))

    assert len(found.accepted) + len(found.duplicates) + len(found.invalid) == len(pieces)


@pytest.mark.slow  # Load: it guards how long hostile text takes, not how it is read.
def test_reading_takes_time_in_proportion_to_the_text() -> None:
    """Each of these took minutes with a pattern that looks back. The limit is generous: a sum of milliseconds."""
    program = """
from core.requests import read_request
from core.errors import UsherError
from core.rules.addresses import parse_address, parse_addresses
from core.rules.text import clean_note, first_link, folded
for unit in ["<", '"', "@", " ", "a", "'", "(", "<mailto:", "a.", "a-", "a@", "@a.", "a,", "x ", '"a', "<a@", "gmail,"]:
    given = "x" + (unit * 50_000)[:50_000] + ">"
    for read in (parse_addresses, parse_address, first_link):
        read(given)
    try:
        read_request(given)
    except UsherError:
        pass
marks = "\\u0301\\u0323" * 20_000
for read in (parse_addresses, folded, first_link, clean_note):
    read("a@" + marks)
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=120)

    assert done.returncode == 0


# --- Identity ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("bo@example.org", "BO@Example.Org"),
        ("bo@example.org", "ｂｏ@ｅｘａｍｐｌｅ.org"),
        ("bo@bücher.example", "bo@xn--bcher-kva.example"),
        ("bo@b\u0075\u0308cher.example", "bo@BÜCHER.example"),
        ("bo@bücher。example", "bo@bücher.example"),
        ("bo@gmail.com", "bo@googlemail.com"),
        ("b.o@gmail.com", "bo@GoogleMail.com"),
        ("bo@example.org", "bo@example.org."),
    ],
)
def test_two_spellings_of_one_mailbox_are_duplicates(one: str, other: str) -> None:
    found = parse_addresses(f"{one}, {other}")

    assert len(found.accepted) == 1
    assert len(found.duplicates) == 1
    assert found.accepted[0].key == found.duplicates[0].key == address_key(found.accepted[0].address)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("b.o@example.org", "bo@example.org"),
        ("bo+maths@gmail.com", "bo@gmail.com"),
        ("bo@example.org", "bo@www.example.org"),
        ("o'brien@example.org", "obrien@example.org"),
    ],
)
def test_two_mailboxes_that_look_alike_stay_two(one: str, other: str) -> None:
    assert len(parse_addresses(f"{one} {other}").accepted) == 2


# --- Faults and guesses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("bo", AddressFault.NO_AT),
        ("bo.example.org", AddressFault.NO_AT),
        ("", AddressFault.NO_AT),
        ("@example.org", AddressFault.NO_LOCAL),
        ("bo@", AddressFault.NO_DOMAIN),
        ("bo@@example.org", AddressFault.TWO_AT),
        ("bo@al@example.org", AddressFault.TWO_AT),
        ("bo@example", AddressFault.BAD_DOMAIN),
        ("bo@-example.org", AddressFault.BAD_DOMAIN),
        ("bo@exam ple.org", AddressFault.BAD_DOMAIN),
        ("bo@example..org", AddressFault.BAD_DOMAIN),
        ("bo@[127.0.0.1]", AddressFault.BAD_DOMAIN),
        ("bo@\U0001f600.example", AddressFault.BAD_DOMAIN),
        ("bo@school.local", AddressFault.BAD_DOMAIN),
        ("bo@school.invalid", AddressFault.BAD_DOMAIN),
        (f"bo@{'a' * 64}.org", AddressFault.BAD_DOMAIN),
        (".bo@example.org", AddressFault.BAD_LOCAL),
        ("b..o@example.org", AddressFault.BAD_LOCAL),
        ("b o@example.org", AddressFault.BAD_LOCAL),
        (f"{'a' * 65}@example.org", AddressFault.TOO_LONG),
        (f"bo@{'a.' * 130}org", AddressFault.TOO_LONG),
        ("zoë@example.org", AddressFault.NOT_ASCII_LOCAL),
        ("\U0001f600@example.org", AddressFault.NOT_ASCII_LOCAL),
        ("בו@example.org", AddressFault.NOT_ASCII_LOCAL),
    ],
)
def test_an_unusable_piece_says_why(text: str, fault: AddressFault) -> None:
    found = parse_address(text)

    assert isinstance(found, InvalidAddress)
    assert found.fault is fault


def test_three_hundred_characters_are_shown_cut() -> None:
    (problem,) = parse_addresses("x" * 300).invalid

    assert problem.text == "x" * 254


def test_an_invalid_piece_is_shown_without_control_and_direction_characters() -> None:
    found = parse_address("bo\x07\u202e@\u2066gmial")

    assert isinstance(found, InvalidAddress)
    assert found.text == "bo@gmial"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("bo@gmial.com", "bo@gmail.com"),
        ("bo@gmail.con", "bo@gmail.com"),
        ("bo@gmail.co", "bo@gmail.com"),
        ("Bo@Gmial.com", "Bo@gmail.com"),
        ("bo@hotmial.co.uk", "bo@hotmail.co.uk"),
        ("bo@hotmail.co.ukk", "bo@hotmail.co.uk"),
        ("bo@yahoo.co,uk", "bo@yahoo.co.uk"),
        ("bo@outlok.com", "bo@outlook.com"),
    ],
)
def test_a_typo_in_a_common_domain_is_guessed(typed: str, meant: str) -> None:
    assert guess_typo(typed) == meant


@pytest.mark.parametrize("domain", [*COMMON_DOMAINS, "example.org", "mail.com", "ymail.com", "school.example"])
def test_a_sound_domain_is_no_typo(domain: str) -> None:
    assert guess_typo(f"bo@{domain}") is None


def test_a_typo_is_told_but_not_corrected() -> None:
    found = parse_addresses("bo@gmial.com, al@example.org")

    assert addresses(found) == ["bo@gmial.com", "al@example.org"]
    assert found.typos == (("bo@gmial.com", "bo@gmail.com"),)


@pytest.mark.parametrize("typed", ["bo@yahoo.co,uk", "bo@yahoo,co,uk", "bo@YAHOO.co, uk", "Bo <bo@yahoo,co.uk>"])
def test_a_comma_inside_a_common_domain_separates_nothing(typed: str) -> None:
    found = parse_addresses(f"al@example.org, {typed}, cy@example.org")

    assert addresses(found) == ["al@example.org", "cy@example.org"]
    (problem,) = found.invalid
    assert problem.fault is AddressFault.BAD_DOMAIN
    assert problem.suggestion == "bo@yahoo.co.uk"


def test_a_comma_after_any_other_domain_separates() -> None:
    found = parse_addresses("bo@example.org,UK\nal@gmail.com,al@example.org")

    assert addresses(found) == ["bo@example.org", "al@gmail.com", "al@example.org"]


@pytest.mark.parametrize("typed", ["a@b@gmial.com", "b..o@gmial.com", "@gmial.com", "zoë@gmial.com"])
def test_nothing_is_suggested_that_would_be_refused_again(typed: str) -> None:
    found = parse_address(typed)

    assert isinstance(found, InvalidAddress)
    assert found.suggestion is None


# --- Running text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "mailbox"),
    [
        ("ada@example.org", "ada@example.org"),
        ("ada+1@example.org", "ada@example.org"),
        ("a.b+x+y@gmail.com", "ab@gmail.com"),
        ("a.b@example.org", "a.b@example.org"),
        ("+@example.org", "+@example.org"),
    ],
)
def test_all_spellings_of_a_mailbox_have_one_key(key: str, mailbox: str) -> None:
    assert mailbox_key(key) == mailbox


def test_of_running_text_only_the_addresses_are_left() -> None:
    text = (
        "Hi @here,\nplease invite ada@example.org, Cy Young <cy@example.org>, "
        "and <mailto:bo@example.org|bo@example.org>.\nThanks!"
    )

    found = parse_addresses(mentioned_addresses(text))

    assert [(each.name, each.address) for each in found.accepted] == [
        ("", "ada@example.org"),
        ("Cy Young", "cy@example.org"),
        ("", "bo@example.org"),
    ]
    assert found.invalid == ()


def test_text_without_addresses_leaves_nothing() -> None:
    assert mentioned_addresses("Good morning, how are you? @channel 5 @ 3") == ""


@given(PASTED)
def test_no_address_of_the_text_is_lost(text: str) -> None:
    whole = parse_addresses(text)

    kept = parse_addresses(mentioned_addresses(text))

    assert {each.key for each in whole.accepted} <= {each.key for each in kept.accepted}
    assert AddressFault.NO_AT not in {each.fault for each in kept.invalid}
