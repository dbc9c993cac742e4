"""Parts that do not fit, boundaries that are missing, and what hosts report."""

from collections.abc import Iterator
from functools import partial

from tests.mail.corpus.case import Case, letter, mixed, part, reads

BODIES: dict[str, tuple[bytes, str]] = {
    "as it should be": (b"--b\n\none\n--b\n\ntwo\n--b--\n", "one\ntwo"),
    "no last boundary": (b"--b\n\none\n--b\n\ntwo\n", "one\ntwo"),
    "no newline at the end": (b"--b\n\none\n--b--", "one"),
    "words around": (b"before\n--b\n\none\n--b--\nafter\n", "one"),
    "no first boundary": (b"one\n--b--\n", "one"),
    "no boundary at all": (b"one\n", "one"),
    "only the last boundary": (b"--b--\n", ""),
    "a part without headers": (b"--b\none\n--b--\n", "one"),
    "an empty part": (b"--b\n--b\n\none\n--b--\n", "one"),
    "spaces after the boundary": (b"--b  \n\none\n--b-- \t\n", "one"),
    "CRLF": (b"--b\r\n\r\none\r\n--b--\r\n", "one"),
    "a boundary in the text": (b"--b\n\none --b two\n--bx\n--b--\n", "one --b two\n--bx"),
    "parts after the last boundary": (b"--b\n\none\n--b--\n--b\n\ntwo\n--b--\n", "one"),
    "one dash too few": (b"-b\n\none\n-b--\n", "-b\n\none\n-b--"),
    "one dash at the end": (b"--b\n\none\n--b-\n--b--\n", "one\n--b-"),
    "a part of unknown kind": (b"--b\nContent-Type: x\n\none\n--b--\n", "one"),
    "a part of an empty kind": (b"--b\nContent-Type:\n\none\n--b--\n", "one"),
    "broken headers of a part": (b"--b\n: x\none\n--b--\n", ": x\none"),
}

KINDS = (
    "multipart/mixed", "multipart/mixed; boundary=", 'multipart/mixed; boundary=""', "multipart/", "multipart",
    "/", ";", "multipart/mixed; boundary=x", "multipart/mixed boundary=b", "text", "text/", "text/plain; charset",
    "text/plain;;;;", "text/plain; charset=utf-8; charset=x", "text/plain; charset*=utf-8''utf-8", "text/plain; =",
    "TEXT/PLAIN", "a/b/c", "text/plain\n\tcharset=utf-8", "text /plain", 'multipart/mixed; boundary="b',
    "multipart/mixed; boundary=b b", "multipart/mixed; boundary*0=b; boundary*1=c",
    "multipart/mixed; boundary*=utf-8''b", "é/é", "text/plain; charset=é", "message/rfc822",
    "message/partial; id=x; number=1; total=9", "message/external-body; access-type=local-file; name=/etc",
    "application/octet-stream", "text/enriched", "text/x-unknown", "multipart/x-unknown; boundary=b", "\x01/\x02",
)  # fmt: skip


def structures() -> Iterator[Case]:
    kind = ("Content-Type", "multipart/mixed; boundary=b")
    for name, (body, words) in BODIES.items():
        yield Case(f"parts, {name}", partial(letter, body, kind), reads(text=words))
    for said in KINDS:
        yield Case(f"said to be {said}", partial(letter, b"--b\n\ninvite\n--b--\n", ("Content-Type", said)), reads())
    two = (("Content-Type", "text/plain"), ("Content-Type", "multipart/mixed; boundary=b"))
    yield Case("two kinds", partial(letter, b"invite", *two), reads(text="invite"))
    same = b"--b\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\none\n--b--\n--b--\n"
    yield Case("one boundary twice", partial(letter, same, kind), reads())
    longer = b"--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\none\n--bb--\n--b\n\ntwo\n--b--\n"
    yield Case("a boundary that begins another", partial(letter, longer, kind), reads(text="one\ntwo"))
    open_ = b"--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--b\n\ntwo\n--b--\n"
    yield Case("an inner part left open", partial(letter, open_, kind), reads(text="one\ntwo"))
    yield Case("no parts", partial(mixed), reads(text="", files=0))
    yield Case("a digest", partial(letter, b"--b\n\nFrom: a@b.example\n\nx\n--b--\n", (
        "Content-Type", "multipart/digest; boundary=b"
    )), reads(kinds=("message",)))  # fmt: skip
    yield from reports()
    yield from bounces()


STATUS = b"Reporting-MTA: dns; mx.example.org\n\n"
ORIGINAL = b"Message-ID: <sent@example.com>\nTo: learner1@example.org\nSubject: Invitation\n\nx"

RECIPIENTS: dict[str, tuple[bytes, tuple[tuple[str, str, str], ...]]] = {
    "failed": (
        b"Final-Recipient: rfc822; learner1@example.org\nAction: failed\nStatus: 5.1.1\n"
        b"Diagnostic-Code: smtp; 550 5.1.1 no such user\n",
        (("learner1@example.org", "failed", "5.1.1"),),
    ),
    "delayed": (
        b"Final-Recipient: rfc822;learner1@example.org\nAction: Delayed\nStatus: 4.4.1 (timed out)\n",
        (("learner1@example.org", "delayed", "4.4.1"),),
    ),
    "delivered": (
        b"Final-Recipient: RFC822; <learner1@example.org>\nAction: delivered\nStatus: 2.0.0\n",
        (("learner1@example.org", "delivered", "2.0.0"),),
    ),
    "two": (
        b"Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.0.0\n\n"
        b"Final-Recipient: rfc822; b@example.org\nAction: relayed\nStatus: 2.1.9\n",
        (("a@example.org", "failed", "5.0.0"), ("b@example.org", "relayed", "2.1.9")),
    ),
    "where it was forwarded to": (
        b"Original-Recipient: rfc822;learner1@example.org\nFinal-Recipient: rfc822;x@b.example\nAction: failed\n"
        b"Status: 5.2.2\n",
        (("learner1@example.org", "failed", "5.2.2"),),
    ),
    "an unknown action": (b"Final-Recipient: rfc822; a@example.org\nAction: exploded\n", (("a@example.org", "", ""),)),
    "a status that is none": (
        b"Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 9.9\n",
        (("a@example.org", "failed", ""),),
    ),
    "no type": (b"Final-Recipient: a@example.org\nAction: failed\n", (("a@example.org", "failed", ""),)),
    "folded": (b"Final-Recipient:\n rfc822;\n a@example.org\nAction:\n failed\n", (("a@example.org", "failed", ""),)),
    "empty lines more than one": (
        b"\n\n\nFinal-Recipient: rfc822; a@example.org\nAction: failed\n\n\n",
        (("a@example.org", "failed", ""),),
    ),
    "CRLF": (b"Final-Recipient: rfc822; a@example.org\r\nAction: failed\r\n", (("a@example.org", "failed", ""),)),
}


def report(kind: str, said: bytes, original: bytes = ORIGINAL) -> bytes:
    return mixed(
        part(b"Sorry."),
        part(said, f"message/{kind}"),
        part(original, "message/rfc822"),
        kind=f"report; report-type={kind}",
    )


def reports() -> Iterator[Case]:
    for name, (said, recipients) in RECIPIENTS.items():
        yield Case(
            f"a report, {name}",
            partial(report, "delivery-status", STATUS + said),
            reads(
                report_kind="delivery",
                reported=recipients,
                original_ref="<sent@example.com>",
                text="Sorry.",
            ),
        )
    headers = part(ORIGINAL.partition(b"\n\n")[0], "text/rfc822-headers")
    status = part(STATUS + RECIPIENTS["failed"][0], "message/delivery-status")
    yield Case("a report with headers", partial(mixed, status, headers), reads(original_ref="<sent@example.com>"))
    yield Case("a report without the message", partial(mixed, status), reads(report_kind="delivery", original_ref=""))
    yield Case("a report without a recipient", partial(report, "delivery-status", STATUS), reads(recipients=0))
    yield Case("an empty report", partial(report, "delivery-status", b""), reads(report_kind="delivery"))
    yield Case("a report of junk", partial(report, "delivery-status", b"\xff\0:\n;;;\n\n:::"), reads(recipients=0))
    yield Case(
        "a complaint",
        partial(
            report,
            "feedback-report",
            b"Feedback-Type: abuse\nVersion: 1\nOriginal-Rcpt-To: <learner1@example.org>\n",
        ),
        reads(
            report_kind="complaint",
            feedback_type="abuse",
            reported=(("learner1@example.org", "", ""),),
            original_ref="<sent@example.com>",
        ),
    )
    yield Case("an empty complaint", partial(report, "feedback-report", b""), reads(report_kind="complaint"))
    yield Case(
        "a reading",
        partial(
            report,
            "disposition-notification",
            b"Final-Recipient: rfc822; learner1@example.org\nOriginal-Message-ID: <other@example.com>\n"
            b"Disposition: manual-action/MDN-sent-manually; displayed\n",
        ),
        reads(
            report_kind="disposition",
            disposition="manual-action/mdn-sent-manually; displayed",
            original_ref="<other@example.com>",
        ),
    )


BOUNCES = {
    "qmail": b"Hi. This is the qmail-send program at mx.example.org.\nI'm afraid I wasn't able to deliver your message "
    b"to the following addresses.\n\n<learner1@example.org>:\nSorry, no mailbox here by that name.\n",
    "Exim": b"This message was created automatically by mail delivery software.\n\nA message that you sent could "
    b"not be delivered to one or more of its\nrecipients. "
    b"This is a permanent error. The following address(es) failed:\n\n"
    b"  learner1@example.org\n    SMTP error from remote mail server\n",
    "Postfix": b"I'm sorry to have to inform you\n\n<learner1@example.org>: host mx said: 550 User unknown\n",
}


def bounces() -> Iterator[Case]:
    null = (("From", "MAILER-DAEMON@mx.example.org"), ("Return-Path", "<>"), ("Subject", "failure notice"))
    for name, body in BOUNCES.items():
        expected = reads(reported=(("learner1@example.org", "failed", ""),)) if name == "qmail" else reads()
        yield Case(f"a bounce of {name}", partial(letter, body, *null), expected)
        yield Case(f"no bounce, with the words of {name}", partial(letter, body), reads(report=None))
    failed = ("X-Failed-Recipients", "learner1@example.org")
    yield Case(
        "Exim's header", partial(letter, b"x", failed), reads(reported=(("learner1@example.org", "failed", ""),))
    )
    yield Case("a bounce of nothing", partial(letter, b"", *null), reads(report=None))
