"""What kind of file it is, by its bytes; and a name that is no path. The sender's word counts for nothing."""

import re
from typing import Final

from core.rules.text import clean_name

NAME_CHARACTERS: Final = 120
_LOOKED_AT: Final = 4096
BOOKS: Final = ("xlsx", "xls", "ods")
_TABLES: Final = (*BOOKS, "csv", "html")
_TABLE_NAMES: Final = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".csv", ".tsv", ".txt")
_IMAGES: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"\x00\x00\x01\x00")
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Excel before 5.0 wrote its records without a container.
_BIFF: Final = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08\x08\x00", b"\x09\x08\x10\x00")
_HTML: Final = re.compile(rb"<(?:!doctype\s+html|html|head|body|table|meta|style|div)\b", re.IGNORECASE)
_HEADER: Final = re.compile(
    rb"(?:received|return-path|delivered-to|from|date|message-id|mime-version|subject):", re.IGNORECASE
)
_NOT_TEXT: Final = bytes([*range(9), 11, *range(14, 27), *range(28, 32)])


def kind_of(content: bytes) -> str:
    """text, csv, xlsx, xls, ods, html, zip, pdf, image, message, calendar or other. Workbooks of any Excel since 2007,
    macros and binary ones too, are xlsx; what is encrypted is taken for what it may be.
    """
    begin = content[:_LOOKED_AT]
    if begin.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_zip(content, begin)
    if begin.startswith(_OLE):
        return _kind_of_ole(content)
    if begin.startswith(_BIFF):
        return "xls"
    if begin.startswith(_IMAGES) or (begin.startswith(b"RIFF") and begin[8:12] == b"WEBP") or begin[4:8] == b"ftyp":
        return "image"
    if b"%PDF-" in begin[:1024]:
        return "pdf"
    return _kind_of_text(begin)


def _kind_of_zip(content: bytes, begin: bytes) -> str:
    # The first entry of an OpenDocument file is its type, and stored as it is.
    if b"mimetypeapplication/vnd.oasis.opendocument." in begin[:200]:
        return "ods" if b"opendocument.spreadsheet" in begin[:200] else "other"
    # The list of a zip's entries is not read, for it may be as long as its sender likes; names stand there in plain.
    if b"xl/workbook." in content or b"xl\\workbook." in content:
        return "xlsx"
    if b"[Content_Types].xml" in content:
        return "other"
    return "zip"


def _kind_of_ole(content: bytes) -> str:
    names = ("Workbook", "Book", "EncryptedPackage")
    return "xls" if any(name.encode("utf-16-le") + b"\0\0" in content for name in names) else "other"


def _kind_of_text(begin: bytes) -> str:
    if begin.startswith((b"\xff\xfe", b"\xfe\xff")):
        begin = begin[: len(begin) & ~1].decode("utf-16", "replace").encode()
    begin = begin.removeprefix(b"\xef\xbb\xbf")
    if not begin.strip():
        return "text" if not begin.translate(None, b" \t\r\n") else "other"
    # A few odd bytes are a slip; many, or a NUL, are no text.
    odd = len(begin) - len(begin.translate(None, _NOT_TEXT))
    if b"\0" in begin or odd * 50 > len(begin):
        return "other"
    start = begin.lstrip()
    if start[:15].upper() == b"BEGIN:VCALENDAR":
        return "calendar"
    if _HTML.match(start) or (start.startswith((b"<?xml", b"<!--")) and _HTML.search(start[:1500])):
        return "html"
    if start.startswith(b"<?xml"):
        return "other"
    lines = begin.splitlines()
    if len([line for line in lines[:10] if _HEADER.match(line)]) >= 3:
        return "message"
    return "csv" if _has_columns(lines if len(begin) < _LOOKED_AT else lines[:-1]) else "text"


def _has_columns(lines: list[bytes]) -> bool:
    """The same delimiter in each of the first lines, as often in most of them."""
    lines = [line for line in lines if line.strip()][:10]
    if len(lines) < 2:
        return False
    for delimiter in (b"\t", b";", b",", b"|"):
        counts = [_delimiters(line, delimiter) for line in lines]
        if min(counts) and counts.count(counts[0]) * 2 > len(counts):
            return True
    return False


def _delimiters(line: bytes, delimiter: bytes) -> int:
    """Outside of quotation marks."""
    return sum(piece.count(delimiter) for piece in line.split(b'"')[::2])


def may_be_table(kind: str, name: str) -> bool:
    return kind in _TABLES or name.lower().endswith(_TABLE_NAMES)


def name_of(said: str, default: str) -> str:
    """The last part of what may be a path, of any system."""
    name = clean_name(said[-2000:].replace("\\", "/").rpartition("/")[2], 400).lstrip(". ")
    name = re.sub(r'[<>:"|?*]', "_", name)
    if len(name) > NAME_CHARACTERS:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[: NAME_CHARACTERS - 10]}{dot}{ending}" if dot and len(ending) < 8 else name[:NAME_CHARACTERS]
    return name or default
