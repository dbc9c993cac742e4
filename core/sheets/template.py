"""The workbook for the learner import: 17 columns in order, drop-downs, instructions (UM 7.1, 7.4).

1. Identifiers are text, so that no zero is lost and no long number shortened.
2. The lists stand on a hidden sheet: written into the rule itself, the ethnic groups would be longer than Excel allows.
3. Filled in, ``core.sheets.reader`` reads it.
"""

import io
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from msgspec import Struct
from openpyxl import Workbook
from openpyxl.styles import Alignment, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from core.rules import policy
from core.rules.ucas.choices import ETHNICITIES, GENDERS
from core.rules.ucas.columns import LEARNER_COLUMNS, MANDATORY, TEMPLATE_HELP, TEMPLATE_LISTS, Column
from core.rules.ucas.years import YEAR_GROUPS
from core.sheets import export
from core.sheets.marks import TEMPLATE_PROPERTY

TEMPLATE_VERSION: Final = "1"
LEARNERS: Final = "Learners"
INSTRUCTIONS: Final = TEMPLATE_HELP
_LISTS: Final = TEMPLATE_LISTS
_CHOICES: Final = {Column.YEAR_GROUP: YEAR_GROUPS, Column.GENDER: GENDERS, Column.ETHNICITY: ETHNICITIES}
_TEXT: Final = frozenset({
    Column.UKPRN, Column.TELEPHONE, Column.ULN, Column.UPN, Column.CCIS, Column.HOUSE, Column.POSTCODE,
})  # fmt: skip
_NEEDED: Final = PatternFill("solid", fgColor="FFDDEBF7")


class Help(NamedTuple):
    width: int
    words: str
    example: str


_HELP: Final = {
    Column.UKPRN: Help(12, "The 8 digits of the provider that the learner belongs to.", "10000001"),
    Column.YEAR_GROUP: Help(19, "The year that the learner is in now.", "Year 11"),
    Column.FIRST_NAME: Help(16, "The first or given name.", "Alex"),
    Column.LAST_NAME: Help(16, "The last or family name.", "Taylor"),
    Column.EMAIL: Help(30, "One address, of the school or the learner's own.", "alex.taylor@example.org"),
    Column.HOUSE: Help(22, "The first line of the address.", "12"),
    Column.STREET: Help(20, "The second line of the address.", "Station Road"),
    Column.LOCALITY: Help(16, "The village, district or neighbourhood.", "Northside"),
    Column.TOWN: Help(16, "The town or city.", "Anytown"),
    Column.POSTCODE: Help(12, "The postcode of the address. Where it is not known: ZZ99 9ZZ.", "ZZ99 9ZZ"),
    Column.TELEPHONE: Help(16, "One number, with its zero.", "01632 960123"),
    Column.ULN: Help(14, "The Unique Learner Number: 10 digits.", "9276308686"),
    Column.UPN: Help(16, "The Unique Pupil Number: a letter and 12 digits.", ""),
    Column.CCIS: Help(16, "The CCIS record ID of the young person.", ""),
    Column.DOB: Help(13, "The date of birth as YYYY-MM-DD.", "2010-03-31"),
    Column.GENDER: Help(15, "Choose from the list.", "Not specified"),
    Column.ETHNICITY: Help(44, "Choose from the list. Leave it empty unless you were asked for it.", ""),
}
_INTRODUCTION: Final = (
    "Fill in the sheet “Learners”, one learner a row, and send the file back. Every row is answered.",
    "Columns with a star are needed for every learner. Leave the headings as they are; empty columns may stay.",
    "Learners who are missing from the sheet are never deleted, and empty cells never erase anything.",
    "Paste values only (Paste Special, Values), so that the formats of these columns stay.",
)


class Template(Struct, frozen=True):
    """What a workbook to fill in is made of."""

    version: str
    sheet: str
    columns: Sequence[StrEnum]
    mandatory: Sequence[StrEnum]
    choices: Mapping[Any, Sequence[str]]
    as_text: frozenset[Any]
    as_dates: frozenset[Any]
    words: Mapping[Any, Help]
    introduction: Sequence[str]


_LEARNERS: Final = Template(
    version=TEMPLATE_VERSION,
    sheet=LEARNERS,
    columns=LEARNER_COLUMNS,
    mandatory=MANDATORY,
    choices=_CHOICES,
    as_text=_TEXT,
    as_dates=frozenset({Column.DOB}),
    words=_HELP,
    introduction=_INTRODUCTION,
)


def learner_template() -> bytes:
    return filled(_LEARNERS)


def filled(template: Template) -> bytes:
    """The workbook."""
    book = Workbook()
    sheet: Any = book.active
    sheet.title = template.sheet
    lists = book.create_sheet(_LISTS)
    lists.sheet_state = "hidden"
    _fill_sheet(template, sheet, lists)
    _fill_instructions(template, book.create_sheet(INSTRUCTIONS, 1))
    export.set_properties(book, {TEMPLATE_PROPERTY: template.version})
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _fill_sheet(template: Template, sheet: Any, lists: Any) -> None:
    columns = template.columns
    headings = [
        export.Heading(_starred(template, column), template.words[column].width, column in template.as_text)
        for column in columns
    ]
    export.lay_out(sheet, headings)
    for place, (column, heading) in enumerate(zip(columns, headings, strict=True), start=1):
        letter = get_column_letter(place)
        cell = sheet.cell(1, place)
        export.put(cell, heading.text)
        cell.font = export.BOLD
        cell.alignment = Alignment(wrap_text=True)
        cell.number_format = export.TEXT_FORMAT
        if column in template.mandatory:
            cell.fill = _NEEDED
        if column in template.as_dates:
            sheet.column_dimensions[letter].number_format = "yyyy-mm-dd"
        sheet.add_data_validation(_validation(template, column, letter, lists))


def _validation(template: Template, column: StrEnum, letter: str, lists: Any) -> DataValidation:
    """A drop-down where there is a list; for the others a word of help when a cell is chosen."""
    rule = DataValidation(allow_blank=True, sqref=f"{letter}2:{letter}{policy.TEMPLATE_ROWS + 1}")
    rule.promptTitle, rule.prompt, rule.showInputMessage = column.value, template.words[column].words, True
    if column in template.choices:
        rule.type = "list"
        rule.formula1 = _listed(template, lists, column)
        rule.errorTitle, rule.error, rule.showErrorMessage = column.value, "Choose one of the list.", True
        # A warning and no ban: Usher knows more spellings than the list has.
        rule.errorStyle = "warning"
    return rule


def _listed(template: Template, lists: Any, column: StrEnum) -> str:
    place, choices = list(template.choices).index(column) + 1, template.choices[column]
    for row, words in enumerate((column.value, *choices), start=1):
        export.put(lists.cell(row, place), words)
    letter = get_column_letter(place)
    return f"={_LISTS}!${letter}$2:${letter}${len(choices) + 1}"


def _fill_instructions(template: Template, sheet: Any) -> None:
    for row, words in enumerate(template.introduction, start=1):
        export.put(sheet.cell(row, 1), words)
    first = len(template.introduction) + 2
    lines = [("Column", "Needed", "What to write", "For example")]
    for column in template.columns:
        told = template.words[column]
        lines.append((column.value, "yes" if column in template.mandatory else "", told.words, told.example))
    for row, line in enumerate(lines, start=first):
        for place, words in enumerate(line, start=1):
            cell = sheet.cell(row, place)
            export.put(cell, words)
            if row == first or place == 1:
                cell.font = export.BOLD
            cell.alignment = Alignment(vertical="top", wrap_text=place == 3)
    export.put(sheet.cell(first + len(lines) + 1, 1), f"Version {template.version} of this template.")
    headings = [export.Heading("", width) for width in (26, 8, 64, 26)]
    export.set_widths(sheet, headings)
    export.set_pages(sheet, headings)


def _starred(template: Template, column: StrEnum) -> str:
    return f"{column.value}*" if column in template.mandatory else column.value
