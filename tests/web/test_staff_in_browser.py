"""The pages for staff in a real browser, without JavaScript: narrow and wide, light and dark, with two browsers."""

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.copies import SqliteCopies
from tests.factories import School
from tests.web.test_browser import faults_of, window
from tests.web.test_sign_in import mailed, without_terms
from tests.web.world import World, serving

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
OLIVE = "olive@north.example.org"
Faults = dict[str, list[str]]


class NoSlack:
    """Slack's page, seen from here: its address is all that matters."""

    async def set_out(self) -> tuple[str, str]:
        return "state", "http://127.0.0.1:9/oauth/v2/authorize"

    async def finish(self, code: str, state: str) -> str:
        return "Northfield College"


@pytest.fixture
def served(web_copies: SqliteCopies[School]) -> Iterator[tuple[str, World]]:
    with serving(web_copies, slack_installer=NoSlack()) as url_and_world:
        yield url_and_world


async def check(page: Page, name: str, found: Faults) -> None:
    """Notes what is wrong under the page's name."""
    if faults := await faults_of(page):
        found[name] = faults


async def ask(page: Page, url: str) -> None:
    await page.goto(f"{url}/sign-in")
    await page.get_by_label("Your e-mail address").fill(OLIVE)
    await page.keyboard.press("Enter")
    await expect(page).to_have_title("Look at your e-mail")


@pytest.mark.slow  # Without a browser the same is tried every day.
async def test_an_owner_signs_in_accepts_the_terms_and_signs_out(browser: Browser, served: tuple[str, World]) -> None:
    url, world = served
    without_terms(world)

    async with window(browser, java_script_enabled=False) as page:
        await ask(page, url)
        await page.goto(url + mailed(world)[0])
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("button", name="Accept the terms").click()
        await expect(page.get_by_text("Northfield College accepted them on")).to_be_visible()
        await page.get_by_role("link", name="Your account").click()
        await expect(page.get_by_role("heading", name="Olive Owner")).to_be_visible()
        await page.get_by_role("button", name="Sign out").click()

        await expect(page).to_have_title("Sign in")
        await page.goto(f"{url}/account")
        await expect(page).to_have_title("Sign in")


@pytest.mark.slow  # Without a browser the same is tried every day.
async def test_a_link_opened_elsewhere_shows_the_code_for_the_window_that_asked(
    browser: Browser, served: tuple[str, World]
) -> None:
    url, world = served

    async with window(browser) as here, window(browser) as telephone:
        await ask(here, url)
        await telephone.goto(url + mailed(world)[0])
        code = await telephone.locator(".code").inner_text()
        assert await telephone.get_by_role("button").count() == 0
        await here.get_by_label("Code").fill("1")
        await here.get_by_role("button", name="Sign in").click()
        await expect(here.get_by_role("alert")).to_be_focused()
        await here.get_by_label("Code").fill(code)
        await here.get_by_role("button", name="Sign in").click()

        await expect(here).to_have_title(re.compile("Your account"))


@pytest.mark.slow
async def test_every_page_for_staff_is_clean(browser: Browser, served: tuple[str, World]) -> None:
    url, world = served
    found: Faults = {}

    async with (
        window(browser, reduced_motion="reduce") as page,
        window(browser, reduced_motion="reduce") as elsewhere,
    ):
        for path in ("sign-in", "slack/install", "slack/installed", "slack/oauth_redirect"):
            await page.goto(f"{url}/{path}")
            await check(page, f"{path}", found)
        await page.goto(f"{url}/sign-in")
        await page.get_by_role("button", name="Send me a link").click()
        await check(page, "sign-in, error", found)
        await ask(page, url)
        await check(page, "asked", found)
        await page.get_by_role("button", name="Sign in").click()
        await check(page, "asked, error", found)
        link = url + mailed(world)[-1]
        for each, name in ((page, "here"), (elsewhere, "elsewhere")):
            await each.goto(link)
            await check(each, f"{name}", found)
        await page.get_by_role("button", name="Sign in").click()
        await check(page, "account", found)
        await page.goto(f"{url}/terms")
        await check(page, "terms, accepted", found)
        without_terms(world)
        for path in ("terms", "account"):
            await page.goto(f"{url}/{path}")
            await check(page, f"{path}, not accepted", found)
        await page.goto(f"{url}/terms")
        await page.get_by_role("button", name="Accept the terms").click()
        await page.goto(link)
        await check(page, "closed", found)

    assert found == {}
