"""E-mails that staff write, and what comes back: through the real parser's values, the real core and real rendering."""

import hashlib
from collections.abc import Iterator
from email.message import EmailMessage
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.app import App
from core.context import Assurance, Door, StaffActor
from core.importing import fulfil_in_background, run_in_background
from core.letters import AnswerPart
from core.model import Base, Import, ImportOrder, InboundMessage, MailAnswer, OutboundMessage, ProgressReport
from core.progressing import merge_in_background
from core.results import revived_parts
from core.usecases.mailbox.inbound import ReceiveMail, receive_mail
from core.usecases.mailbox.senders import NoteSender, note_sender
from core.usecases.messages.letters import LoadLetters, load_letters
from core.words import MailState, MessageKind
from mail.parsing.parsed import Attachment, ParsedMail
from mail.receiving.asked import MailRequest
from mail.requests.answering import answer
from mail.sending.deliverer import rendered
from tests.factories import SYSTEM, School
from tests.mail.letters import html_text, parsed, plain_text

Row = TypeVar("Row", bound=Base)


def by_mail(actor: StaffActor) -> StaffActor:
    return replace(actor, door=Door.MAIL)


def parsed_mail(
    subject: str = "",
    text: str = "",
    *,
    ref: str = "<q1@mail.example.org>",
    in_reply_to: str = "",
    references: tuple[str, ...] = (),
    attachments: tuple[Attachment, ...] = (),
) -> ParsedMail:
    return ParsedMail(
        headers=(),
        message_ref=ref,
        senders=("olive@north.example.org",),
        from_headers=1,
        in_reply_to=in_reply_to,
        references=references,
        subject=subject,
        text=text,
        quoted="",
        attachments=attachments,
        report=None,
        problems=(),
    )


class Answered(Struct, frozen=True):
    """``mail`` None: nothing is answered by mail."""

    state: MailState
    parts: tuple[AnswerPart, ...]
    mail: EmailMessage
    text: str
    html: str
    ref: str

    @property
    def result(self) -> object:
        (part,) = self.parts
        return part.result

    @property
    def files(self) -> dict[str, bytes]:
        """By name."""
        attached = list(self.mail.iter_attachments())
        return {str(each.get_filename()): each.get_content() for each in attached}


class Writer(Struct):
    """A staff member with a mail program."""

    school: School
    actor: StaffActor
    first: int = 0
    """Their Message-IDs are counted from here."""

    @property
    def app(self) -> App:
        return self.school.app

    def write(self, subject: str = "", text: str = "", *attachments: Attachment) -> Answered:
        return self.send(parsed_mail(subject, text, ref=self._ref(), attachments=attachments))

    def reply(self, to: Answered, text: str, *attachments: Attachment) -> Answered:
        thread = (*str(to.mail["References"] or "").split(), to.ref)
        subject = str(to.mail["Subject"])
        return self.send(
            parsed_mail(subject, text, ref=self._ref(), in_reply_to=to.ref, references=thread, attachments=attachments)
        )

    def send(self, parsed: ParsedMail) -> Answered:
        request = self.received(parsed)
        state = answer(self.app, request)
        finish_imports(self.app)
        return self.answered(request, state)

    def received(self, parsed: ParsedMail) -> MailRequest:
        raw = repr(parsed).encode()
        received = self.app.run(
            receive_mail, ReceiveMail(raw, parsed.message_ref, hashlib.sha256(raw).hexdigest()), SYSTEM
        )
        who = NoteSender(
            received.inbound_id, parsed.senders[0], self.actor.organisation_id, self.actor.staff_id, Assurance.VERIFIED
        )
        self.app.run(note_sender, who, SYSTEM)
        return MailRequest(
            received.inbound_id, parsed.message_ref, by_mail(self.actor), "northfield", parsed, self.app.clock()
        )

    def answered(self, request: MailRequest, state: MailState) -> Answered:
        with looking(self.app) as session:
            stored = session.scalars(select(MailAnswer).where(MailAnswer.inbound_id == request.inbound_id)).one()
        return self.shown(stored, state)

    def shown(self, stored: MailAnswer, state: MailState = MailState.PROCESSED) -> Answered:
        with looking(self.app) as session:
            message = session.scalars(
                select(OutboundMessage).where(
                    OutboundMessage.kind == MessageKind.ANSWER, OutboundMessage.about_id == stored.id
                )
            ).one()
        (letter,) = self.app.read(load_letters, LoadLetters((message.id,)), SYSTEM).letters
        mail = rendered(self.app, letter)
        return Answered(
            state,
            revived_parts(stored.result),
            parsed(mail),
            plain_text(mail),
            html_text(mail),
            message.message_ref,
        )

    def _ref(self) -> str:
        self.first += 1
        return f"<q{self.first}@mail.example.org>"


def finish_imports(app: App) -> None:
    """As a worker does."""
    with looking(app) as session:
        waiting = session.scalars(select(Import.id).where(Import.settled_at.is_(None)).order_by(Import.number)).all()
        reports = session.scalars(select(ProgressReport.id).where(ProgressReport.settled_at.is_(None))).all()
        orders = session.scalars(select(ImportOrder.id).where(ImportOrder.settled_at.is_(None))).all()
    for import_id in waiting:
        run_in_background(app, import_id)
    for order_id in orders:
        fulfil_in_background(app, order_id)
    for report_id in reports:
        merge_in_background(app, report_id)


def looking(app: App) -> Session:
    return Session(app.engine, info={"scope": "every organisation"})


def state_of(app: App, inbound_id: int) -> MailState:
    with looking(app) as session:
        return session.get_one(InboundMessage, inbound_id).state


def rows(app: App, model: type[Row]) -> Iterator[Row]:
    with looking(app) as session:
        yield from session.scalars(select(model)).all()
