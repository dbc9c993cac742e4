"""The Postfix of the tests takes mail for anyone and lets none of it out."""

import smtplib
from collections.abc import Iterator

import pytest

from tests.servers import postfix
from tests.servers.dovecot import ACCOUNT, Dovecot
from tests.servers.postfix import Postfix
from tests.servers.processes import LOOPBACK, wait_until
from tests.servers.requirement import require

pytestmark = pytest.mark.postfix

MAIL = b"Subject: Your course\r\n\r\nIt begins on Monday.\r\n"


@pytest.fixture
def own_postfix() -> Iterator[Postfix]:
    require(postfix.missing)
    with Postfix() as server:
        yield server


def _send(server: Postfix, recipient: str) -> None:
    with smtplib.SMTP(LOOPBACK, server.port) as connection:
        connection.sendmail("usher@usher.test", [recipient], MAIL)


def test_mail_for_any_domain_lands_in_the_sink(postfix_server: Postfix) -> None:
    postfix_server.wipe()

    _send(postfix_server, "amina@example.org")

    (mail,) = postfix_server.wait_for_mail(1)
    assert b"Subject: Your course" in mail
    assert b"Delivered-To: amina@example.org" in mail


def test_mail_for_our_own_domain_reaches_dovecot(postfix_server: Postfix, dovecot_server: Dovecot) -> None:
    dovecot_server.wipe()

    _send(postfix_server, ACCOUNT)

    with dovecot_server.login() as imap:
        wait_until(lambda: imap.select()[1] == [b"1"], seconds=10, what="mail in the INBOX")
        status, fetched = imap.fetch("1", "(RFC822)")

    assert status == "OK"
    assert b"Subject: Your course" in fetched[0][1]  # type: ignore[index,operator]  # The stub knows no shape.


def test_accepted_mail_survives_the_death_of_every_process(own_postfix: Postfix) -> None:
    for number in range(5):
        _send(own_postfix, f"learner{number}@example.org")
    own_postfix.kill()

    own_postfix.start()

    assert len(own_postfix.wait_for_mail(5, seconds=20)) == 5
