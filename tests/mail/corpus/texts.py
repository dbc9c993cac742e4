"""Bodies: charsets that are true, that lie and that do not exist; encodings; HTML; text in several parts."""

import base64
import quopri
from collections.abc import Iterator
from functools import partial

from tests.mail.corpus.case import FROM, Case, attached, html, letter, mixed, part, plain, reads

WORDS = {
    "utf-8": "Ünïcode – “quoted” 日本",
    "UTF8": "café",
    "utf-16": "café 日本",
    "utf-16le": "café 日本",
    "utf-16be": "café 日本",
    "utf-32": "café",
    "utf-7": "café 日本",
    "iso-8859-1": "café",
    "latin1": "café",
    "iso-8859-2": "żółw",
    "iso-8859-5": "привет",
    "iso-8859-7": "καλημέρα",
    "iso-8859-8": "שלום",
    "iso-8859-9": "ğüşı",
    "iso-8859-15": "prix 5 €",
    "windows-1250": "żółw",
    "windows-1251": "привет",
    "windows-1252": "café “quoted” €",
    "windows-1253": "καλημέρα",
    "windows-1254": "ğüşı",
    "windows-1255": "שלום",
    "windows-1256": "مرحبا",
    "windows-1257": "ąžuolas",
    "windows-1258": "đ",
    "koi8-r": "привет",
    "koi8-u": "їжак",
    "iso-2022-jp": "日本語",
    "shift_jis": "日本語",
    "euc-jp": "日本語",
    "gb2312": "中文",
    "gbk": "中文",
    "gb18030": "中文😀",
    "big5": "中文",
    "euc-kr": "한국어",
    "ks_c_5601-1987": "한국어",
    "iso-2022-kr": "한국어",
    "tis-620": "สวัสดี",
    "macintosh": "café",
    "ibm850": "café",
    "hz": "中文",
}
PYTHON = {"ks_c_5601-1987": "cp949", "macintosh": "mac-roman"}

LIES: dict[str, tuple[bytes, str]] = {
    "us-ascii": ("café".encode(), "café"),
    "ascii": ("café".encode("latin-1"), "café"),
    "iso-8859-1": ("café €".encode(), "café €"),
    "utf-8": ("café".encode("latin-1"), "café"),
    "UTF-8": ("café €".encode("cp1252"), "café €"),
    "utf-16": (b"invite maths", "invite maths"),
    "utf-32": (b"invite", "invite"),
    "windows-1252": (b"a\x81b\xe9", "abé"),
    "no-such-charset": ("café".encode(), "café"),
    "x-unknown": ("café".encode("cp1252"), "café"),
    "": ("café".encode(), "café"),
    "base64": (b"aW52aXRl", "aW52aXRl"),
    "rot13": (b"invite", "invite"),
    "unicode_escape": (rb"\u0041", r"\u0041"),
    "idna": (b"xn--", "xn--"),
    "punycode": (b"a-b", "a-b"),
    "zlib": (b"invite", "invite"),
    "../../etc/passwd": (b"invite", "invite"),
    "utf-8\\": (b"invite", "invite"),
    "'utf-8'": ("é".encode(), "é"),
    "utf-8; x=y": ("é".encode(), "é"),
    "undefined": (b"\xff", "ÿ"),
    "mbcs": (b"invite", "invite"),
    "shift_jis": (b"\xff\xfe\xfd", ""),
}


def texts() -> Iterator[Case]:
    for charset, words in WORDS.items():
        raw = words.encode(PYTHON.get(charset, charset))
        yield Case(f"text in {charset}", partial(plain, raw, charset), reads(text=words))
    for charset, (raw, words) in LIES.items():
        expected = reads(text=words) if words else reads()
        yield Case(f"text that is said to be {charset}", partial(plain, raw, charset), expected)
    yield from encoded()
    yield from controls()
    yield from pages()
    yield from chosen()


def encoded() -> Iterator[Case]:
    def in_(encoding: str, body: bytes) -> bytes:
        return letter(body, ("Content-Transfer-Encoding", encoding), ("Content-Type", "text/plain; charset=utf-8"))

    words = "invite café"
    coded = base64.encodebytes(words.encode())
    for name, encoding, body in (
        ("base64", "base64", coded),
        ("BASE64", "BASE64", coded),
        ("base64 with spaces around", "  base64  ", coded),
        ("base64 without padding", "base64", coded.replace(b"=", b"")),
        ("base64 with junk between", "base64", b"!".join(coded[index : index + 1] for index in range(len(coded)))),
        ("base64 with a letter too many", "base64", coded.rstrip(b"=\n") + b"=="),
        ("quoted-printable", "quoted-printable", quopri.encodestring(words.encode())),
        ("quoted-printable in small letters", "quoted-printable", b"invite caf=c3=a9"),
        ("quoted-printable, soft breaks", "Quoted-Printable", b"inv=\nite =\r\ncaf=C3=\n=A9"),
        ("7bit that has 8", "7bit", words.encode()),
        ("8bit", "8bit", words.encode()),
        ("binary", "binary", words.encode()),
        ("an unknown encoding", "x-nothing", words.encode()),
        ("uuencode", "x-uuencode", b"begin 644 a\n,:6YV:71E(&-A9L.I\n`\nend\n"),
    ):
        yield Case(name, partial(in_, encoding, body), reads(text=words))
    for body in (b"=", b"=Z", b"=4", b"a=\n", b"=\xe9"):
        yield Case(f"quoted-printable {body!r}", partial(in_, "quoted-printable", body), reads())
    for body in (b"A", b"====", b"\xff\xfe", b"QQ==QQ=="):
        yield Case(f"base64 {body!r}", partial(in_, "base64", body), reads())
    for body in (b"begin", b"begin 644 a\n!!!!\xff\n", b"begin 644 a\n~\nend"):
        yield Case(f"uuencode {body!r}", partial(in_, "x-uuencode", body), reads())


def controls() -> Iterator[Case]:
    for name, raw, words in (
        ("NULs", b"in\0vi\0te", "invite"),
        ("bells", b"in\x07vite\x1b[0m", "invite[0m"),
        ("a byte order mark", b"\xef\xbb\xbfinvite", "invite"),
        ("marks of UTF-16", "invite é".encode("utf-16"), "invite é"),
        ("C1 controls", "in\u0080vite\u009f".encode(), "invite"),
        ("half surrogates", b"in\xed\xa0\x80vite", None),
        ("line separators", "a\u2028b\u0085c".encode(), "a\nb\nc"),
        ("form feeds", b"a\x0cb\x0bc", "a\nb\nc"),
        ("our own mark", b"a\n\x02\nb", "a\n\nb"),
        ("only spaces", b"  \n \n", ""),
        ("300 addresses in a line", ADDRESSES.encode(), ADDRESSES),
    ):
        yield Case(f"text with {name}", partial(plain, raw), reads() if words is None else reads(text=words))
    flowed = ("Content-Type", "text/plain; format=flowed")
    yield Case(
        "flowed", partial(letter, b"invite maths \na@b.example \nc@d.example\nx", flowed),
        reads(text="invite maths a@b.example c@d.example\nx"),
    )  # fmt: skip
    delsp = ("Content-Type", "text/plain; format=flowed; delsp=yes")
    yield Case("flowed without spaces", partial(letter, b"in \nvite\n", delsp), reads(text="invite"))


ADDRESSES = ", ".join(f"learner{number}@example.org" for number in range(300))

HTML = {
    "<p>invite <b>maths</b></p>": "invite maths",
    "<p>one</p><p>two</p>": "one\n\ntwo",
    "one<br>two<br/>three": "one\ntwo\nthree",
    "<div>one</div><div>two</div>": "one\ntwo",
    "<div><div><div>one</div></div></div>two": "one\ntwo",
    "<ul><li>a@b.example<li>c@d.example</ul>": "a@b.example\nc@d.example",
    "<table><tr><td>a<td>b<tr><td>c<td>d</table>": "a\tb\nc\td",
    "<style>p {}</style>x<script>y</script>": "x",
    "<head><title>no</title></head><body>x": "x",
    "x<!-- hidden -->y": "xy",
    "<span style='display:none'>no</span>x": "x",
    "<span style='DISPLAY : none;'>no <b>no</b></span>x": "x",
    "a&nbsp;b &amp; &lt;c&gt; &eacute; &#8364;": "a b & <c> é €",
    "&#0;a&#xD800;b&#1;": None,
    "<a href='mailto:a@b.example'>a@b.example</a>": "a@b.example",
    "a <b>b <i>c</b> d</i>": "a b c d",
    "<p>a": "a",
    "a < b": "a < b",
    "<pre>a\n  b\nc</pre>": "a\n  b\nc",
    "one\ntwo   three": "one two three",
    "<blockquote>old</blockquote>new": "new",
    "<blockquote style='margin:0 0 0 40px;border:none;padding:0px'>new</blockquote>": "new",
    "<?xml version='1.0' encoding='utf-16'?><html><body>x</body></html>": "x",
    "<o:p>x</o:p><![if !mso]>y<![endif]>": "xy",
    "<html><body></body></html>": "",
    "plain words": "plain words",
    "": "",
    "<frameset><frame></frameset>": "",
    "<div id=divRplyFwdMsg><b>From:</b> x</div>old": "",
    "new<div id=appendonsend></div><hr>old": "new",
    "new<div class=yahoo_quoted>On x y wrote:<br>old</div>": "new",
    "new<div class=gmail_quote><div class=gmail_attr>On 1 Jan 2026 at 10:00, Usher &lt;u@e.example&gt; wrote:<br></div>"
    "<blockquote class=gmail_quote>old</blockquote></div>": "new",
    "<div class=moz-cite-prefix>On 01/01/2026 10:00, Usher wrote:<br></div><blockquote type=cite>old</blockquote>new": (
        "new"
    ),
    "new<br><blockquote type=cite><div>On 1 Jan 2026, at 10:00, Usher &lt;u@e.example&gt; wrote:</div><div>old</div>"
    "</blockquote>": "new",
}


def pages() -> Iterator[Case]:
    for markup, words in HTML.items():
        yield Case(f"HTML {markup}", partial(html, markup), reads() if words is None else reads(text=words))


def chosen() -> Iterator[Case]:
    def of(kind: str, *parts: bytes) -> bytes:
        return mixed(*parts, kind=kind)

    page = part(b"<p>rich</p>", "text/html; charset=utf-8")
    empty = part(b" \n")
    words = part(b"plain")
    yield Case("plain and HTML", partial(of, "alternative", words, page), reads(text="plain"))
    yield Case("HTML and plain", partial(of, "alternative", page, words), reads(text="plain"))
    yield Case("empty plain and HTML", partial(of, "alternative", empty, page), reads(text="rich"))
    yield Case("only empty plain", partial(of, "alternative", empty), reads(text=""))
    yield Case("two texts", partial(of, "mixed", words, part(b"more")), reads(text="plain\nmore"))
    yield Case(
        "a text, a file, a text",
        partial(of, "mixed", words, attached("a.csv", b"a,b\nc,d\n"), part(b"more")),
        reads(text="plain\nmore", kinds=("csv",)),
    )
    note = part(b"file", "text/plain; name=a.txt", ("Content-Disposition", "attachment"))
    yield Case("a text as a file", partial(of, "mixed", words, note), reads(text="plain", names=("a.txt",)))
    shown = part(b"body", "text/plain; name=body.txt", ("Content-Disposition", "inline"))
    yield Case("a text with a name, inline", partial(of, "mixed", shown), reads(text="body", files=0))
    picture = part(b"\x89PNG\r\n\x1a\n1", "image/png; name=logo.png", ("Content-ID", "<logo@example.org>"))
    yield Case(
        "a picture within", partial(of, "related", page, picture), reads(text="rich", kinds=("image",), inline=(True,))
    )
    inner = mixed(page, picture, kind="related").partition(b"\n")[2].replace(b"BOUNDARY", b"INNER")
    yield Case(
        "plain, and HTML with a picture",
        partial(of, "alternative", words, inner),
        reads(text="plain", kinds=("image",)),
    )
    sheet = mixed(page, attached("a.csv", b"a,b\nc,d\n"), page).partition(b"\n")[2].replace(b"BOUNDARY", b"INNER")
    yield Case(
        "a file in one of the forms", partial(of, "alternative", words, sheet), reads(text="plain", kinds=("csv",))
    )
    amp = part(b"<html amp4email>", "text/x-amp-html")
    yield Case("a form that nobody knows", partial(of, "alternative", words, amp, page), reads(text="plain", files=0))
    yield Case("FROM stands", lambda: plain(b"x"), reads(headers=((FROM[0].lower(), FROM[1]), ("content-type", UTF8))))


UTF8 = "text/plain; charset=utf-8"
