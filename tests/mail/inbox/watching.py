"""A mailbox on record, and somebody who does what arrives there, for tests of the watcher."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from msgspec import Struct, field
from msgspec.structs import replace

from core.app import App
from core.context import System
from core.errors import Unavailable
from core.model import InboundMessage, Mailbox
from core.usecases.mailbox.inbound import SettleMail, settle_mail
from core.usecases.mailbox.mailboxes import AddMailbox, MailboxSecret, add_mailbox
from core.usecases.mailbox.under_way import BeginMail, MailBegun, begin_mail
from core.usecases.mailbox.watching import ListWatched, WatchedMailbox, list_watched
from core.words import MailboxAuth, MailboxSecurity, MailRule, MailState
from mail.inbox.watcher import Pace, Watcher
from mail.receiving.reception import Process, Reception
from tests.factories import OPERATOR

PATIENCE_SECONDS = 60.0
"""For what comes at once: a busy machine is slow."""
QUICK = Pace(
    renewal=60.0, poll=0.02, first_rest=0.01, longest_rest=0.05, refused_rest=0.05, patience=PATIENCE_SECONDS,
    again=0.01, longest_again=0.05,
)  # fmt: skip


def add(app: App, port: int, *, name: str = "front", user: str = "bot", secret: str = "secret") -> WatchedMailbox:
    command = AddMailbox(
        name,
        "usher@example.org",
        "127.0.0.1",
        port,
        MailboxSecurity.NONE,
        MailboxAuth.PASSWORD,
        user,
        MailboxSecret(password=secret),
    )
    app.run(add_mailbox, command, OPERATOR)
    return watched(app, name)


def watched(app: App, name: str = "front") -> WatchedMailbox:
    return app.read(list_watched, ListWatched(name), System()).mailboxes[0]


def mail(number: int, subject: str = "help") -> bytes:
    return f"Message-ID: <{number}@example.org>\r\nSubject: {subject}\r\n\r\nbody {number}\r\n".encode()


class Clerk(Struct):
    """Does a message by settling it. ``fails``: what is raised instead, one after the other."""

    app: App
    state: MailState = MailState.PROCESSED
    fails: list[Exception] = []
    done: Counter[str] = field(default_factory=Counter)
    begun: int = 0

    def __call__(self, inbound_id: int, begun: MailBegun | None = None, /) -> MailState:
        message = begun or self.app.run(begin_mail, BeginMail(inbound_id), System())
        if message.raw is None:
            return message.state
        self.begun += 1
        if self.fails:
            raise self.fails.pop(0)
        settled = self.app.run(settle_mail, SettleMail(inbound_id, self.state, MailRule.REQUEST), System())
        if settled.was_open:
            self.done[message.message_ref] += 1
        return settled.state


@asynccontextmanager
async def watching(
    app: App, clerk: Process, mailbox: WatchedMailbox, *, pace: Pace = QUICK, width: int = 4
) -> AsyncIterator[Watcher]:
    """A watcher that runs, and is stopped at the end."""
    watcher = Watcher(app, mailbox, Reception(app, clerk), pace=pace, width=width)
    task = asyncio.create_task(watcher.run())
    try:
        yield watcher
        if task.done():
            task.result()
    finally:
        watcher.stop()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await task


async def until(is_so: Callable[[], object], *, seconds: float = PATIENCE_SECONDS) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110 - what it looks at lies in a database or another task
            await asyncio.sleep(0.002)


def rows(app: App) -> list[InboundMessage]:
    from sqlalchemy import select

    from core.access import open_session

    with app.engine.connect() as connection, open_session(connection, System()) as session:
        return list(session.scalars(select(InboundMessage).order_by(InboundMessage.message_ref)))


def on_record(app: App, name: str = "front") -> Mailbox:
    from sqlalchemy import select

    from core.access import open_session

    with app.engine.connect() as connection, open_session(connection, System()) as session:
        return session.scalars(select(Mailbox).where(Mailbox.name == name)).one()


class Away(Unavailable):
    """As if the database were."""


def poll(pace: Pace, seconds: float) -> Pace:
    return replace(pace, poll=seconds)
