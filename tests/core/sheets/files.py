"""Spreadsheets of every kind, made byte by byte: no library writes the wrong ones, and no binary file is kept."""

import io
import struct
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import openpyxl
from openpyxl.utils import get_column_letter

HEADINGS = ("UKPRN", "First name", "Last name", "Postcode", "ULN", "Dob")
LEARNER = (10000001, "Zoë", "O'Neil", "ZZ99 9ZZ", 9276308686, date(2008, 3, 1))

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def workbook(*rows: Sequence[Any], sheets: Mapping[str, Sequence[Sequence[Any]]] | None = None) -> bytes:
    """An ordinary .xlsx, by openpyxl; the headings and a learner unless told otherwise."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, lines in (sheets or {"Learners": rows or (HEADINGS, LEARNER)}).items():
        sheet = book.create_sheet(title)
        for line in lines:
            sheet.append(list(line))
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def zipped(parts: Mapping[str, bytes | str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return file.getvalue()


def with_sizes(container: bytes, name: str, *, unpacked: int, packed: int) -> bytes:
    """The directory says these sizes of that part, whatever it has."""
    place = container.rindex(b"PK\x01\x02", 0, container.rindex(name.encode()))
    return container[: place + 20] + struct.pack("<II", packed, unpacked) + container[place + 28 :]


def raw_xlsx(
    sheet_data: str | bytes, *, prefix: str = "", workbook_properties: str = "", parts: Mapping[str, bytes | str] = {}
) -> bytes:
    """The XML of one sheet as it is; ``parts`` are added to the container, or stand in place of its own."""
    colon = f"{prefix}:" if prefix else ""
    namespace = f'xmlns{":" + prefix if prefix else ""}="{_MAIN}"'
    if isinstance(sheet_data, bytes):
        sheet: bytes | str = sheet_data
    else:
        sheet = f"<{colon}worksheet {namespace}><{colon}sheetData>{sheet_data}</{colon}sheetData></{colon}worksheet>"
    strings = (
        '<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        'spreadsheetml.sharedStrings+xml"/>'
        if "xl/sharedStrings.xml" in parts
        else ""
    )
    return zipped(
        {
            "[Content_Types].xml": (
                f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
                'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.'
                'spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType='
                f'"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>{strings}</Types>'
            ),
            "_rels/.rels": _links(("rId1", f"{_OFFICE}/officeDocument", "xl/workbook.xml")),
            "xl/_rels/workbook.xml.rels": _links(("rId1", f"{_OFFICE}/worksheet", "worksheets/sheet1.xml")),
            "xl/workbook.xml": (
                f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{workbook_properties}'
                '<sheets><sheet name="Learners" sheetId="1" r:id="rId1"/></sheets></workbook>'
            ),
            "xl/worksheets/sheet1.xml": sheet,
            **parts,
        }
    )


def _links(*links: tuple[str, str, str]) -> str:
    inner = "".join(
        f"<Relationship Id={quoteattr(i)} Type={quoteattr(t)} Target={quoteattr(to)}/>" for i, t, to in links
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'


def text_cells(row: int, *texts: str, prefix: str = "") -> str:
    """A row of text cells, as XML."""
    colon = f"{prefix}:" if prefix else ""
    cells = "".join(
        f'<{colon}c r="{get_column_letter(place)}{row}" t="inlineStr">'
        f"<{colon}is><{colon}t>{escape(text)}</{colon}t></{colon}is></{colon}c>"
        for place, text in enumerate(texts, start=1)
    )
    return f'<{colon}row r="{row}">{cells}</{colon}row>'


# What the old .xls has instead of XML.


def xls(
    *rows: Sequence[Any],
    visibility: int = 0,
    is_encrypted: bool = False,
    dates_1904: bool = False,
    stream: str = "Workbook",
    far: tuple[int, int] | None = None,
) -> bytes:
    """BIFF8 in its container. A cell: text, a number, a date, or ``#N/A``. ``far``: where one more cell stands."""
    sheet = _biff_sheet(rows, far)
    first = _record(0x809, struct.pack("<HHHHII", 0x600, 5, 0x1FAA, 0x7CD, 0, 6))
    if is_encrypted:
        first += _record(0x2F, struct.pack("<HHH", 1, 1, 1) + bytes(48))
    first += _record(0x42, struct.pack("<H", 1200)) + _record(0x22, struct.pack("<H", dates_1904))
    first += _format(0) + _format(14)
    name = b"Learners"
    size = len(first) + 4 + 8 + len(name) + 4
    first += _record(0x85, struct.pack("<IBBBB", size, visibility, 0, len(name), 0) + name) + _record(0x0A, b"")
    return _container(first + sheet, stream)


def _format(number: int) -> bytes:
    return _record(0xE0, struct.pack("<HHHBBBBIIH", 0, number, 0, 0, 0, 0, 0, 0, 0, 0))


def _biff_sheet(rows: Sequence[Sequence[Any]], far: tuple[int, int] | None) -> bytes:
    width = max((len(row) for row in rows), default=0)
    cells = b"".join(
        _biff_cell(number, place, cell)
        for number, row in enumerate(rows)
        for place, cell in enumerate(row)
        if cell != ""
    )
    if far is not None:
        cells += _biff_cell(*far, "far")
    extent = _record(0x200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    start = _record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0x1FAA, 0x7CD, 0, 6))
    return start + extent + cells + _record(0x0A, b"")


def _biff_cell(row: int, place: int, cell: Any) -> bytes:
    if cell == "#N/A":
        return _record(0x205, struct.pack("<HHHBB", row, place, 0, 0x2A, 1))
    if isinstance(cell, str):
        return _record(0x204, struct.pack("<HHHHB", row, place, 0, len(cell), 1) + cell.encode("utf-16-le"))
    if isinstance(cell, date):
        return _record(0x203, struct.pack("<HHHd", row, place, 1, (cell - date(1899, 12, 30)).days))
    return _record(0x203, struct.pack("<HHHd", row, place, 0, float(cell)))


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _container(body: bytes, stream: str) -> bytes:
    """The compound file of old office programs with one stream."""
    body = body.ljust(max(4096, -(-len(body) // 512) * 512), b"\0")
    sectors = len(body) // 512
    # The table of sectors, the directory, then the stream.
    table = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, sectors + 2), 0xFFFFFFFE]
    tables = -(-len(table) // 128)
    assert tables == 1, "a larger file needs more than one table"
    head = (
        bytes.fromhex("d0cf11e0a1b11ae1")
        + bytes(16)
        + struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    )
    head += struct.pack("<I", 0) + b"\xff\xff\xff\xff" * 108
    directory = _entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + _entry(stream, 2, 0xFFFFFFFF, 2, len(body))
    return head + struct.pack(f"<{len(table)}I", *table).ljust(512, b"\xff") + directory.ljust(512, b"\0") + body


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = name.encode("utf-16-le")
    links = struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child)
    return (
        text.ljust(64, b"\0")
        + struct.pack("<HBB", len(text) + 2, kind, 1)
        + links
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )


def xlsb(*rows: Sequence[Any]) -> bytes:
    """The binary form of an .xlsx."""
    name, link = _wide("Learners"), _wide("rId1")
    book = _part(131) + _part(143) + _part(156, struct.pack("<II", 0, 1) + link + name) + _part(144) + _part(132)
    data = b""
    for number, row in enumerate(rows):
        data += _part(0, struct.pack("<IIHHBI", number, 0, 300, 0, 0, 0))
        for place, cell in enumerate(row):
            style = struct.pack("<II", place, 0)
            data += (
                _part(6, style + _wide(cell)) if isinstance(cell, str) else _part(5, style + struct.pack("<d", cell))
            )
    width = max(map(len, rows), default=1)
    extent = _part(148, struct.pack("<IIII", 0, max(0, len(rows) - 1), 0, width - 1))
    sheet = _part(129) + extent + _part(145) + data + _part(146) + _part(130)
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
            "_rels/.rels": _links(("rId1", f"{_OFFICE}/officeDocument", "xl/workbook.bin")),
            "xl/_rels/workbook.bin.rels": _links(("rId1", f"{_OFFICE}/worksheet", "worksheets/sheet1.bin")),
            "xl/workbook.bin": book,
            "xl/worksheets/sheet1.bin": sheet,
        }
    )


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _part(kind: int, body: bytes = b"") -> bytes:
    return _varying(kind) + _varying(len(body)) + body


def _varying(number: int) -> bytes:
    if number < 128:
        return bytes([number])
    return bytes([number & 0x7F | 0x80]) + _varying(number >> 7)


def ods(*rows: Sequence[Any], manifest: str = "", hidden: Iterable[Sequence[Any]] = (), tail: str = "") -> bytes:
    """``tail``: XML behind the rows."""
    tables = _ods_table("Learners", rows).replace("</table:table>", f"{tail}</table:table>") + (
        _ods_table("Hidden", list(hidden), ' table:style-name="h"') if hidden else ""
    )
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:automatic-styles>'
        '<style:style style:name="h" style:family="table"><style:table-properties table:display="false"/></style:style>'
        f"</office:automatic-styles><office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": f"<manifest>{manifest}</manifest>",
            "content.xml": content,
        }
    )


def _ods_table(name: str, rows: Sequence[Sequence[Any]], style: str = "") -> str:
    lines = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
    return f'<table:table table:name="{name}"{style}>{lines}</table:table>'


def _ods_cell(cell: Any) -> str:
    if isinstance(cell, date):
        kind = f'office:value-type="date" office:date-value="{cell.isoformat()}"'
    elif isinstance(cell, str):
        kind = 'office:value-type="string"'
    else:
        kind = f'office:value-type="float" office:value="{cell}"'
    return f"<table:table-cell {kind}><text:p>{escape(str(cell))}</text:p></table:table-cell>"
