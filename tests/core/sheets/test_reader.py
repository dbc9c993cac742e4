"""Any file gives its rows or a named fault, whatever its name; more traps stand in test_hostile_files."""

from datetime import date, datetime, time
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from core.sheets.cells import CellFault, FaultyCell, FileKind, FileNote, SheetFile
from core.sheets.faults import FileFault, NotRead
from core.sheets.reader import read_headings, read_sheets
from tests.core.sheets.files import (
    HEADINGS,
    LEARNER,
    ods,
    raw_xlsx,
    saved,
    text_cells,
    workbook,
    xls,
    xlsb,
    zipped,
)
from tests.core.sheets.reading import read_here

ROWS = [HEADINGS, LEARNER]
AS_TEXT = [HEADINGS, ("10000001", "Zoë", "O'Neil", "ZZ99 9ZZ", "9276308686", "2008-03-01")]
HTML = "<table><tr><th>UKPRN<th>First name</tr><tr><td>10000001<td>Zo&euml;</td></tr></table>"
ERROR = FaultyCell(CellFault.ERROR, "#N/A")


def csv(delimiter: str = ",") -> str:
    return "".join(delimiter.join(row) + "\r\n" for row in AS_TEXT)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (workbook(), FileKind.XLSX),
        (raw_xlsx(text_cells(1, *AS_TEXT[0]) + text_cells(2, *AS_TEXT[1])), FileKind.XLSX),
        (xlsb(*AS_TEXT), FileKind.XLSB),
        (xls(*ROWS), FileKind.XLS),
        (ods(*ROWS), FileKind.ODS),
        (csv().encode(), FileKind.CSV),
        (csv("\t").encode("utf-16"), FileKind.CSV),
        (csv(";").encode("utf-16-le"), FileKind.CSV),
        (csv("|").encode("cp1252"), FileKind.CSV),
        (f"sep=;\n{csv(';')}".encode("utf-8-sig"), FileKind.CSV),
    ],
)
def test_each_kind_of_file_is_known_by_its_bytes(content: bytes, kind: FileKind) -> None:
    read = read_here(content)

    assert read.end is not None
    assert read.end.kind == kind
    assert read.only in (ROWS, AS_TEXT)


def test_what_comes_out_of_the_child_is_what_is_in_the_file() -> None:
    moments = (datetime.fromisoformat("2008-03-01T09:30"), time(9, 30), 1.5, True, "#N/A", "")
    content = workbook(sheets={"Notes": [["Hello"]], "Learners": [HEADINGS, [], LEARNER, moments], "Empty": []})

    file = read_sheets(content)

    assert isinstance(file, SheetFile)
    notes, learners = file.sheets
    assert (notes.name, [tuple(row) for row in notes.rows]) == ("Notes", [(1, ("Hello",))])
    assert [row.number for row in learners.rows] == [1, 3, 4]
    assert [row.cells for row in learners.rows] == [HEADINGS, LEARNER, (*moments[:4], ERROR)]
    assert len(learners.rows) == 3
    assert (file.kind, file.hidden, file.notes, file.properties) == (FileKind.XLSX, (), frozenset(), {})


def test_for_the_headings_alone_the_first_rows_of_each_sheet_are_read() -> None:
    content = workbook(sheets={"Notes": [["Hello"]], "Learners": [[], HEADINGS, *[LEARNER] * 30]})

    file = read_headings(content)

    assert isinstance(file, SheetFile)
    assert [[row.number for row in sheet.rows] for sheet in file.sheets] == [[1], list(range(2, 22))]
    assert read_headings(b"") == NotRead(FileFault.EMPTY)


def test_hidden_sheets_are_named_and_not_read() -> None:
    book = openpyxl.Workbook()
    book.create_sheet("Old").sheet_state = "hidden"
    book.create_sheet("Lists").sheet_state = "veryHidden"
    for sheet in book.worksheets:
        sheet.append(HEADINGS)

    for content in (saved(book), ods(HEADINGS, hidden=[["x"]])):
        read = read_here(content)

        assert read.only == [HEADINGS]
        assert read.end is not None
        assert read.end.hidden in (["Old", "Lists"], ["Hidden"])


def test_row_numbers_are_those_of_the_spreadsheet() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet["C4"], sheet["C9"] = "UKPRN", 10000001
    two_lines = b'a,b\n\n"x\ny",2\nsep=,\n'

    assert read_here(saved(book)).rows == {"Sheet": [(4, ("", "", "UKPRN")), (9, ("", "", 10000001))]}
    assert read_here(saved(book), is_second_try=True).rows == read_here(saved(book)).rows
    assert read_here(two_lines).rows == {"": [(1, ("a", "b")), (3, ("x\ny", "2")), (4, ("sep=",))]}


def test_merged_headings_and_two_rows_of_them_are_read_as_they_stand() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["Learner", None, "Address"])
    sheet.merge_cells("A1:B1")
    sheet.append(["First name", "Last name", "Postcode"])

    assert read_here(saved(book)).only == [("Learner", "", "Address"), ("First name", "Last name", "Postcode")]


def test_cells_with_errors_and_uncalculated_formulas_are_faulty_and_not_blank() -> None:
    cells = (
        '<row r="1"><c r="A1" t="e"><f>NA()</f><v>#N/A</v></c><c r="B1"><f>1+1</f><v>2</v></c>'
        '<c r="C1" s="0"><f>1+1</f><v></v></c><c r="D1" t="str"><f>""</f><v></v></c><c r="E1"><f>1</f></c></row>'
        '<row r="7"><c r="B7" t="e"><v>#REF!</v></c></row>'
    )
    not_calculated = FaultyCell(CellFault.NOT_CALCULATED, "=")
    first = (ERROR, 2, not_calculated, "", not_calculated)

    for prefix in ("", "x"):
        named = cells.replace("<", "<x:").replace("<x:/", "</x:") if prefix else cells
        read = read_here(raw_xlsx(named, prefix=prefix))
        assert read.rows == {"Learners": [(1, first), (7, ("", FaultyCell(CellFault.ERROR, "#REF!")))]}
    assert read_here(xls(HEADINGS, ("#N/A", "Zoë"))).only == [HEADINGS, (ERROR, "Zoë")]


def test_a_lying_dimension_loses_no_rows() -> None:
    rows = "".join(text_cells(number, "a", "b") for number in range(1, 21))
    lying = raw_xlsx(
        f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1"/>'
        f"<sheetData>{rows}</sheetData></worksheet>".encode()
    )

    assert len(read_here(lying).only) == 20
    assert read_here(lying, is_second_try=True).only == [("a", "b")] * 20


def test_rows_without_references_are_read() -> None:
    assert read_here(raw_xlsx("<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>")).only == [
        (1, 2),
        (3,),
    ]


def test_the_blank_rest_of_an_opendocument_sheet_is_nothing() -> None:
    """LibreOffice writes it with each file: one cell, repeated over the whole grid."""
    blank = (
        '<table:table-row table:number-rows-repeated="1048574">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )

    assert read_here(ods(HEADINGS, LEARNER, tail=blank)).only == ROWS


def test_dates_count_from_1904_where_the_workbook_says_so() -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.worksheets[0].append([date(2008, 3, 1), 38046])

    for read in (read_here(saved(book)), read_here(saved(book), is_second_try=True)):
        assert read.only == [(date(2008, 3, 1), 38046)]
        assert read.end is not None
        assert FileNote.DATES_1904 in read.end.notes


def test_numbers_are_whole_where_they_are_and_keep_what_excel_left() -> None:
    read = read_here(workbook([1.0, 9276308686.0, 1.25, 1e22, -0.0, True]))

    assert read.only == [(1, 9276308686, 1.25, 1e22, 0, True)]
    assert [type(cell) for cell in read.only[0]] == [int, int, float, float, int, bool]


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"%PDF-1.7\n", "a PDF"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"{\\rtf1 UKPRN", "a text document"),
        (zipped({"word/document.xml": "", "_rels/.rels": "<a/>"}), "a text document or a presentation"),
        (zipped({"Index/Document.iwa": ""}), "a document of Apple's Numbers or Pages"),
        (zipped({"learners.csv": "a,b"}), "an archive of files"),
        (zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": ""}), "a text document or a"),
        (xls(*ROWS, stream="WordDocument"), "a text document"),
        (xls(*ROWS, stream="__properties_version1.0"), "an e-mail"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related\n\n<html><table>", "a saved web page or an e-mail"),
        (b"<html><p>Nothing here</p></html>", "a web page without a table"),
        (b"<?xml version='1.0'?><learners/>", "an XML file"),
        (bytes(range(1, 32)) * 40, "a file of a kind"),
    ],
)
def test_what_is_no_sheet_is_named(content: bytes, detail: str) -> None:
    read = read_here(content)

    assert read.fault is FileFault.NOT_A_SHEET
    assert read.detail.startswith(detail)


def test_the_xml_of_excel_2003_is_sent_back_with_what_to_do() -> None:
    old = (
        b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
        b'<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'
    )

    assert read_here(old).fault is FileFault.OLD_XML


def test_nothing_and_nothing_visible_are_told_apart() -> None:
    assert read_sheets(b"") == NotRead(FileFault.EMPTY)
    assert read_here(workbook(sheets={"Sheet": []})).fault is FileFault.NO_ROWS
    assert read_here(b"\r\n , \r\n").fault is FileFault.NO_ROWS
    assert read_here(xls(*ROWS, visibility=1)).fault is FileFault.NO_ROWS


def test_a_page_of_html_gives_a_sheet_for_each_table() -> None:
    page = (
        "<html><head><meta charset=windows-1252></head><body><table><tr><td rowspan=2>a</td><td colspan=2>b</td></tr>"
        f"<tr><td>c<table><tr><td>inner</td></tr></table></td><td>d</td></tr></table>{HTML}</body></html>"
    ).encode("cp1252")

    read = read_here(page)

    assert read.rows == {
        "Table 1": [(1, ("a", "b")), (2, ("", "cinner", "d"))],
        "Table 2": [(1, ("UKPRN", "First name")), (2, ("10000001", "Zoë"))],
    }
    assert read_here(HTML.encode("utf-16")).only[1] == ("10000001", "Zoë")


def test_no_value_is_a_python_object_from_the_file() -> None:
    """Whatever a reader gives, only these types come out."""
    allowed: Any = (str, int, float, date, time, FaultyCell)

    read = read_here(workbook(LEARNER, [datetime.fromisoformat("2008-03-01"), time(1, 2), None, "x"]))

    assert all(isinstance(cell, allowed) for row in read.only for cell in row)
