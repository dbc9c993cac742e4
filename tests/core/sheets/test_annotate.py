"""Results go back in the sender's own workbook, and nothing of theirs is changed but what was said of it."""

import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from core.rules import policy
from core.rules.ucas.columns import ROW_COLUMN, STATUS_COLUMNS
from core.rules.ucas.headings import best_sheet
from core.sheets.annotate import MarkedFile, full_copies, marked_files
from core.sheets.cells import FileKind, SheetFile
from core.sheets.marks import IMPORT_PROPERTY, Form, RowResult, SheetMarks
from core.sheets.reader import read_sheets
from tests.core.sheets.files import HEADINGS, LEARNER, ods, raw_xlsx, saved, text_cells, workbook, xls
from tests.core.sheets.reading import read_here

RESULTS = (
    RowResult(2, "created"),
    RowResult(5, "not imported", cells={5: "Merged."}, is_faulty=True),
    RowResult(
        3, "not imported", "Postcode: it is empty", "=SUM(A1)", {3: "It is empty.", 4: "+1"}, (4,), is_faulty=True
    ),
)


def marks(*results: RowResult, sheet: str = "Learners", header_row: int = 1) -> SheetMarks:
    return SheetMarks(sheet, header_row, tuple(range(6)), results or RESULTS, "I-0007")


def only(files: tuple[MarkedFile, ...], form: Form = Form.OWN) -> openpyxl.Workbook:
    (file,) = [each for each in files if each.form is form]
    return openpyxl.load_workbook(io.BytesIO(file.content))


def _less_than(number: int) -> Any:
    rule: Any = CellIsRule
    return rule(operator="lessThan", formula=[str(number)])


@pytest.fixture(scope="module")
def theirs() -> bytes:
    """A workbook as schools have them."""
    book = openpyxl.load_workbook(
        io.BytesIO(workbook(sheets={"Notes": [["Hello"]], "Learners": [HEADINGS, LEARNER, LEARNER]}))
    )
    sheet: Any = book["Learners"]
    sheet["D3"] = None
    sheet["H2"], sheet["C3"] = "=1+1", '=UPPER("x")'
    sheet["A2"].font = Font(name="Courier New", bold=True)
    sheet["A2"].fill = PatternFill("solid", fgColor="FF00FF00")
    sheet["D3"].comment = Comment("Ask the office", "Ann")
    sheet.column_dimensions["B"].width = 41
    sheet.row_dimensions[2].height = 33
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = "A1:F3"
    sheet.add_data_validation(DataValidation(type="list", formula1='"a,b"', sqref="F2:F9"))
    sheet.conditional_formatting.add("A2:A9", _less_than(5))
    sheet.merge_cells("E5:F5")
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=1, min_row=1, max_row=3))
    sheet.add_chart(chart, "J2")
    book.create_sheet("Old").sheet_state = "hidden"
    return saved(book)


@pytest.fixture(scope="module")
def own(theirs: bytes) -> openpyxl.Workbook:
    return only(marked_files(theirs, FileKind.XLSX, "Year 11.xlsm", marks()))


def test_the_senders_workbook_stays_theirs(own: openpyxl.Workbook) -> None:
    sheet = own["Learners"]

    assert own.sheetnames == ["Notes", "Learners", "Old"]
    assert own["Old"].sheet_state == "hidden"
    assert own["Notes"]["A1"].value == "Hello"
    assert (sheet["A2"].font.name, sheet["A2"].fill.fgColor.rgb) == ("Courier New", "FF00FF00")
    assert (sheet.column_dimensions["B"].width, sheet.row_dimensions[2].height) == (41, 33)
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("B2", "A1:F3")
    assert len(sheet.data_validations.dataValidation) == 1
    assert len(sheet.conditional_formatting) == 1
    assert [str(area) for area in sheet.merged_cells.ranges] == ["E5:F5"]
    assert len(sheet._charts) == 1  # type: ignore[attr-defined]  # The library has no other name for them.
    assert tuple(cell.value for cell in sheet[2][:5]) == LEARNER[:5]


def test_three_columns_say_what_became_of_each_row(own: openpyxl.Workbook) -> None:
    sheet = own["Learners"]

    assert [tuple(cell.value for cell in row[8:11]) for row in sheet["A1:K3"]] == [
        STATUS_COLUMNS,
        ("created", None, None),
        ("not imported", "Postcode: it is empty", "=SUM(A1)"),
    ]
    assert sheet["K3"].data_type == "s"


def test_what_to_correct_is_red_what_to_look_at_yellow_and_both_say_why(own: openpyxl.Workbook) -> None:
    sheet = own["Learners"]

    assert (sheet["D3"].fill.fgColor.rgb, sheet["E3"].fill.fgColor.rgb) == ("FFFFC7CE", "FFFFEB9C")
    assert sheet["D3"].comment.text == "Ask the office\nUsher: It is empty."
    assert sheet["E3"].comment.text == "Usher: +1"
    assert sheet["D2"].comment is None
    assert sheet["E5"].comment.text == "Usher: Merged."


@pytest.mark.parametrize(("kind", "form"), [(FileKind.XLSX, Form.OWN), (FileKind.CSV, Form.FRESH)])
def test_a_row_has_room_for_its_reasons_and_a_tall_one_stays_so(theirs: bytes, kind: FileKind, form: Form) -> None:
    """Not every program makes it by itself: LibreOffice wrote one row over the next."""
    is_own = form is Form.OWN
    content = theirs if is_own else b"First name,Last name\nA,B\nC,D\n"
    reasons = "Postcode: it is empty, and nobody knows why it should be. Write one.\nDob: it is no date."
    results = RowResult(2, "not imported", "x\ny"), RowResult(3, "not imported", reasons)

    answer = only(full_copies(content, kind, "a", marks(*results, sheet="Learners" if is_own else "")), form)

    sheet: Any = answer["Learners"]
    status = next(cell for cell in sheet[1] if cell.value == STATUS_COLUMNS[0])
    assert status.font.name == sheet["A1"].font.name
    assert sheet.row_dimensions[3].height == 45
    assert sheet.row_dimensions[2].height == (33 if is_own else 30)
    assert sheet.cell(3, status.column + 1).alignment.wrap_text


def test_known_columns_keep_what_their_formulas_came_to() -> None:
    calculated = raw_xlsx(
        text_cells(1, *HEADINGS)
        + '<row r="2"><c r="A2"><f>5+5</f><v>10</v></c><c r="B2" t="str"><f>"=x"</f><v>=x</v></c>'
        '<c r="C2"><f>1+1</f></c><c r="H2"><f>2+2</f><v>4</v></c></row>'
    )

    sheet = only(full_copies(calculated, FileKind.XLSX, "a.xlsx", marks(RowResult(2, "created"))))["Learners"]

    assert [sheet[place].value for place in ("A2", "B2", "C2", "H2")] == [10, "=x", "=1+1", "=2+2"]
    assert [sheet[place].data_type for place in ("A2", "B2", "C2", "H2")] == ["n", "s", "f", "f"]


def test_the_answer_carries_its_import_and_is_read_as_the_same_import(theirs: bytes) -> None:
    (file,) = marked_files(theirs, FileKind.XLSX, "Year 11.xlsx", marks())

    again = read_sheets(file.content)

    assert isinstance(again, SheetFile)
    assert again.properties == {IMPORT_PROPERTY: "I-0007"}
    found = best_sheet([sheet.rows for sheet in again.sheets])
    assert isinstance(found, tuple)
    assert again.sheets[found[0]].name == "Learners"
    assert found[1].unknown == ()
    assert file.name == "Year 11 (checked).xlsx"


def test_a_corrected_workbook_is_marked_anew_in_the_same_columns(theirs: bytes) -> None:
    (first,) = marked_files(theirs, FileKind.XLSX, "a.xlsx", marks())

    second = only(
        marked_files(
            first.content, FileKind.XLSX, first.name, marks(RowResult(2, "unchanged"), RowResult(3, "created"))
        )
    )

    sheet = second["Learners"]
    assert [cell.value for cell in sheet[1]].count(STATUS_COLUMNS[0]) == 1
    assert [sheet[place].value for place in ("I2", "I3", "J3", "K3")] == ["unchanged", "created", None, None]
    assert sheet["D3"].comment.text == "Ask the office"
    assert sheet["E3"].comment is None
    assert sheet["E3"].fill.fill_type is None


@pytest.mark.parametrize(
    ("content", "kind", "sheet"),
    [
        (xls(HEADINGS, LEARNER, LEARNER), FileKind.XLS, "Learners"),
        (ods(HEADINGS, LEARNER, LEARNER), FileKind.ODS, "Learners"),
        (("<table>" + "<tr><td>a<td>b</tr>" * 3 + "</table>").encode(), FileKind.HTML, "Table 1"),
    ],
)
def test_other_kinds_come_back_as_a_fresh_workbook(content: bytes, kind: FileKind, sheet: str) -> None:
    fresh = only(marked_files(content, kind, "list.xls", marks(sheet=sheet)), Form.FRESH).worksheets[0]

    width = len(read_here(content).only[0])
    assert tuple(cell.value for cell in fresh[1])[width:] == STATUS_COLUMNS
    assert [fresh.cell(row, width + 1).value for row in (2, 3)] == ["created", "not imported"]


def test_a_csv_comes_back_as_a_csv_and_as_a_workbook_with_its_rows_in_place() -> None:
    content = b"UKPRN;First name\n\n1;=x\n2;'+y\n"

    files = marked_files(content, FileKind.CSV, "../x/<b>list</b>.csv", marks(RowResult(4, "created"), sheet=""))

    assert [(file.name, file.form) for file in files] == [
        ("b (checked).xlsx", Form.FRESH),
        ("b (checked).csv", Form.CSV),
    ]
    for file in files:
        assert read_here(file.content).rows.popitem()[1] == [
            (1, ("UKPRN", "First name", *STATUS_COLUMNS)),
            (3, ("1", "=x")),
            (4, ("2", "+y", "created")),
        ]


def test_of_a_large_file_the_faulty_rows_come_back_with_their_numbers() -> None:
    rows = [[10000001, f"Ann {number}", "Lee", "", "", ""] for number in range(policy.OWN_WORKBOOK_ROWS + 1)]
    content = workbook(HEADINGS, *rows)
    results = [RowResult(row, "created") for row in range(2, len(rows) + 2)]
    results[99] = RowResult(101, "not imported", "Postcode: it is empty", "", {3: "It is empty."}, is_faulty=True)

    (file,) = marked_files(content, FileKind.XLSX, "all.xlsx", marks(*results))

    assert (file.form, file.name) == (Form.FAULTY, "all (rows to correct).xlsx")
    sheet = only((file,), Form.FAULTY).worksheets[0]
    assert [cell.value for cell in sheet[1]] == [ROW_COLUMN, *HEADINGS, *STATUS_COLUMNS]
    assert [cell.value for cell in sheet[2]][:4] == [101, 10000001, "Ann 99", "Lee"]
    assert sheet["E2"].comment.text == "Usher: It is empty."
    assert sheet.max_row == 2
    found = best_sheet([read_here(file.content).rows["Learners"]])
    assert isinstance(found, tuple)
    assert found[1].unknown == ()


@pytest.mark.parametrize("cell", ["XFD3", "A1048576"])
def test_where_there_is_no_room_in_their_workbook_a_fresh_one_is_made(cell: str) -> None:
    far = f'<row r="{cell.strip("XFDA")}"><c r="{cell}"><v>1</v></c></row>'
    content = raw_xlsx(text_cells(1, *HEADINGS) + text_cells(2, "1") + far)

    files = full_copies(content, FileKind.XLSX, "far.xlsx", marks(RowResult(2, "created"), sheet="Learners"))

    assert len(files) == 1
    sheet = openpyxl.load_workbook(io.BytesIO(files[0].content)).worksheets[0]
    assert "created" in [value for row in sheet.iter_rows(max_row=3, max_col=20, values_only=True) for value in row]


def test_a_workbook_that_the_writer_cannot_open_comes_back_fresh() -> None:
    odd = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        f"{text_cells(1, *HEADINGS)}{text_cells(2, '1')}</sheetData><dataValidations>"
        '<dataValidation type="of another kind" sqref="A1"/></dataValidations></worksheet>'
    )

    files = marked_files(raw_xlsx(odd.encode()), FileKind.XLSX, "a.xlsx", marks(RowResult(2, "created")))

    assert [file.form for file in files] == [Form.FRESH]
    assert read_here(files[0].content).only == [(*HEADINGS, *STATUS_COLUMNS), ("1", "", "", "", "", "", "created")]


def test_nothing_of_the_file_stays_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theirs: bytes) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    assert marked_files(theirs, FileKind.XLSX, "a.xlsx", marks())

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Year 11 (checked) (rows to correct).xlsx", "Year 11 (checked).xlsx"),
        pytest.param("C:\\Users\\ann\\pupils.XLS", "pupils (checked).xlsx", marks=pytest.mark.slow),
        pytest.param("", "import (checked).xlsx", marks=pytest.mark.slow),
        ("\u202egnp.xlsx\r\nX: y", "gnp.xlsxX y (checked).xlsx"),
        ("a" * 300 + ".xlsx", "a" * 80 + " (checked).xlsx"),
    ],
)
def test_the_answers_name_is_the_senders_made_safe(name: str, expected: str) -> None:
    files = full_copies(ods(HEADINGS, LEARNER), FileKind.ODS, name, marks(RowResult(2, "created")))

    assert [file.name for file in files] == [expected]
