"""Everything that can be wrong with an import, its rows and its cells: one closed table, worded once.

A code stays the same for ever. ``docs/problems.md`` lists the table; a test compares them.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from enum import Enum, StrEnum
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from core.rules.policy import PROBLEM_VALUE_CHARACTERS
from core.rules.text import clean_name


class FaultyCell(Protocol):
    """A cell that is not empty and has no value, as ``core.sheets`` reads it."""

    @property
    def fault(self) -> str:
        """``error``, ``not_calculated`` or ``too_long``."""

    @property
    def shown(self) -> str:
        """What the spreadsheet shows, like ``#N/A``."""


Cell = str | int | float | bool | date | datetime | time | timedelta | FaultyCell | None
"""Blank is None or an empty text."""


class Severity(StrEnum):
    ERROR = "error"
    """The row is not imported."""
    WARNING = "warning"
    """It is imported; somebody should look."""


_E, _W = Severity.ERROR, Severity.WARNING


class Fault(Enum):
    """Code, severity, reason, advice. Words in braces are filled in."""

    # fmt: off
    CELL_REQUIRED = ("cell.required", _E, "it is empty", "Fill it in: every row needs one.")
    CELL_ERROR = ("cell.error", _E, "Excel shows an error in it", "Correct the formula, or type the value.")
    CELL_NOT_CALCULATED = ("cell.not_calculated", _E, "it is a formula whose result was not saved",
        "Open the workbook in Excel, save it and send it again, or type the value.")
    CELL_TOO_LONG = ("cell.too_long", _E, "it is longer than {limit} characters", "Shorten it.")
    CELL_DATE = ("cell.date", _E, "Excel made a date or a time of it",
        "Format the column as text and type the value again.")
    CELL_BOOLEAN = ("cell.boolean", _E, "Excel made TRUE or FALSE of it",
        "Format the column as text and type the value again.")
    CELL_PLACEHOLDER = ("cell.placeholder", _W, "it only says that there is nothing, so it is taken as empty",
        "Leave the cell empty.")
    NUMBER_DAMAGED = ("number.damaged", _E, "Excel has shortened this number, and digits of it are lost",
        "Format the column as text and copy the number from its source again.")
    NUMBER_FRACTION = ("number.fraction", _E, "it is a number with a decimal point",
        "Format the column as text and type the digits only.")

    UKPRN_SHAPE = ("ukprn.shape", _E, "a UKPRN has 8 digits", "Copy it from the provider's entry.")
    UKPRN_UNKNOWN = ("ukprn.unknown", _E, "your organisation has no provider with this number",
        "Check the number, or have the provider added first.")
    UKPRN_NOT_GRANTED = ("ukprn.not_granted", _E, "you may not manage this provider's learners",
        "Ask an owner of your organisation to grant you this provider, or have somebody else send these rows.")
    YEAR_UNKNOWN = ("year.unknown", _E, "it is no year group from Year 7 to Year 14 or S1 to S6",
        "Write it like Year 11 or S4.")
    NAME_NO_LETTER = ("name.no_letter", _E, "there is no letter in it", "Write the name.")
    EMAIL_INVALID = ("email.invalid", _E, "it is no e-mail address: {why}", "Write it like name@example.org.")
    EMAIL_WRAPPED = ("email.wrapped", _E, "there is more in it than the address", "Write the bare address.")
    EMAIL_SEVERAL = ("email.several", _E, "there is more than one address in it", "Keep one.")
    EMAIL_TYPO = ("email.typo", _W, "what follows the @ looks mistyped", "Check the spelling.")
    EMAIL_SHARED = ("email.shared", _W, "{rows} the same address for another learner",
        "Nothing needs to be done where two learners share it. Neither will be found by it.")
    POSTCODE_SHAPE = ("postcode.shape", _E, "no postcode is made like this",
        "Write the postcode of the learner's address. Where it is not known, write ZZ99 9ZZ.")
    POSTCODE_UNKNOWN_ADDRESS = ("postcode.unknown_address", _W, "it stands for an address that is not known",
        "Write the postcode when it is known.")
    TELEPHONE_UNREADABLE = ("telephone.unreadable", _W,
        "it is no telephone number that can be dialled, so it is left out", "Write it like 01632 960123.")
    TELEPHONE_EXTENSION = ("telephone.extension", _W, "its extension is left out", "Nothing needs to be done.")

    ULN_SHAPE = ("uln.shape", _E, "a ULN has 10 digits, and the first is not 0", "Copy it from its source again.")
    ULN_CHECKSUM = ("uln.checksum", _E, "its digits do not fit together, so at least one is wrong",
        "Compare it with the learner's record, digit by digit.")
    ULN_NHS_NUMBER = ("uln.nhs_number", _E, "it is no ULN; it is made like an NHS number",
        "If it is one, take it out of the sheet: it says something about a person's health care.")
    ULN_NONE = ("uln.none", _W, "9999999999 stands for “none”, so it is taken as empty", "Leave the cell empty.")
    ULN_DUPLICATE = ("uln.duplicate", _E, "{rows} the same ULN, and something else that differs",
        "Keep the row that is right.")
    UPN_SHAPE = ("upn.shape", _E, "a UPN has a letter (not I, O or S) and 12 digits; the last may be a letter",
        "Copy it from its source again.")
    UPN_CHECKSUM = ("upn.checksum", _E, "its first letter does not fit the rest, so at least one character is wrong",
        "Compare it with the learner's record, character by character.")
    UPN_TEMPORARY = ("upn.temporary", _W, "it is a temporary UPN, so the learner will not be found by it",
        "Write the permanent one when it is known.")
    UPN_DUPLICATE = ("upn.duplicate", _E, "{rows} the same UPN, and something else that differs",
        "Keep the row that is right.")
    CCIS_SHAPE = ("ccis.shape", _E, "a CCIS record ID has 1 to 13 digits", "Copy it from its source again.")
    CCIS_DUPLICATE = ("ccis.duplicate", _E, "{rows} the same CCIS record ID, and something else that differs",
        "Keep the row that is right.")

    DOB_UNREADABLE = ("dob.unreadable", _E, "it is no date that can be read for sure", "Write it like 2010-03-31.")
    DOB_IMPOSSIBLE = ("dob.impossible", _E, "there is no such day; the day is read before the month",
        "Write it like 2010-03-31.")
    DOB_TWO_DIGIT_YEAR = ("dob.two_digit_year", _E, "its year has two digits only", "Write it like 2010-03-31.")
    DOB_TIME = ("dob.time", _E, "it has a time of day, so the day is not certain",
        "Write the date only, like 2010-03-31.")
    DOB_SERIAL_1904 = ("dob.serial_1904", _E, "it is a bare number in a workbook that counts days from 1904",
        "Format the column as dates, look whether they are right, and send it again.")
    DOB_FUTURE = ("dob.future", _E, "it lies in the future", "Check the year.")
    DOB_AGE = ("dob.age", _E, "the learner would be {age}", "Check the year.")
    DOB_READ_AS = ("dob.read_as", _W, "it was read as {date}",
        "Check that this is the day. Written like 2010-03-31, it reads one way only.")
    DOB_SERIAL = ("dob.serial", _W, "it is a bare number, which Excel shows as {date} when it is formatted as a date",
        "Format the column as dates.")
    DOB_UNUSUAL_AGE = ("dob.unusual_age", _W, "the learner is {age}", "Check the year.")
    DOB_YEAR_GROUP = ("dob.year_group", _W, "a learner of this age is seldom in {year}", "Check both.")
    GENDER_UNKNOWN = ("gender.unknown", _E, "it is none of the four values", "Choose one of the template's list.")
    ETHNICITY_UNKNOWN = ("ethnicity.unknown", _E, "it is none of the 19 values", "Choose one of the template's list.")

    MATCH_CONFLICT = ("match.conflict", _E, "what it is known by belongs to different learners: {learners}",
        "Compare it with the records of both.")
    MATCH_CONTRADICTS = ("match.contradicts", _E, "all else fits {learner}, who has another {other}",
        "Compare it with the learner's record. If it is another learner, add what tells them apart, such as the Dob.")
    MATCH_OTHER_PERSON = ("match.other_person", _E, "it belongs to {learner}, with another last name and another Dob",
        "Compare it with the learner's record.")
    MATCH_SEVERAL = ("match.several", _E, "more than one learner fits: {learners}",
        "Add what tells them apart, such as the ULN.")
    MATCH_NOT_GRANTED = ("match.not_granted", _E, "it fits a learner of a provider whose learners you may not manage",
        "Ask an owner of your organisation to grant you this provider, or have somebody else send these rows.")
    MATCH_SAME_LEARNER = ("match.same_learner", _E, "{rows} the same learner, by something else",
        "Keep the row that is right.")

    RUN_CODE = ("run.code", _E, "a code has letters, digits, dots, hyphens and underscores, 64 at most",
        "Write it like maths-2026-03.")
    RUN_CHOICE = ("run.choice", _E, "it is none of these: {choices}", "Choose one of the template's list.")
    RUN_DATE = ("run.date", _E, "it is no date that can be read for sure",
        "Write it like 2026-03-02, or 2026-03-02T09:00.")
    RUN_ORDER = ("run.order", _E, "the run ends before it starts", "Compare both dates.")
    RUN_NUMBER = ("run.number", _E, "it is no whole number of at most six digits", "Write the digits only.")
    RUN_PRICE = ("run.price", _E, "it is no price in pounds and pence", "Write it like 24.50.")
    RUN_LINK = ("run.link", _E, "it is no address of a page", "Write it like https://example.org/join.")
    RUN_TIME_ZONE = ("run.time_zone", _E, "it is no time zone that I know",
        "Write it like Europe/London, or leave it empty for your organisation's.")
    RUN_TWICE = ("run.twice", _E, "row {row} has the same run, and something else that differs",
        "Keep the row that is right.")
    RUN_COURSE_DIFFERS = ("run.course_differs", _E, "row {row} gives this course another {what}",
        "Make them alike: it is one course.")

    SHEET_NO_HEADINGS = ("sheet.no_headings", _E, "there is no row of headings in its first {rows} rows",
        "Put the headings of the template above the learners: UKPRN, First name, Last name, Postcode and so on.")
    SHEET_MISSING_COLUMNS = ("sheet.missing_columns", _E, "these columns are missing: {columns}",
        "Add them and fill them in for every row.")
    SHEET_DUPLICATE_HEADING = ("sheet.duplicate_heading", _E, "more than one column is headed like this: {headings}",
        "Keep one of them.")
    SHEET_NOT_OWNER = ("sheet.not_owner", _E, "only owners may import courses and runs",
        "Ask an owner of your organisation to send it.")
    SHEET_TOO_MANY_RUNS = ("sheet.too_many_runs", _E, "it has more than {limit} runs", "Split it into several files.")
    SHEET_UNKNOWN_COLUMN = ("sheet.unknown_column", _W, "I do not know this column, so it was not imported",
        "Nothing needs to be done, unless it should be one of the template's.")
    SHEET_NOT_STORED = ("sheet.not_stored", _W, "it was not read, for your organisation does not store it",
        "Leave the column out of what you send.")
    # fmt: on

    def __init__(self, code: str, severity: Severity, reason: str, advice: str) -> None:
        self.code = code
        self.severity = severity
        self.reason = reason
        self.advice = advice


class Problem(Struct, frozen=True):
    fault: Fault
    column: str
    """As the template heads it; a file's own heading where the template has no such column; empty for a whole sheet."""
    value: str
    """As it was read, cut short."""
    reason: str
    suggestion: str = ""
    """What could be written instead. It is never applied."""
    choices: tuple[str, ...] = ()
    """All that may be written, where that is a short list."""

    @property
    def code(self) -> str:
        return self.fault.code

    @property
    def severity(self) -> Severity:
        return self.fault.severity

    @property
    def advice(self) -> str:
        return f"Write one of: {'; '.join(self.choices)}." if self.choices else self.fault.advice


Problems = tuple[Problem, ...]
NONE: Final[Problems] = ()


def problem(fault: Fault, column: str, cell: Cell, suggestion: str = "", **words: object) -> Problem:
    return Problem(fault, column, shown(cell), fault.reason.format(**words) if words else fault.reason, suggestion)


def with_choices(found: Problem, choices: tuple[str, ...]) -> Problem:
    return replace(found, choices=choices)


def is_refused(problems: Sequence[Problem]) -> bool:
    return any(found.severity is Severity.ERROR for found in problems)


def shown(cell: Cell) -> str:
    """A cell as its sender knows it, on one line."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, int) and abs(cell) > 10**PROBLEM_VALUE_CHARACTERS:
        return "a very long number"
    text = str(cell) if isinstance(cell, str | int | float | date | time | timedelta) else cell.shown
    # Cleaning a long text whole would cost more than all the rest of its row.
    return clean_name(text[: 4 * PROBLEM_VALUE_CHARACTERS], PROBLEM_VALUE_CHARACTERS)
