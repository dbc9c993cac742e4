"""Postcodes: whether one is made like this. That it exists is not provable from its letters."""

import re

from core.rules.ucas.cells import Checked, text_of
from core.rules.ucas.columns import Column
from core.rules.ucas.problems import Cell, Fault, problem

# Bulk Data Transfer, additional validation, November 2015 (gov.uk); BS 7666.
_FIRST, _SECOND = "[A-PR-UWYZ]", "[A-HK-Y]"
_OUTWARD = (
    rf"{_FIRST}(?:[0-9]{{1,2}}|{_SECOND}[0-9]{{1,2}}|[0-9][A-HJKPSTUW]|{_SECOND}[0-9][ABEHMNPRVWXY])"
)  # fmt: skip
_INWARD = "[0-9][ABD-HJLNP-UW-Z]{2}"
_POSTCODE = re.compile(rf"({_OUTWARD})({_INWARD})|(GIR)(0AA)")
# Forces' post: BFPO 57.
_BFPO = re.compile(r"BFPO([0-9]{1,4})")
_UNKNOWN_ADDRESS = re.compile(r"(ZZ99)([0-9][A-Z]{2})")
_SPACES = re.compile(r"\s+")
_LIKE_DIGITS = str.maketrans("OIL", "011")


def postcode(cell: Cell) -> Checked[str]:
    """In capitals, with one space before its inward part."""
    text, problems = text_of(cell, Column.POSTCODE, 40)
    if not text:
        return None, problems
    bare = _SPACES.sub("", text).upper()
    if made := _made(bare):
        return made, problems
    if unknown := _UNKNOWN_ADDRESS.fullmatch(bare):
        return f"{unknown[1]} {unknown[2]}", (problem(Fault.POSTCODE_UNKNOWN_ADDRESS, Column.POSTCODE, cell),)
    # A letter O in the only place where there must be a digit.
    meant = _made(bare[:-3] + bare[-3:-2].translate(_LIKE_DIGITS) + bare[-2:])
    return None, (problem(Fault.POSTCODE_SHAPE, Column.POSTCODE, cell, meant),)


def _made(bare: str) -> str:
    if parts := _POSTCODE.fullmatch(bare):
        return f"{parts[1] or parts[3]} {parts[2] or parts[4]}"
    if forces := _BFPO.fullmatch(bare):
        return f"BFPO {forces[1]}"
    return ""
