"""Lines of CSV for very many rows: the same cells as ``core.sheets.export`` writes, joined without the csv module.

``cell`` is for every value that is not ours: what it gives never runs as a formula and never ends its cell.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

from core.sheets.formulas import guarded, plain

MARK: Final = "\ufeff"
"""Excel takes a file without it for another encoding."""
END: Final = "\r\n"
# Begins with a letter or digit, so it is no formula; and has nothing that needs quotation marks or has no place in XML.
_TEXT: Final = '[0-9A-Za-z\u00c0-\u024f][^",\0-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]*'
_HARMLESS: Final = re.compile(_TEXT).fullmatch
_NEEDS_MARKS: Final = re.compile('[",\r\n]')


def cell(text: str | None) -> str:
    if not text:
        return ""
    return text if _HARMLESS(text) else _made_safe(text)


def _made_safe(text: str) -> str:
    safe = guarded(plain(text))
    return '"' + safe.replace('"', '""') + '"' if _NEEDS_MARKS.search(safe) else safe


class Cells(dict[str | None, str]):
    """Of values that many rows share: each is made a cell once."""

    def __missing__(self, text: str | None) -> str:
        made = self[text] = cell(text)
        return made


def line(texts: Iterable[str]) -> str:
    return ",".join(map(cell, texts)) + END


def are_harmless(cells: int) -> Callable[[str], object]:
    """Whether so many cells, joined by commas as they are, may stand in a line so: one look instead of many calls."""
    return re.compile(f"(?:{_TEXT})?" + f"(?:,(?:{_TEXT})?)" * (cells - 1)).fullmatch
