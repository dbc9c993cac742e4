"""Tables of a web page: what many school systems call an Excel file."""

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree, html  # type: ignore[import-untyped]  # It has no types.

from core.rules import policy
from core.sheets.faults import FileFault, Unreadable

_CHARSET: Final = re.compile(rb'charset\s*=\s*["\']?\s*([\w-]{2,30})', re.IGNORECASE)
_HEAD: Final = 4096
Cells = list[str]


def declared_encoding(content: bytes) -> str | None:
    """What the page says of itself; None where it says nothing, or nothing that is known."""
    said = _CHARSET.search(content[:_HEAD])
    name = said[1].decode("ascii").lower() if said else ""
    try:
        "".encode(name or "unknown")
    except LookupError:
        return None
    # A page that can be read this far is not in UTF-16, whatever it says.
    return None if name.startswith(("utf-16", "utf-32")) else name


def tables(text: str) -> Iterator[tuple[str, Iterator[tuple[int, Cells]]]]:
    """The outermost tables, each with its rows. Raises Unreadable."""
    parser = html.HTMLParser(encoding="utf-8", huge_tree=False, no_network=True, remove_comments=True)
    try:
        page = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable(FileFault.DAMAGED) from error
    outermost = [table for table in page.iter("table") if next(table.iterancestors("table"), None) is None]
    if not outermost:
        raise Unreadable(FileFault.NOT_A_SHEET, "a web page without a table")
    for number, table in enumerate(outermost, start=1):
        yield f"Table {number}", _rows(table)


def _rows(table: html.HtmlElement) -> Iterator[tuple[int, Cells]]:
    # What a cell of an earlier row covers in this one: place -> rows to go.
    covered: dict[int, int] = {}
    number = 0
    for line in table.iter("tr"):
        if next(line.iterancestors("table"), None) is not table:
            continue
        number += 1
        cells: Cells = []
        for cell in line.iterchildren("td", "th"):
            _skip_covered(cells, covered)
            columns, rows = _span(cell, "colspan", policy.SHEET_COLUMNS), _span(cell, "rowspan", 1000)
            if rows > 1:
                covered.update(dict.fromkeys(range(len(cells), len(cells) + columns), rows - 1))
            cells += [_words(cell), *[""] * (columns - 1)]
            if len(cells) > policy.SHEET_COLUMNS:
                break
        _skip_covered(cells, covered)
        for place in [place for place in covered if place >= len(cells)]:
            covered[place] -= 1
        covered = {place: left for place, left in covered.items() if left > 0}
        yield number, cells


def _skip_covered(cells: Cells, covered: dict[int, int]) -> None:
    while covered.get(len(cells), 0) > 0 and len(cells) <= policy.SHEET_COLUMNS:
        covered[len(cells)] -= 1
        cells.append("")


def _span(cell: html.HtmlElement, name: str, limit: int) -> int:
    said = (cell.get(name) or "").strip()
    return min(limit, max(1, int(said))) if said.isascii() and said.isdigit() and len(said) < 6 else 1


def _words(cell: html.HtmlElement) -> str:
    """White space as a browser shows it."""
    return " ".join("".join(cell.itertext()).split())
