"""Everything that the demo needs, in this process: mailbox, Slack look-alike, sample data, and the whole house."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct

from core.app import App
from core.context import Operator, system_clock
from core.settings import Settings
from core.usecases.mailbox.mailboxes import AddMailbox, DecideOldMail, MailboxSecret, add_mailbox, decide_old_mail
from core.words import MailboxAuth, MailboxSecurity, OldMail
from usher.demo.inbox import HOST_ID, Inbox
from usher.demo.mailbox import Mailbox
from usher.demo.page import DemoPage
from usher.demo.sample import Sample, make_sample
from usher.demo.slack.server import SlackLookalike
from usher.migrating import upgrade
from usher.serving import House
from usher.wiring import make_app

_HOST = "127.0.0.1"
_MAILBOX = "demo"
_ACK_SECONDS = 60
"""Slack gives three; a visitor's machine may be busy with other things, and is shown the answer all the same."""
INBOX = "usher@usher.example.org"
Life = Callable[[App, Sample, datetime], None]


class Demo(Struct, frozen=True):
    """``url`` is the page to open. ``mailbox`` is everybody's, ``inbox`` the one that Usher reads."""

    mailbox: Mailbox
    inbox: Inbox
    slack: SlackLookalike
    sample: Sample
    house: House

    @property
    def url(self) -> str:
        return self.slack.base_url


@asynccontextmanager
async def running_demo(
    folder: Path, *, recall_window: timedelta, port: int = 0, live: Life | None = None
) -> AsyncIterator[Demo]:
    """The database will lie in ``folder``, where none is yet. Raises OSError for a port that is taken.

    ``live`` is what happened before; None: nobody has been invited yet.
    """
    slack = SlackLookalike(lambda: system_clock().timestamp(), ack_seconds=_ACK_SECONDS)
    inbox = Inbox(system_clock, address=INBOX, password=os.urandom(12).hex())
    async with Mailbox(system_clock).listening() as mailbox, inbox.listening():
        settings = _settings(folder, mailbox, slack, recall_window)
        sample = await asyncio.to_thread(_prepare, settings, slack, inbox, live)
        await slack.start(port, DemoPage(slack, mailbox, inbox, sample).routes())
        try:
            connected = replace(settings, slack_api_url=slack.api_url, slack_bot_token=sample.team.bot_token)
            async with _running_house(connected) as house:
                slack.courier.request_url = f"{house.url}/slack/events"
                yield Demo(mailbox, inbox, slack, sample, house)
        finally:
            await slack.stop()


def keep_settings(folder: Path, settings: Settings) -> None:
    """So that ``usher serve`` in this folder finds the same data and signs the same links."""
    keys = {"USHER_LINK_KEYS": settings.link_keys[0], "USHER_DATA_KEY": settings.data_key[0]}
    lines = [f"{name}={base64.b64encode(key).decode()}\n" for name, key in keys.items()]
    # Created private before the first byte is written.
    with os.fdopen(os.open(folder / ".env", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.writelines(lines)


def _settings(folder: Path, mailbox: Mailbox, slack: SlackLookalike, recall_window: timedelta) -> Settings:
    # Known before the house listens, because the links in its mails begin with it.
    address = f"{_HOST}:{_free_port()}"
    return replace(
        Settings(),
        database_url=f"sqlite:///{folder / 'usher.db'}",
        base_url=f"http://{address}",
        bind=address,
        link_keys=(os.urandom(32),),
        data_key=(os.urandom(32),),
        mail_from="please.do.not.reply@usher.example.org",
        mail_inbox=INBOX,
        mail_authserv_ids=(HOST_ID,),
        smtp_host=mailbox.host,
        smtp_port=mailbox.port,
        slack_signing_secret=slack.workspace.app.signing_secret,
        slack_client_id=slack.workspace.app.client_id,
        slack_client_secret=slack.workspace.app.client_secret,
        recall_window=recall_window,
        log_level="WARNING",
    )


def _prepare(settings: Settings, slack: SlackLookalike, inbox: Inbox, live: Life | None) -> Sample:
    """Schema, sample and mailbox, before anybody works on them."""
    from worker.engine import migrate

    app = make_app(settings)
    try:
        upgrade(app.engine)
        now = system_clock()
        sample = make_sample(app, slack.workspace, now)
        app.run(add_mailbox, _mailbox(inbox), Operator())
        # What a visitor writes before the first look into the mailbox is no old mail.
        app.run(decide_old_mail, DecideOldMail(_MAILBOX, OldMail.ANSWERED), Operator())
        if live is not None:
            live(app, sample, now)
    finally:
        app.engine.dispose()
    migrate(settings.database_url)
    return sample


def _mailbox(inbox: Inbox) -> AddMailbox:
    return AddMailbox(
        name=_MAILBOX,
        address=inbox.address,
        host=inbox.host,
        port=inbox.port,
        security=MailboxSecurity.NONE,
        auth=MailboxAuth.PASSWORD,
        user=inbox.address,
        secret=MailboxSecret(password=inbox.password),
    )


@asynccontextmanager
async def _running_house(settings: Settings) -> AsyncIterator[House]:
    house = House(settings)
    try:
        await house.start()
        yield house
    finally:
        await house.stop()


def _free_port() -> int:
    with socket.create_server((_HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
