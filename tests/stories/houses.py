"""A whole house in this process for stories in Slack, one for each way in which Slack reaches it, and what people do.

Web, bot and worker as ``usher serve`` runs them, on SQLite; a Slack look-alike that signs what it says, a mail server
that refuses addresses which begin with “bounce”, learners reduced to their requests. Time is the real time and whatever
a story lets pass.
"""

import asyncio
import math
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import aiohttp
from msgspec import Struct

from core.context import SystemTokens, system_clock
from core.settings import Settings
from core.usecases.catalogue.catalogue import ImportCatalogue, import_catalogue
from tests.factories import OPERATOR, SETTINGS
from tests.servers.processes import free_port
from tests.stories.talking import PATIENCE_SECONDS, InSlack, until
from usher.demo.mailbox import Mailbox
from usher.demo.opened_mail import open_mail
from usher.demo.sample import Sample, make_sample
from usher.demo.slack.server import SlackLookalike
from usher.migrating import upgrade
from usher.serving import House
from usher.wiring import make_app
from worker.engine import migrate

RUNS = ("sharing-1", "caring-1", "again-1", "later-1", "home-1", "file-1")
"""One for each story that invites, so that no story counts another's learners."""


class Way(StrEnum):
    HTTP = "http"
    SOCKET_MODE = "socket_mode"


class MovableClock:
    def __init__(self) -> None:
        self._passed = timedelta()

    def __call__(self) -> datetime:
        return system_clock() + self._passed

    def let_pass(self, time: timedelta) -> None:
        self._passed += time


class HastyTokens(SystemTokens):
    """The worker looks around twice a second instead of every ten seconds."""

    def jitter(self) -> float:
        return 0.05


class Page(Struct, frozen=True):
    status: int
    text: str
    headers: Mapping[str, str]


class Story(InSlack):
    """``visitor`` is the browser of anybody, with cookies only where a story gives them."""

    house: House
    mailbox: Mailbox
    clock: MovableClock
    visitor: aiohttp.ClientSession

    # --- Mails and pages ----------------------------------------------------------------------------------

    def mails_to(self, address: str) -> list[str]:
        """Their texts, newest first."""
        return [open_mail(mail.content).text for mail, _ in self.mailbox.page(search=address).mails]

    async def found_in_mail(self, address: str, pattern: str) -> str:
        """The first place that fits in the newest mail to this address that has one."""

        def look() -> str | None:
            found = (re.search(pattern, text) for text in self.mails_to(address))
            return next((match.group() for match in found if match), None)

        return await until(look, f"a mail to {address} says {pattern}")

    async def link_in_mail(self, address: str, kind: str) -> str:
        return await self.found_in_mail(address, rf"{re.escape(self.house.url)}/{kind}/[\w-]+")

    async def get(self, address: str, cookie: str = "") -> Page:
        headers = {"Cookie": cookie} if cookie else {}
        address = address if address.startswith("http") else f"{self.house.url}{address}"
        async with self.visitor.get(address, headers=headers, allow_redirects=False) as answer:
            return Page(answer.status, await answer.text(), answer.headers)

    async def post(self, page: str, /, **form: str) -> Page:
        """Where the answer leads is looked at too."""
        async with self.visitor.post(page, data=form) as answer:
            return Page(answer.status, await answer.text(), answer.headers)


# --- Making it --------------------------------------------------------------------------------------------


@asynccontextmanager
async def open_house(folder: Path, way: Way) -> AsyncIterator[Story]:
    clock = MovableClock()
    # The house closes what has been idle for five seconds, maybe just when the next request is on its way.
    no_cookies, one_each = aiohttp.DummyCookieJar(), aiohttp.TCPConnector(force_close=True)
    async with (
        SlackLookalike(lambda: clock().timestamp(), allowance=math.inf, ack_seconds=PATIENCE_SECONDS) as slack,
        Mailbox(clock).listening() as mailbox,
        aiohttp.ClientSession(cookie_jar=no_cookies, connector=one_each) as visitor,
    ):
        settings = _settings(folder, slack, mailbox, way)
        sample = await asyncio.to_thread(_prepare, settings, slack, clock)
        settings = replace(settings, slack_bot_token=sample.team.bot_token)
        house = House(settings, clock=clock, tokens=HastyTokens())
        try:
            await house.start()
            slack.courier.request_url = f"{house.url}/slack/events" if way is Way.HTTP else None
            yield Story(slack, sample, house, mailbox, clock, visitor)
        finally:
            await house.stop()


def _settings(folder: Path, slack: SlackLookalike, mailbox: Mailbox, way: Way) -> Settings:
    address = f"127.0.0.1:{free_port()}"
    return replace(
        SETTINGS,
        database_url=f"sqlite:///{folder}/usher.db",
        bind=address,
        base_url=f"http://{address}",
        smtp_host=mailbox.host,
        smtp_port=mailbox.port,
        slack_api_url=slack.api_url,
        slack_signing_secret=slack.workspace.app.signing_secret if way is Way.HTTP else "",
        slack_app_token=slack.workspace.app.app_token if way is Way.SOCKET_MODE else "",
        slack_client_id=slack.workspace.app.client_id,
        slack_client_secret=slack.workspace.app.client_secret,
        recall_window=timedelta(0),
    )


def _prepare(settings: Settings, slack: SlackLookalike, clock: MovableClock) -> Sample:
    app = make_app(settings)
    try:
        upgrade(app.engine)
        sample = make_sample(app, slack.workspace, clock())
        app.run(import_catalogue, ImportCatalogue("northfield", catalogue(clock(), RUNS)), OPERATOR)
    finally:
        app.engine.dispose()
    migrate(settings.database_url)
    return sample


def catalogue(now: datetime, runs: Sequence[str]) -> str:
    """A course for each run, and who is invited pays nothing."""
    header = "course_code,course_title,kind,model,run_code,starts,ends,enrolment_closes"
    dates = ",".join(str(now.date() + timedelta(days=days)) for days in (14, 60, 40))
    rows = [f"{run[:-2]},A Course of {run[:-2].title()},invite_only,no_purchase,{run},{dates}" for run in runs]
    return "\n".join([header, *rows])
