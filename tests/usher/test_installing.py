"""The Slack app is installed in two workspaces: the real web process, a Slack look-alike, and a browser."""

import math
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from http.cookies import SimpleCookie
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from msgspec import Struct
from playwright.async_api import Browser, expect

from core.context import system_clock
from tests.bot.conftest import words
from tests.factories import SETTINGS
from tests.servers.processes import free_port
from usher.demo.slack.records import Team, User
from usher.demo.slack.server import SlackLookalike
from usher.serving import House

pytestmark = pytest.mark.asyncio(loop_scope="session")
COOKIE = "__Host-slack-install"


class Answer(Struct, frozen=True):
    status: int
    headers: Mapping[str, str]
    text: str


class Grounds(Struct):
    house: House
    slack: SlackLookalike
    visitor: aiohttp.ClientSession
    teams: tuple[Team, Team]
    people: tuple[User, User]

    async def get(self, address: str, cookie: str = "") -> Answer:
        """Like a browser that holds this cookie, but it does not follow where it is sent."""
        address = address if address.startswith("http") else f"{self.house.url}{address}"
        headers = {"Cookie": f"{COOKIE}={cookie}"} if cookie else {}
        async with self.visitor.get(address, headers=headers, allow_redirects=False) as answer:
            return Answer(answer.status, answer.headers, await answer.text())

    async def begin(self) -> tuple[str, str]:
        """The cookie, and where the browser is sent."""
        answer = await self.get("/slack/install/begin")
        return SimpleCookie(answer.headers["Set-Cookie"])[COOKIE].value, answer.headers["Location"]

    async def agreed(self, team: Team) -> tuple[str, str]:
        """The cookie, and the address to which Slack sends the browser back."""
        cookie, page = await self.begin()
        return cookie, (await self.get(f"{page}&team={team.id}")).headers["Location"]

    async def install(self, team: Team) -> None:
        cookie, back = await self.agreed(team)
        assert (await self.get(back, cookie)).headers["Location"] == "/slack/installed"


@pytest_asyncio.fixture(loop_scope="session")
async def grounds(tmp_path: Path, migrated: Path) -> AsyncIterator[Grounds]:
    shutil.copy(migrated, tmp_path)
    async with SlackLookalike(lambda: system_clock().timestamp(), allowance=math.inf) as slack:
        address = f"127.0.0.1:{free_port()}"
        teams = slack.workspace.add_team("Northfield College"), slack.workspace.add_team("Southgate University")
        people = tuple(slack.workspace.add_user(team, "Some Body", "somebody@example.org") for team in teams)
        settings = replace(
            SETTINGS,
            database_url=f"sqlite:///{tmp_path}/usher.db",
            bind=address,
            base_url=f"http://{address}",
            slack_api_url=slack.api_url,
            slack_bot_token="",
            slack_signing_secret=slack.workspace.app.signing_secret,
            slack_client_id=slack.workspace.app.client_id,
            slack_client_secret=slack.workspace.app.client_secret,
        )
        house = House(settings, parts=frozenset({"web"}))
        await house.start()
        slack.courier.request_url = f"{house.url}/slack/events"
        try:
            # A jar that keeps nothing: each test says what the browser sends.
            async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as visitor:
                yield Grounds(house, slack, visitor, teams, (people[0], people[1]))
        finally:
            await house.stop()


async def test_two_workspaces_are_answered_each_with_its_own_token(grounds: Grounds) -> None:
    for team in grounds.teams:
        await grounds.install(team)

    for team, user in zip(grounds.teams, grounds.people, strict=True):
        channel = grounds.slack.workspace.add_channel(team, "general", [user])
        ack = await grounds.slack.driver.command(user, channel, "/usher", "help")
        assert "What I can do for you" in words(ack)
        asked = grounds.slack.workspace.calls("users.info")[-1]
        assert (asked.team_id, asked.arguments["user"]) == (team.id, user.id)


async def test_slack_is_asked_for_what_the_manifest_names_and_comes_back_to_us(grounds: Grounds) -> None:
    page = await grounds.get("/slack/install")
    _, address = await grounds.begin()

    assert page.status == 200
    assert address.startswith(f"{grounds.slack.base_url}/oauth/v2/authorize?client_id=")
    assert "scope=channels%3Aread%2Cchat%3Awrite%2Ccommands%2C" in address
    assert (
        f"redirect_uri={grounds.house.url.replace(':', '%3A').replace('/', '%2F')}%2Fslack%2Foauth_redirect" in address
    )


async def test_the_cookie_is_for_this_host_and_these_ten_minutes(grounds: Grounds) -> None:
    answer = await grounds.get("/slack/install/begin")

    kept = answer.headers["Set-Cookie"]
    assert all(part in kept for part in ("Max-Age=600", "Path=/", "Secure", "HttpOnly", "SameSite=lax"))
    assert "Domain" not in kept


async def test_a_removed_app_answers_nobody_until_it_is_installed_again(grounds: Grounds) -> None:
    team, user = grounds.teams[0], grounds.people[0]
    channel = grounds.slack.workspace.add_channel(team, "general", [user])
    await grounds.install(team)
    former = team.bot_token

    told = await grounds.slack.driver.uninstall(team)
    refused = await grounds.slack.driver.command(user, channel, "/usher", "help")
    await grounds.install(team)
    again = await grounds.slack.driver.command(user, channel, "/usher", "help")

    assert all(ack.ok for ack in told)
    assert "What I can do for you" not in str(refused.body)
    assert "What I can do for you" in words(again)
    assert team.bot_token != former


async def test_coming_back_counts_once_and_in_the_browser_that_left_only(grounds: Grounds) -> None:
    cookie, back = await grounds.agreed(grounds.teams[0])
    other, _ = await grounds.begin()

    strange = [await grounds.get(back), await grounds.get(back, other), await grounds.get(back, "x")]
    first = await grounds.get(back, cookie)
    replayed = await grounds.get(back, cookie)

    assert [answer.status for answer in strange] == [400, 400, 400]
    assert all("This did not begin in this browser" in answer.text for answer in strange)
    assert first.headers["Location"] == "/slack/installed"
    assert (replayed.status, "This was finished before" in replayed.text) == (409, True)
    assert len(grounds.slack.workspace.calls("oauth.v2.access")) == 1


async def test_who_decides_against_it_reads_so(grounds: Grounds) -> None:
    cookie, page = await grounds.begin()
    state = page.partition("state=")[2]

    denied = await grounds.get(f"/slack/oauth_redirect?error=access_denied&state={state}", cookie)
    forged = await grounds.get(f"/slack/oauth_redirect?code=invented&state={state}", cookie)
    empty = await grounds.get("/slack/oauth_redirect")

    assert [denied.status, forged.status, empty.status] == [400, 503, 400]
    assert "You decided against it" in denied.text
    assert "Slack did not confirm the installation" in forged.text


async def test_looking_ahead_installs_nothing(grounds: Grounds) -> None:
    cookie, back = await grounds.agreed(grounds.teams[0])

    async with grounds.visitor.head(back, headers={"Cookie": f"{COOKIE}={cookie}"}) as answer:
        assert answer.status == 405
    assert grounds.slack.workspace.calls("oauth.v2.access") == []


@pytest.mark.slow  # The same way is gone every day without a browser.
@pytest.mark.browser
async def test_a_browser_goes_all_the_way_without_javascript(grounds: Grounds, browser: Browser) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()

    await page.goto(f"{grounds.house.url}/slack/install")
    await page.get_by_role("link", name="Add to Slack").click()

    await expect(page).to_have_title("Usher is in your workspace")
    assert page.url == f"{grounds.house.url}/slack/installed"
    assert await context.cookies() == []
    await context.close()
