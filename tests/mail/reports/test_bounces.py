"""Reports about our e-mails, from their bytes to what became of the message."""

import hashlib
import time
from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core.letters import Verdict
from core.model import InboundMessage, OutboundMessage, Suppression
from core.usecases.mailbox.bounces import RecordReport
from core.usecases.mailbox.inbound import ReceiveMail, receive_mail
from core.words import MailRule, MailState, MessageState, ReportedAs, SuppressReason
from mail.parsing.message import parse
from mail.parsing.parsed import ParsedMail
from mail.parsing.parser import Parser
from mail.receiving.asked import MailReport, MailRequest
from mail.receiving.processing import Processor
from mail.reports.bounces import note_report, read_report
from mail.reports.stopping import stop
from tests.copies import SqliteCopies
from tests.core.usecases.acting import deliver, everything, invite, message_of, only
from tests.core.usecases.reporting import arrived
from tests.factories import SYSTEM, School
from tests.mail.bounce_samples import COMPLAINTS, DSNS, NO_BOUNCES, SAMPLES, TEXTS, Sample
from tests.mail.mails import parse_here
from tests.slow import every, examples

LEARNER = "bo@school.example"
SENDER = f"bounces+{'a2' * 13}@usher.example.org"
REF = "<2a@usher.example.org>"
STATES = {
    ReportedAs.HARD: MessageState.BOUNCED,
    ReportedAs.SOFT: MessageState.PENDING,
    ReportedAs.LATE: MessageState.SENT,
    ReportedAs.COMPLAINT: MessageState.SENT,
    None: MessageState.SENT,
}


@pytest.fixture
def school(sqlite_school: SqliteCopies[School]) -> School:
    sqlite_school.renew()
    return replace(sqlite_school.filling, app=sqlite_school.app())


def raw_of(sample: Sample, *, sender: str = SENDER, ref: str = REF) -> bytes:
    return sample.raw(sender=sender, ref=ref, learner=LEARNER)


def parsed(raw: bytes) -> ParsedMail:
    mail = parse(raw)
    assert isinstance(mail, ParsedMail)
    return mail


def reported(mail: ParsedMail, inbound_id: int = 1, *, to: str = "") -> MailReport:
    is_complaint = mail.report is not None and mail.report.kind == "complaint"
    rule = MailRule.COMPLAINT if is_complaint else MailRule.BOUNCE
    return MailReport(inbound_id, rule, mail, "", to, datetime(2026, 3, 2, 9, 30, tzinfo=UTC))


def read(sample: Sample) -> RecordReport:
    return read_report(reported(parsed(raw_of(sample))))


def _name(sample: Sample) -> str:
    return sample.name


@pytest.mark.parametrize("sample", SAMPLES, ids=_name)
def test_each_says_what_happened_and_why(sample: Sample) -> None:
    command = read(sample)

    assert (command.reported_as, command.is_no_mailbox) == (sample.says, sample.is_no_mailbox)
    assert command.detail.startswith(sample.words)
    assert bool(command.detail) == (sample.says is not None)


@pytest.mark.parametrize("sample", SAMPLES, ids=_name)
def test_no_reason_has_an_address_or_more_than_one_line(sample: Sample) -> None:
    detail = read(sample).detail

    assert "@" not in detail
    assert detail.isprintable()
    assert len(detail) <= 300


@pytest.mark.parametrize("sample", [*DSNS, *TEXTS, *NO_BOUNCES], ids=_name)
def test_the_token_is_found_where_it_was_sent_to(sample: Sample) -> None:
    assert read(sample).tokens == ("a2" * 13,)


@pytest.mark.parametrize("sample", [*DSNS, *COMPLAINTS], ids=_name)
def test_the_original_s_message_id_is_found(sample: Sample) -> None:
    assert REF in read(sample).refs


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Delivered-To", SENDER.upper()),
        ("X-Original-To", SENDER),
        ("Envelope-To", f"<{SENDER}>"),
        ("To", f"prvs=123456={SENDER}"),
    ],
)
def test_the_token_is_found_in_every_header_that_names_the_envelope(header: str, value: str) -> None:
    raw = f"From: MAILER-DAEMON@mx.example\r\nTo: x@y.example\r\n{header}: {value}\r\nSubject: failure notice\r\n\r\nx"

    assert read_report(reported(parsed(raw.encode()))).tokens == ("a2" * 13,)


def test_what_the_host_says_of_the_envelope_comes_first() -> None:
    raw = f"From: MAILER-DAEMON@mx.example\r\nTo: {SENDER}\r\nSubject: failure notice\r\n\r\nx"
    true = f"bounces+{'b3' * 13}@usher.example.org"

    assert read_report(reported(parsed(raw.encode()), to=true)).tokens == ("b3" * 13, "a2" * 13)


def test_who_did_not_get_it_is_named_by_their_keys() -> None:
    (unknown,) = [sample for sample in DSNS if sample.name == "postfix-unknown-user"]

    assert read(unknown).recipients == (LEARNER,)
    assert read(TEXTS[0]).recipients == (LEARNER,)


# --- To the end -------------------------------------------------------------------------------------------


def _settled(school: School, sample: Sample) -> MailState:
    """With the true token and Message-ID of an invitation that was sent."""
    invite(school, LEARNER)
    deliver(school.app, Verdict.ACCEPTED)
    message = message_of(school.app, LEARNER)
    token = school.app.links.bounce_token(message.id)
    raw = raw_of(sample, sender=f"bounces+{token}@usher.example.org", ref=message.message_ref)
    return note_report(school.app, reported(parsed(raw), arrived(school.app)))


# What each says is read above; to the end it goes by what it says.
@pytest.mark.parametrize("sample", every(3, SAMPLES), ids=_name)
def test_each_does_to_its_message_what_it_says(school: School, sample: Sample) -> None:
    state = _settled(school, sample)

    message = message_of(school.app, LEARNER)
    assert state is (MailState.IGNORED if sample.says is None else MailState.PROCESSED)
    assert only(school.app, InboundMessage).state is state
    assert message.state is STATES[sample.says]
    reasons = {each.reason for each in everything(school.app, Suppression)}
    # The member of a group is not whom we wrote to.
    is_theirs = sample.is_no_mailbox and sample.name != "two-of-a-group"
    expected = {SuppressReason.BOUNCED} if is_theirs else set()
    assert reasons == ({SuppressReason.COMPLAINED} if sample.says is ReportedAs.COMPLAINT else expected)


@pytest.mark.parametrize("sample", every(3, [*DSNS, *TEXTS, *COMPLAINTS]), ids=_name)
def test_the_same_words_without_proof_change_nothing(school: School, sample: Sample) -> None:
    invite(school, LEARNER)
    deliver(school.app, Verdict.ACCEPTED)

    note_report(school.app, reported(parsed(raw_of(sample)), arrived(school.app)))

    assert message_of(school.app, LEARNER).state is MessageState.SENT
    assert everything(school.app, Suppression) == []


def test_through_the_reading_child(school: School) -> None:
    invite(school, LEARNER)
    deliver(school.app, Verdict.ACCEPTED)
    message = message_of(school.app, LEARNER)
    with Parser() as parser:
        mail = parser.parse(raw_of(DSNS[0], ref=message.message_ref))

    assert isinstance(mail, ParsedMail)
    assert note_report(school.app, reported(mail, arrived(school.app))) is MailState.PROCESSED
    assert only(school.app, OutboundMessage, OutboundMessage.id == message.id).state is MessageState.BOUNCED


def _processor(school: School) -> Processor:
    def answer(_request: MailRequest) -> MailState:
        raise AssertionError("nobody is answered")

    return Processor(
        school.app,
        parse_here,
        answer=answer,
        note_report=partial(note_report, school.app),
        stop=partial(stop, school.app),
        lookup=lambda _name: None,
    )


def _process(school: School, raw: bytes, *, envelope_to: str = "") -> MailState:
    command = ReceiveMail(raw, "", hashlib.sha256(raw).hexdigest(), envelope_from="", envelope_to=envelope_to)
    received = school.app.run(receive_mail, command, SYSTEM)
    return _processor(school).process(received.inbound_id)


@pytest.mark.parametrize("sample", every(3, [*DSNS, *TEXTS, *COMPLAINTS]), ids=_name)
def test_through_screening_each_report_comes_here(school: School, sample: Sample) -> None:
    invite(school, LEARNER)
    deliver(school.app, Verdict.ACCEPTED)
    message = message_of(school.app, LEARNER)
    sender = f"bounces+{school.app.links.bounce_token(message.id)}@usher.example.org"

    state = _process(school, raw_of(sample, sender=sender, ref=message.message_ref), envelope_to=sender)

    rules = {each.rule for each in everything(school.app, InboundMessage)}
    assert rules == {MailRule.COMPLAINT if sample in COMPLAINTS else MailRule.BOUNCE}
    assert state is (MailState.IGNORED if sample.says is None else MailState.PROCESSED)
    assert message_of(school.app, LEARNER).state is STATES[sample.says]


@pytest.mark.parametrize("sample", NO_BOUNCES, ids=_name)
def test_through_screening_what_is_no_report_changes_nothing(school: School, sample: Sample) -> None:
    invite(school, LEARNER)
    deliver(school.app, Verdict.ACCEPTED)
    message = message_of(school.app, LEARNER)
    sender = f"bounces+{school.app.links.bounce_token(message.id)}@usher.example.org"

    state = _process(school, raw_of(sample, sender=sender, ref=message.message_ref), envelope_to=sender)

    assert state is MailState.IGNORED
    assert message_of(school.app, LEARNER).state is MessageState.SENT
    assert everything(school.app, Suppression) == []


# --- Hostile ----------------------------------------------------------------------------------------------


@pytest.mark.slow  # Load: it guards how long hostile text takes, not how it is read.
@pytest.mark.parametrize(
    "text",
    ["5.1.1 " * 40_000, "a@" * 90_000, "<" * 200_000, "delivery " * 30_000, "a.b@c." * 40_000, "\n" * 200_000],
)
def test_hostile_text_takes_no_time(text: str) -> None:
    mail = replace(parsed(raw_of(TEXTS[0])), text=text, quoted=text, subject=text[:900])

    began = time.process_time()
    command = read_report(reported(mail))

    assert time.process_time() - began < 1
    assert len(command.detail) <= 300


@settings(max_examples=examples(60), deadline=None)
@given(st.text(max_size=400), st.text(max_size=80), st.text(max_size=80))
def test_any_words_give_a_command(text: str, subject: str, address: str) -> None:
    mail = replace(
        parsed(raw_of(TEXTS[0])),
        text=text,
        subject=subject,
        headers=(("to", address), ("x-failed-recipients", address)),
    )

    command = read_report(reported(mail))

    assert len(command.detail) <= 300
    assert len(command.tokens) <= 10 >= len(command.refs)
