"""The spreadsheet that a visitor of the demo may send: the template, filled in by somebody in a hurry."""

import io
from datetime import date
from typing import Any, Final

from openpyxl import load_workbook

from core.rules.ucas.columns import LEARNER_COLUMNS, Column
from core.sheets import export
from core.sheets.template import LEARNERS, learner_template

NAME: Final = "Year 12 learners.xlsx"
_PEOPLE: Final = (
    "Amara Okafor", "Ben Whitlock", "Chloe Ashdown", "Dev Patel", "Elin Morgan", "Farah Siddiqui", "Gareth Pugh",
    "Hana Suzuki", "Idris Bello", "Jodie Marsh", "Kofi Mensah", "Lena Novak",
)  # fmt: skip
_ULNS: Final = ("1000000043", "1000000051", "1000000078", "1000000086", "1000000094", "1000000108")
_WRONG: Final = {
    3: {Column.POSTCODE: "YO1 1A"},
    6: {Column.ULN: "1000000053", Column.DOB: "31/02/2009"},
    9: {Column.EMAIL: "jodie.marsh@example", Column.GENDER: "Femail"},
}
"""By place; each row has what people really write."""


def sample_sheet(ukprn: str, today: date) -> bytes:
    """Twelve learners of a provider, three of them with something wrong."""
    book = load_workbook(io.BytesIO(learner_template()))
    sheet: Any = book[LEARNERS]
    for place, name in enumerate(_PEOPLE):
        cells = {**_learner(place, name, ukprn, today), **_WRONG.get(place, {})}
        for column, text in cells.items():
            export.put(sheet.cell(place + 2, LEARNER_COLUMNS.index(column) + 1), text)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _learner(place: int, name: str, ukprn: str, today: date) -> dict[Column, str]:
    first, last = name.split()
    return {
        Column.UKPRN: ukprn,
        Column.YEAR_GROUP: "Year 12",
        Column.FIRST_NAME: first,
        Column.LAST_NAME: last,
        Column.EMAIL: f"{first}.{last}@example.org".lower(),
        Column.HOUSE: str(place + 3),
        Column.STREET: "Station Road",
        Column.TOWN: "Anytown",
        Column.POSTCODE: "ZZ99 9ZZ" if place % 5 == 4 else "YO1 7HH",
        Column.ULN: _ULNS[place // 2] if place % 2 else "",
        Column.DOB: date(today.year - 17, 1 + place, 5 + place).isoformat(),
        Column.GENDER: "Female" if place % 2 == 0 else "Not specified",
    }
