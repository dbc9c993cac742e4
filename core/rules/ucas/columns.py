"""The seventeen columns of the learner import."""

from enum import StrEnum
from typing import Final


class Column(StrEnum):
    """As the template heads them, in its order (UM 7.4)."""

    UKPRN = "UKPRN"
    YEAR_GROUP = "Learner year group"
    FIRST_NAME = "First name"
    LAST_NAME = "Last name"
    EMAIL = "Email address"
    HOUSE = "House name or number"
    STREET = "Street"
    LOCALITY = "Locality"
    TOWN = "Town"
    POSTCODE = "Postcode"
    TELEPHONE = "Telephone"
    ULN = "ULN"
    UPN = "UPN"
    CCIS = "CCIS"
    DOB = "Dob"
    GENDER = "Gender"
    ETHNICITY = "Ethnicity"


LEARNER_COLUMNS: Final = tuple(Column)
# UM 7.4: “This is a mandatory field”.
MANDATORY: Final = (Column.UKPRN, Column.FIRST_NAME, Column.LAST_NAME, Column.POSTCODE)

TEMPLATE_LISTS: Final = "Lists"
TEMPLATE_HELP: Final = "How to fill it in"
"""Sheets of the template beside that of the learners; it goes without saying that they are not read."""

STATUS_COLUMNS: Final = ("Usher status", "Usher reason", "Usher suggestion")
"""What an answered workbook has beside its own columns. Sent back, they say nothing."""
ROW_COLUMN: Final = "Row in your file"
"""In a workbook of some rows only; sent back, it says nothing either."""
