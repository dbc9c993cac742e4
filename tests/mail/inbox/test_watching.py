"""Mailboxes that are added, changed and removed while the house runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from core.app import App
from core.usecases.mailbox.mailboxes import (
    ChangeMailboxSecret,
    MailboxSecret,
    RemoveMailbox,
    SwitchMailbox,
    change_mailbox_secret,
    remove_mailbox,
    switch_mailbox,
)
from mail.inbox.watching import Inbox
from mail.receiving.reception import Reception
from tests.copies import SqliteCopies
from tests.factories import OPERATOR
from tests.mail.inbox.scripted_imap import ScriptedImap
from tests.mail.inbox.watching import PATIENCE_SECONDS, QUICK, Clerk, add, mail, on_record, until


@pytest.fixture
def app(sqlite_bare: SqliteCopies[None]) -> App:
    sqlite_bare.renew()
    return sqlite_bare.app()


@asynccontextmanager
async def inbox_of(app: App, clerk: Clerk) -> AsyncIterator[Inbox]:
    inbox = Inbox(app, Reception(app, clerk), pace=QUICK)
    running = asyncio.create_task(inbox.run())
    try:
        yield inbox
    finally:
        inbox.stop()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await running


async def test_mailbox_that_is_added_is_watched_and_ends_with_the_house(app: App) -> None:
    clerk = Clerk(app)
    async with ScriptedImap() as server:
        async with inbox_of(app, clerk) as inbox:
            add(app, server.port)
            await inbox.look()
            await server.reached("IDLE")
            server.put(mail(1))
            await until(lambda: clerk.done)

        assert server.heard("LOGOUT") == 1


@pytest.mark.parametrize("how", ["disabled", "removed"])
async def test_mailbox_that_is_not_wanted_any_more_is_left(app: App, how: str) -> None:
    async with ScriptedImap() as server, inbox_of(app, Clerk(app)) as inbox:
        add(app, server.port)
        await inbox.look()
        await server.reached("IDLE")
        if how == "disabled":
            app.run(switch_mailbox, SwitchMailbox("front", is_on=False), OPERATOR)
        else:
            app.run(remove_mailbox, RemoveMailbox("front"), OPERATOR)

        await inbox.look()

        assert server.heard("LOGOUT") == 1


async def test_right_password_is_used_at_once(app: App) -> None:
    async with ScriptedImap() as server, inbox_of(app, Clerk(app)) as inbox:
        add(app, server.port, secret="wrong")
        await inbox.look()
        await until(lambda: on_record(app).problem)

        app.run(change_mailbox_secret, ChangeMailboxSecret("front", MailboxSecret(password="secret")), OPERATOR)
        await inbox.look()

        await server.reached("IDLE")
        assert on_record(app).problem == ""


async def test_one_mailbox_that_is_broken_does_not_hold_up_another(app: App) -> None:
    clerk = Clerk(app)
    async with (
        ScriptedImap({"SELECT": b"TAG NO broken\r\n"}) as broken,
        ScriptedImap() as good,
        inbox_of(app, clerk) as inbox,
    ):
        add(app, broken.port, name="broken")
        add(app, good.port, name="good")
        await inbox.look()
        await good.reached("IDLE")

        good.put(mail(1))
        await until(lambda: clerk.done)
        await until(lambda: on_record(app, "broken").problem)

    assert "broken" in on_record(app, "broken").problem
