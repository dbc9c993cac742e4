"""Files that harm readers, by ill will or by accident: bombs, far cells, lies, damage, locks, what is too much."""

import io
import struct
import zipfile
from collections.abc import Callable

import openpyxl
import pytest
from msoffcrypto.format.ooxml import OOXMLFile  # type: ignore[import-untyped]  # It has no types.
from openpyxl.styles import PatternFill

from core.limited import Limits
from core.rules import policy
from core.sheets import wire
from core.sheets.cells import CellFault, FaultyCell, FileKind, FileNote, SheetFile
from core.sheets.faults import FileFault, NotRead
from core.sheets.package import opened
from core.sheets.reader import read_sheets
from tests.core.sheets.files import (
    HEADINGS,
    LEARNER,
    ods,
    raw_xlsx,
    saved,
    text_cells,
    with_sizes,
    workbook,
    xls,
    xlsb,
)
from tests.core.sheets.reading import read_here

ROWS = [HEADINGS, LEARNER]
AS_TEXT = [HEADINGS, ("10000001", "Zoë", "O'Neil", "ZZ99 9ZZ", "9276308686", "2008-03-01")]
HTML = "<table><tr><th>UKPRN<th>First name</tr><tr><td>10000001<td>Zo&euml;</td></tr></table>"


@pytest.mark.parametrize("cell", ["XFD1048576", "Q1048576", "XFD500", "A1048576"])
def test_one_cell_far_away_costs_nothing(cell: str) -> None:
    far = f'<row r="{cell.lstrip("XFDQA")}"><c r="{cell}"><v>1</v></c></row>'

    file = read_sheets(raw_xlsx(text_cells(1, *HEADINGS) + far))

    assert isinstance(file, SheetFile)
    rows = list(file.sheets[0].rows)
    assert rows[0] == (1, HEADINGS)
    assert len(rows) == (1 if cell.startswith("XFD") else 2)
    assert (FileNote.COLUMNS_LEFT_OUT in file.notes) == cell.startswith("XFD")


def test_one_far_cell_in_an_old_workbook_is_read_by_the_second_reader() -> None:
    file = read_sheets(xls(HEADINGS, far=(65_535, 255)))

    assert isinstance(file, SheetFile)
    assert [(row.number, len(row.cells)) for row in file.sheets[0].rows] == [(1, 6), (65_536, 256)]
    assert FileNote.SECOND_READER in file.notes


@pytest.mark.parametrize("cell", ["ABCD1", "A1048577", "A99999999999", "ZZZZZZ1"])
def test_a_cell_outside_the_grid_is_damage(cell: str) -> None:
    row = cell.lstrip("ABCDZ")
    content = raw_xlsx(text_cells(1, *HEADINGS) + f'<row r="{row}"><c r="{cell}"><v>1</v></c></row>')

    assert read_here(content).fault is FileFault.DAMAGED


def test_sixteen_thousand_columns_are_cut_and_said() -> None:
    wide = workbook([*HEADINGS, *range(16_000)])

    read = read_here(wide)

    assert read.end is not None
    assert read.end.notes == [FileNote.COLUMNS_LEFT_OUT]
    assert len(read.only[0]) == policy.SHEET_COLUMNS


def test_many_blank_formatted_rows_are_no_rows() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(HEADINGS)
    for row in range(2, 1002):
        sheet.cell(row, 1).fill = PatternFill("solid", fgColor="FFFFFF00")

    assert read_here(saved(book)).only == [HEADINGS]


def test_a_million_formatted_blank_rows_are_answered_with_what_to_delete() -> None:
    blank = '<row r="{0}" s="1">' + "".join(f'<c r="{column}{{0}}" s="1"/>' for column in "ABCDEFGHIJ") + "</row>"
    data = text_cells(1, *HEADINGS) + "".join(blank.format(row) for row in range(2, 3000))
    large = with_sizes(raw_xlsx(data), "xl/worksheets/sheet1.xml", unpacked=400_000_000, packed=9_000_000)

    file = read_sheets(large)

    assert isinstance(file, NotRead)
    assert file.fault is FileFault.TOO_BIG_INSIDE
    assert "delete all rows below your last one" in file.hint
    assert read_here(raw_xlsx(data)).only == [HEADINGS]


def test_a_rectangle_of_formats_is_read_by_what_is_in_it() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(HEADINGS)
    sheet.cell(1_048_576, 30).fill = PatternFill("solid", fgColor="FFFFFF00")

    read = read_here(saved(book))

    assert read.only == [HEADINGS]
    assert read.end is not None
    assert read.end.notes == []


@pytest.mark.parametrize(
    ("filling", "times"),
    [(" ", 60_000_000), pytest.param("</t></si><si><t>a", 3_000_000, marks=pytest.mark.slow)],
    ids=["white space", "strings"],
)
def test_a_bomb_is_refused_by_the_directory_alone(filling: str, times: int) -> None:
    filled = f'<si><t xml:space="preserve">{filling * times}</t></si>'
    strings = f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{filled}</sst>'

    read = read_here(raw_xlsx(text_cells(1, *HEADINGS), parts={"xl/sharedStrings.xml": strings}))

    assert read.fault is FileFault.TOO_BIG_INSIDE


@pytest.mark.slow  # Load: it guards how long hostile text takes, not how it is read.
def test_one_long_string_used_thousands_of_times_is_stopped_by_the_limits() -> None:
    """Its directory looks honest: nothing in it unpacks to much."""
    namespace = "http://schemas.openxmlformats.org"
    long = f'<sst xmlns="{namespace}/spreadsheetml/2006/main"><si><t>{"a" * 32_000}</t></si></sst>'
    cells = "".join(
        f'<row r="{row}">'
        + "".join(f'<c r="{column}{row}" s="{row * 7919 % 9973}" t="s"><v>0</v></c>' for column in "ABCDEFGHIJKLMNOP")
        + "</row>"
        for row in range(1, 3000)
    )
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{namespace}/officeDocument/2006/relationships/{kind}" Target="{part}"/>'
        for number, (kind, part) in enumerate(
            [("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml")], start=1
        )
    )
    relations = f'<Relationships xmlns="{namespace}/package/2006/relationships">{links}</Relationships>'
    content = raw_xlsx(cells, parts={"xl/sharedStrings.xml": long, "xl/_rels/workbook.xml.rels": relations})

    assert read_sheets(content) == NotRead(FileFault.TOO_BIG_INSIDE)
    assert opened(content).kind is FileKind.XLSX


def test_declared_entities_and_outside_ones_do_nothing() -> None:
    laughs = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    outside = '<!DOCTYPE r [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
    for kind in (laughs, outside):
        sheet = (
            f'<?xml version="1.0"?>{kind}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
            '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&b;x</t></is></c></row></sheetData></worksheet>'
        )
        in_sheet = read_here(raw_xlsx(sheet.encode()))
        in_workbook = read_here(raw_xlsx(text_cells(1, "a"), parts={"xl/workbook.xml": sheet}))

        assert "root:" not in str(in_sheet)
        assert "haha" not in str(in_sheet)
        assert in_workbook.fault is FileFault.DAMAGED


def test_the_directory_of_the_container_is_checked_before_anything_is_unpacked() -> None:
    parts = {f"xl/media/{number}.bin": b"" for number in range(policy.SHEET_PARTS)}

    assert read_here(raw_xlsx("", parts=parts)).fault is FileFault.TOO_BIG_INSIDE
    assert read_here(raw_xlsx("", parts={"../../etc/cron": b""})).fault is FileFault.DAMAGED
    assert read_here(raw_xlsx("", parts={"/etc/cron": b""})).fault is FileFault.DAMAGED


def test_a_part_that_lies_about_its_size_is_damage() -> None:
    honest = raw_xlsx(text_cells(1, *HEADINGS) * 500)
    with zipfile.ZipFile(io.BytesIO(honest)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size

    read = read_here(honest.replace(struct.pack("<I", size), struct.pack("<I", 100)))

    assert read.fault is FileFault.DAMAGED


def test_a_password_is_told_from_damage() -> None:
    locked = io.BytesIO()
    OOXMLFile(io.BytesIO(workbook())).encrypt("secret", locked)

    faults = [
        read_here(content)
        for content in (
            locked.getvalue(),
            xls(*ROWS, is_encrypted=True),
            ods(*ROWS, manifest="<manifest:encryption-data/>"),
        )
    ]

    assert [read.fault for read in faults] == [FileFault.PASSWORD] * 3


def test_a_workbook_that_is_only_locked_against_writing_is_read() -> None:
    """Excel encrypts such a file with a password that everybody knows, and opens it without asking."""
    locked = io.BytesIO()
    OOXMLFile(io.BytesIO(workbook())).encrypt("VelvetSweatshop", locked)
    book = openpyxl.load_workbook(io.BytesIO(workbook()))
    book.worksheets[0].protection.set_password("secret")

    assert read_here(locked.getvalue()).only == ROWS
    assert read_here(saved(book)).only == ROWS


def test_macros_and_links_to_other_files_are_passed_over_and_said() -> None:
    parts: dict[str, bytes | str] = {
        "xl/vbaProject.bin": b"\0" * 64,
        "xl/externalLinks/externalLink1.xml": "<externalLink/>",
    }

    read = read_here(raw_xlsx(text_cells(1, *HEADINGS), parts=parts))

    assert read.only == [HEADINGS]
    assert read.end is not None
    assert read.end.notes == [FileNote.EXTERNAL_LINKS, FileNote.MACROS]


def test_zeros_and_other_control_characters_never_come_through() -> None:
    assert read_here(raw_xlsx(text_cells(1, "a\0b", "c\x0bd", "\x01"))).only in ([("ab", "cd")], [("ab", "cd", "")])
    assert read_here(b"a,b\0\nc\x07,d\n").only == [("a", "b"), ("c", "d")]


def test_numbers_beyond_all_measure_and_odd_names_of_sheets_come_through() -> None:
    huge = '<row r="1"><c r="A1"><v>99999999999999999999999999</v></c><c r="B1"><v>1</v></c></row>'

    for is_second_try in (False, True):
        assert read_here(raw_xlsx(huge), is_second_try=is_second_try).only == [(1e26, 1)]
    assert wire.safe_name("a\0b\ud800" + "c" * 200) == "ab" + "c" * 98
    assert wire.packed(1, [10**400, float("nan")])[0] is not None


@pytest.mark.parametrize("make", [workbook, xls, ods, lambda: xlsb(*AS_TEXT)])
def test_a_file_that_was_cut_short_is_damage_and_never_half_its_rows(make: Callable[..., bytes]) -> None:
    content = make() if make is workbook else make(*ROWS) if make in (xls, ods) else make()

    for part in (0.3, 0.6, 0.9):
        read = read_here(content[: int(len(content) * part)])
        assert read.fault is FileFault.DAMAGED or (make is xls and read.only == ROWS)


def test_too_large_a_file_is_not_even_looked_at() -> None:
    assert read_sheets(b"a" * (policy.SHEET_BYTES + 1)) == NotRead(FileFault.TOO_BIG)


@pytest.mark.slow  # Load: a hundred thousand rows.
def test_too_many_rows_are_refused_whole() -> None:
    assert read_here(b"a\n" * (policy.SHEET_ROWS + 1)).fault is FileFault.TOO_MANY_ROWS


def test_a_cell_longer_than_excel_takes_is_one_cells_fault() -> None:
    read = read_here(f"a,b\n{'x' * 140_000},y\n".encode())

    assert read.only == [("a", "b"), (FaultyCell(CellFault.TOO_LONG, "x" * 80), "y")]


def test_a_reader_that_is_killed_or_too_slow_is_answered_in_words() -> None:
    content = workbook()

    files = [
        read_sheets(content, Limits(wall=0.0, memory=policy.SHEET_READ_MEMORY)),
        read_sheets(xls(*ROWS * 5) + bytes(100_000), Limits(memory=1 << 30, answer=10)),
    ]

    assert files == [NotRead(FileFault.TOO_HARD)] * 2
    assert "time and memory" in NotRead(FileFault.TOO_HARD).message


def test_deeply_nested_pages_and_wild_spans_end() -> None:
    nested = b"<html>" + b"<div>" * 100_000 + HTML.encode()
    wild = b"<table><tr><td rowspan=99999 colspan=99999>a</td></tr>" + b"<tr><td>b</td></tr>" * 50 + b"</table>"

    assert read_here(nested).fault in (None, FileFault.NOT_A_SHEET, FileFault.DAMAGED)
    assert read_here(wild).only[0] == ("a",)


def test_an_error_that_shows_nothing_is_an_error_at_the_end_of_a_row_too() -> None:
    row, _ = wire.packed(1, ["a", FaultyCell(CellFault.ERROR, ""), "", None, " "])

    assert row is not None
    assert wire.unpacked(row) == (1, ("a", FaultyCell(CellFault.ERROR, "")))
