"""The fast mail server of the benchmarks, with a client that it was not written for."""

import smtplib
from pathlib import Path

import pytest

from bench.processes import ProgramFailed
from bench.sinks import Sink


def test_a_mail_that_was_answered_is_in_the_ledger(tmp_path: Path) -> None:
    with Sink(tmp_path) as sink, smtplib.SMTP("127.0.0.1", sink.port, timeout=10) as client:
        for place in range(3):
            mail = f"Message-ID: <{place}@example.org>\r\n\r\n.a line that begins with a dot\r\n"
            client.sendmail("usher@example.org", ["a@example.org", "b@example.org"], mail)

        accepted = sink.ledger.read()

    assert [(each.recipient[0], each.message_id) for each in accepted] == [
        (name, f"<{place}@example.org>") for place in range(3) for name in "ab"
    ]
    assert [each.at for each in accepted] == sorted(each.at for each in accepted)


def test_waiting_for_mails_that_do_not_come_ends(tmp_path: Path) -> None:
    with Sink(tmp_path) as sink, pytest.raises(ProgramFailed, match="0 of 1"):
        sink.ledger.wait_for(1, seconds=0.05)
