import email.policy
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import pytest

from core.letters import Verdict
from core.settings import Settings
from mail.sending.rendering import Mail, render
from mail.sending.transport import Mailer, UnconfiguredMailer, mailer_for
from tests.mail.letters import LINKS, NOW, SETTINGS, head, invitation
from tests.servers.postfix import Postfix
from tests.servers.smtp_sink import SmtpSink, Stage


def _mails(count: int, *, name: str = "Bo Young") -> list[Mail]:
    letters = [
        invitation(head(n, recipient=f"learner{n}@example.org", recipient_name=name)) for n in range(1, count + 1)
    ]
    return [render(letter, SETTINGS, LINKS, now=NOW) for letter in letters]


def _settings(port: int, connections: int = 2) -> Settings:
    return replace(SETTINGS, smtp_host="127.0.0.1", smtp_port=port, smtp_connections=connections)


def test_threads_share_one_mailer(smtp_sink: SmtpSink) -> None:
    mailer = Mailer(_settings(smtp_sink.port))

    with ThreadPoolExecutor(4) as threads:
        batches = list(threads.map(mailer.send, [_mails(10) for _ in range(4)]))
    mailer.close()

    assert all(outcome.verdict is Verdict.ACCEPTED for batch in batches for outcome in batch)
    assert len(smtp_sink.accepted) == 40
    assert smtp_sink.connections <= 2


def test_crlf_name_does_not_break_batch(smtp_sink: SmtpSink) -> None:
    evil = "Bo\r\nBcc: evil@example.org\r\n\r\n.\r\nMAIL FROM:<x@example.org>"
    mails = [*_mails(1), *_mails(3, name=evil)[1:2], *_mails(3)[2:]]
    mailer = Mailer(_settings(smtp_sink.port))

    outcomes = mailer.send(mails)
    mailer.close()

    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 3
    assert {mail.recipients for mail in smtp_sink.accepted} == {(f"learner{n}@example.org",) for n in (1, 2, 3)}
    assert all("Bcc" not in mail.message for mail in smtp_sink.accepted)


def test_three_bad_of_many_are_refused_alone(smtp_sink: SmtpSink) -> None:
    bad = (3, 50, 77)
    for number in bad:
        smtp_sink.answer(Stage.RECIPIENT, "550 5.1.1 No such mailbox", recipient=f"learner{number}@example.org")
    mailer = Mailer(_settings(smtp_sink.port, connections=4))

    outcomes = mailer.send(_mails(100))
    mailer.close()

    assert tuple(outcome.message_id for outcome in outcomes if outcome.verdict is Verdict.REFUSED) == bad
    assert len(smtp_sink.accepted) == 97


def test_greylisted_mail_is_later_and_then_accepted_with_the_same_message_id() -> None:
    times = [datetime(2026, 3, 2, 9, tzinfo=UTC)]
    with SmtpSink(clock=lambda: times[-1]) as sink:
        sink.greylist(timedelta(seconds=300))
        mailer = Mailer(_settings(sink.port))

        (first,) = mailer.send(_mails(1))
        times.append(times[-1] + timedelta(seconds=301))
        (second,) = mailer.send(_mails(1))
        mailer.close()

        assert (first.verdict, second.verdict) == (Verdict.LATER, Verdict.ACCEPTED)
        assert sink.accepted[0].message["Message-ID"] == "<0000000000000001@example.org>"


def test_wrong_password_bounces_nobody_and_the_right_one_sends() -> None:
    with SmtpSink(clock=lambda: NOW, login=("usher", "secret")) as sink:
        settings = replace(_settings(sink.port), smtp_user="usher", smtp_password="wrong")
        verdicts = []
        for password in ("wrong", "secret"):
            mailer = Mailer(replace(settings, smtp_password=password))
            verdicts.append({outcome.verdict for outcome in mailer.send(_mails(20))})
            mailer.close()

        assert verdicts == [{Verdict.OUR_FAULT}, {Verdict.ACCEPTED}]


def test_restarted_server_gets_the_next_mails(smtp_sink: SmtpSink) -> None:
    mailer = Mailer(_settings(smtp_sink.port))
    mailer.send(_mails(2))

    smtp_sink.stop()
    down = mailer.send(_mails(2))
    smtp_sink.start()
    up = mailer.send(_mails(2))
    mailer.close()

    assert [outcome.verdict for outcome in down] == [Verdict.OUR_FAULT] * 2
    assert [outcome.verdict for outcome in up] == [Verdict.ACCEPTED] * 2


def test_closed_mailer_leaves_mail_for_later(smtp_sink: SmtpSink) -> None:
    mailer = Mailer(_settings(smtp_sink.port))
    mailer.close()
    mailer.close()

    outcomes = mailer.send(_mails(2))

    assert [outcome.verdict for outcome in outcomes] == [Verdict.LATER] * 2


def test_without_a_mail_server_everything_waits() -> None:
    mailer = mailer_for(SETTINGS)

    outcomes = mailer.send(_mails(2))
    mailer.close()

    assert isinstance(mailer, UnconfiguredMailer)
    assert [(outcome.message_id, outcome.verdict) for outcome in outcomes] == [
        (1, Verdict.OUR_FAULT),
        (2, Verdict.OUR_FAULT),
    ]
    assert outcomes[0].detail == "no mail server is set"


def test_configured_mailer_reaches_its_server(smtp_sink: SmtpSink) -> None:
    mailer = mailer_for(_settings(smtp_sink.port))

    (outcome,) = mailer.send(_mails(1))
    mailer.close()

    assert outcome.verdict is Verdict.ACCEPTED


@pytest.mark.postfix
def test_postfix_delivers_what_was_rendered(postfix_server: Postfix) -> None:
    postfix_server.wipe()
    mailer = Mailer(_settings(postfix_server.port, connections=4))

    outcomes = mailer.send(_mails(20, name="Zoë 😀"))
    mailer.close()

    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    messages = [message_from_bytes(mail, policy=email.policy.default) for mail in postfix_server.wait_for_mail(20)]
    assert {str(message["Message-ID"]) for message in messages} == {f"<{n:016x}@example.org>" for n in range(1, 21)}
    assert {str(message["Subject"]) for message in messages} == {"You are invited: Everyday maths"}
    body = messages[0].get_body(("plain",))
    assert body is not None
    assert "Hello Zoë 😀," in body.get_content()
    assert all(str(message["Return-Path"]).startswith("<bounces+") for message in messages)
