"""The demo's mail server takes everything, keeps it, and shows bounces on demand."""

import smtplib
from asyncio import to_thread
from email.message import EmailMessage

import pytest

from tests.factories import NOW, FixedClock
from usher.demo.mailbox import PAGE_MAILS, Mailbox


def _mail(recipient: str, subject: str = "Hello") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Northfield College <college@example.org>"
    mail["To"] = recipient
    mail["Subject"] = subject
    mail.set_content("Good morning.")
    return mail


async def _send(mailbox: Mailbox, *mails: EmailMessage) -> None:
    def deliver() -> None:
        with smtplib.SMTP(mailbox.host, mailbox.port) as client:
            for mail in mails:
                client.send_message(mail)

    await to_thread(deliver)


async def test_what_is_accepted_is_kept_as_it_came(mailbox: Mailbox) -> None:
    await _send(mailbox, _mail("ana@example.org", "Grüße"))

    (mail, summary), *others = mailbox.page().mails
    assert others == []
    assert mail.number == 1
    assert mail.recipients == ("ana@example.org",)
    assert mail.received_at == NOW.timestamp()
    assert b"Good morning." in mail.content
    assert summary.subject == "Grüße"
    assert summary.sender == "Northfield College <college@example.org>"


async def test_pages_show_the_newest_first(mailbox: Mailbox) -> None:
    await _send(mailbox, *(_mail(f"learner{number}@example.org") for number in range(1, PAGE_MAILS + 3)))

    first, last, beyond = mailbox.page(1), mailbox.page(2), mailbox.page(9)

    assert [mail.number for mail, _ in first.mails] == list(range(PAGE_MAILS + 2, 2, -1))
    assert [mail.number for mail, _ in last.mails] == [2, 1]
    assert (first.page_count, first.total) == (2, PAGE_MAILS + 2)
    assert beyond == last


async def test_a_search_finds_part_of_a_recipient_whatever_its_case(mailbox: Mailbox) -> None:
    await _send(mailbox, _mail("ana@example.org"), _mail("Bo.Berg@example.org"))

    found = mailbox.page(search=" bo.B ")

    assert [mail.recipients for mail, _ in found.mails] == [("Bo.Berg@example.org",)]
    assert mailbox.page(search="nobody").total == 0
    assert mailbox.page(search="nobody").page_count == 1


async def test_an_address_that_begins_with_bounce_does_not_exist(mailbox: Mailbox) -> None:
    await _send(mailbox, _mail("ana@example.org"))

    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        await _send(mailbox, _mail("Bounce.cy@example.org"))

    code, words = refusal.value.recipients["Bounce.cy@example.org"]
    assert code == 550
    assert words.startswith(b"5.1.1 ")
    assert mailbox.received == 1


async def test_an_address_that_begins_with_busy_is_taken_at_the_second_try(mailbox: Mailbox) -> None:
    mail = _mail("busy.bea@example.org")

    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        await _send(mailbox, mail)
    await _send(mailbox, mail)

    assert refusal.value.recipients["busy.bea@example.org"][0] == 450
    assert mailbox.received == 1


async def test_the_oldest_mail_makes_room_for_the_newest() -> None:
    async with Mailbox(FixedClock(), most=2).listening() as mailbox:
        await _send(mailbox, *(_mail(f"learner{number}@example.org") for number in (1, 2, 3)))

        assert [mail.number for mail, _ in mailbox.page().mails] == [3, 2]
        assert mailbox.received == 3
        assert mailbox.mail(1) is None
        assert len(mailbox.arrivals()) == 2


async def test_the_newest_mail_to_somebody_is_found(mailbox: Mailbox) -> None:
    await _send(mailbox, _mail("ana@example.org"), _mail("bo@example.org"), _mail("ana@example.org"))

    newest = mailbox.newest_for("ANA@example.org")

    assert newest is not None
    assert newest.number == 3
    assert mailbox.newest_for("cy@example.org") is None


async def test_waiting_ends_when_enough_has_come_or_time_is_up(mailbox: Mailbox) -> None:
    await _send(mailbox, _mail("ana@example.org"))

    await mailbox.wait_for(1, seconds=60)
    with pytest.raises(TimeoutError):
        await mailbox.wait_for(2, seconds=0)


async def test_afterwards_nobody_listens_and_open_connections_are_closed() -> None:
    async with Mailbox(FixedClock()).listening() as mailbox:
        client = await to_thread(smtplib.SMTP, mailbox.host, mailbox.port)

    with pytest.raises(smtplib.SMTPServerDisconnected):
        await to_thread(client.noop)
    with pytest.raises(ConnectionRefusedError):
        await to_thread(smtplib.SMTP, mailbox.host, mailbox.port)
    client.close()
