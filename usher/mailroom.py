"""Where mail comes in: mailboxes are watched, the listener listens, what was left is swept up."""

from __future__ import annotations

import asyncio
import ssl
from functools import partial
from typing import Final

from core.app import App
from core.errors import SettingInvalid
from core.settings import Settings
from core.usecases.mailbox.under_way import MailBegun
from core.words import MailState
from mail.inbox.watching import Inbox
from mail.parsing.parser import Parser
from mail.receiving.listener import Background, Kind, Listener
from mail.receiving.lookups import Dns
from mail.receiving.posting import Posting
from mail.receiving.processing import Processor
from mail.receiving.reception import Process, Reception, Sweeper
from mail.reports.bounces import note_report
from mail.reports.stopping import stop
from mail.requests.answering import answer
from usher.wiring import cannot_listen

_GRACE_SECONDS: Final = 10.0


class Mailroom:
    """Started and stopped as one. Nothing in it ends by itself."""

    def __init__(self, app: App, process: Process) -> None:
        self._app = app
        # The rest of the threads is for people who wait.
        width = max(2, app.settings.threads // 4)
        self._process = process
        self._posting = Posting(app)
        reception = Reception(app, self._processed)
        self._under_way = reception.under_way
        self._inbox = Inbox(app, reception, width=width)
        self._sweeper = Sweeper(app, reception)
        self._listener = _listener(app, reception, width)
        self._tasks: list[asyncio.Task[None]] = []
        self.port = 0

    async def start(self) -> None:
        """When it returns, the listener listens; mailboxes are connected to as soon as their servers answer."""
        if self._listener is not None:
            self.port = await _start(self._listener, self._app.settings)
        self._tasks = [asyncio.create_task(each.run()) for each in (self._inbox, self._sweeper, self._under_way)]
        self._posted = asyncio.create_task(self._posting.run())

    async def stop(self) -> None:
        """What is under way comes to its end, or is swept up after the next start."""
        self._inbox.stop()
        self._sweeper.stop()
        self._under_way.stop()
        if self._listener is not None:
            await self._listener.stop(_GRACE_SECONDS)
        if self._tasks:
            _, slow = await asyncio.wait(self._tasks, timeout=_GRACE_SECONDS)
            for task in slow:
                task.cancel()
            await asyncio.gather(*slow, return_exceptions=True)
            self._posting.stop()
            await self._posted

    def _processed(self, inbound_id: int, begun: MailBegun | None = None, /) -> MailState:
        state = self._process(inbound_id, begun)
        if state is MailState.PROCESSED:
            self._posting.nudge()
        return state


def _listener(app: App, reception: Reception, width: int) -> Listener | None:
    settings = app.settings
    if not settings.mail_listen:
        return None
    kind: Kind = "lmtp" if settings.mail_listen_kind == "lmtp" else "smtp"
    return Listener(
        app, reception, kind=kind, tls=_certificate(settings), background=Background(reception, width=width)
    )


def _certificate(settings: Settings) -> ssl.SSLContext | None:
    if not settings.mail_listen_certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.mail_listen_certificate)
    except OSError as problem:
        name = "USHER_MAIL_LISTEN_CERTIFICATE"
        raise SettingInvalid(name=name, reason="the file cannot be read as key and certificate") from problem
    return context


async def _start(listener: Listener, settings: Settings) -> int:
    host, _, port = settings.mail_listen.rpartition(":")
    try:
        return await listener.start(host.strip("[]"), int(port))
    except OSError as problem:
        raise cannot_listen("USHER_MAIL_LISTEN", settings.mail_listen, problem) from problem


def make_process(app: App, parser: Parser) -> Process:
    """What becomes of a received message: screened, then asked, noted or stopped by whoever that falls to."""
    processor = Processor(
        app,
        parser.parse,
        answer=partial(answer, app),
        note_report=partial(note_report, app),
        stop=partial(stop, app),
        lookup=Dns().txt,
    )
    return processor.process
