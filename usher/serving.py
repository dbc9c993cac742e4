"""The house in one process: web, bot, worker and mailbox, any of them, started and stopped together.

start: port -> schema -> pages and Slack made -> worker -> answering -> mailboxes watched
stop:  no new mail -> no new requests -> worker's chunk ends -> connections
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from core.app import App
from core.context import Clock, Tokens, system_clock
from core.database import open_engine
from core.failpoints import Failpoints
from core.jobs import JobKind
from core.settings import Settings
from usher.migrating import bring_up_to_date, require_schema
from usher.wiring import cannot_listen, require_keys, settle_in

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncApp
    from starlette.requests import Request
    from starlette.responses import Response

    from bot.installing import Installer
    from mail.sending.transport import Mailer, UnconfiguredMailer
    from usher.server import QuietServer
    from worker.engine import Worker
    from worker.sending import Deliverer

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_GRACE_SECONDS = 10
EVERYTHING = frozenset({"web", "bot", "worker", "mailbox"})
_log = logging.getLogger("usher.serving")


class _Slack(Struct, frozen=True):
    """``installer`` where the app may be installed in several workspaces."""

    bolt: AsyncApp
    installer: Installer | None


class House:
    """``parts``: of web, bot, worker, mailbox. Bot means Slack over Socket Mode where an app token is set."""

    def __init__(
        self,
        settings: Settings,
        *,
        parts: frozenset[str] = EVERYTHING,
        clock: Clock = system_clock,
        tokens: Tokens | None = None,
    ) -> None:
        self.settings = settings
        self.parts = parts
        self._clock = clock
        self._tokens = tokens
        self.url = ""
        self._closing = AsyncExitStack()

    async def start(self) -> None:
        """When it returns, requests are answered and due messages go out. Raises UsherError."""
        require_keys(self.settings)
        # Who calls from now on waits instead of being refused; a port that is taken stops us before anything is done.
        listener = self._take_port() if "web" in self.parts else None
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(self.settings.threads, "usecase"))
        await asyncio.to_thread(self._prepare_database)
        self.app = await asyncio.to_thread(self._make_app)
        slack = await self._make_slack() if self._needs_slack() else None
        server = self._make_server(listener, slack if self._takes_http() else None) if listener else None
        # When all else is loaded: its threads would take turns with the loading, and nothing is sent by half a house.
        if "worker" in self.parts:
            await asyncio.to_thread(self._start_worker)
        if server is not None:
            await self._start_web(server)
        if slack is not None and self._dials_slack():
            await self._start_socket(slack.bolt)
        # Without an address of its own the house takes no mail in.
        if "mailbox" in self.parts and self.settings.mail_inbox:
            await self._start_mailroom()

    async def stop(self) -> None:
        """Requests under way are answered, messages on their way are marked; the rest waits for the next start."""
        await self._closing.aclose()

    async def serve(self) -> None:
        """Until SIGTERM or SIGINT."""
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, stopping.set)
        try:
            await self.start()
            stop_collecting_what_stays()
            _log.info("ready", extra={"parts": sorted(self.parts), "url": self.url})
            await stopping.wait()
        finally:
            await self.stop()

    # --- Database and worker ------------------------------------------------------------------------------

    def _prepare_database(self) -> None:
        """An embedded file is brought up to date by itself; a shared database is the operator's to migrate."""
        if self.settings.is_sqlite:
            bring_up_to_date(self.settings.database_url)

    def _make_app(self) -> App:
        from worker.engine import DbosJobs

        engine = open_engine(self.settings.database_url, pool_size=self.settings.threads)
        self._closing.push_async_callback(asyncio.to_thread, engine.dispose)
        require_schema(engine)
        jobs = DbosJobs(self.settings.database_url)
        return App(engine, self.settings, jobs=jobs, clock=self._clock, tokens=self._tokens)

    def _start_worker(self) -> None:
        from worker.engine import Worker

        mailer, deliverers = make_deliverers(self.settings)
        worker = Worker(self.app, self.settings, deliverers)
        worker.start()
        self._closing.push_async_callback(asyncio.to_thread, _stop_worker, worker, mailer)

    async def _start_mailroom(self) -> None:
        from mail.parsing.parser import Parser
        from usher.mailroom import Mailroom, make_process

        parser = Parser()
        self._closing.push_async_callback(asyncio.to_thread, parser.close)
        mailroom = Mailroom(self.app, make_process(self.app, parser))
        self._closing.push_async_callback(mailroom.stop)
        await mailroom.start()

    # --- Slack and web ------------------------------------------------------------------------------------

    def _needs_slack(self) -> bool:
        return self._takes_http() or self._dials_slack()

    def _takes_http(self) -> bool:
        """Without the secret no request could be told from a forged one: the endpoint is not there."""
        return "web" in self.parts and bool(self.settings.slack_signing_secret)

    def _dials_slack(self) -> bool:
        return "bot" in self.parts and bool(self.settings.slack_app_token)

    async def _make_slack(self) -> _Slack:
        import aiohttp
        from slack_sdk.web.async_client import AsyncWebClient

        from bot.app import build_app
        from bot.authorize import Authorizer
        from bot.background import Background
        from bot.installing import Installer

        session = await self._closing.enter_async_context(aiohttp.ClientSession())
        client = AsyncWebClient(base_url=self.settings.slack_api_url, session=session)
        background = Background()
        self._closing.push_async_callback(background.finish)
        authorizer = Authorizer(self.app)
        bolt = build_app(self.settings, self.app, client, authorizer, background=background)
        return _Slack(bolt, Installer(self.app, client, authorizer) if self.settings.can_install_slack else None)

    def _take_port(self) -> socket.socket:
        """Raises SettingInvalid."""
        listener = _listener(self.settings.bind)
        self._closing.callback(listener.close)
        host, port = listener.getsockname()[:2]
        self.url = f"http://{host}:{port}"
        return listener

    def _make_server(self, listener: socket.socket, slack: _Slack | None) -> QuietServer:
        from usher.server import QuietServer
        from web.app import build_app
        from web.serving import server_config

        page = build_app(
            self.app,
            slack_endpoint=_slack_endpoint(slack.bolt) if slack else None,
            slack_installer=slack.installer if slack else None,
        )
        config = server_config(page, self.settings)
        config.timeout_graceful_shutdown = _GRACE_SECONDS
        return QuietServer(config, listener)

    async def _start_web(self, server: QuietServer) -> None:
        serving = asyncio.create_task(server.serve())
        await server.is_listening.wait()

        async def stop() -> None:
            server.should_exit = True
            await serving

        self._closing.push_async_callback(stop)

    async def _start_socket(self, bolt: AsyncApp) -> None:
        from bot.socket import connect

        disconnect = await connect(bolt, self.settings)
        self._closing.push_async_callback(disconnect)


def make_deliverers(settings: Settings) -> tuple[Mailer | UnconfiguredMailer, Mapping[JobKind, Deliverer[Any]]]:
    """Together the slots of a worker never have more mails on their way than there are open connections."""
    from bot.deliverer import SlackDeliverer
    from mail.sending.deliverer import MailDeliverer
    from mail.sending.transport import mailer_for

    mailer = mailer_for(settings, failpoint=Failpoints(settings.failpoints))
    width = max(1, settings.smtp_connections // settings.worker_slots)
    return mailer, {
        JobKind.SEND_MAIL: MailDeliverer(mailer, width=width),
        JobKind.SEND_SLACK: SlackDeliverer(settings),
    }


def stop_collecting_what_stays() -> None:
    """After a start, in which nothing was collected."""
    settle_in()
    gc.enable()


def _stop_worker(worker: Worker, mailer: Mailer | UnconfiguredMailer) -> None:
    worker.stop()
    mailer.close()


def _slack_endpoint(bolt: AsyncApp) -> Callable[[Request], Awaitable[Response]]:
    from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler

    return AsyncSlackRequestHandler(bolt).handle


def _listener(bind: str) -> socket.socket:
    """Raises SettingInvalid when the address is taken, or is none of this machine's."""
    host, _, port = bind.rpartition(":")
    try:
        return socket.create_server((host.strip("[]"), int(port)), backlog=2048)
    except OSError as problem:
        raise cannot_listen("USHER_BIND", bind, problem) from problem
