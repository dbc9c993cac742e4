"""UKPRN, ULN, UPN and CCIS: numbers that are names. The checksums are our own, from the sources named."""

import re
from dataclasses import dataclass
from operator import mul
from typing import Final

from core.rules.ucas.cells import BLANK, Checked, number_of
from core.rules.ucas.columns import Column
from core.rules.ucas.problems import NONE, Cell, Fault, Problem, problem
from core.rules.ucas.suggestions import nearest

_UKPRN = re.compile(r"[0-9]{8}")
_ULN = re.compile(r"[1-9][0-9]{9}")
_UPN = re.compile(r"[A-HJ-NP-RT-Z][0-9]{11}[0-9A-HJ-NP-RT-Z]")
_CCIS = re.compile(r"[0-9]{1,13}")
# The ILR writes this for “none”.
_NO_ULN: Final = "9999999999"
_FALLING: Final[tuple[int, ...]] = (10, 9, 8, 7, 6, 5, 4, 3, 2, 1)
_RISING: Final[tuple[int, ...]] = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
_LAST_RISING: Final = 13
UPN_LETTERS: Final = "ABCDEFGHJKLMNPQRTUVWXYZ"
"""The alphabet without I, O and S: each letter stands for its place, from 0 to 22."""
# What a digit or a letter counts at a UPN's end.
_UPN_END: Final = {**{str(digit): digit for digit in range(10)}, **{s: i for i, s in enumerate(UPN_LETTERS)}}
# The weights times the code of “0”: what summing codes in place of digits adds.
_ZEROS: Final = {weights: ord("0") * sum(weights) for weights in (_FALLING, _RISING)}


@dataclass(frozen=True, slots=True)
class Providers:
    """UKPRNs of an organisation, and those among them whose learners the sender may manage."""

    known: frozenset[str]
    granted: frozenset[str]


def ukprn(cell: Cell, providers: Providers) -> Checked[str]:
    """UM 7.4; that it exists is the ILR's rule Filename_3. Nobody says for sure that it begins with 1."""
    if isinstance(cell, str) and cell in providers.granted:
        return cell, NONE
    text, problems = number_of(cell, Column.UKPRN)
    if not text or text in providers.granted:
        return text or None, problems
    if not _UKPRN.fullmatch(text):
        fault = Fault.UKPRN_SHAPE
    elif text in providers.known:
        fault = Fault.UKPRN_NOT_GRANTED
    else:
        fault = Fault.UKPRN_UNKNOWN
    suggestion = "" if fault is Fault.UKPRN_NOT_GRANTED else nearest(text, tuple(sorted(providers.granted)))
    return None, (problem(fault, Column.UKPRN, cell, suggestion),)


def uln(cell: Cell) -> Checked[str]:
    """HESA C17051 and C21051; ILR rules ULN_02 and ULN_04."""
    # Most are right, and whole numbers or texts of ten digits.
    text = str(cell) if type(cell) is int else cell
    if isinstance(text, str) and _ULN.fullmatch(text) and is_uln(text):
        return _known_uln(text)
    text, problems = number_of(cell, Column.ULN)
    if not text:
        return None, problems
    if not _ULN.fullmatch(text):
        return None, (problem(Fault.ULN_SHAPE, Column.ULN, cell),)
    if is_uln(text) or text == _NO_ULN:
        return _known_uln(text)
    return None, (problem(Fault.ULN_NHS_NUMBER if _is_nhs_number(text) else Fault.ULN_CHECKSUM, Column.ULN, cell),)


def _known_uln(text: str) -> Checked[str]:
    return (None, (problem(Fault.ULN_NONE, Column.ULN, text),)) if text == _NO_ULN else (text, NONE)


def is_uln(digits: str) -> bool:
    """Whether the sum of the ten digits times 10 to 1 leaves 10 over 11."""
    return _weighed(_FALLING, digits) % 11 == 10


def _is_nhs_number(digits: str) -> bool:
    """The same sum leaves nothing (NHS Data Dictionary, NHS NUMBER)."""
    return _weighed(_FALLING, digits) % 11 == 0


def upn(cell: Cell) -> Checked[str]:
    """UK Government Data Standards Catalogue, UniquePupilNumber-2-0. Which authorities exist is not looked at."""
    if type(cell) is str and _UPN.fullmatch(cell) and cell[12] <= "9" and cell[0] == upn_letter(cell):
        return cell, NONE
    text, problems = number_of(cell, Column.UPN)
    if not text:
        return None, problems
    text = text.upper()
    if not _UPN.fullmatch(text):
        return None, (problem(Fault.UPN_SHAPE, Column.UPN, cell),)
    if text[0] != upn_letter(text):
        return None, (problem(Fault.UPN_CHECKSUM, Column.UPN, cell),)
    warnings: tuple[Problem, ...] = (problem(Fault.UPN_TEMPORARY, Column.UPN, cell),) if is_temporary(text) else NONE
    return text, warnings


def upn_letter(upn: str) -> str:
    """The letter that the twelve characters after the first want in its place."""
    return UPN_LETTERS[(_weighed(_RISING, upn[1:12]) + _LAST_RISING * _UPN_END[upn[12]]) % 23]


def _weighed(weights: tuple[int, ...], digits: str) -> int:
    """The sum of each digit times its weight."""
    codes: int = sum(map(mul, weights, digits.encode()))
    return codes - _ZEROS[weights]


def is_temporary(upn: str) -> bool:
    """A school gave it until the permanent one is known: it tells nobody apart for ever."""
    return upn[12] > "9"


def ccis(cell: Cell) -> Checked[str]:
    """NCCIS Management Information Requirement, appendix D: 13 digits, or a shorter number of the local database."""
    if cell is None or cell == "":
        return BLANK
    text, problems = number_of(cell, Column.CCIS)
    if text and not _CCIS.fullmatch(text):
        return None, (problem(Fault.CCIS_SHAPE, Column.CCIS, cell),)
    return text or None, problems
