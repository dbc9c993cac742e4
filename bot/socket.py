"""Socket Mode: the app dials Slack instead of being called, so it needs no public address."""

from collections.abc import Awaitable, Callable

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from core.settings import Settings


async def connect(bolt: AsyncApp, settings: Settings) -> Callable[[], Awaitable[None]]:
    """Gives what disconnects again. The client dials anew by itself when Slack refreshes the connection."""
    client = AsyncWebClient(base_url=settings.slack_api_url)
    handler = AsyncSocketModeHandler(bolt, settings.slack_app_token, web_client=client)
    await handler.connect_async()  # type: ignore[no-untyped-call] # Slack left it so.

    async def disconnect() -> None:
        await handler.close_async()  # type: ignore[no-untyped-call] # As above.

    return disconnect
