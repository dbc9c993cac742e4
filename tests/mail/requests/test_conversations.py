"""Whole turns: bytes in, read by the real parser, screened, done, and the answer's bytes out; then the reply to it."""

import functools
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from msgspec import Struct
from sqlalchemy import select

from core.app import App
from core.letters import AnswerPart
from core.model import MailAnswer, OutboundMessage
from core.results import revived_parts
from core.usecases.invitations.batches import LearnersInvited
from core.usecases.invitations.recall import BatchRecalled
from core.usecases.mailbox.invitations import InvitedAtOnce, PreviewNumbered
from core.usecases.messages.letters import LoadLetters, load_letters
from core.words import MailState, MessageKind
from mail.receiving.processing import Processor
from mail.requests.answering import answer
from mail.sending.rendering import render
from tests.copies import SqliteCopies
from tests.factories import SYSTEM, School
from tests.mail.asking import looking
from tests.mail.letters import parsed
from tests.mail.mails import parse_here
from tests.mail.receiving.mailroom import PROVEN, Mailroom, school_with_a_mailbox

MATHS = "maths-2026-03"


class Turn(Struct):
    parts: tuple[AnswerPart, ...]
    mail: EmailMessage


class Correspondence(Struct):
    """Olive's mail program, and the processor that ``usher serve`` runs."""

    room: Mailroom
    _count: int = 0

    @property
    def app(self) -> App:
        return self.room.app

    def __post_init__(self) -> None:
        desk = self.room.desk
        self.room.processor = Processor(
            self.app,
            parse_here,
            answer=functools.partial(answer, self.app),
            note_report=desk.note_report,
            stop=desk.stop,
            lookup=lambda _name: None,
        )

    def write(self, subject: str, text: str, *, to: Turn | None = None, html: str = "") -> Turn:
        self._count += 1
        message = EmailMessage(policy=SMTP)
        message["Authentication-Results"] = PROVEN[1]
        message["From"] = "Olive Owner <olive@north.example.org>"
        message["To"] = "usher+northfield@usher.example.org"
        message["Subject"] = subject if to is None else str(to.mail["Subject"])
        message["Message-ID"] = f"<turn{self._count}@north.example.org>"
        if to is not None:
            message["In-Reply-To"] = str(to.mail["Message-ID"])
            message["References"] = f"{str(to.mail['References']).strip()} {to.mail['Message-ID']}"
        message.set_content(text)
        if html:
            message.add_alternative(html, subtype="html")
        row = self.room.take(message.as_bytes())
        assert row.state is MailState.PROCESSED, (row.state, row.rule, row.detail)
        return self._answer(row.id)

    def _answer(self, inbound_id: int) -> Turn:
        with looking(self.app) as session:
            stored = session.scalars(select(MailAnswer).where(MailAnswer.inbound_id == inbound_id)).one()
            query = select(OutboundMessage.id).where(
                OutboundMessage.kind == MessageKind.ANSWER, OutboundMessage.about_id == stored.id
            )
            message_id = session.scalars(query).one()
        (letter,) = self.app.read(load_letters, LoadLetters((message_id,)), SYSTEM).letters
        mail = render(letter, self.app.settings, self.app.links, now=self.app.clock())
        return Turn(revived_parts(stored.result), parsed(mail))


@pytest.fixture
def olive(sqlite_school: SqliteCopies[School]) -> Correspondence:
    return Correspondence(Mailroom(school_with_a_mailbox(sqlite_school)))


GMAIL = "yes B-0001\r\n\r\nOn Mon, 2 Mar 2026 at 09:00, Usher <u@usher.test> wrote:\r\n> Reply “no”\r\n> undo\r\n"
OUTLOOK = (
    "Yes please\r\n\r\nKind regards\r\nOlive\r\n\r\n-----Original Message-----\r\nFrom: Usher\r\n"
    "Sent: Monday, 2 March 2026\r\nTo: Olive\r\nSubject: invite\r\n\r\nno\r\n"
)
PHONE = "Yes\r\n\r\nSent from my iPhone\r\n\r\n> On 2 Mar 2026, at 09:00, Usher <u@usher.test> wrote:\r\n> no\r\n"


@pytest.mark.parametrize("reply", [GMAIL, OUTLOOK, PHONE])
def test_many_are_invited_by_a_reply_as_mail_programs_write_it(olive: Correspondence, reply: str) -> None:
    addresses = "\r\n".join(f"learner{number}@example.org" for number in range(60))
    asked = olive.write(f"invite {MATHS}", f"Hi Usher,\r\n\r\n{addresses}\r\n\r\nMany thanks,\r\nOlive\r\n")

    done = olive.write("", reply, to=asked)

    assert isinstance(asked.parts[0].result, PreviewNumbered)
    assert isinstance(done.parts[0].result, LearnersInvited)
    assert done.parts[0].result.invited == 60


def test_what_was_invited_at_once_is_undone_by_a_reply(olive: Correspondence) -> None:
    invited = olive.write("", f"please invite {MATHS}\r\nada@example.org, Bo Young <bo@example.org>\r\n")

    undone = olive.write("", "undo", to=invited)

    assert isinstance(invited.parts[0].result, InvitedAtOnce)
    assert isinstance(undone.parts[0].result, BatchRecalled)
    assert undone.mail["Subject"] == f"Re: {invited.mail['Subject']}"
    assert len(str(undone.mail["References"]).split()) == 3
