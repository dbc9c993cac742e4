"""A message of megabytes: stored in pieces, read by a child that is handed a file, erased with all of its pieces."""

from collections.abc import Iterator
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from sqlalchemy import select

from core.app import App
from core.context import Assurance
from core.large_mail import PIECE, Intake, LargeMail, pieces_of
from core.model import InboundMessage, InboundPiece
from core.usecases.mailbox.received import ShowReceived, show_received
from core.usecases.mailbox.under_way import BeginMail, begin_mail
from core.usecases.retention import ForgetOld, forget_old
from core.words import MailRule, MailState
from mail.parsing.parsed import ParsedMail
from mail.parsing.parser import Parser
from mail.receiving.arrival import read_arrival
from mail.receiving.processing import Processor
from mail.receiving.reception import Reception
from tests.copies import SqliteCopies
from tests.core.usecases.acting import clock_of, only
from tests.factories import OPERATOR, SYSTEM, School
from tests.mail.mails import written
from tests.mail.receiving.mailroom import PROVEN, Desk, school_with_a_mailbox
from tests.mail.signing import Domain

LONG = "courses\r\n" + "Thank you for everything.\r\n" * 120_000


@pytest.fixture
def school(sqlite_school: SqliteCopies[School]) -> School:
    return school_with_a_mailbox(sqlite_school)


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser() as parser:
        yield parser


def large(raw: bytes) -> LargeMail:
    """As the network brings it."""
    intake = Intake()
    for start in range(0, len(raw), 100_000):
        intake.add(raw[start : start + 100_000])
    taken = intake.taken()
    assert isinstance(taken, LargeMail)
    return taken


def pieces(app: App) -> list[bytes]:
    return app.read(lambda ctx, _: list(ctx.session.scalars(select(InboundPiece.content))), None, SYSTEM)


def reception(school: School, parser: Parser, domain: Domain) -> Reception:
    desk = Desk(school.app)
    return Reception(
        school.app,
        Processor(
            school.app,
            parser.parse,
            answer=desk.answer,
            note_report=desk.note_report,
            stop=desk.stop,
            lookup=domain.lookup,
        ).process,
    )


def test_its_name_and_digest_are_those_of_the_same_bytes_at_once() -> None:
    raw = written(PROVEN, text=LONG)

    assert read_arrival(large(raw)) == read_arrival(raw)


def test_it_is_stored_in_pieces_done_and_shown_as_it_came(school: School, parser: Parser) -> None:
    raw = written(PROVEN, text=LONG)
    ours = reception(school, parser, Domain())

    received = ours.receive(large(raw))
    begun = school.app.run(begin_mail, BeginMail(received.inbound_id), SYSTEM)
    state = ours.process(received.inbound_id, begun)

    assert len(pieces(school.app)) == -(-len(raw) // PIECE) - 1
    assert not any(b"Thank you" in piece for piece in pieces(school.app))
    assert isinstance(begun.raw, LargeMail)
    assert b"".join(pieces_of(begun.raw)) == raw
    assert state is MailState.PROCESSED
    row = only(school.app, InboundMessage)
    assert (row.size, row.rule, row.assurance) == (len(raw), MailRule.REQUEST, Assurance.VERIFIED)
    assert school.app.read(show_received, ShowReceived(row.id), OPERATOR).raw == raw


@pytest.mark.parametrize("is_changed", [False, True], ids=["as signed", "changed"])
def test_its_signature_counts_as_that_of_any_other(school: School, parser: Parser, *, is_changed: bool) -> None:
    domain = Domain()
    signed = domain.sign(written(text=LONG))
    # Far behind the first piece.
    raw = signed[:-20] + b"!" + signed[-19:] if is_changed else signed
    ours = reception(school, parser, domain)

    ours.process(ours.receive(large(raw)).inbound_id)

    row = only(school.app, InboundMessage)
    assert row.assurance is (Assurance.UNVERIFIED if is_changed else Assurance.VERIFIED)
    assert row.rule is (MailRule.UNAUTHENTICATED if is_changed else MailRule.REQUEST)


def test_a_stranger_s_is_erased_at_once_and_others_after_their_time(school: School, parser: Parser) -> None:
    ours = reception(school, parser, Domain())

    ours.process(ours.receive(large(written(sender="eve@evil.test", text=LONG))).inbound_id)
    left_of_stranger = pieces(school.app)
    ours.process(ours.receive(large(written(PROVEN, text=LONG))).inbound_id)
    kept = pieces(school.app)
    clock_of(school.app).advance(days=31)
    school.app.run(forget_old, ForgetOld(), SYSTEM)

    assert left_of_stranger == []
    assert len(kept) > 1
    assert pieces(school.app) == []


def test_of_its_files_only_what_may_be_a_table_comes_back(parser: Parser) -> None:
    mail = MIMEMultipart()
    mail.attach(MIMEText("courses"))
    for name, content in (("plan.pdf", b"%PDF-1.7" + b"\0" * 2_000_000), ("list.csv", b"a@example.org\n" * 10_000)):
        part = MIMEApplication(content)
        part.add_header("Content-Disposition", "attachment", filename=name)
        mail.attach(part)

    parsed = parser.parse(large(mail.as_bytes()))

    assert isinstance(parsed, ParsedMail)
    assert parsed.text.strip() == "courses"
    assert [(each.name, each.size, len(each.content)) for each in parsed.attachments] == [
        ("plan.pdf", 2_000_008, 0),
        ("list.csv", 140_000, 140_000),
    ]
