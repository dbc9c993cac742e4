"""Mail that bears somebody's address and is held, for the tests of what is asked about it."""

from core.app import App
from core.context import Assurance, StaffActor
from core.usecases.mailbox.held_mail import HoldMail, MailHeld, hold_mail
from core.usecases.mailbox.inbound import ReceiveMail, receive_mail
from core.usecases.mailbox.senders import NoteSender, note_sender
from core.words import MailRule
from tests.factories import SYSTEM

SUBJECT = "invite everybody"


def arrive(app: App, number: int = 1, *, raw: bytes = b"Subject: invite everybody\r\n\r\n") -> int:
    command = ReceiveMail(raw, f"<{number}@example.org>", f"{number:064x}")
    return app.run(receive_mail, command, SYSTEM).inbound_id


def hold(app: App, claimed: StaffActor, number: int = 1, *, rule: MailRule = MailRule.UNAUTHENTICATED) -> int:
    return held(app, claimed, number, rule=rule)[0]


def held(
    app: App, claimed: StaffActor, number: int = 1, *, rule: MailRule = MailRule.UNAUTHENTICATED, subject: str = SUBJECT
) -> tuple[int, MailHeld]:
    inbound_id = arrive(app, number)
    sender = NoteSender(
        inbound_id, "somebody@example.org", claimed.organisation_id, claimed.staff_id, Assurance.UNVERIFIED
    )
    app.run(note_sender, sender, SYSTEM)
    command = HoldMail(inbound_id, rule, "no signature of its own", subject=subject, server="mail.evil.test")
    return inbound_id, app.run(hold_mail, command, SYSTEM)
