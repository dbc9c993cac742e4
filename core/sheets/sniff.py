"""What a file is, by its first bytes: a name and a declared type say what its sender believes, and mails lie."""

from typing import Final

from core.sheets.cells import FileKind
from core.sheets.faults import FileFault, Unreadable

ZIP: Final = b"PK\x03\x04"
OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Excel 2 to 4 wrote their records without a container.
_BARE_BIFF: Final = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00")
_MARKUP: Final = (b"<html", b"<table", b"<!doctype html", b"<head", b"<body", b"<meta", b"<style", b"<div")
_OTHERS: Final = (
    (b"%PDF-", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "a text document"),
    (b"Rar!", "an archive"),
    (b"7z\xbc\xaf", "an archive"),
    (b"\x1f\x8b", "an archive"),
    (b"PK\x05\x06", "an archive without files"),
    (b"\x00\x01\x00\x00Standard ", "a database"),
    (b"BEGIN:VC", "a contact or a calendar entry"),
)
_HEAD: Final = 4096


def sniffed(content: bytes) -> FileKind | None:
    """None: a zip container, whose directory tells more. Raises Unreadable for what can be told to be no sheet."""
    if not content:
        raise Unreadable(FileFault.EMPTY)
    if content.startswith(ZIP):
        return None
    if content.startswith((OLE, *_BARE_BIFF)):
        return FileKind.XLS
    for mark, what in _OTHERS:
        if content.startswith(mark):
            raise Unreadable(FileFault.NOT_A_SHEET, what)
    return _text_kind(content)


def _text_kind(content: bytes) -> FileKind:
    # Without the zeros, markup in UTF-16 reads like any other.
    head = content[:_HEAD].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if head.startswith(b"mime-version:") or b"\ncontent-type: multipart/" in head:
        raise Unreadable(FileFault.NOT_A_SHEET, "a saved web page or an e-mail")
    if b"urn:schemas-microsoft-com:office:spreadsheet" in head or b"<office:document" in head:
        # A page of HTML that Excel wrote names that schema as well, but in another way: xmlns:x=…:excel.
        raise Unreadable(FileFault.OLD_XML)
    if head.startswith(b"<") and any(mark in head for mark in _MARKUP):
        return FileKind.HTML
    if head.startswith(b"<?xml"):
        raise Unreadable(FileFault.NOT_A_SHEET, "an XML file")
    return FileKind.CSV
