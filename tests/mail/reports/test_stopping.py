"""Who asks by e-mail for no more, from the bytes to what became of it."""

from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core.letters import Verdict
from core.model import OutboundMessage, Suppression
from core.usecases.mailbox.inbound import ReceiveMail, receive_mail
from core.words import MailState, MessageKind, SuppressReason
from mail.parsing.message import parse
from mail.parsing.parsed import ParsedMail
from mail.receiving.asked import MailStop
from mail.receiving.processing import Processor
from mail.reports.stop_words import asks_to_stop, has_stop_token
from mail.reports.stopping import read_stop, stop
from tests.copies import SqliteCopies
from tests.core.usecases.acting import deliver, everything, invite, message_of
from tests.core.usecases.reporting import arrived
from tests.factories import SYSTEM, School
from tests.mail.mails import parse_here
from tests.slow import examples

LEARNER = "bo@school.example"
TOKEN = "a2" * 13
WISHES = [
    "stop",
    "STOP!!!",
    "Stop.",
    "please stop",
    "Please stop sending me these e-mails",
    "please stop emailing me, thanks",
    "stop it",
    "unsubscribe",
    "Unsubscribe me please",
    "no more",
    "No more emails please!",
    "I don’t want any more emails",
    "I do not want to receive these messages anymore",
    "don't invite me again",
    "Do not contact me again.",
    "remove me from your list",
    "Please remove my address",
    "opt out",
    "leave me alone",
    "Hi,\n\nplease stop sending me invitations.\n\nBo",
    "abmelden",
    "Bitte abmelden, danke",
    "Bitte keine Mails mehr",
    "désabonner",
    "Arrêtez s'il vous plaît",
    "baja",
    "No quiero más correos",
    "afmelden",
    "geen mail meer",
    "stop\n\nOn 2 March Northfield College wrote:\n> You are invited",
]
OTHER_WORDS = [
    "",
    "Yes please",
    "I cannot open the link, what can I do?",
    "Does the bus stop near the school?",
    "I can't stop smiling, thanks!",
    "Please don't stop sending me these e-mails",
    "When does the course stop?",
    "Who are you? I never asked for this.",
    "I would like to take this course",
    "Thanks",
    "Stop by my office tomorrow",
    "The course on stop motion sounds good",
    "How do I unsubscribe from the course next year when I have finished school and want to keep my certificate?",
    "No more questions, I have joined.",
    "remove the second course and keep the first one",
]


@pytest.fixture
def school(sqlite_school: SqliteCopies[School]) -> School:
    sqlite_school.renew()
    return replace(sqlite_school.filling, app=sqlite_school.app())


def mail(text: str = "", *, subject: str = "Re: You are invited: Stop motion films", more: str = "") -> ParsedMail:
    head = f"From: Bo <{LEARNER}>\nTo: usher@in.example.org\nSubject: {subject}\nMessage-ID: <s@school.example>\n{more}"
    raw = f"{head}Content-Type: text/plain; charset=utf-8\n\n{text}\n".replace("\n", "\r\n")
    found = parse(raw.encode())
    assert isinstance(found, ParsedMail)
    return found


def asked(found: ParsedMail, inbound_id: int = 1, sender: str = LEARNER) -> MailStop:
    return MailStop(inbound_id, sender, found, datetime(2026, 3, 2, 9, 30, tzinfo=UTC))


@pytest.mark.parametrize("text", WISHES)
def test_these_first_words_are_a_wish(text: str) -> None:
    assert asks_to_stop(mail(text))


@pytest.mark.parametrize("text", OTHER_WORDS)
def test_these_are_none(text: str) -> None:
    assert not asks_to_stop(mail(text))


@pytest.mark.parametrize(
    "subject", ["stop", "STOP", "Re: stop", "AW: Re: abmelden", "unsubscribe", "Please unsubscribe me"]
)
def test_a_subject_that_is_nothing_but_the_wish_is_one(subject: str) -> None:
    assert asks_to_stop(mail("I am Bo from class 3b.", subject=subject))


@pytest.mark.parametrize(
    "subject",
    [
        "Re: You are invited: Stop motion films",
        "Re: You will get no more e-mails from us",
        "stopwatch",
        "full stop here",
    ],
)
def test_what_a_subject_is_about_is_no_wish(subject: str) -> None:
    assert not asks_to_stop(mail("Thank you", subject=subject))


@pytest.mark.parametrize(
    ("subject", "more"),
    [
        (f"stop {TOKEN}", ""),
        (f"Stop {TOKEN.upper()}", ""),
        ("", f"Delivered-To: stop+{TOKEN}@usher.example.org\n"),
        ("unsubscribe", f"X-Original-To: STOP+{TOKEN}@usher.example.org\n"),
    ],
)
def test_the_token_is_found_in_subject_or_address(subject: str, more: str) -> None:
    found = mail(subject=subject, more=more)

    assert asks_to_stop(found)
    assert has_stop_token(found)
    assert read_stop(asked(found)).tokens == (TOKEN,)


def test_words_of_its_length_elsewhere_are_no_token() -> None:
    assert not has_stop_token(mail(subject=f"Re: {TOKEN}"))
    assert not has_stop_token(mail(f"stop {TOKEN}", subject=f"stop {TOKEN}a"))


def test_what_it_replies_to_comes_the_nearest_first_and_once() -> None:
    more = "In-Reply-To: <3@x.example>\nReferences: <1@x.example> <2@x.example> <3@x.example>\n"

    assert read_stop(asked(mail("stop", more=more))).refs == ("<3@x.example>", "<2@x.example>", "<1@x.example>")


@settings(max_examples=examples(80), deadline=None)
@given(st.text(max_size=300), st.text(max_size=100))
def test_any_words_are_judged(text: str, subject: str) -> None:
    found = replace(mail(), text=text, subject=subject)

    assert asks_to_stop(found) in (True, False)


def test_a_reply_with_the_word_stops_and_is_confirmed(school: School) -> None:
    invite(school, LEARNER)
    deliver(school.app, Verdict.ACCEPTED)
    ref = message_of(school.app, LEARNER).message_ref

    state = stop(school.app, asked(mail("Stop please", more=f"In-Reply-To: {ref}\n"), arrived(school.app)))

    confirmations = everything(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.STOPPED)
    assert state is MailState.PROCESSED
    assert {each.reason for each in everything(school.app, Suppression)} == {SuppressReason.ASKED}
    assert [each.recipient for each in confirmations] == [LEARNER]


def test_the_mail_of_list_unsubscribe_stops_whoever_sends_it(school: School) -> None:
    invite(school, LEARNER)
    deliver(school.app, Verdict.ACCEPTED)
    token = school.app.links.stop_token(message_of(school.app, LEARNER).id)

    state = stop(school.app, asked(mail(subject=f"stop {token}"), arrived(school.app), "unsubscriber@provider.example"))

    assert state is MailState.PROCESSED
    assert {each.address_key for each in everything(school.app, Suppression)} == {LEARNER}


def test_through_screening_a_learner_s_reply_stops(school: School) -> None:
    invite(school, LEARNER)
    deliver(school.app, Verdict.ACCEPTED)
    ref = message_of(school.app, LEARNER).message_ref
    raw = f"From: Bo <{LEARNER}>\r\nSubject: Re: x\r\nIn-Reply-To: {ref}\r\n\r\nplease stop\r\n"
    received = school.app.run(receive_mail, ReceiveMail(raw.encode(), "<s@x.example>", "1" * 64), SYSTEM)

    def nothing(_asked: object) -> MailState:
        raise AssertionError("it is no such thing")

    processor = Processor(
        school.app,
        parse_here,
        answer=nothing,
        note_report=nothing,
        stop=partial(stop, school.app),
        lookup=lambda _name: None,
    )

    assert processor.process(received.inbound_id) is MailState.PROCESSED
    assert {each.reason for each in everything(school.app, Suppression)} == {SuppressReason.ASKED}


def test_a_word_that_answers_nothing_is_held(school: School) -> None:
    assert stop(school.app, asked(mail("stop"), arrived(school.app))) is MailState.HELD
