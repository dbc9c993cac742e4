"""One message of the corpus, and what must come of it."""

import base64
from collections.abc import Callable, Collection, Mapping
from typing import Any

from msgspec import Struct, field

from mail.parsing.parsed import NotParsed, ParsedMail

FROM = ("From", "Bo <bo@example.org>")


class Expected(Struct, frozen=True):
    """``reason``: it must not be parsed, and why. Else ``values``: what must stand in it, by the names of ``seen``."""

    reason: str = ""
    values: Mapping[str, Any] = {}
    is_any: bool = False

    def faults(self, found: ParsedMail | NotParsed) -> list[str]:
        if isinstance(found, NotParsed):
            reached = found.reason.startswith("reading it")
            is_meant = self.is_any or (self.reason and self.reason in found.reason)
            return [] if is_meant and not reached else [f"not parsed: {found.reason}"]
        if self.reason:
            return [f"parsed, though {self.reason}"]
        have = seen(found)
        wrong = [name for name, value in self.values.items() if have[name] != value]
        return [f"{name} is {have[name]!r}, not {self.values[name]!r}" for name in wrong]


class Case(Struct, frozen=True):
    """Without ``expected`` anything may come of it but a crash, a hang or a loss of the child."""

    name: str
    raw: Callable[[], bytes]
    expected: Expected = field(default_factory=lambda: Expected(is_any=True))


def reads(**values: Any) -> Expected:
    return Expected(values=values)


def refused(reason: str) -> Expected:
    return Expected(reason=reason)


def seen(mail: ParsedMail) -> dict[str, Any]:
    report = mail.report
    own = {name: getattr(mail, name) for name in ParsedMail.__struct_fields__}
    return own | {
        "has_quote": bool(mail.quoted.strip()),
        "files": len(mail.attachments),
        "names": tuple(each.name for each in mail.attachments),
        "kinds": tuple(each.kind for each in mail.attachments),
        "contents": tuple(each.content for each in mail.attachments),
        "inline": tuple(each.is_inline for each in mail.attachments),
        "recipients": len(report.recipients) if report else 0,
        "reported": tuple((each.address, each.action, each.status) for each in report.recipients) if report else (),
        "report_kind": report.kind.value if report else "",
        "original_ref": report.original_ref if report else "",
        "feedback_type": report.feedback_type if report else "",
        "disposition": report.disposition if report else "",
    }


def letter(body: bytes, *headers: tuple[str, str]) -> bytes:
    said = {name.lower() for name, _ in headers}
    given = [*(() if "from" in said else (FROM,)), *headers]
    return b"".join(f"{name}: {value}\n".encode() for name, value in given) + b"\n" + body


def plain(body: bytes, charset: str = "utf-8") -> bytes:
    return letter(body, ("Content-Type", f"text/plain; charset={charset}"))


def html(text: str) -> bytes:
    return letter(text.encode(), ("Content-Type", "text/html; charset=utf-8"))


def mixed(*parts: bytes, kind: str = "mixed", last: bytes = b"--BOUNDARY--\n") -> bytes:
    body = b"".join(b"--BOUNDARY\n" + part + b"\n" for part in parts)
    return letter(body + last, ("Content-Type", f'multipart/{kind}; boundary="BOUNDARY"'))


def part(content: bytes, kind: str = "text/plain; charset=utf-8", *headers: tuple[str, str]) -> bytes:
    given = (("Content-Type", kind), *headers)
    return b"".join(f"{name}: {value}\n".encode() for name, value in given) + b"\n" + content


def attached(name: str, content: bytes, kind: str = "application/octet-stream") -> bytes:
    return part(
        base64.encodebytes(content),
        kind,
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", f'attachment; filename="{name}"'),
    )


def check(cases: Collection[Case], parse: Callable[[bytes], ParsedMail | NotParsed]) -> dict[str, list[str]]:
    """The faults of each case that has some."""
    found = {case.name: case.expected.faults(parse(case.raw())) for case in cases}
    return {name: faults for name, faults in found.items() if faults}
