"""What Usher writes is never a formula, and it reads its own files."""

import io
from datetime import date
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.rules.ucas.choices import ETHNICITIES, GENDERS
from core.rules.ucas.columns import LEARNER_COLUMNS, Column
from core.rules.ucas.headings import best_sheet
from core.sheets.cells import Cell, CellFault, FaultyCell, SheetFile
from core.sheets.export import Heading, csv_pieces, write_workbook
from core.sheets.marks import TEMPLATE_PROPERTY
from core.sheets.reader import read_sheets
from core.sheets.template import INSTRUCTIONS, TEMPLATE_VERSION, learner_template
from tests.core.sheets.files import saved
from tests.core.sheets.reading import read_here
from tests.slow import examples

DANGEROUS = [
    "=1+1",
    "+44 1632 960123",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "＝1",
    "'=1",
    "#N/A",
    " =1",
    '=HYPERLINK("x")',
    "=cmd|' /C'!A0",
]
# A spreadsheet's line break is one character, and what is blank is blank.
TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=20).filter(
    lambda text: bool(text.strip()) and text.isprintable()
)


def as_workbook(rows: list[list[str]]) -> bytes:
    file = io.BytesIO()
    write_workbook(file, "Learners", [Heading("Name", 20), Heading("Code", is_text=True)], rows, {"UsherImport": "I-1"})
    return file.getvalue()


@settings(max_examples=examples(30), deadline=None)
@given(st.lists(st.lists(TEXT | st.sampled_from(DANGEROUS[:4]), min_size=2, max_size=2), max_size=5))
def test_text_comes_back_from_both_kinds_of_file_as_it_was(rows: list[list[str]]) -> None:
    in_csv = read_here(b"".join(csv_pieces(["Name", "Code"], rows)))
    in_workbook = read_here(as_workbook(rows))

    expected = [("Name", "Code"), *map(tuple, rows)]
    assert in_csv.only == expected
    assert in_workbook.only == expected


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_value_becomes_a_formula(text: str) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(as_workbook([[text, text]]))).worksheets[0]
    line = b"".join(csv_pieces(["Name"], [[text]])).decode("utf-8-sig").splitlines()[1]

    assert [cell.data_type for cell in sheet[2]] == ["s", "s"]
    assert sheet["A2"].value == text
    assert sheet["A2"].quotePrefix == (text not in ("#N/A",))
    assert line.strip('"')[:1] not in tuple("=+-@\t＝")


def test_other_values_keep_their_type() -> None:
    row: list[Cell] = [
        1,
        1.5,
        True,
        date(2008, 3, 1),
        "",
        FaultyCell(CellFault.ERROR, "#N/A"),
        FaultyCell(CellFault.NOT_CALCULATED, "="),
    ]
    file = io.BytesIO()

    write_workbook(file, "A", [Heading("a")], [row], {})
    lines = b"".join(csv_pieces([], [row, [], [""], ["x"]]))

    assert read_here(file.getvalue()).only[1] == (1, 1.5, True, date(2008, 3, 1), "", "#N/A")
    assert lines.decode("utf-8-sig") == "1,1.5,TRUE,2008-03-01,,#N/A,\r\n\r\n\r\nx\r\n"


def test_a_workbook_is_laid_out_for_the_screen_and_for_paper() -> None:
    """As looked at in LibreOffice: headings in the font of the rest, in full, always in sight; money as money."""
    file = io.BytesIO()
    headings = [Heading("to invoice in pounds", 12, is_money=True), Heading("reason", 40), Heading("url", 250)]
    write_workbook(file, "Costs", headings, [[45.6, "left", ""]], {})

    sheet: Any = openpyxl.load_workbook(file).worksheets[0]

    assert (sheet["A2"].value, sheet["A2"].number_format) == (45.6, "0.00")
    assert (sheet["A1"].font.name, sheet["A1"].font.b) == (sheet["B2"].font.name, True)
    assert (sheet["A1"].alignment.wrap_text, sheet.row_dimensions[1].height) == (True, 30)
    assert (sheet.freeze_panes, sheet.print_title_rows) == ("A2", "$1:$1")
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (
        "landscape", 2, 0,
    )  # fmt: skip
    assert sheet.sheet_properties.pageSetUpPr.fitToPage


def test_a_long_csv_comes_in_pieces() -> None:
    pieces = list(csv_pieces(["n"], ([number] for number in range(1200))))

    assert len(pieces) == 3
    assert len(read_here(b"".join(pieces)).only) == 1201


def test_what_xml_cannot_hold_is_left_out() -> None:
    assert read_here(as_workbook([["a\0b\x0b\ud800\uffff", "c"]])).only[1] == ("ab", "c")


def test_the_template_filled_in_is_read_as_the_import() -> None:
    book = openpyxl.load_workbook(io.BytesIO(learner_template()))
    sheet = book["Learners"]
    values = ["10000001", "Year 11", "Zoë", "O'Neil", "", "", "", "", "", "ZZ99 9ZZ", "01632 960123", "9276308686"]
    filled: list[Any] = [*values, "", "0012", date(2008, 3, 1), GENDERS[0], ETHNICITIES[0]]
    for place, value in enumerate(filled, start=1):
        sheet.cell(2, place, value or None)

    file = read_sheets(saved(book))

    assert isinstance(file, SheetFile)
    assert file.properties == {TEMPLATE_PROPERTY: TEMPLATE_VERSION}
    assert [each.name for each in file.sheets] == ["Learners", INSTRUCTIONS]
    assert file.hidden == ("Lists",)
    found = best_sheet([each.rows for each in file.sheets])
    assert isinstance(found, tuple)
    place, headings = found
    assert (place, headings.row, headings.problems, headings.unknown) == (0, 1, (), ())
    assert list(headings.places.items()) == [(column, place) for place, column in enumerate(LEARNER_COLUMNS)]
    assert list(file.sheets[0].rows)[1].cells[10:14] == ("01632 960123", "9276308686", "", "0012")


def test_the_template_keeps_identifiers_as_text_and_offers_the_lists() -> None:
    book = openpyxl.load_workbook(io.BytesIO(learner_template()))
    sheet = book["Learners"]
    letters = {column: chr(ord("A") + place) for place, column in enumerate(LEARNER_COLUMNS)}
    lists = {
        str(rule.sqref).split(":")[0].rstrip("2"): rule.formula1
        for rule in sheet.data_validations.dataValidation
        if rule.type == "list"
    }

    for column in (Column.UKPRN, Column.TELEPHONE, Column.ULN, Column.UPN, Column.CCIS):
        assert sheet.column_dimensions[letters[column]].number_format == "@"
    assert lists == {
        letters[Column.YEAR_GROUP]: "=Lists!$A$2:$A$15",
        letters[Column.GENDER]: "=Lists!$B$2:$B$5",
        letters[Column.ETHNICITY]: "=Lists!$C$2:$C$20",
    }
    assert tuple(cell.value for cell in book["Lists"]["C"][1:20]) == ETHNICITIES
    assert book["Lists"].sheet_state == "hidden"
    assert book.active is sheet


def test_every_rule_of_the_template_fits_into_what_excel_allows() -> None:
    """A prompt has at most 255 characters, its title 32."""
    sheet = openpyxl.load_workbook(io.BytesIO(learner_template()))["Learners"]

    for rule in sheet.data_validations.dataValidation:
        assert len(rule.prompt or "") <= 255
        assert len(rule.promptTitle or "") <= 32
        assert len(rule.formula1 or "") <= 255
