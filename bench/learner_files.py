"""Sheets of learners as schools send them: all 17 columns, seeded, nobody's data."""

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from openpyxl import Workbook

from core.rules.ucas.columns import LEARNER_COLUMNS

UKPRNS: Final = ("10000001", "10000002")
_FIRST: Final = (
    "Ada", "Bo", "Chloë", "Dev", "Eve", "Farid", "Grace", "Hal", "Ivy", "Jonah", "Kit", "Lena", "Małgorzata", "Noor",
)  # fmt: skip
_LAST: Final = ("Young", "O'Neil", "Smith-Jones", "Zając", "Okafor", "Patel", "Li", "García", "Brown", "Evans")
_SYLLABLES: Final = ("ba", "de", "fi", "go", "lu", "ma", "ne", "ri", "so", "tu")
_STREETS: Final = ("High Street", "Mill Lane", "Station Road", "Church View", "The Green")
_TOWNS: Final = ("Anytown", "Newford", "Northfield", "Southgate")
_UPN_LETTERS: Final = "ABCDEFGHJKLMNPQRTUVWXYZ"
_SEED: Final = 7


def learner_rows(count: int, first: int = 0) -> Iterator[list[Any]]:
    """Dob is a date; all else is text. Nobody is there twice, and no row has an error. ``first``: for other people."""
    random = Random(_SEED + first)
    for number, uln in zip(range(first, first + count), _ulns(first), strict=False):
        yield [
            random.choice(UKPRNS),
            f"Year {random.randint(10, 12)}",
            random.choice(_FIRST),
            f"{random.choice(_LAST)}-{_end(number)}",
            f"learner{number}@example.org",
            str(random.randint(1, 200)),
            random.choice(_STREETS),
            "",
            random.choice(_TOWNS),
            f"M{random.randint(1, 9)} {random.randint(1, 9)}AA",
            f"0161496{number % 1000:04}",
            uln,
            _upn(number),
            f"{number + 1:010}",
            date(2009, 9, 1) + timedelta(days=random.randrange(700)),
            random.choice(("Female", "Male")),
            "White British",
        ]


def learner_csv(count: int, first: int = 0) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([column.value for column in LEARNER_COLUMNS])
    writer.writerows([*row[:14], f"{row[14]:%d/%m/%Y}", *row[15:]] for row in learner_rows(count, first))
    return file.getvalue().encode()


def learner_workbook(count: int, first: int = 0) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Learners")
    sheet.append([column.value for column in LEARNER_COLUMNS])
    for row in learner_rows(count, first):
        sheet.append([cell or None for cell in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _ulns(first: int) -> Iterator[str]:
    """Ten digits, the last of which makes the weighted sum right (HESA C17051); one beginning in eleven has none."""
    for stem in range(100_000_000 + 2 * first, 1_000_000_000):
        digits = str(stem)
        rest = sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
        if rest and rest < 11:
            yield f"{digits}{10 - rest}"


def _end(number: int) -> str:
    """Nobody's twice: who has the same name and the same day of birth as somebody else is taken for them."""
    return "".join(_SYLLABLES[int(digit)] for digit in str(number)).capitalize()


def _upn(number: int) -> str:
    digits = f"{820_000_000_000 + number:012}"
    total = sum(int(digit) * weight for digit, weight in zip(digits, range(2, 14), strict=True))
    return _UPN_LETTERS[total % 23] + digits
