"""What we give people to fill in, we can read; and which import it is for is told by its headings alone."""

from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from core.rules.catalogue import CatalogueTerms
from core.rules.catalogue_text import read_rows
from core.rules.run_columns import RUN_COLUMNS, RUNS
from core.rules.ucas.headings import best_sheet
from core.sheets.cells import SheetFile
from core.sheets.marks import TEMPLATE_PROPERTY
from core.sheets.reader import read_sheets
from core.sheets.run_template import COURSE_RUNS, RUN_TEMPLATE_VERSION, run_template


@pytest.fixture(scope="module")
def template() -> bytes:
    return run_template()


def test_the_template_of_runs_filled_in_with_its_own_examples_is_read(template: bytes) -> None:
    book: Any = load_workbook(BytesIO(template))
    help_rows = book["How to fill it in"].iter_rows(min_row=7, values_only=True)
    examples = {row[0]: row[3] for row in help_rows if row[0] in set(RUN_COLUMNS)}
    for place, column in enumerate(RUN_COLUMNS, start=1):
        book[COURSE_RUNS].cell(2, place).value = examples[column]
    filled = BytesIO()
    book.save(filled)

    file = read_sheets(filled.getvalue())
    assert isinstance(file, SheetFile)
    found = best_sheet([sheet.rows for sheet in file.sheets], RUNS)
    assert isinstance(found, tuple)
    read = read_rows(file.sheets[found[0]].rows, CatalogueTerms("Europe/London", frozenset({"10000001"})))

    assert file.sheets[found[0]].name == COURSE_RUNS
    assert file.properties[TEMPLATE_PROPERTY] == RUN_TEMPLATE_VERSION
    assert read.problems == []
    (run,) = read.rows
    assert (run.run_code, run.price_pence, run.step_count) == ("maths-2026-03", 2450, 40)


def test_kind_and_model_have_drop_downs_and_codes_are_text(template: bytes) -> None:
    sheet: Any = load_workbook(BytesIO(template))[COURSE_RUNS]

    lists = {str(rule.sqref)[0] for rule in sheet.data_validations.dataValidation if rule.type == "list"}
    assert lists == {"C", "D"}
    assert [sheet.column_dimensions[letter].number_format for letter in "AEF"] == ["@", "@", "yyyy-mm-dd"]
