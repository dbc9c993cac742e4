"""A demo without the house: the page, the mailbox and the sample are real, a small Bolt app stands in for Usher."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from msgspec import Struct
from msgspec.structs import replace

from core.app import App
from tests.copies import SqliteCopies
from tests.factories import NOW, FixedClock
from tests.usher.demo.slack.bolt_app import BoltApp
from tests.usher.demo.slack.clock import SteppedClock
from usher.demo.inbox import Inbox
from usher.demo.mailbox import Mailbox
from usher.demo.page import DemoPage
from usher.demo.sample import Sample, make_sample, make_workspace
from usher.demo.slack.records import Channel, User
from usher.demo.slack.server import SlackLookalike


class Stage(Struct, frozen=True):
    """``bolt`` takes the listeners of a test; ``browser`` asks as the page does."""

    slack: SlackLookalike
    mailbox: Mailbox
    inbox: Inbox
    sample: Sample
    bolt: BoltApp
    browser: aiohttp.ClientSession

    @property
    def olive(self) -> User:
        return self.sample.owner

    @property
    def talk(self) -> Channel:
        """Olive's direct messages with Usher."""
        return self.slack.workspace.direct_messages(self.sample.team, self.olive.id)


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with Mailbox(FixedClock()).listening() as listening:
        yield listening


@pytest.fixture
def app(sqlite_bare: SqliteCopies[None]) -> App:
    sqlite_bare.renew()
    return sqlite_bare.app()


@pytest.fixture(scope="session")
def sample_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteCopies[Sample]]:
    """Who is in them belongs to a workspace that is gone."""
    copies = SqliteCopies(
        tmp_path_factory.mktemp("sample"), lambda app: make_sample(app, SlackLookalike(SteppedClock()).workspace, NOW)
    )
    yield copies
    copies.close()


@pytest.fixture
async def stage(sample_copies: SqliteCopies[Sample], mailbox: Mailbox) -> AsyncIterator[Stage]:
    async with set_stage(sample_copies, mailbox) as stage:
        yield stage


@asynccontextmanager
async def set_stage(copies: SqliteCopies[Sample], mailbox: Mailbox) -> AsyncIterator[Stage]:
    inbox = Inbox(FixedClock(), address="usher@usher.example.org", password="p")
    async with inbox.listening(), _stage(copies, mailbox, inbox) as stage:
        yield stage


@asynccontextmanager
async def _stage(copies: SqliteCopies[Sample], mailbox: Mailbox, inbox: Inbox) -> AsyncIterator[Stage]:
    clock = SteppedClock()
    slack = SlackLookalike(clock)
    team, people, channel = make_workspace(slack.workspace)
    sample = replace(copies.filling, team=team, people=people, channel=channel)
    await slack.start(more_routes=DemoPage(slack, mailbox, inbox, sample).routes())
    async with aiohttp.ClientSession() as session, aiohttp.ClientSession(slack.base_url) as browser:
        bolt = BoltApp(slack, sample.team, clock, session)
        slack.courier.request_url = await bolt.listen()
        yield Stage(slack, mailbox, inbox, sample, bolt, browser)
        await bolt.stop()
    await slack.stop()
