"""Debian's Chromium for tests, driven by Playwright, which downloads nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright, expect

PROGRAM = Path("/usr/bin/chromium")
# As root there is no sandbox; the others keep it from calling home.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

_PATIENCE = 60_000
"""Milliseconds, for what a page shows in the end: a busy machine is slow."""


def missing() -> str | None:
    return None if PROGRAM.exists() else "Chromium (tools/provision installs it)"


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser of the running event loop; starting and ending it takes about a second."""
    expect.set_options(timeout=_PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=PROGRAM, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()
