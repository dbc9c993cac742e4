"""Bytes to text, whatever they are said to be. Never raises; what comes out has no NULs and no control characters."""

import codecs
import re
from typing import Final

# Of ours, by the names that codecs.lookup gives. Not all that Python knows: some take quadratic time, some run
# anything but text (idna, punycode, unicode_escape, base64, rot13).
_PAGES: Final = (437, 737, 775, 850, 852, 855, 857, 858, *range(860, 867), 869, 874, 932, 949, 950, *range(1250, 1259))
_KNOWN: Final = frozenset((
    "ascii", "utf-7", "utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-32-be", "utf-32-le",
    "big5", "big5hkscs", "euc_jp", "euc_kr", "gb18030", "gb2312", "gbk", "hz", "johab", "shift_jis",
    "shift_jis_2004", "iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_3", "iso2022_jp_ext", "iso2022_kr",
    "koi8-r", "koi8-u", "koi8-t", "kz1048", "ptcp154", "tis-620", "mac-roman", "mac-cyrillic", "mac-greek",
    "mac-latin2",
    *(f"iso8859-{number}" for number in range(1, 17)), *(f"cp{number}" for number in _PAGES),
))  # fmt: skip
# As browsers read them: what says Latin-1 is Windows-1252, and each of these has a later one that holds it.
_READ_AS: Final = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
}
_OTHER_NAMES: Final = {
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "ks_c_5601-1987": "cp949",
    "x-sjis": "shift_jis",
    "x-gbk": "gbk",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "unicode-1-1-utf-7": "utf-7",
    "x-unicode-2-0-utf-7": "utf-7",
    "unicode": "utf-16",
    "ansi": "cp1252",
    "x-ansi": "cp1252",
}
# Without these what is said is not looked at: the bytes say it themselves.
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NO_TEXT: Final = re.compile("[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_NEWLINES: Final = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")


def decode(raw: bytes, charset: str = "") -> str:
    return clean(_decoded(raw, charset))


def clean(text: str) -> str:
    return _NO_TEXT.sub("", _NEWLINES.sub("\n", text))


def is_known(charset: str) -> bool:
    return _codec(charset) is not None


def _decoded(raw: bytes, charset: str) -> str:
    if raw.isascii() and not _is_stateful(charset):
        return raw.decode("ascii")
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return raw.decode(name, "replace")
    codec = _codec(charset)
    if codec in (None, "cp1252", "utf-8"):
        return _guessed(raw, is_said_utf8=codec == "utf-8")
    try:
        return raw.decode(codec)
    except ValueError:
        return _guessed(raw, is_said_utf8=False)


def _is_stateful(charset: str) -> bool:
    """Those whose text looks like ASCII. Not UTF-16: what is ASCII throughout was never that."""
    return (_codec(charset) or "") in ("utf-7", "hz") or "2022" in charset


def _guessed(raw: bytes, *, is_said_utf8: bool) -> str:
    """Nothing but UTF-8 looks like it by chance, whatever it is said to be."""
    try:
        return raw.decode("utf-8")
    except ValueError:
        text = raw.decode("utf-8", "replace")
    high = len(raw) - len(raw.translate(None, bytes(range(128, 256))))
    if is_said_utf8 and text.count("\ufffd") * 4 <= high:
        return text
    try:
        return raw.decode("cp1252")
    except ValueError:
        return raw.decode("latin-1")


def _codec(charset: str) -> str | None:
    name = charset.strip().strip("\"'").lower()[:40]
    if not name.isascii() or not name:
        return None
    try:
        found = codecs.lookup(_OTHER_NAMES.get(name, name)).name
    except (LookupError, ValueError, UnicodeError):
        return None
    return _READ_AS.get(found, found) if found in _KNOWN else None
