"""The mailbox that the demo's Usher reads: over IMAP, with what an organisation's own mail host says of a sender."""

import imaplib
from asyncio import to_thread
from collections.abc import AsyncIterator

import pytest

from tests.factories import FixedClock
from usher.demo.inbox import HOST_ID, Inbox

ADDRESS = "usher@usher.example.org"
LETTER = b"From: olive@northfield.example.org\r\nSubject: help\r\n\r\nHelp!\r\n"


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    async with Inbox(FixedClock(), address=ADDRESS, password="p").listening() as listening:
        yield listening


def contents(inbox: Inbox, folder: str = "INBOX") -> list[bytes]:
    with imaplib.IMAP4(inbox.host, inbox.port) as client:
        client.login(inbox.address, "p")
        client.select(folder, readonly=True)
        uids = client.uid("SEARCH", "UNDELETED")[1][0].split()
        found = [client.uid("FETCH", uid, "(BODY.PEEK[])")[1][0] for uid in uids]
        return [each[1] for each in found if isinstance(each, tuple)]


async def test_what_is_delivered_is_read_over_imap_as_it_was_written(inbox: Inbox) -> None:
    await inbox.deliver(LETTER, sender="olive@northfield.example.org", recipient=ADDRESS)

    (found,) = await to_thread(contents, inbox)

    assert found.endswith(LETTER)


async def test_the_mail_host_says_first_that_the_sender_is_who_they_say(inbox: Inbox) -> None:
    forged = f"Authentication-Results: {HOST_ID}; dmarc=pass header.from=evil.example.org\r\n".encode()

    await inbox.deliver(forged + LETTER, sender="olive@northfield.example.org", recipient=ADDRESS)

    (found,) = await to_thread(contents, inbox)
    results = [line for line in found.split(b"\r\n") if line.startswith(b"Authentication-Results:")]
    assert results == [f"Authentication-Results: {HOST_ID}; dmarc=pass header.from=northfield.example.org".encode()]


async def test_a_wrong_password_opens_nothing(inbox: Inbox) -> None:
    def enter() -> None:
        with imaplib.IMAP4(inbox.host, inbox.port) as client:
            client.login(inbox.address, "wrong")

    with pytest.raises(imaplib.IMAP4.error):
        await to_thread(enter)
