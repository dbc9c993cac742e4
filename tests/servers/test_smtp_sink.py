"""The SMTP sink keeps its promises: its ledger is complete and its answers are the scripted ones."""

import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic

import aiosmtplib
import pytest

from tests.servers.smtp_sink import SmtpSink, Stage

SENDER = "usher@usher.test"
MAIL = "Subject: Your course\r\n\r\nIt begins on Monday.\r\n"


class HandClock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def sink(clock: HandClock) -> Iterator[SmtpSink]:
    with SmtpSink(clock=clock) as sink:
        yield sink


def _send(sink: SmtpSink, *recipients: str) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP(sink.host, sink.port, timeout=10) as connection:
        return connection.sendmail(SENDER, recipients, MAIL)


def test_accepted_mail_is_in_the_ledger(sink: SmtpSink) -> None:
    _send(sink, "amina@example.org")

    (mail,) = sink.accepted
    assert mail.sender == SENDER
    assert mail.recipients == ("amina@example.org",)
    assert mail.message["Subject"] == "Your course"


def test_refused_recipient_is_in_no_accepted_mail(sink: SmtpSink) -> None:
    sink.answer(Stage.RECIPIENT, "550 5.1.1 No such mailbox", recipient="ben@example.org")

    refused = _send(sink, "amina@example.org", "ben@example.org")

    assert refused == {"ben@example.org": (550, b"5.1.1 No such mailbox")}
    assert [mail.recipients for mail in sink.accepted] == [("amina@example.org",)]
    assert [refusal.recipient for refusal in sink.refused] == ["ben@example.org"]


def test_scripted_answer_is_given_as_often_as_stated(sink: SmtpSink) -> None:
    sink.answer(Stage.CONTENT, "452 4.2.2 Mailbox full", times=1)

    with pytest.raises(smtplib.SMTPDataError):
        _send(sink, "amina@example.org")
    _send(sink, "amina@example.org")

    assert len(sink.accepted) == 1


@pytest.mark.parametrize("stage", [Stage.HELLO, Stage.SENDER])
def test_refusal_of_the_sender_accepts_nothing(sink: SmtpSink, stage: Stage) -> None:
    sink.answer(stage, "554 5.7.1 Your host is blocked")

    with pytest.raises(smtplib.SMTPResponseException, match="blocked"):
        _send(sink, "amina@example.org")

    assert sink.accepted == []


def test_mail_is_accepted_though_the_connection_drops_before_the_answer(sink: SmtpSink) -> None:
    sink.drop_after_content()

    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        _send(sink, "amina@example.org")
    _send(sink, "ben@example.org")

    assert [mail.recipients for mail in sink.accepted] == [("amina@example.org",), ("ben@example.org",)]


def test_greylisted_recipient_is_accepted_when_the_clock_has_moved_on(sink: SmtpSink, clock: HandClock) -> None:
    sink.greylist(timedelta(minutes=5))
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        _send(sink, "amina@example.org")

    clock.now += timedelta(minutes=5)
    _send(sink, "amina@example.org")

    assert len(sink.accepted) == 1


def test_delayed_answers_take_real_time(sink: SmtpSink) -> None:
    sink.delay_answers(timedelta(milliseconds=30))
    began = monotonic()

    _send(sink, "amina@example.org")

    # EHLO, MAIL, RCPT and DATA.
    assert monotonic() - began >= 0.12


@pytest.fixture
def guarded_sink(clock: HandClock) -> Iterator[SmtpSink]:
    with SmtpSink(clock=clock, login=("usher", "right")) as sink:
        yield sink


def test_right_login_may_send(guarded_sink: SmtpSink) -> None:
    with smtplib.SMTP(guarded_sink.host, guarded_sink.port, timeout=10) as connection:
        connection.login("usher", "right")
        connection.sendmail(SENDER, ["amina@example.org"], MAIL)

    assert len(guarded_sink.accepted) == 1


def test_wrong_login_is_refused(guarded_sink: SmtpSink) -> None:
    connection = smtplib.SMTP(guarded_sink.host, guarded_sink.port, timeout=10)

    with connection, pytest.raises(smtplib.SMTPAuthenticationError, match="535"):
        connection.login("usher", "wrong")


def test_mail_without_the_required_login_is_refused(guarded_sink: SmtpSink) -> None:
    with pytest.raises(smtplib.SMTPSenderRefused, match="530"):
        _send(guarded_sink, "amina@example.org")

    assert guarded_sink.accepted == []


def test_stopped_sink_refuses_and_starts_again_on_the_same_port(sink: SmtpSink) -> None:
    _send(sink, "amina@example.org")
    sink.stop()
    with pytest.raises(ConnectionRefusedError):
        _send(sink, "ben@example.org")

    sink.start()
    _send(sink, "ben@example.org")

    assert len(sink.accepted) == 2


def test_stopping_resets_open_connections(sink: SmtpSink) -> None:
    with smtplib.SMTP(sink.host, sink.port, timeout=10) as connection:
        connection.ehlo()
        sink.stop()

        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
            connection.mail(SENDER)


async def test_one_kept_connection_carries_many_mails(smtp_sink: SmtpSink) -> None:
    async with aiosmtplib.SMTP(hostname=smtp_sink.host, port=smtp_sink.port) as connection:
        for number in range(20):
            await connection.sendmail(SENDER, f"learner{number}@example.org", MAIL)

    assert len(smtp_sink.wait_for_mail(20)) == 20
    assert smtp_sink.connections == 1
