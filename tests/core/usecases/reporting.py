"""What mail servers and learners send us about our own e-mails."""

import hashlib

from core.app import App
from core.model import OutboundMessage
from core.usecases.mailbox.bounces import RecordReport, ReportRecorded, record_report
from core.usecases.mailbox.inbound import ReceiveMail, receive_mail
from core.usecases.mailbox.stopping import StopByMail, StoppedByMail, stop_by_mail
from core.words import MailRule, ReportedAs
from tests.core.usecases.acting import message_of
from tests.factories import SYSTEM, School

NOBODY = "No such mailbox: 550 5.1.1 (address) User unknown"


def arrived(app: App, name: str = "1") -> int:
    """The row of some e-mail that came in; the same name is the same e-mail."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    command = ReceiveMail(f"Subject: {name}\r\n\r\n".encode(), f"<{name}@mx.example.org>", digest)
    return app.run(receive_mail, command, SYSTEM).inbound_id


def report(
    school: School,
    message: OutboundMessage,
    reported_as: ReportedAs,
    *,
    name: str = "1",
    detail: str = NOBODY,
    is_no_mailbox: bool = False,
) -> ReportRecorded:
    """With our token, and about the address that the message went to."""
    command = RecordReport(
        arrived(school.app, name),
        MailRule.COMPLAINT if reported_as is ReportedAs.COMPLAINT else MailRule.BOUNCE,
        reported_as,
        tokens=(school.app.links.bounce_token(message.id),),
        recipients=(message.recipient_key,),
        detail=detail,
        is_no_mailbox=is_no_mailbox,
    )
    return school.app.run(record_report, command, SYSTEM)


def hard(school: School, address: str, *, name: str = "1", is_no_mailbox: bool = True) -> ReportRecorded:
    message = message_of(school.app, address)
    return report(school, message, ReportedAs.HARD, name=name, is_no_mailbox=is_no_mailbox)


def reply_stop(school: School, message: OutboundMessage, *, sender: str = "", name: str = "stop") -> StoppedByMail:
    """In a reply to the message; from its recipient, where nobody else is named."""
    command = StopByMail(arrived(school.app, name), refs=(message.message_ref,), sender=sender or message.recipient_key)
    return school.app.run(stop_by_mail, command, SYSTEM)
