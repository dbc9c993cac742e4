"""The same, with a server that is real."""

import asyncio
import imaplib
import tracemalloc
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from core.app import App
from core.words import MailState
from tests.copies import SqliteCopies
from tests.mail.inbox.watching import QUICK, Clerk, add, mail, on_record, rows, until, watched, watching
from tests.servers.dovecot import ACCOUNT, PASSWORD, Dovecot

REAL = replace(QUICK, renewal=240.0, again=0.2, longest_again=1.0)


@pytest.fixture
def app(sqlite_bare: SqliteCopies[None]) -> App:
    sqlite_bare.renew()
    return sqlite_bare.app()


@pytest.fixture
def dovecot(dovecot_server: Dovecot) -> Iterator[Dovecot]:
    yield dovecot_server
    dovecot_server.wipe()


def in_folder(dovecot: Dovecot, folder: str) -> int:
    connection: imaplib.IMAP4 = dovecot.login()
    try:
        status, told = connection.select(folder, readonly=True)
        return int(told[0] or 0) if status == "OK" else 0
    finally:
        connection.logout()


def deliver(dovecot: Dovecot, *numbers: int) -> None:
    for number in numbers:
        dovecot.deliver(mail(number), sender="sam@example.org")


async def filed(dovecot: Dovecot, folder: str, count: int) -> None:
    async with asyncio.timeout(120):
        while await asyncio.to_thread(in_folder, dovecot, folder) < count:  # noqa: ASYNC110 - a server's state
            await asyncio.sleep(0.05)


async def test_mail_is_done_when_it_is_delivered_and_filed(app: App, dovecot: Dovecot) -> None:
    clerk = Clerk(app)
    async with watching(app, clerk, add(app, dovecot.imap_port, user=ACCOUNT, secret=PASSWORD), pace=REAL):
        await until(lambda: on_record(app).seen_at)
        await asyncio.to_thread(deliver, dovecot, 1)
        await until(lambda: clerk.done)
        await filed(dovecot, "Processed", 1)

    assert in_folder(dovecot, "INBOX") == 0


async def test_mails_and_a_restart_all_accounted_for(app: App, dovecot: Dovecot) -> None:
    done = await _with_a_restart(app, dovecot, count=40)

    assert done == [1] * 40


@pytest.mark.slow
async def test_1500_mails_and_a_restart_all_accounted_for(app: App, dovecot: Dovecot) -> None:
    done = await _with_a_restart(app, dovecot, count=1500)

    assert done == [1] * 1500


async def _with_a_restart(app: App, dovecot: Dovecot, *, count: int) -> list[int]:
    """How often each message was done, when all of them are filed."""
    clerk = Clerk(app)
    mailbox = add(app, dovecot.imap_port, user=ACCOUNT, secret=PASSWORD)
    async with watching(app, clerk, mailbox, pace=REAL):
        await until(lambda: on_record(app).seen_at)
    await asyncio.to_thread(deliver, dovecot, *range(count))

    async with watching(app, clerk, watched(app), pace=REAL):
        await until(lambda: len(clerk.done) > count // 4, seconds=240)
        await asyncio.to_thread(dovecot.restart)
        await until(lambda: len(clerk.done) >= count, seconds=240)
        await filed(dovecot, "Processed", count)

    assert in_folder(dovecot, "INBOX") == 0
    return list(clerk.done.values())


@pytest.mark.slow
async def test_25_megabytes_are_taken_in_with_memory_for_few_copies(app: App, dovecot: Dovecot) -> None:
    clerk = Clerk(app)
    big = mail(1) + (b"x" * 998 + b"\r\n") * (25 * 1024)
    async with watching(app, clerk, add(app, dovecot.imap_port, user=ACCOUNT, secret=PASSWORD), pace=REAL):
        await until(lambda: on_record(app).seen_at)
        tracemalloc.start()
        try:
            await asyncio.to_thread(dovecot.deliver, big, sender="sam@example.org")
            await until(lambda: clerk.done)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    (row,) = rows(app)
    # LMTP adds headers of its own.
    assert 0 <= row.size - len(big) < 1000
    # With the test's own copies.
    assert most < 8 * len(big)


async def test_what_the_house_does_not_understand_stays_apart(app: App, dovecot: Dovecot) -> None:
    clerk = Clerk(app, state=MailState.HELD)
    async with watching(app, clerk, add(app, dovecot.imap_port, user=ACCOUNT, secret=PASSWORD), pace=REAL):
        await until(lambda: on_record(app).seen_at)
        await asyncio.to_thread(deliver, dovecot, 7)
        await filed(dovecot, "Held", 1)

    assert in_folder(dovecot, "INBOX") == 0
