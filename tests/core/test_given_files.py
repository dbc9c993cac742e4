"""What a file is for, and the addresses in it: workbooks read by the real child, as every door reads them."""

import io
from collections.abc import Sequence
from datetime import date

import pytest
from openpyxl import Workbook

from core.errors import NotReadable
from core.given_files import FileUse, addresses_in, use_of
from core.rules.addresses import parse_addresses

ADDRESSES = (("Name", "E-mail", "Born"), ("Ada Young", "ada@example.org", date(2009, 3, 1)), ("Bo", "bo@example.org"))
LEARNERS = (
    ("UKPRN", "First name", "Last name", "Postcode", "Email address", "Score"),
    ("10000001", "Ada", "Young", "YO1 1AA", "ada@example.org", 7),
)
SOME_LEARNERS = (("First name", "Last name", "Date of birth", "Email address"), ("Ada", "Young", "", "a@example.org"))
RUNS = (("Course code", "Title", "Run code", "Starts on", "Ends on"), ("maths", "Maths", "maths-2026-03", "", ""))
PROGRESS = (("First name", "Last name", "Email", "Steps completed", "Score"), ("Ada", "Young", "a@example.org", 3, 4))
TABLE = (("Item", "Price"), ("Pencils", 3))


def book(*sheets: Sequence[Sequence[object]]) -> bytes:
    made = Workbook()
    made.remove(made.worksheets[0])
    for rows in sheets:
        sheet = made.create_sheet()
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def table(rows: Sequence[Sequence[object]], delimiter: str = ",", title: str = "") -> bytes:
    return (title + "\n".join(delimiter.join(map(str, row)) for row in rows)).encode()


@pytest.mark.parametrize(
    ("rows", "use"),
    [
        (ADDRESSES, FileUse.ADDRESSES),
        (LEARNERS, FileUse.IMPORT),
        (SOME_LEARNERS, FileUse.IMPORT),
        (RUNS, FileUse.IMPORT),
        (PROGRESS, FileUse.PROGRESS),
        (TABLE, FileUse.IMPORT),
    ],
)
def test_a_workbook_and_a_csv_with_the_same_rows_are_for_the_same(
    rows: Sequence[Sequence[object]], use: FileUse
) -> None:
    content = book(rows)

    assert use_of("list.xlsx", content) is use
    assert use_of("list", content) is use
    assert use_of("list.csv", table(rows)) is use
    assert use_of("list.csv", table(rows, ";", title="Our list\n\n")) is use


def test_what_no_import_and_no_list_is_made_of_is_for_neither() -> None:
    assert use_of("logo.png", b"\x89PNG") is FileUse.OTHER
    assert use_of("notes.zip", b"PK\x03\x04") is FileUse.OTHER
    assert use_of("notes.txt", table(TABLE)) is FileUse.OTHER
    assert use_of("page.html", b"<html><table><tr><td>a@example.org</td></tr></table>") is FileUse.OTHER


def test_what_is_named_a_sheet_is_answered_as_one() -> None:
    """The answer of an import tells what it is instead."""
    assert use_of("learners.xlsx", b"%PDF-") is FileUse.IMPORT
    assert use_of("learners.csv", b"") is FileUse.IMPORT
    assert use_of("learners.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") is FileUse.IMPORT


def test_the_addresses_of_every_sheet_of_a_workbook_are_found() -> None:
    content = book(ADDRESSES, (("cy@example.org",), ("dora(at)example.org",)))

    listed = parse_addresses(addresses_in("list.xlsx", content, is_csv=False).text)

    assert [each.address for each in listed.accepted] == ["ada@example.org", "bo@example.org", "cy@example.org"]
    assert [each.text for each in listed.invalid] == ["dora(at)example.org"]


def test_of_a_learner_import_only_its_email_column_counts() -> None:
    found = addresses_in(
        "learners.xlsx", book((*LEARNERS, ("1", "Bo", "Berg", "", "", "mum@example.org"))), is_csv=False
    )

    assert found.text == "ada@example.org"
    assert found.sheet is not None
    assert found.sheet.rows == 2


def test_a_learner_import_behind_a_long_sheet_of_instructions_invites_nobody_s_mother() -> None:
    learners = [(*row, other) for row, other in zip(LEARNERS, ("Parent", "mum@example.org"), strict=True)]

    found = addresses_in("learners.xlsx", book([("Read this line.",)] * 40, learners), is_csv=False)

    assert found.text == "ada@example.org"
    assert found.sheet is not None
    assert found.sheet.rows == 1


def test_each_sheet_of_a_workbook_may_have_its_heading() -> None:
    found = addresses_in("list.xlsx", book(ADDRESSES, (("E-mail",), ("cy@example.org",))), is_csv=False)

    assert parse_addresses(found.text).invalid == ()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04 no workbook", "damaged"),
        (b"PK\x03\x04" + bytes(10 * 1024 * 1024), "larger than 10 MB"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "damaged"),
    ],
)
def test_a_workbook_that_cannot_be_read_is_said_so(content: bytes, reason: str) -> None:
    with pytest.raises(NotReadable) as refused:
        addresses_in("list.xlsx", content, is_csv=False)

    assert reason in refused.value.message
