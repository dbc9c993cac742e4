"""Which sheet of a file is the import, where its headings stand, and which column is which.

By an alias table only: likeness would take “Family name” for “First name” and “City” for “Ethnicity” (measured).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from itertools import islice
from typing import Any, Final

from msgspec import Struct

from core.rules.policy import HEADING_ROWS, KNOWN_HEADINGS
from core.rules.text import bare_heading, clean_name
from core.rules.ucas.columns import LEARNER_COLUMNS, MANDATORY, ROW_COLUMN, STATUS_COLUMNS, Column
from core.rules.ucas.problems import Cell, Fault, Problem, Problems, is_refused, problem

Row = tuple[int, Sequence[Cell]]
"""The spreadsheet's own number, and its cells."""

_CHARACTERS: Final = 200
_ALIASES: Final[Mapping[Column, str]] = {
    Column.UKPRN: "UK provider reference number, provider UKPRN, UKPRN number",
    Column.YEAR_GROUP: "year group, year, yr, yr group, NCY, NC year, national curriculum year, school year",
    Column.FIRST_NAME: "first, first names, forename, forenames, given name, given names, legal forename, "
    "legal first name",
    Column.LAST_NAME: "last, surname, family name, legal surname, legal last name",
    Column.EMAIL: "e-mail, mail, mail address, primary e-mail, primary e-mail address",
    Column.HOUSE: "house, house name, house number, house no, house name/number, house name/no, house number/name, "
    "address 1, address line 1",
    Column.STREET: "street name, road, address 2, address line 2",
    Column.LOCALITY: "district, village, neighbourhood, address 3, address line 3",
    Column.TOWN: "city, town/city, town or city, post town, address 4, address line 4",
    Column.POSTCODE: "postal code, home postcode",
    Column.TELEPHONE: "tel, tel no, telephone number, telephone no, phone, phone number, phone no, mobile, "
    "mobile number, mobile no, mobile phone, mobile telephone, contact number, home telephone",
    Column.ULN: "unique learner number, ULN number, ULN no",
    Column.UPN: "unique pupil number, UPN number, UPN no",
    Column.CCIS: "CCIS ID, CCIS number, CCIS no, CCIS record ID, CCIS young person record ID, young person record ID, "
    "young person ID",
    Column.DOB: "date of birth, birth date, birthday",
    Column.GENDER: "sex, legal sex",
    Column.ETHNICITY: "ethnic origin, ethnic group, ethnic background",
}
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_WHOSE: Final = ("learner", "student", "pupil")


_OWN: Final = frozenset(map(bare_heading, (*STATUS_COLUMNS, ROW_COLUMN)))


class HeadingTable(Struct, frozen=True, dict=True):
    """What the columns of one kind of sheet may be headed with."""

    columns: Sequence[StrEnum]
    mandatory: Sequence[StrEnum]
    telling: frozenset[StrEnum]
    """A row of headings has one of these at least."""
    aliases: Mapping[Any, str]
    whose: Sequence[str] = ()
    """Words that may stand before a heading and say nothing."""

    @cached_property
    def names(self) -> dict[str, Any]:
        """Bare heading -> column."""
        return {bare_heading(alias): column for column in self.columns for alias in self._spellings(column)}

    def _spellings(self, column: StrEnum) -> Sequence[str]:
        return (column, *self.aliases.get(column, "").split(","))

    def column_of(self, heading: str) -> Any | None:
        """One of ``columns``."""
        plain = bare_heading(heading)
        if not plain:
            return None
        if plain in self.names:
            return self.names[plain]
        # Dob (YYYY-MM-DD); Pupil surname.
        bare = bare_heading(_IN_BRACKETS.sub("", heading[:_CHARACTERS]))
        for whose in ("", *self.whose):
            if bare.startswith(whose) and (found := self.names.get(bare.removeprefix(whose))):
                return found
        return None

    def known(self, cells: Sequence[Cell]) -> frozenset[Any]:
        """The columns that a row heads; none where these are too few to be the headings."""
        known = {column for cell in cells if isinstance(cell, str) and (column := self.column_of(cell))}
        return frozenset(known) if len(known) >= KNOWN_HEADINGS and known & self.telling else frozenset()


LEARNERS: Final = HeadingTable(
    columns=LEARNER_COLUMNS, mandatory=MANDATORY, telling=frozenset(MANDATORY), aliases=_ALIASES, whose=_WHOSE
)


class Headings(Struct, frozen=True):
    row: int
    """The spreadsheet's own number; rows stand below."""
    places: Mapping[Any, int]
    """By the columns of the table that was looked for; counted from 0."""
    filled: int
    unknown: tuple[str, ...]
    """Headings of columns that are not the import's, as they stand. They are kept and not read."""
    problems: Problems
    """Of the whole sheet. With an error among them no row is looked at."""

    @property
    def is_usable(self) -> bool:
        return not is_refused(self.problems)


def column_of(heading: str) -> Column | None:
    found: Column | None = LEARNERS.column_of(heading)
    return found


def best_sheet(sheets: Sequence[Iterable[Row]], table: HeadingTable = LEARNERS) -> tuple[int, Headings] | Problem:
    """The sheet with the most known headings and its place among the others; the problem where none has them."""
    found = [(place, headings) for place, rows in enumerate(sheets) if (headings := find_headings(rows, table))]
    if not found:
        return problem(Fault.SHEET_NO_HEADINGS, "", None, rows=HEADING_ROWS)
    return max(found, key=lambda sheet: len(sheet[1].places))


def find_headings(rows: Iterable[Row], table: HeadingTable = LEARNERS) -> Headings | None:
    """Of the first rows the one with the most known headings: at least four, and one of them telling."""
    best: tuple[int, Row] | None = None
    for row in islice(rows, HEADING_ROWS):
        known = table.known(row[1])
        if known and (not best or len(known) > best[0]):
            best = len(known), row
    return _read(*best[1], table) if best else None


def _read(number: int, cells: Sequence[Cell], table: HeadingTable) -> Headings:
    texts = [clean_name(cell[:_CHARACTERS], _CHARACTERS) if isinstance(cell, str) else "" for cell in cells]
    by_column: dict[StrEnum, list[int]] = {}
    unknown: list[int] = []
    for place, text in enumerate(texts):
        if column := table.column_of(text):
            by_column.setdefault(column, []).append(place)
        elif text and bare_heading(text) not in _OWN:
            unknown.append(place)
    problems: list[Problem] = []
    for column, places in by_column.items():
        if len(places) > 1:
            chosen, others, found = _chosen(column, places, texts)
            by_column[column] = [chosen]
            unknown += others
            problems += found
    names = tuple(texts[place] for place in sorted(unknown))
    return Headings(
        row=number,
        places={column: by_column[column][0] for column in table.columns if column in by_column},
        filled=sum(map(bool, texts)),
        unknown=names,
        problems=(
            *_missing(by_column, table),
            *problems,
            *(problem(Fault.SHEET_UNKNOWN_COLUMN, name, None) for name in names),
        ),
    )


def _chosen(column: StrEnum, places: list[int], texts: Sequence[str]) -> tuple[int, list[int], list[Problem]]:
    """The one that is headed as the template heads it; two of these, or two others, are one too many."""
    exact = [place for place in places if bare_heading(texts[place]) == bare_heading(column)]
    if len(exact) == 1:
        return exact[0], [place for place in places if place != exact[0]], []
    headings = ", ".join(f"“{texts[place]}”" for place in places)
    return places[0], [], [problem(Fault.SHEET_DUPLICATE_HEADING, column, None, headings=headings)]


def _missing(known: Iterable[StrEnum], table: HeadingTable) -> Problems:
    """All of them in one problem."""
    missing = [column for column in table.mandatory if column not in set(known)]
    return (problem(Fault.SHEET_MISSING_COLUMNS, "", None, columns=", ".join(missing)),) if missing else ()
