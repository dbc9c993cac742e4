"""Messages that are to cost their reader time or memory. Made when they are asked for: some are as large as allowed."""

import struct
from collections.abc import Callable, Iterator
from functools import partial

from tests.mail.corpus.case import Case, attached, html, letter, mixed, plain, reads, refused

MIB = 1 << 20
FULL = 34 * MIB


def filled(make: Callable[..., bytes], piece: bytes, size: int, *more: object) -> Callable[[], bytes]:
    return lambda: make(piece * (size // len(piece)), *more)


def with_header(name: str, value: bytes) -> bytes:
    return name.encode() + b": " + value + b"\nX-Other: 1\n\ninvite\n"


def bounce(content: bytes) -> bytes:
    return letter(content, ("From", "MAILER-DAEMON@mx.example.org"), ("Return-Path", "<>"))


def with_file(content: bytes) -> bytes:
    return mixed(attached("a.bin", content))


def many(count: int) -> bytes:
    return mixed(*[b"\nx\n"] * count)


def floods() -> Iterator[Case]:
    yield from sizes()
    yield from header_floods()
    yield from part_floods()
    yield from bounce_floods()
    yield from text_floods()
    yield from html_floods()
    yield from attachment_floods()


def sizes() -> Iterator[Case]:
    yield Case("larger than may be", lambda: plain(b"a" * (35 * MIB)), refused("larger than 35 MiB"))
    for name, piece in {
        "NULs": b"\0",
        "newlines": b"\n",
        "carriage returns": b"\r",
        "one line": b"a",
        "spaces": b" ",
        "dashes": b"-",
        "lines of two dashes": b"--\n",
        "angles": b"<",
        "high bytes": b"\xff",
        "half characters": b"\xc3",
        "every byte": bytes(range(256)),
        "quote marks": b"> ",
        "quoted lines": b">\n",
        "lines of a word": b"invite\n",
    }.items():
        yield Case(f"34 MiB of {name}", filled(plain, piece, FULL), reads())
        yield Case(f"34 MiB of {name} and nothing else", filled(bytes, piece, FULL))


HEADER_PIECES = ("(", "<", '"', "\\", "=?a?q?", "=?utf-8?q?a?= ", ";", ";a=b", ",", ":", "<a@b>", "a@b.c,", "@", "é")


def header_floods() -> Iterator[Case]:
    block = 250_000
    for name in ("From", "To", "Subject", "Message-ID", "References", "In-Reply-To", "Content-Type", "Received"):
        for piece in HEADER_PIECES:
            value = (piece * (block // len(piece.encode()))).encode()
            yield Case(
                f"{name} full of {piece.strip()}",
                partial(with_header, name, value),
            )
    yield Case("a header block past its limit", lambda: b"X: " + b"a" * (300 << 10) + b"\n\nx", refused("header block"))
    yield Case("a header without end", lambda: b"Subject: a\n" + b" b\n" * 100_000 + b"\nx", refused("header block"))
    yield Case("80,000 headers", lambda: b"a:\n" * 80_000 + b"\ninvite\n", reads(text="invite"))
    yield Case(
        "80,000 From headers", lambda: b"From:\n" * 40_000 + b"\ninvite\n", reads(from_headers=40_000, senders=())
    )
    yield Case(
        "boundary of RFC 2231 in thousands of pieces",
        lambda: letter(b"x", ("Content-Type", "multipart/mixed" + "".join(f"; boundary*{n}=a" for n in range(15_000)))),
    )


def nested(levels: int) -> bytes:
    head = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(levels)
    )
    return b"From: bo@example.org\n" + head + b"\ninvite\n"


def part_floods() -> Iterator[Case]:
    yield Case("nested 20 deep", lambda: nested(20), reads(text="invite"))
    for levels in (21, 1000):
        yield Case(f"nested {levels} deep", partial(nested, levels), refused("nested deeper"))
    yield Case("nested 100,000 deep", partial(nested, 100_000), refused("lines like a boundary"))
    yield Case(
        "nested 1,000 deep under one boundary",
        lambda: b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" * 1000 + b"\ninvite\n",
    )
    yield Case(
        "messages in messages",
        lambda: b"Content-Type: message/rfc822\n\n" * 100_000 + b"\ninvite\n",
        reads(text=""),
    )
    for count in (101, 20_000, 1_000_000):
        yield Case(f"{count} parts", partial(many, count), refused("more than 100 parts"))
    yield Case("1,000,000 parts of a digest", lambda: digest(1_000_000), refused("more than 100 parts"))
    yield Case("99 parts", lambda: mixed(*[b"\nx\n"] * 99), reads(text="\n".join(["x\n"] * 99).strip()))
    yield Case(
        "a marker in each line, and none alone",
        lambda: mixed(b"\n" + b"--BOUNDARYa\n" * 1_000_000),
    )
    yield Case("a marker everywhere in one line", lambda: mixed(b"\n" + b"--BOUNDARY" * 2_000_000))
    yield Case("a boundary of dashes", lambda: dashed(), reads())
    yield Case(
        "a report with millions of empty lines",
        lambda: letter(b"\n" * 20_000_000, ("Content-Type", "message/delivery-status")),
    )
    yield Case(
        "a report about 100,000 recipients",
        lambda: letter(
            b"Reporting-MTA: dns; mx\n" + b"\nFinal-Recipient: rfc822; a@b.example\nAction: failed\n" * 100_000,
            ("Content-Type", "message/delivery-status"),
        ),
        reads(recipients=100),
    )


def bounce_floods() -> Iterator[Case]:
    for piece in (
        b"a",
        b" ",
        b"<",
        b"\n",
        b"<a@b.c>\n",
        b"Hi. This is the\n",
        b"failed ",
        b"550 ",
        b"Recipient: ",
        b"-----",
    ):
        yield Case(f"a bounce of {piece.decode().strip() or piece!r}", filled(bounce, piece, MIB), reads())


def digest(count: int) -> bytes:
    return b"Content-Type: multipart/digest; boundary=d\n\n" + b"--d\n\n\n" * count


def dashed() -> bytes:
    return b'Content-Type: multipart/mixed; boundary="' + b"-" * 70 + b'"\n\n' + b"-" * 10_000_000 + b"\n"


def text_floods() -> Iterator[Case]:
    size = 900_000
    for name, words in {
        "On a a a": "On a ",
        "On ... wrote": "On 1 Jan bo wrote: ",
        "attributions in lines": "On 1 Jan\nbo wrote:\n",
        "On in lines": "On 1\n",
        "From": "From: a\n",
        "From and Sent": "From: a\nSent: b\n\n",
        "closings": "Regards\n",
        "closings and words": "Regards\na\n",
        "signatures": "-- \n",
        "rules": "____________\n",
        "rules and From": "________\nFrom: a\n",
        "titles": "-----Original Message-----\n",
        "armours": "-----BEGIN PGP SIGNED MESSAGE-----\n",
        "quotes of quotes": ">" * 400 + "\n",
        "addresses": "learner1@example.org, ",
        "combining marks": "a" + "\u0301" * 1000,
        "line separators": "\u2028",
        "direction marks": "\u202e",
        "tabs": "\t",
        "colons": ":",
        "devices": "Sent from my \n",
    }.items():
        body = (words * (size // len(words))).encode()
        yield Case(f"a megabyte of {name}", partial(plain, body), reads())
    flowed = ("Content-Type", "text/plain; format=flowed; delsp=yes")
    yield Case("flowed lines without end", lambda: letter(b"a \n" * 300_000, flowed), reads())
    soft = ("Content-Transfer-Encoding", "quoted-printable")
    for name, piece in {"soft breaks": b"=\n", "equal signs": b"=", "half codes": b"=A", "coded NULs": b"=00"}.items():
        yield Case(f"34 MiB of {name}", filled(letter, piece, FULL, soft), reads())
    coded = ("Content-Transfer-Encoding", "base64")
    for name, piece in CODED_PIECES.items():
        yield Case(f"34 MiB of {name} as base64", filled(letter, piece, FULL, coded))
    uu = ("Content-Transfer-Encoding", "x-uuencode")
    yield Case("34 MiB of uuencode", lambda: letter(b"begin 644 a\n" + (b"M" + b"A" * 60 + b"\n") * 560_000, uu))
    yield Case("34 MiB of short lines in uuencode", lambda: letter(b"begin 644 a\n" + b"!A\n" * 11_000_000, uu))
    for charset in ("utf-7", "hz", "iso-2022-jp", "utf-16", "utf-32", "gb18030", "punycode", "idna", "unicode_escape"):
        kind = ("Content-Type", f"text/plain; charset={charset}")
        for name, piece in CHARSET_PIECES.items():
            yield Case(f"{charset} of {name}", filled(letter, piece, 5 * MIB, kind), reads())


CODED_PIECES = {"equal signs": b"=", "one letter": b"A", "newlines": b"\n", "groups": b"QUJD", "gaps": b"A="}
CHARSET_PIECES = {"plus": b"+", "tilde": b"~{", "escape": b"\x1b$B", "backslash": b"\\u", "high": b"\xd8"}


def html_floods() -> Iterator[Case]:
    size = 2 * MIB
    for name, piece in {
        "open divs": "<div>",
        "open quotes": "<blockquote>",
        "open tables": "<table><tr><td>",
        "open fonts": "<font>",
        "links in links": "<a href=x>",
        "attributes": "<a " + "b " * 5000 + ">",
        "comments": "<!--",
        "declarations": "<![",
        "brackets": "<",
        "ends": "</",
        "entities": "&amp;",
        "open entities": "&",
        "numbers": "&#1114111;",
        "breaks": "<br>",
        "paragraphs": "<p>",
        "lists": "<ul><li>",
        "cells": "<td>",
        "styles": "<style>",
        "scripts": "<script>",
        "pre": "<pre>\n",
        "select": "<select><option>",
        "b and i crossed": "<b><i></b></i>",
        "forms": "<form><div></form>",
        "colons": "<a:b>",
        "hidden": '<p style="' + "display " * 1000 + '">',
        "spaces": " ",
        "long words": "a",
    }.items():
        yield Case(f"2 MiB HTML of {name}", partial(html, piece * (size // len(piece))), reads())
    yield Case("one attribute of 2 MiB", lambda: html(f'<p style="{" " * size}">invite'))
    yield Case("HTML entities in a DTD", lambda: html(ENTITIES + "<p>&d;"), reads())


ENTITIES = (
    '<!DOCTYPE html [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>'
)


def attachment_floods() -> Iterator[Case]:
    for name, content in {
        "zips": b"PK\x03\x04",
        "zip of a sheet, almost": b"PK\x03\x04xl/workbook",
        "OLE": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "half names": "Workboo".encode("utf-16-le"),
        "PDF": b"%PDF",
    }.items():
        yield Case(
            f"24 MiB of {name}",
            filled(with_file, content, 24 * MIB),
            reads(files=1),
        )
    yield Case("winmail.dat of a million objects", lambda: mixed(attached("winmail.dat", tnef_objects(1_000_000))))
    yield Case("winmail.dat of 1,000 objects", lambda: mixed(attached("winmail.dat", tnef_objects(1000))))
    yield Case("winmail.dat that promises 4 GiB", lambda: mixed(attached("winmail.dat", tnef_promises())))
    yield Case("winmail.dat with 4,000,000,000 recipients", lambda: mixed(attached("winmail.dat", tnef_recipients())))
    yield Case("winmail.dat in itself", lambda: mixed(attached("winmail.dat", tnef_nested(300))))


TNEF = struct.pack("<IH", 0x223E9F78, 1)


def tnef_object(level: int, name: int, kind: int, data: bytes) -> bytes:
    return struct.pack("<BHHI", level, name, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def tnef_objects(count: int) -> bytes:
    return TNEF + tnef_object(1, 0x8005, 3, b"") * count + bytes(20)


def tnef_promises() -> bytes:
    return TNEF + struct.pack("<BHHI", 1, 0x9003, 6, 0xFFFFFF00) + struct.pack("<I", 0xFFFFFFFF) + bytes(1000)


def tnef_recipients() -> bytes:
    return TNEF + tnef_object(1, 0x9004, 6, struct.pack("<I", 4_000_000_000) + bytes(1000)) + bytes(20)


def tnef_nested(levels: int) -> bytes:
    inner = TNEF + bytes(20)
    signature = bytes.fromhex("0703020000000000C000000000000046")
    for _ in range(levels):
        data = signature + inner
        prop = struct.pack("<IHHII", 1, 0x000D, 0x3701, 1, len(data)) + data + bytes(-len(data) % 4)
        inner = TNEF + tnef_object(2, 0x9002, 6, bytes(14)) + tnef_object(2, 0x9005, 6, prop) + bytes(20)
    return inner
