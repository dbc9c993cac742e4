import base64
import email.policy
import quopri
from email import message_from_bytes
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.sending.wire import (
    ascii_address,
    base64_part,
    file_part,
    mailbox_header,
    one_line,
    plain_header,
    quoted_printable,
    text_header,
)

ANY_TEXT = st.text(st.characters())
TYPED_TEXT = st.text()
NAMES = [
    "Bo Young",
    'Bo "the Bee" Young',
    "back\\slash",
    "Zoë Müller",
    "عائشة بنت محمد",
    "👩‍👩‍👧‍👦 family of four 🏳️‍🌈",
    "=?utf-8?b?cHduZWQ=?=",
    "Young, Bo <evil@example.org>",
    "x" * 300,
    "é" * 300,
    "日本語の名前" * 50,
    "words " * 50,
    "",
]


def _subject(header: bytes) -> str:
    return str(message_from_bytes(header + b"\r\n", policy=email.policy.default)["Subject"])


def _display(header: bytes) -> str:
    # The policy of 3.11 puts a space between the encoded words of a name, which RFC 2047 forbids.
    raw = message_from_bytes(header + b"\r\n")["To"]
    words = raw.rpartition(" <")[0].strip()
    if words.startswith('"'):
        return str(words[1:-1].replace('\\"', '"').replace("\\\\", "\\"))
    return str(make_header(decode_header(words)))


@pytest.mark.parametrize("text", NAMES)
def test_subject_reads_as_it_was_written(text: str) -> None:
    header = text_header("Subject", text)

    assert _subject(header) == one_line(text)


@given(TYPED_TEXT)
def test_any_subject_reads_as_its_cleaned_text(text: str) -> None:
    header = text_header("Subject", text)

    assert _subject(header) == one_line(text)


@pytest.mark.parametrize("text", NAMES)
def test_name_reads_as_it_was_written(text: str) -> None:
    header = mailbox_header("To", text, "bo@example.org")

    assert _display(header) == one_line(text)


@given(TYPED_TEXT)
def test_any_name_leaves_the_address_alone(text: str) -> None:
    header = mailbox_header("To", text, "bo@example.org")

    to = message_from_bytes(header + b"\r\n", policy=email.policy.default)["To"]
    assert [mailbox.addr_spec for mailbox in to.addresses] == ["bo@example.org"]


@given(ANY_TEXT)
def test_no_text_begins_another_header(text: str) -> None:
    header = text_header("Subject", text) + mailbox_header("To", text, text) + plain_header("X-Loop", text)

    assert message_from_bytes(header + b"\r\n").keys() == ["Subject", "To", "X-Loop"]


@given(TYPED_TEXT)
def test_header_lines_have_at_most_76_characters(text: str) -> None:
    lines = (text_header("Subject", text) + mailbox_header("To", text, "bo@example.org")).split(b"\r\n")

    assert max(map(len, lines)) <= 76


@pytest.mark.parametrize(
    "break_out", ["\r\nBcc: evil@example.org", "\nX: y", "\rX: y", "\u2028X: y", "\x0bX: y", "\x85X"]
)
def test_line_break_in_a_subject_becomes_a_space(break_out: str) -> None:
    header = text_header("Subject", "Maths" + break_out)

    assert header.count(b"\r\n") == 1
    assert b": Maths " in header or b"=?utf-8?" in header


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"))))
def test_quoted_printable_gives_back_every_line(lines: list[str]) -> None:
    encoded = quoted_printable(lines)

    assert max(map(len, encoded.split(b"\r\n"))) <= 76
    assert quopri.decodestring(encoded).decode() == "".join(line + "\r\n" for line in lines)


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert quoted_printable(["a\ud800b"]) == b"a?b\r\n"


def test_base64_part_decodes_to_its_content() -> None:
    content = bytes(range(256)) * 3

    part = base64_part(content, [b"Content-Type: text/calendar\r\n"])

    headers, _, body = part.partition(b"\r\n\r\n")
    assert b"Content-Transfer-Encoding: base64" in headers
    assert base64.b64decode(body) == content


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("bo@example.org", "bo@example.org"),
        ("bo+maths@example.org", "bo+maths@example.org"),
        ("bo@bücher.example", "bo@xn--bcher-kva.example"),
        ("bo@example.org\r\nBcc: x@example.org", "bo@example.orgBccx@example.org"),
        ("<bo@example.org>", "bo@example.org"),
        ("bö@example.org", "b?@example.org"),
    ],
)
def test_address_becomes_ascii_without_anything_that_ends_it(address: str, expected: str) -> None:
    assert ascii_address(address) == expected


@given(ANY_TEXT)
def test_no_address_can_leave_its_brackets(text: str) -> None:
    safe = ascii_address(text)

    assert safe.isascii()
    assert not set(safe) & set(" <>\r\n,;")


@pytest.mark.parametrize(
    "name",
    ["learners (checked).xlsx", "Schülerinnen & Schüler \U0001f393 (checked).xlsx", "x" * 90 + ".csv", 'a"b\\c.csv'],
)
def test_a_file_keeps_its_name_in_short_lines(name: str) -> None:
    part = file_part(name, "text/csv", b"a,b\r\n" * 100)

    read = message_from_bytes(part, policy=email.policy.default)
    assert read.get_filename() == name.replace('"', "_").replace("\\", "_")
    assert read.get_content_disposition() == "attachment"
    assert read.get_payload(decode=True) == b"a,b\r\n" * 100
    assert max(map(len, part.split(b"\r\n"))) <= 78
