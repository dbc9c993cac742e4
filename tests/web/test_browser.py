"""The pages in a real browser: without JavaScript, for small and large windows, light and dark, and large text."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # It has no types.
from axe_playwright_python.base import AxeResults  # type: ignore[import-untyped]  # As above.
from playwright.async_api import Browser, Page, expect

from core.usecases.invitations.single import CancelInvitation, cancel_invitation
from core.usecases.links.shared_links import PauseSharedLink, RevokeSharedLink, pause_shared_link, revoke_shared_link
from core.usecases.staff.organisations import CreateOrganisation, create_organisation
from tests.copies import SqliteCopies
from tests.factories import OPERATOR, School
from tests.slow import IS_CI
from tests.web.test_joining import ADA, place_path, request_path, settle, share
from tests.web.world import NOTE, World, serving

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NAMES = {"first_name": "Ada", "last_name": "Marsh"}
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
COLOUR_RULES = {**RULES, "runOnly": ["color-contrast", "link-in-text-block"]}
"""What other colours can break."""
LOOKS = (("light", RULES), ("dark", COLOUR_RULES))
"""No colour hangs on the width, so every day each look has a width of its own."""
_EVERYDAY = ("error", "accepted")
"""A form with everything and a page of facts; the others are built of the same."""
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


@pytest.fixture
def served(web_copies: SqliteCopies[School]) -> Iterator[tuple[str, World]]:
    with serving(web_copies) as url_and_world:
        yield url_and_world


@asynccontextmanager
async def window(browser: Browser, **options: Any) -> AsyncIterator[Page]:
    context = await browser.new_context(**options)
    try:
        yield await context.new_page()
    finally:
        await context.close()


async def test_a_learner_joins_without_javascript(browser: Browser, served: tuple[str, World]) -> None:
    url, world = served
    link = world.invite(run="stars-2026-03", note=NOTE)

    async with window(browser, java_script_enabled=False) as page:
        await page.goto(url + link)
        await page.get_by_role("button", name="Accept").click()
        await expect(page).to_have_title("Error: You are invited: How Stars Are Born")
        await page.get_by_role("link", name="Please tell us your first name.").click()
        await page.keyboard.type("Ada")
        await page.get_by_label("Last name").fill("Marsh")
        await page.keyboard.press("Enter")

        await expect(page).to_have_title("You have joined: How Stars Are Born")
        assert page.url == url + link
        await page.reload()
        await expect(page.get_by_role("link", name="Go to the course")).to_be_visible()

    assert world.count("SELECT count(*) FROM enrolment") == 1


@pytest.mark.slow  # An invitation's form is built of the same; what joining does, its own tests ask every day.
async def test_a_learner_joins_by_a_shared_link_without_javascript(browser: Browser, served: tuple[str, World]) -> None:
    url, world = served
    _, link = share(world)

    for width in (320, 1280) if IS_CI else (320,):
        async with window(browser, java_script_enabled=False, viewport={"width": width, "height": 800}) as page:
            await page.goto(url + link)
            await page.get_by_role("button", name="Join the course").click()
            await page.get_by_role("link", name="Please tell us your first name.").click()
            await page.keyboard.type("Ada")
            await page.get_by_label("Last name").fill("Marsh")
            await page.get_by_label("Your e-mail address").fill("ada@gmial.com")
            await page.keyboard.press("Enter")
            await expect(page).to_have_title("Did you mean ada@gmail.com? How Stars Are Born")
            await page.get_by_role("button", name="Write it again").click()
            await expect(page.get_by_label("Last name")).to_have_value("Marsh")
            await page.get_by_label("Your e-mail address").press("Enter")
            await page.get_by_role("button", name="Yes, use ada@gmail.com").click()
            await expect(page).to_have_title("You are on the course: How Stars Are Born")

    assert world.count("SELECT count(*) FROM enrolment") == 1


@pytest.mark.slow
async def test_the_pages_after_a_press_are_clean(browser: Browser, served: tuple[str, World]) -> None:
    url, world = served
    (_, plain), (number, strict) = share(world), share(world, "safety-2026-10")
    settle(world, number, confirm=True)
    typed = {"First name": LONG, "Last name": "Marsh", "Your e-mail address": "a@example.org"}
    found: dict[str, list[str]] = {}

    async with window(browser, reduced_motion="reduce") as page:
        for name, path in {"joined": plain, "mailed": strict}.items():
            await page.goto(url + path)
            await page.get_by_role("button", name="Join the course").click()
            found[f"{name}, errors"] = await faults_of(page)
            for label, value in typed.items():
                await page.get_by_label(label).fill(value)
            await page.get_by_role("button", name="Join the course").click()
            found[name] = await faults_of(page)
        await page.goto(url + plain)
        for label, value in {**typed, "Your e-mail address": f"{'a' * 60}@gmial.com"}.items():
            await page.get_by_label(label).fill(value)
        await page.get_by_role("button", name="Join the course").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Did you mean")
        found["doubt"] = await faults_of(page)
        await page.goto(url + place_path(world))
        found["place"] = await faults_of(page)

    assert {page: faults for page, faults in found.items() if faults} == {}


@pytest.mark.slow  # A look, not a way: who changes the style runs it.
async def test_the_two_answers_look_alike(browser: Browser, served: tuple[str, World]) -> None:
    url, world = served

    for width in (320, 1280) if IS_CI else (320,):
        async with window(browser, viewport={"width": width, "height": 800}) as page:
            await page.goto(url + world.invite(f"w{width}@example.org"))
            looks = [await _look(page, name) for name in ("Accept", "Decline")]

            assert looks[0] == looks[1]
            assert looks[0]["height"] >= 44


async def _look(page: Page, name: str) -> dict[str, Any]:
    look: dict[str, Any] = await page.get_by_role("button", name=name).evaluate(
        """button => {
            const style = getComputedStyle(button), box = button.getBoundingClientRect();
            return {width: Math.round(box.width), height: Math.round(box.height), weight: style.fontWeight,
                    size: style.fontSize, color: style.color, background: style.backgroundColor};
        }"""
    )
    return look


@pytest.mark.slow  # Joining without JavaScript is done by the keyboard, too.
async def test_the_keyboard_reaches_everything_in_the_order_of_reading(
    browser: Browser, served: tuple[str, World]
) -> None:
    url, world = served

    async with window(browser) as page:
        await page.goto(url + world.invite())
        reached = []
        for _ in range(5):
            await page.keyboard.press("Tab")
            reached.append(await page.evaluate("document.activeElement.innerText || document.activeElement.id"))

    assert reached == ["first_name", "last_name", "Accept", "Decline", "Do not invite me again"]


async def test_every_page_is_clean_light_and_dark_narrow_and_wide(browser: Browser, served: tuple[str, World]) -> None:
    url, world = served
    paths = {name: path for name, path in _every_state(world).items() if IS_CI or name in _EVERYDAY}
    found = {}

    # Without motion a change of colours is done at once.
    async with window(browser, reduced_motion="reduce") as page:
        for name, path in paths.items():
            await page.goto(url + path)
            await _press_accept(page, name)
            found[name] = await faults_of(page)

    assert len(found) == len(paths) >= len(_EVERYDAY)
    assert {page: faults for page, faults in found.items() if faults} == {}


@pytest.mark.slow
async def test_nothing_needs_scrolling_sideways_with_text_twice_as_large(
    browser: Browser, served: tuple[str, World]
) -> None:
    url, world = served
    paths = _every_state(world)

    for width in (320, 640):
        async with window(browser, viewport={"width": width, "height": 800}) as page:
            for name, path in paths.items():
                await page.goto(url + path)
                await _press_accept(page, name)
                await page.evaluate("document.documentElement.style.fontSize = '200%'")
                assert await _overflow(page) <= 0, f"{name}, {width}"


async def _press_accept(page: Page, name: str) -> None:
    if name == "error":
        await page.get_by_role("button", name="Accept").click()
        await expect(page.get_by_role("alert")).to_be_focused()


async def faults_of(page: Page) -> list[str]:
    """What is hard to see, to reach or to hit, in a narrow and in a wide window, in light and in dark colours."""
    faults = []
    # Loading the rules takes as long as applying them, so one page is looked at from all sides.
    await page.evaluate(Axe().axe_script)
    for width, looks in ((320, LOOKS if IS_CI else LOOKS[:1]), (1280, LOOKS if IS_CI else LOOKS[1:])):
        await page.set_viewport_size({"width": width, "height": 800})
        faults += [f"{width}: {fault}" for fault in await _faults_at_this_width(page, looks)]
    return faults


async def _faults_at_this_width(page: Page, looks: Sequence[tuple[str, object]]) -> list[str]:
    faults = []
    for scheme, rules in looks:
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # It is one of the two.
        found = AxeResults(await page.evaluate("rules => axe.run(rules)", rules))
        faults += [f"{scheme}: {found.generate_report()}"] if found.violations_count else []
    await page.emulate_media(color_scheme="light")
    if (pixels := await _overflow(page)) > 0:
        faults.append(f"{pixels} pixels too wide")
    small: list[str] = await page.evaluate(
        """[...document.querySelectorAll('a, button, input:not([type=hidden])')]
            .filter(target => target.getBoundingClientRect().height < 44).map(target => target.outerHTML)"""
    )
    return faults + [f"too small: {target}" for target in small]


async def _overflow(page: Page) -> int:
    pixels: int = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return pixels


def _every_state(world: World) -> dict[str, str]:
    """A page of each kind, the states as they are at the end. Names are as long as they come."""
    visitor = world.client()
    expired = world.invite("old@example.org", run="safety-2026-10")
    closed = world.invite("late@example.org")
    world.clock.advance(days=200)
    made: dict[str, Callable[[str], object]] = {
        "open": lambda _link: None,
        "error": lambda _link: None,
        "accepted": lambda link: visitor.post(f"{link}/accept", data=NAMES),
        "declined": lambda link: visitor.post(f"{link}/decline"),
        "cancelled": lambda _link: world.app.run(
            cancel_invitation,
            CancelInvitation(run="safety-2026-10", address="cancelled@example.org"),
            world.school.owner,
        ),
    }
    paths = {"expired": expired, "closed": closed, "unknown": "/i/unknown", "nowhere": "/nowhere"}
    for name, make in made.items():
        paths[name] = world.invite(f"{LONG} <{name}@example.org>", run="safety-2026-10", note=f"{NOTE} {LONG}")
        make(paths[name])
    return {**paths, "stop": f"{paths['open']}/stop", **_staff_pages(world), **_link_pages(world)}


def _link_pages(world: World) -> dict[str, str]:
    """Shared links in every state; the pages that a press answers with are reached by ``_press_join``."""
    strict, revoked, paused, full = (share(world, code) for code in ("safety-2026-10", "maths", "stars", "poetry"))
    settle(world, strict[0], confirm=True, domains="example.org north.example.org")
    world.client().post(f"{strict[1]}/join", data=ADA)
    world.app.run(revoke_shared_link, RevokeSharedLink(revoked[0]), world.school.owner)
    world.app.run(pause_shared_link, PauseSharedLink(paused[0]), world.school.owner)
    return {
        "link, open": strict[1],
        "link, confirm": request_path(world),
        "link, stop": f"{request_path(world)}/stop",
        "link, revoked": revoked[1],
        "link, paused": paused[1],
        "link, waiting": full[1],
    }


def _staff_pages(world: World) -> dict[str, str]:
    links = {}
    for slug in ("east", "west"):
        created = world.app.run(
            create_organisation,
            CreateOrganisation(slug, f"{slug} {LONG}", "Europe/London", "Olga", "Owner", f"olga@{slug}.example.org"),
            OPERATOR,
        )
        links[slug] = f"/s/{created.owner.token}"
    world.client().post(f"{links['west']}/accept")
    return {"staff, open": links["east"], "staff, accepted": links["west"]}
