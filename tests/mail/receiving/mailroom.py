"""A school whose mailbox is read: messages are received, processed, and what is handed on is settled and kept."""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import insert

from core.app import App
from core.context import Actor, Context, Door, System
from core.model import InboundMessage, MailAnswer
from core.usecases.mailbox.inbound import ReceiveMail, receive_mail
from core.usecases.mailbox.settling import settle
from core.words import MailRule, MailState
from mail.receiving.arrival import read_arrival
from mail.receiving.asked import MailReport, MailRequest, MailStop
from mail.receiving.processing import Parse, Processor
from tests.copies import SqliteCopies
from tests.core.usecases.acting import everything, only
from tests.factories import School
from tests.mail.mails import INBOX, read

HOST = "mx.usher.example.org"
DOMAIN_RESULTS = "dmarc=pass header.from=north.example.org"
PROVEN = ("Authentication-Results", f"{HOST}; {DOMAIN_RESULTS}")


class Desk(Struct):
    """Stands where ``mail.requests`` and ``mail.reports`` will: settles in one transaction, and remembers."""

    app: App
    requests: list[MailRequest] = []
    reports: list[MailReport] = []
    stops: list[MailStop] = []

    def answer(self, request: MailRequest) -> MailState:
        def act(ctx: Context, _command: None) -> bool:
            is_ours = settle(ctx, request.inbound_id, MailState.PROCESSED, MailRule.REQUEST)
            if is_ours:
                ctx.session.add(self._answered(ctx, request))
            return is_ours

        if self._done(act, request.staff):
            self.requests.append(request)
        return MailState.PROCESSED

    def note_report(self, report: MailReport) -> MailState:
        self.reports.append(report)
        self._done(lambda ctx, _: settle(ctx, report.inbound_id, MailState.PROCESSED, report.rule), System(Door.MAIL))
        return MailState.PROCESSED

    def stop(self, stop: MailStop) -> MailState:
        self.stops.append(stop)
        self._done(lambda ctx, _: settle(ctx, stop.inbound_id, MailState.PROCESSED, MailRule.STOP), System(Door.MAIL))
        return MailState.PROCESSED

    def _done(self, act: Any, actor: Actor) -> Any:
        return self.app.run(act, None, actor)

    def _answered(self, ctx: Context, request: MailRequest) -> MailAnswer:
        return MailAnswer(
            id=ctx.tokens.new_id(),
            organisation_id=request.staff.organisation_id,
            inbound_id=request.inbound_id,
            staff_id=request.staff.staff_id,
            subject="Re",
            in_reply_to=request.message_ref,
            references="",
            result_kind="Help",
            result="{}",
            created_at=ctx.now,
        )


def school_with_a_mailbox(copies: SqliteCopies[School]) -> School:
    copies.renew()
    return replace(copies.filling, app=copies.app(mail_inbox=INBOX, mail_authserv_ids=(HOST,)))


class Mailroom:
    def __init__(self, school: School, parse: Parse = read) -> None:
        self.school = school
        self.app = school.app
        self.desk = Desk(school.app)
        self.processor = Processor(
            school.app,
            parse,
            answer=self.desk.answer,
            note_report=self.desk.note_report,
            stop=self.desk.stop,
            lookup=lambda _name: None,
        )

    def receive(self, raw: bytes, **envelope: Any) -> int:
        arrival = read_arrival(raw, **envelope)
        command = ReceiveMail(
            raw,
            arrival.message_ref,
            arrival.content_digest,
            envelope_from=arrival.envelope_from,
            envelope_to=arrival.envelope_to,
        )
        return self.app.run(receive_mail, command, System(Door.MAIL)).inbound_id

    def take(self, raw: bytes, **envelope: Any) -> InboundMessage:
        """Received and processed; the row as it is then."""
        inbound_id = self.receive(raw, **envelope)
        state = self.processor.process(inbound_id)
        row = self.row(inbound_id)
        assert row.state is state
        return row

    def as_if_before(self, like: InboundMessage, times: int) -> None:
        """So many other messages had the same end."""
        columns = {column.name: getattr(like, column.name) for column in InboundMessage.__table__.columns}
        copies = [
            {
                **columns,
                "id": like.id // 2 + number,
                "message_ref": f"<{like.id + number}@before>",
                "content_digest": str(number),
            }
            for number in range(times)
        ]
        with self.app.engine.begin() as connection:
            connection.execute(insert(InboundMessage), copies)

    def row(self, inbound_id: int) -> InboundMessage:
        return only(self.app, InboundMessage, InboundMessage.id == inbound_id)

    def rows(self) -> list[InboundMessage]:
        return everything(self.app, InboundMessage)
