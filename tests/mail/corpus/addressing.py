"""Headers: who it is from, what it is called, what it answers; broken in each way that was seen or thought of."""

from collections.abc import Iterator
from functools import partial

from tests.mail.corpus.case import Case, letter, reads

SENDERS: dict[str, tuple[str, ...]] = {
    "bo@example.org": ("bo@example.org",),
    "<bo@example.org>": ("bo@example.org",),
    "Bo <bo@example.org>": ("bo@example.org",),
    '"Bo, of Maths" <bo@example.org>': ("bo@example.org",),
    "bo@example.org (Bo)": ("bo@example.org",),
    "bo@example.org (Bo (of (Maths)))": ("bo@example.org",),
    "(Bo) bo@example.org": ("bo@example.org",),
    "(Bo <ann@example.org>) bo@example.org": ("bo@example.org",),
    "=?utf-8?q?B=C3=B8?= <bo@example.org>": ("bo@example.org",),
    "=?utf-8?q?ann=40example.org_=3Cann=40example.org=3E?= <bo@example.org>": ("bo@example.org",),
    "=?utf-8?b?PGFubkBleGFtcGxlLm9yZz4=?=": ("=?utf-8?b?PGFubkBleGFtcGxlLm9yZz4=?=",),
    '"ann@example.org" <bo@example.org>': ("bo@example.org",),
    "ann@example.org <bo@example.org>": ("ann@example.org", "bo@example.org"),
    "<ann@example.org> <bo@example.org>": ("ann@example.org", "bo@example.org"),
    "<ann@example.org> bo@example.org": ("bo@example.org", "ann@example.org"),
    "bo@example.org <BO@example.org>": ("BO@example.org",),
    "'bo@example.org' <bo@example.org>": ("bo@example.org",),
    "ann@example.org, bo@example.org": ("ann@example.org", "bo@example.org"),
    "Ann <ann@example.org>, Bo <bo@example.org>": ("ann@example.org", "bo@example.org"),
    "Ann <ann@example.org>; Bo <bo@example.org>": ("ann@example.org", "bo@example.org"),
    "Staff: Ann <ann@example.org>, bo@example.org;": ("ann@example.org", "bo@example.org"),
    "undisclosed-recipients:;": (),
    "Bo": ("Bo",),
    "Bo, ann@example.org": ("Bo", "ann@example.org"),
    "MAILER-DAEMON": ("MAILER-DAEMON",),
    "": (),
    "<>": (),
    "<<bo@example.org>>": ("bo@example.org",),
    "<bo@example.org": ("bo@example.org",),
    "Bo bo@example.org>": ("Bo bo@example.org>",),
    "<@a.example,@b.example:bo@example.org>": ("bo@example.org",),
    "< bo@example.org >": ("bo@example.org",),
    "bo @ example.org": ("bo @ example.org",),
    '"bo b"@example.org': ('"bo b"@example.org',),
    '"Bo \\"the\\" B" <bo@example.org>': ("bo@example.org",),
    '"Bo <bo@example.org>': ('"Bo <bo@example.org>',),
    "Bo\\, B <bo@example.org>": ("Bo\\", "bo@example.org"),
    "bø@exämple.org": ("bø@exämple.org",),
    "bo@[192.0.2.1]": ("bo@[192.0.2.1]",),
    ",,,bo@example.org,,,": ("bo@example.org",),
    "bo@example.org ann@example.org": ("bo@example.org ann@example.org",),
    "Bo <bo@example.org>\n <ann@example.org>": ("bo@example.org", "ann@example.org"),
    "Bo\n\t<bo@example.org>": ("bo@example.org",),
    "Bo <bo@example.org>\r\n\t(x)": ("bo@example.org",),
    "mailto:bo@example.org": ("bo@example.org",),
}

REFS = {
    "<a@example.org>": "<a@example.org>",
    "a@example.org": "<a@example.org>",
    " <a@example.org> ": "<a@example.org>",
    "<a@example.org> (added by host)": "<a@example.org>",
    "\n <a@example.org>": "<a@example.org>",
    "<a>": "<a>",
    "<>": "",
    "<@>": "",
    "< >": "",
    "": "",
    "a": "",
    "<a b@example.org>": "",
    "<a@example.org": "",
    "<ä@example.org>": "",
    "<" + "a" * 252 + ">": "<" + "a" * 252 + ">",
    "<" + "a" * 253 + ">": "",
    "<<a@example.org>>": "<a@example.org>",
    "<a@example.org><b@example.org>": "<a@example.org>",
    "<@x>": "<@x>",
    "<a\0@example.org>": "<a@example.org>",
}

SUBJECTS = {
    "invite maths": "invite maths",
    "=?utf-8?q?invite_maths?=": "invite maths",
    "=?UTF-8?B?aW52aXRl?= maths": "invite maths",
    "=?utf-8?q?caf=C3?= =?utf-8?q?=A9?=": "café",
    "=?iso-8859-1?q?caf=E9?=": "café",
    "=?iso-8859-1*en?q?caf=E9?=": "café",
    "=?windows-1252?q?=93x=94?=": "“x”",
    "=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=": "日本",
    "=?gb2312?b?1tDOxA==?=": "中文",
    "=?koi8-r?b?0NLJ18XU?=": "привет",
    "=?no-such?q?caf=C3=A9?=": "café",
    "=?utf-8?x?a?=": "=?utf-8?x?a?=",
    "=?utf-8?b?!!!?=": "",
    "=?utf-8?q?a": "=?utf-8?q?a",
    "=?utf-8?q??=": "",
    "=?utf-8?q?a?==?utf-8?q?b?=": "ab",
    "=?utf-8?q?a?=\n =?utf-8?q?b?=": "ab",
    "=?utf-8?q?a?= b =?utf-8?q?c?=": "a b c",
    "=?utf-8?q?a b?=": "a b",
    "=?base64?q?a?=": "a",
    "=?utf-8?q?a=00b?=": "ab",
    "=?utf-8?q?a=0D=0ABcc:_x?=": "a Bcc: x",
    "=?utf-8?q?=E2=80=AEa?=": "a",
    "café": "café",
    "a\n b\n\tc": "a b c",
    "a\x07b": "ab",
    "": "",
    "a" * 2000: "a" * 1000,
}


def addressing() -> Iterator[Case]:
    for value, senders in SENDERS.items():
        yield Case(
            f"From: {value}", partial(letter, b"invite\n", ("From", value)), reads(senders=senders, from_headers=1)
        )
    for value, ref in REFS.items():
        yield Case(
            f"Message-ID: {value[:40]} of {len(value)}",
            partial(letter, b"x\n", ("Message-ID", value)),
            reads(message_ref=ref),
        )
    for value, subject in SUBJECTS.items():
        yield Case(f"Subject: {value[:40]}", partial(letter, b"x\n", ("Subject", value)), reads(subject=subject))
    yield from others()


def others() -> Iterator[Case]:
    two = (("From", "ann@example.org"), ("From", "bo@example.org"))
    yield Case(
        "two From headers",
        partial(letter, b"x\n", *two),
        reads(senders=("ann@example.org", "bo@example.org"), from_headers=2),
    )
    yield Case("no From", lambda: b"Subject: x\n\nx\n", reads(senders=(), from_headers=0, text="x"))
    yield Case("FROM in capitals", lambda: b"FROM: bo@example.org\n\nx", reads(senders=("bo@example.org",)))
    yield Case("a space before the colon", lambda: b"From : bo@example.org\n\nx", reads(senders=("bo@example.org",)))
    yield Case("no space after the colon", lambda: b"From:bo@example.org\n\nx", reads(senders=("bo@example.org",)))
    yield Case(
        "From of a second message below", lambda: b"\n\nFrom: bo@example.org\n\nx", reads(from_headers=1, text="x")
    )
    yield Case("a line of a mbox file", lambda: b"From bo Mon Jan 1\nFrom: bo@example.org\n\nx", reads(from_headers=1))
    yield Case("no empty line", lambda: b"From: bo@example.org\ninvite maths\n", reads(text="invite maths"))
    yield Case("nothing", lambda: b"", reads(text="", headers=()))
    yield Case("one byte", lambda: b"x", reads(text="x"))
    yield Case("headers alone", lambda: b"From: bo@example.org", reads(text="", from_headers=1))
    yield Case("old newlines", lambda: b"From: bo@example.org\r\rinvite\rx", reads(text="invite\nx", from_headers=1))
    yield Case("newlines mixed", lambda: b"From: bo@example.org\r\n\nx\r\ny\rz", reads(text="x\ny\nz", from_headers=1))
    yield Case("first line is folded", lambda: b" x\nFrom: bo@example.org\n\nx", reads(from_headers=0))
    yield Case("a NUL in From", lambda: b"Fr\0om: bo@example.org\n\nx", reads(senders=("bo@example.org",)))
    yield Case(
        "references",
        partial(letter, b"x", ("References", "<a@b> <c@d>\n <e@f>"), ("In-Reply-To", "Your mail of <e@f> today")),
        reads(references=("<a@b>", "<c@d>", "<e@f>"), in_reply_to="<e@f>"),
    )
    many = " ".join(f"<{number}@example.org>" for number in range(1000))
    last = tuple(f"<{number}@example.org>" for number in range(951, 1000))
    yield Case(
        "1,000 references", partial(letter, b"x", ("References", many)), reads(references=("<0@example.org>", *last))
    )
    yield Case("broken references", partial(letter, b"x", ("References", "a <> <@> b@c")), reads(references=()))
    sent_again = partial(letter, b"x", ("Resent-From", "a@example.org"))
    yield Case("sent again", sent_again, reads(senders=("bo@example.org",)))
    yield Case(
        "latin-1 in headers",
        lambda: b"From: bo@example.org\nSubject: caf\xe9\n\nx",
        reads(subject="café"),
    )
    verdict = "=?utf-8?q?mx=2Eexample=2Ecom=3B_dmarc=3Dpass?="
    headers = (("from", "Bo <bo@example.org>"), ("authentication-results", verdict))
    yield Case(
        "a verdict in encoded words", partial(letter, b"x", ("Authentication-Results", verdict)), reads(headers=headers)
    )
    for subject in ("Fwd: x", "FW: x", "WG: x", "TR: x"):
        yield Case(f"subject {subject}", partial(letter, b"x", ("Subject", subject)), reads(subject=subject))
