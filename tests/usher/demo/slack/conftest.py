"""A look-alike with one workspace in it, and the real clients that talk to it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from msgspec import Struct
from slack_sdk.web.async_client import AsyncWebClient

from tests.usher.demo.slack.bolt_app import BoltApp
from tests.usher.demo.slack.clock import SteppedClock
from usher.demo.slack.records import Channel, Team, User
from usher.demo.slack.server import SlackLookalike


class Office(Struct, frozen=True):
    """One workspace, one member of staff, one channel with both her and the bot in it."""

    team: Team
    ada: User
    general: Channel


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
async def slack(clock: SteppedClock) -> AsyncIterator[SlackLookalike]:
    async with SlackLookalike(clock) as running:
        yield running


@pytest.fixture
def office(slack: SlackLookalike) -> Office:
    team = slack.workspace.add_team("North College")
    ada = slack.workspace.add_user(team, "Ada Marsh", "ada.marsh@example.org")
    return Office(team, ada, slack.workspace.add_channel(team, "general", [ada]))


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def client(slack: SlackLookalike, office: Office, session: aiohttp.ClientSession) -> AsyncWebClient:
    return AsyncWebClient(token=office.team.bot_token, base_url=slack.api_url, session=session)


@pytest.fixture
async def bolt(
    slack: SlackLookalike, office: Office, clock: SteppedClock, session: aiohttp.ClientSession
) -> AsyncIterator[BoltApp]:
    """A Bolt app behind its request URL."""
    app = BoltApp(slack, office.team, clock, session)
    slack.courier.request_url = await app.listen()
    yield app
    await app.stop()
