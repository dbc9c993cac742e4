"""UKPRN, ULN, UPN and CCIS: numbers that are names. The checksums are our own, from the sources named."""

import re
from itertools import product
from operator import mul
from typing import Final

from msgspec import Struct

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
_CCIS_DIGITS: Final = 13
UPN_LETTERS: Final = "ABCDEFGHJKLMNPQRTUVWXYZ"
"""The alphabet without I, O and S: each letter stands for its place, from 0 to 22."""
_LAST_WEIGHT: Final = 13


def _weighed(*weights: int) -> dict[str, int]:
    """Every group of digits with what it adds to the sum. Looking four of them up is half the price of multiplying."""
    groups = product("0123456789", repeat=len(weights))
    return {"".join(group): sum(map(mul, weights, map(int, group))) for group in groups}


_ULN_1, _ULN_2, _ULN_5, _ULN_8 = _weighed(10), _weighed(9, 8, 7), _weighed(6, 5, 4), _weighed(3, 2, 1)
_UPN_2, _UPN_5, _UPN_8, _UPN_11 = _weighed(2, 3, 4), _weighed(5, 6, 7), _weighed(8, 9, 10), _weighed(11, 12, 13)
# A final letter counts by its place.
_UPN_11 |= {
    pair + letter: weight + _LAST_WEIGHT * place
    for pair, weight in _weighed(11, 12).items()
    for place, letter in enumerate(UPN_LETTERS)
}


class Providers(Struct, frozen=True):
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
    typed = str(cell) if type(cell) is int else cell
    if type(typed) is str and is_uln(typed):
        return typed, NONE
    text, problems = number_of(cell, Column.ULN)
    if not text or is_uln(text):
        return text or None, problems
    if text == _NO_ULN:
        return None, (problem(Fault.ULN_NONE, Column.ULN, cell),)
    if not _ULN.fullmatch(text):
        return None, (problem(Fault.ULN_SHAPE, Column.ULN, cell),)
    return None, (problem(Fault.ULN_NHS_NUMBER if _is_nhs_number(text) else Fault.ULN_CHECKSUM, Column.ULN, cell),)


def is_uln(text: str) -> bool:
    """Ten digits, the first not 0, whose sum, times 10 to 1, leaves 10 over 11."""
    return _uln_rest(text) == 10 and text[0] != "0"


def _is_nhs_number(text: str) -> bool:
    """The same sum leaves nothing (NHS Data Dictionary, NHS NUMBER)."""
    return _uln_rest(text) == 0


def _uln_rest(text: str) -> int | None:
    """None where the text is not ten digits."""
    try:
        return (_ULN_1[text[:1]] + _ULN_2[text[1:4]] + _ULN_5[text[4:7]] + _ULN_8[text[7:]]) % 11
    except KeyError:
        return None


def upn(cell: Cell) -> Checked[str]:
    """UK Government Data Standards Catalogue, UniquePupilNumber-2-0. Which authorities exist is not looked at."""
    if type(cell) is str and upn_letter(cell) == cell[:1] and not is_temporary(cell):
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


def upn_letter(text: str) -> str | None:
    """What belongs in the place of its first letter; None where the other twelve characters cannot be a UPN's."""
    try:
        return UPN_LETTERS[(_UPN_2[text[1:4]] + _UPN_5[text[4:7]] + _UPN_8[text[7:10]] + _UPN_11[text[10:]]) % 23]
    except KeyError:
        return None


def is_temporary(upn: str) -> bool:
    """A school gave it until the permanent one is known: it tells nobody apart for ever."""
    return upn[12] > "9"


def ccis(cell: Cell) -> Checked[str]:
    """NCCIS Management Information Requirement, appendix D: 13 digits, or a shorter number of the local database."""
    if cell is None or cell == "":
        return BLANK
    if type(cell) is str and len(cell) <= _CCIS_DIGITS and cell.isdigit() and cell.isascii():
        return cell, NONE
    text, problems = number_of(cell, Column.CCIS)
    if text and not _CCIS.fullmatch(text):
        return None, (problem(Fault.CCIS_SHAPE, Column.CCIS, cell),)
    return text or None, problems
