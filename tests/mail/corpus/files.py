"""Attachments: what they are, what they are called; Outlook's envelope; signed, encrypted and invited."""

import io
import struct
import zipfile
from collections.abc import Iterator
from functools import partial

from openpyxl import Workbook

from tests.mail.corpus.case import Case, attached, letter, mixed, part, reads

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def workbook() -> bytes:
    file = io.BytesIO()
    book = Workbook()
    book.active.append(["UKPRN", "First name"])  # type: ignore[union-attr]  # A new book has an active sheet.
    book.save(file)
    return file.getvalue()


def zipped(*entries: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return file.getvalue()


ODS = ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")
ODT = ("mimetype", b"application/vnd.oasis.opendocument.text")
WORKBOOK = "Workbook".encode("utf-16-le") + b"\0\0"

CONTENTS: dict[str, tuple[bytes, str]] = {
    "a zip": (zipped(("a.txt", b"a")), "zip"),
    "an empty zip": (zipped(), "zip"),
    "a broken zip": (b"PK\x03\x04", "zip"),
    "an OpenDocument sheet": (zipped(ODS), "ods"),
    "an OpenDocument text": (zipped(ODT), "other"),
    "a Word document": (zipped(("[Content_Types].xml", b""), ("word/document.xml", b"")), "other"),
    "a binary workbook": (zipped(("[Content_Types].xml", b""), ("xl/workbook.bin", b"")), "xlsx"),
    "an old workbook": (OLE + bytes(1000) + WORKBOOK, "xls"),
    "an encrypted workbook": (OLE + bytes(1000) + "EncryptedPackage".encode("utf-16-le") + b"\0\0", "xls"),
    "an old Word document": (OLE + bytes(1000) + "WordDocument".encode("utf-16-le") + b"\0\0", "other"),
    "an ancient workbook": (b"\x09\x08\x08\x00\x00\x05\x10\x00" + bytes(100), "xls"),
    "a PDF": (b"%PDF-1.7\n\xe2\xe3", "pdf"),
    "a PDF after junk": (b"junk\n%PDF-1.7", "pdf"),
    "a PNG": (b"\x89PNG\r\n\x1a\n\0\0", "image"),
    "a JPEG": (b"\xff\xd8\xff\xe0\0\x10JFIF", "image"),
    "a GIF": (b"GIF89a\0", "image"),
    "a WEBP": (b"RIFF\0\0\0\0WEBP", "image"),
    "a HEIC": (b"\0\0\0\x18ftypheic", "image"),
    "a CSV": (b"a,b\nc,d\n", "csv"),
    "a CSV with semicolons": (b"a;b\r\nc;d\r\n", "csv"),
    "a CSV with tabs": (b"a\tb\nc\td\n", "csv"),
    "a CSV with bars": (b"a|b\nc|d\n", "csv"),
    "a CSV with quotes": (b'"a,a",b\n"c",d\n', "csv"),
    "a CSV in UTF-16": ("a\tb\né\td\n".encode("utf-16"), "csv"),
    "a CSV in UTF-8 with its mark": (b"\xef\xbb\xbfa,b\nc,d\n", "csv"),
    "a CSV in Windows-1252": (b"caf\xe9,b\nc,d\n", "csv"),
    "a CSV with a line that differs": (b"a,b\nc,d\ne,f,g\nh,i\n", "csv"),
    "a line with commas": (b"a,b,c\n", "text"),
    "addresses": (b"a@b.example\nc@d.example\n", "text"),
    "a text": (b"Dear Usher,\n\nplease invite them.\n", "text"),
    "nothing": (b"", "text"),
    "blanks": (b" \n\n", "text"),
    "bytes": (bytes(range(256)), "other"),
    "NULs": (bytes(100), "other"),
    "a page": (b"<!DOCTYPE html><html><body>x", "html"),
    "a table": (b"\n <table><tr><td>a</table>", "html"),
    "a table after a comment": (b"<!-- x --><html>", "html"),
    "a page in XML": (b'<?xml version="1.0"?><html>', "html"),
    "XML": (b'<?xml version="1.0"?><a/>', "other"),
    "a calendar": (b"BEGIN:VCALENDAR\nEND:VCALENDAR\n", "calendar"),
    "a message": (b"From: a@b.example\nDate: x\nSubject: y\n\nz", "message"),
    "a program": (b"MZ\x90\0\x03", "other"),
    "gzip": (b"\x1f\x8b\x08\0", "other"),
}

NAMES = {
    "a.csv": "a.csv",
    "../../etc/passwd": "passwd",
    "/etc/passwd": "passwd",
    "C:\\Users\\Bo\\a.csv": "a.csv",
    "..\\..\\a.csv": "a.csv",
    "..": "attachment",
    ".": "attachment",
    "": "attachment",
    "/": "attachment",
    ".htaccess": "htaccess",
    "a\x00b.csv": "ab.csv",
    "a\tb.csv": "a b.csv",
    "=?utf-8?q?caf=C3=A9.csv?=": "café.csv",
    "=?utf-8?q?=2E=2E/=2E=2E/a.csv?=": "a.csv",
    "café.csv": "café.csv",
    "gpj\u202e.csv": "gpj.csv",
    "a<b>:c|d?e*.csv": "a_b__c_d_e_.csv",
    "a" * 300 + ".csv": "a" * 110 + ".csv",
    "a" * 300: "a" * 120,
    "a   b.csv": "a b.csv",
    "CON": "CON",
    "a.csv ": "a.csv",
}

DISPOSITIONS = {
    "attachment; filename*=utf-8''caf%C3%A9.csv": "café.csv",
    'attachment; filename*0="a"; filename*1=".csv"': "a.csv",
    "attachment; filename*0*=utf-8''caf%C3; filename*1*=%A9.csv": "café.csv",
    "attachment; filename*=no-such''a%E9.csv": None,
    "attachment; filename*=utf-8''%": "%",
    "attachment; filename*=": "attachment",
    "attachment; filename": "attachment",
    "attachment; filename=a.csv; filename=b.csv": None,
    "attachment; filename=a b.csv": None,
    'attachment; filename="a': None,
    "attachment;;;;filename=a.csv": "a.csv",
    "attachment": "attachment",
    "ATTACHMENT; FILENAME=a.csv": "a.csv",
    "attachment; filename*1=b; filename*0=a": "ab",
    "attachment; filename*9999999999=a": None,
    "attachment; filename*x=a": None,
    "attachment; filename*0*=utf-8'x; filename*1=y": None,
    "": "attachment",
}


def files() -> Iterator[Case]:
    for name, (content, kind) in CONTENTS.items():
        yield Case(f"attached: {name}", partial(with_file, "a.bin", content), reads(kinds=(kind,), contents=(content,)))
    yield Case("attached: a workbook", lambda: with_file("a.pdf", workbook()), reads(kinds=("xlsx",), names=("a.pdf",)))
    for said, name in NAMES.items():
        yield Case(f"called {said} of {len(said)}", partial(with_file, said, b"x"), reads(names=(name,)))
    for said, called in DISPOSITIONS.items():
        raw = part(b"x", "application/octet-stream", ("Content-Disposition", said))
        yield Case(f"said {said}", partial(mixed, raw), reads(files=1) if called is None else reads(names=(called,)))
    yield from envelopes()
    yield from sealed()


def with_file(name: str, content: bytes) -> bytes:
    return mixed(part(b"invite"), attached(name, content))


def tnef_object(level: int, name: int, kind: int, data: bytes) -> bytes:
    return struct.pack("<BHHI", level, name, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def winmail(*files: tuple[bytes, bytes], body: bytes = b"") -> bytes:
    objects = [
        tnef_object(1, 0x9006, 8, struct.pack("<I", 0x10000)),
        tnef_object(1, 0x9007, 6, struct.pack("<II", 1252, 0)),
    ]
    if body:
        objects.append(tnef_object(1, 0x800C, 2, body))
    for name, content in files:
        objects.append(tnef_object(2, 0x9002, 6, bytes(14)))
        objects.append(tnef_object(2, 0x8010, 1, name + b"\0"))
        objects.append(tnef_object(2, 0x800F, 6, content))
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(objects)


def envelopes() -> Iterator[Case]:
    full = winmail((b"a.csv", b"a,b\nc,d\n"), (b"..\\b.pdf", b"%PDF-1"))
    yield Case(
        "winmail.dat", partial(with_file, "winmail.dat", full),
        reads(names=("a.csv", "b.pdf"), kinds=("csv", "pdf"), problems=()),
    )  # fmt: skip
    words = winmail((b"a.csv", b"a,b\nc,d\n"), body=b"invite maths\0")
    yield Case("winmail.dat with the text", partial(mixed, attached("winmail.dat", words)), reads(text="invite maths"))
    yield Case("winmail.dat by another name", partial(with_file, "x", full), reads(kinds=("csv", "pdf")))
    for length in (4, 5, 6, 10, 16, 17, 30, 60, len(full) - 5):
        yield Case(f"winmail.dat of {length} bytes", partial(with_file, "winmail.dat", full[:length]), reads())
    for at in range(6, len(full), 11):
        spoilt = full[:at] + b"\xff" + full[at + 1 :]
        yield Case(f"winmail.dat spoilt at {at}", partial(with_file, "winmail.dat", spoilt), reads())
    yield Case("winmail.dat that is none", partial(with_file, "winmail.dat", b"none"), reads(kinds=("text",)))


def sealed() -> Iterator[Case]:
    words = part(b"undo")
    signature = part(b"x", "application/pgp-signature; name=signature.asc")
    yield Case("PGP signed", partial(mixed, words, signature, kind="signed"), reads(text="undo", files=0))
    smime = part(b"x", 'application/pkcs7-signature; name="smime.p7s"')
    yield Case("S/MIME signed", partial(mixed, words, smime, kind="signed"), reads(text="undo"))
    locked = (part(b"Version: 1", "application/pgp-encrypted"), part(b"x", "application/octet-stream"))
    yield Case("PGP encrypted", partial(mixed, *locked, kind="encrypted"), reads(text=""))
    for kind in ("enveloped-data", "signed-data"):
        header = ("Content-Type", f"application/pkcs7-mime; smime-type={kind}; name=smime.p7m")
        yield Case(f"S/MIME {kind}", partial(letter, b"x", header), reads(text=""))
    inline = b"-----BEGIN PGP MESSAGE-----\n\naaaa\n-----END PGP MESSAGE-----\n"
    yield Case("PGP encrypted in the text", partial(letter, inline), reads())
    event = part(b"BEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR", "text/calendar; method=REPLY")
    yield Case("an answer to an event", partial(mixed, words, event, kind="alternative"), reads(
        text="undo", kinds=("calendar",)
    ))  # fmt: skip
    inner = part(letter(b"old\n", ("Subject", "x")), "message/rfc822")
    yield Case("a message attached", partial(mixed, words, inner), reads(
        text="undo", kinds=("message",), names=("message.eml",)
    ))  # fmt: skip
