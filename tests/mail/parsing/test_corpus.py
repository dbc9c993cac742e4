"""Every message of the corpus through the kept child: none may crash it, hang it, or read as something else."""

import random  # noqa: TID251 - seeded: the same mutants each time
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from mail.parsing.message import parse
from mail.parsing.parsed import NotParsed
from mail.parsing.parser import LIMITS, Parser
from tests.mail.corpus import corpus, everyday
from tests.mail.corpus.case import check
from tests.mail.corpus.floods import floods

# CPU time, for the wall's tells of the neighbours; but two minutes are a hang on any machine.
STRICT = replace(LIMITS, cpu=2, wall=120.0)
MUTANTS = 2_000
A_FLOOD_OF_EACH_KIND = (
    "larger than may be", "From full of (", "a header block past its limit", "nested 1000 deep", "messages in messages",
    "20000 parts", "a megabyte of On a a a", "2 MiB HTML of open divs",
    "winmail.dat of a million objects", "winmail.dat in itself",
)  # fmt: skip


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser(limits=STRICT) as parser:
        yield parser


def test_the_corpus_is_large_and_its_names_tell_its_messages_apart() -> None:
    names = [case.name for case in corpus()]

    assert len(names) >= 900
    assert len(set(names)) == len(names)


def test_every_small_message_is_read_as_it_should_be(parser: Parser) -> None:
    assert check(list(everyday()), parser.parse) == {}


def test_a_flood_of_each_kind_costs_little(parser: Parser) -> None:
    chosen = [case for case in floods() if case.name in A_FLOOD_OF_EACH_KIND]

    assert len(chosen) == len(A_FLOOD_OF_EACH_KIND)
    assert check(chosen, parser.parse) == {}


@pytest.mark.slow
def test_every_flood_costs_little(parser: Parser) -> None:
    assert check(list(floods()), parser.parse) == {}


def test_mutants_of_the_corpus_are_read_or_refused(parser: Parser) -> None:
    assert wrong(mutants(300, seed=1), parser) == []


@pytest.mark.slow
def test_many_mutants_of_the_corpus_are_read_or_refused(parser: Parser) -> None:
    assert wrong(mutants(MUTANTS, seed=2), parser) == []


def wrong(cases: Iterator[bytes], parser: Parser) -> list[tuple[str, bytes]]:
    """What made the child fail, with the mutant."""
    found = ((parser.parse(raw), raw) for raw in cases)
    return [
        (mail.reason, raw)
        for mail, raw in found
        if isinstance(mail, NotParsed) and mail.reason.startswith("reading it")
    ]


def mutants(count: int, *, seed: int) -> Iterator[bytes]:
    """Each of a small message, by one to eight changes; the seed makes the same ones again."""
    chance = random.Random(seed)
    seeds = [case.raw() for case in everyday()]
    for _ in range(count):
        raw = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 8)):
            mutate(raw, chance, seeds)
        yield bytes(raw)


def mutate(raw: bytearray, chance: random.Random, seeds: list[bytes]) -> None:
    at = chance.randint(0, len(raw))
    end = min(len(raw), at + chance.choice((0, 1, 1, 2, 10, 200)))
    match chance.randint(0, 5):
        case 0:
            raw[at:end] = chance.randbytes(end - at)
        case 1:
            del raw[at:end]
        case 2:
            raw[at:at] = raw[at:end] * chance.choice((1, 2, 50))
        case 3:
            raw[at:end] = chance.choice(
                (b"\n", b"\r\n\r\n", b"\0", b"--", b"=?", b";", b'"', b"<", b"\xff", b":", b"%")
            )
        case 4:
            other = chance.choice(seeds)
            start = chance.randint(0, len(other))
            raw[at:end] = other[start : start + 300]
        case _:
            raw[at:at] = b"\nContent-Type: " + chance.choice(
                (b"multipart/mixed; boundary=b", b"message/rfc822", b"text/html")
            )


def test_what_is_read_has_no_control_characters() -> None:
    for case in everyday():
        mail = parse(case.raw())
        assert not isinstance(mail, NotParsed), case.name
        told = [
            mail.text,
            mail.subject,
            mail.quoted,
            mail.message_ref,
            *mail.senders,
            *(each.name for each in mail.attachments),
        ]
        told += [text for header in mail.headers for text in header]

        assert not any(is_control(letter) for text in told for letter in text), case.name


def is_control(letter: str) -> bool:
    return (letter < " " and letter not in "\n\t") or "\x7f" <= letter <= "\x9f" or "\ud800" <= letter <= "\udfff"
