"""The Chromium of the tests renders pages and reaches nothing but loopback."""

import asyncio

import pytest
from playwright.async_api import Browser

from tests.servers.processes import LOOPBACK

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAGE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<title>T</title><h1>Join the course</h1>"
)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(PAGE)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


@pytest.mark.slow  # Whatever a browser shows every day needs this.
async def test_chromium_renders_a_page_served_on_loopback(browser: Browser) -> None:
    server = await asyncio.start_server(_serve, LOOPBACK, 0)
    port = server.sockets[0].getsockname()[1]

    async with server:
        page = await browser.new_page()
        await page.goto(f"http://{LOOPBACK}:{port}/")

        assert await page.get_by_role("heading").inner_text() == "Join the course"


@pytest.mark.slow  # Whatever a browser shows every day needs this.
async def test_dark_mode_and_a_narrow_window_can_be_asked_for(browser: Browser) -> None:
    context = await browser.new_context(
        color_scheme="dark", viewport={"width": 320, "height": 640}, java_script_enabled=True
    )
    page = await context.new_page()

    await page.goto("data:text/html,<h1>Join</h1>")

    assert await page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert await page.evaluate("innerWidth") == 320
