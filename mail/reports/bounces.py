"""What a mail server says about one of our e-mails, from a parsed message to the command that records it.

In this order: which message, by the token of our envelope sender, then by our Message-ID, then by who did not get it;
what happened, by RFC 3464 or RFC 5965, then by the words of the text, then by flufl.bounce.

Reports are not authenticated: what a forged one can do ``core.usecases.mailbox.bounces`` decides, by what it names.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from core.app import App
from core.context import Door, System
from core.rules.addresses import Address, parse_address
from core.usecases.mailbox.bounces import RecordReport, record_report
from core.words import MailState, ReportedAs
from mail.parsing.parsed import ParsedMail, Report, ReportedRecipient, ReportKind
from mail.receiving.asked import MailReport
from mail.reports.bounce_texts import read_text
from mail.reports.failures import Failure, failure_of

_NAMED: Final = 10
# A complaint is about a mail that arrived. "not-spam" takes one back; the others are about our set-up (RFC 6591).
_NO_COMPLAINTS: Final = frozenset({"not-spam", "auth-failure", "dmarc"})
_TOKEN: Final = re.compile(r"\bbounces\+([a-z2-7]{26})@", re.IGNORECASE)
_REF: Final = re.compile(r"<[^<>@\s]{1,64}@[^<>@\s]{1,255}>")
# Where hosts write the envelope's recipient.
_ENVELOPE_HEADERS: Final = ("to", "delivered-to", "x-original-to", "x-delivered-to", "envelope-to", "x-envelope-to")
# "expanded", "relayed" and "delivered" say that all is well.
_WORST_FIRST: Final = ("failed", "delayed")


def note_report(app: App, report: MailReport) -> MailState:
    return app.run(record_report, read_report(report), System(Door.MAIL)).state


def read_report(report: MailReport) -> RecordReport:
    mail = report.parsed
    failure = _failure(mail)
    return RecordReport(
        inbound_id=report.inbound_id,
        rule=report.rule,
        reported_as=failure.reported_as if failure else None,
        tokens=tuple(_few(_tokens(report))),
        refs=tuple(_few(_refs(mail))),
        recipients=tuple(_few(_keys(failure.addresses))) if failure else (),
        detail=failure.detail if failure else "",
        is_no_mailbox=failure.is_no_mailbox if failure else False,
    )


def _tokens(report: MailReport) -> Iterable[str]:
    where = (report.envelope_to, *(value for name in _ENVELOPE_HEADERS for value in report.parsed.all_headers(name)))
    return (found.lower() for text in where for found in _TOKEN.findall(text[:2000]))


def _refs(mail: ParsedMail) -> Iterable[str]:
    """Exchange's reports reply to the message that they are about; old ones quote its head in the text."""
    if mail.report is not None:
        yield mail.report.original_ref
    yield mail.in_reply_to
    yield from mail.references[::-1]
    yield from _REF.findall(f"{mail.text}\n{mail.quoted}"[:20_000])


def _few(found: Iterable[str]) -> Sequence[str]:
    return list(dict.fromkeys(filter(None, found)))[:_NAMED]


def _keys(addresses: Iterable[str]) -> Iterable[str]:
    found = (parse_address(address) for address in addresses)
    return (each.key for each in found if isinstance(each, Address))


def _failure(mail: ParsedMail) -> Failure | None:
    """None: it reports no failure."""
    if mail.report is None:
        return read_text(mail)
    match mail.report.kind:
        case ReportKind.COMPLAINT:
            return _complaint(mail.report)
        case ReportKind.DISPOSITION:
            return None
        case ReportKind.DELIVERY:
            is_told = mail.report.recipients and not mail.report.is_guess
            return _delivery(mail.report) if is_told else read_text(mail)


def _complaint(report: Report) -> Failure | None:
    if report.feedback_type.strip().lower() in _NO_COMPLAINTS:
        return None
    addresses = tuple(each.address for each in report.recipients)
    return Failure(ReportedAs.COMPLAINT, "The recipient marked it as spam.", addresses=addresses)


def _delivery(report: Report) -> Failure | None:
    by_action = {_action(each): each for each in reversed(report.recipients)}
    worst = next((by_action[action] for action in _WORST_FIRST if action in by_action), None)
    return None if worst is None else _of_recipient(worst)


def _action(recipient: ReportedRecipient) -> str:
    """Some leave it out."""
    return recipient.action or ("" if recipient.status.startswith("2") else "failed")


def _of_recipient(recipient: ReportedRecipient) -> Failure:
    is_late = recipient.action == "delayed"
    return failure_of(recipient.status, recipient.diagnostic, addresses=(recipient.address,), is_late=is_late)
