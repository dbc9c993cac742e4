"""Files of addresses, in the spellings that spreadsheet programs write."""

import pytest

from core.errors import NotReadable
from core.rules.address_files import FileContent, content_of
from core.rules.addresses import parse_addresses


def addresses(name: str, content: bytes) -> list[str]:
    return [each.address for each in parse_addresses(read(name, content).text).accepted]


def read(name: str, content: bytes) -> FileContent:
    return content_of(name, content, is_csv=name.endswith(".csv"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_cells_with_addresses_are_found(encoding: str, delimiter: str) -> None:
    rows = [["Näme", "E-mail", "Town"], ["Ada", "ada@example.org", "York"], ["Bo", "bo@example.org", "Bath"]]
    content = "\r\n".join(delimiter.join(row) for row in rows).encode(encoding)

    assert addresses("list.csv", content) == ["ada@example.org", "bo@example.org"]


def test_a_heading_is_no_learner_but_any_other_row_without_an_address_is_named() -> None:
    listed = parse_addresses(read("list.csv", b"Name,E-mail\nAda,ada@example.org\nBo,bo(at)example.org\n").text)

    assert [each.address for each in listed.accepted] == ["ada@example.org"]
    assert [each.text for each in listed.invalid] == ["Bo bo(at)example.org"]


def test_a_name_with_a_comma_stays_one_entry() -> None:
    listed = parse_addresses(read("list.csv", b'"Young, Bo <bo@example.org>"\nada@example.org\n').text)

    assert [(each.name, each.address) for each in listed.accepted] == [
        ("Young Bo", "bo@example.org"),
        ("", "ada@example.org"),
    ]


def test_a_text_file_is_taken_as_it_stands() -> None:
    assert read("list.txt", b"Ada <ada@example.org>; bo@example.org").text == "Ada <ada@example.org>; bo@example.org"


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF-1.7\na@example.org", b"\x00\x01", b'"\n' + b"x" * 200_000 + b'"'],
)
def test_what_is_no_list_is_not_readable(content: bytes) -> None:
    with pytest.raises(NotReadable) as refused:
        read("list.csv", content)

    assert refused.value.field == "file"
    assert "list.csv" in refused.value.message


def test_of_a_learner_import_only_its_email_column_counts() -> None:
    headings = "UKPRN,First name,Last name,Email address,Postcode,Parent\n"
    rows = "10000001,Ada,Young,ada@example.org,YO1 1AA,mum@example.org\n10000001,Bo,Berg,,YO1 1AB,\n"

    content = read("learners.csv", (headings + rows).encode())

    assert content.text == "ada@example.org"
    assert content.sheet is not None
    assert (content.sheet.columns, content.sheet.rows) == (6, 2)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("list.csv", b"," * 500_000, "more than 400,000 cells"),
        ("list.csv", b"\n" * 500_000, "more than 400,000 cells"),
        ("list.csv", b'"' + b"a" * 100_000 * 10 + b'@"' + b'\n"b@example.org"' * 5, "cannot be told apart"),
        ("list.txt", b"a\n" * 1_000_001, "too long"),
        ("list.txt", b"a" * (10 * 1024 * 1024 + 1), "larger than 10 MB"),
        ("list.csv", b"a" * (10 * 1024 * 1024 + 1), "larger than 10 MB"),
    ],
)
def test_a_list_that_would_take_long_to_read_is_not_read(name: str, content: bytes, reason: str) -> None:
    with pytest.raises(NotReadable) as refused:
        content_of(name, content, is_csv=name.endswith(".csv"))

    assert reason in refused.value.message
