"""The Dovecot of the tests takes mail by LMTP and shows it by IMAP."""

import imaplib

import pytest

from tests.servers.dovecot import ACCOUNT, Dovecot

pytestmark = pytest.mark.postfix

MAIL = b"Subject: Progress\r\n\r\nThe sheet is attached.\r\n"


def test_delivered_mail_is_in_the_inbox(dovecot_server: Dovecot) -> None:
    dovecot_server.wipe()

    dovecot_server.deliver(MAIL, sender="coordinator@example.org")

    with dovecot_server.login() as imap:
        assert imap.select() == ("OK", [b"1"])
        _, fetched = imap.fetch("1", "(BODY.PEEK[])")
        assert isinstance(fetched[0], tuple)
        assert b"Subject: Progress" in fetched[0][1]


def test_plus_address_reaches_the_same_inbox(dovecot_server: Dovecot) -> None:
    dovecot_server.wipe()

    dovecot_server.deliver(MAIL, sender="coordinator@example.org", recipient=ACCOUNT.replace("@", "+import@"))

    with dovecot_server.login() as imap:
        assert imap.select() == ("OK", [b"1"])


def test_wrong_password_is_refused_and_the_right_one_still_works(dovecot_server: Dovecot) -> None:
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        dovecot_server.login(password="wrong")

    with dovecot_server.login() as imap:
        assert imap.state == "AUTH"


def test_mail_survives_a_restart(dovecot_server: Dovecot) -> None:
    dovecot_server.wipe()
    dovecot_server.deliver(MAIL, sender="coordinator@example.org")

    dovecot_server.restart()

    with dovecot_server.login() as imap:
        assert imap.select() == ("OK", [b"1"])
