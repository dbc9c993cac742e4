"""Socket Mode: the app dials Slack instead of being called, so it needs no public address."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from core.errors import SettingInvalid
from core.settings import Settings

# A start may wait so long for Slack; then the dialing goes on beside it.
_PATIENCE_SECONDS: Final = 10
_REFUSALS: Final = frozenset({"invalid_auth", "not_authed", "not_allowed_token_type", "token_revoked", "missing_scope"})
_log = logging.getLogger("usher.bot")


async def connect(
    bolt: AsyncApp, settings: Settings, *, patience: float = _PATIENCE_SECONDS
) -> Callable[[], Awaitable[None]]:
    """Gives what disconnects again. The client dials anew by itself when Slack refreshes the connection.

    Raises SettingInvalid when Slack refuses the token; the client alone would ask again for ever.
    """
    client = AsyncWebClient(base_url=settings.slack_api_url, timeout=_PATIENCE_SECONDS)
    handler = AsyncSocketModeHandler(bolt, settings.slack_app_token, web_client=client)
    try:
        handler.client.wss_uri = await _address(client, settings.slack_app_token)
    except SettingInvalid:
        await handler.close_async()  # type: ignore[no-untyped-call] # Slack left it so.
        raise
    dialing = asyncio.ensure_future(handler.connect_async())  # type: ignore[no-untyped-call] # As above.
    await asyncio.wait({dialing}, timeout=patience)
    if dialing.done():
        await dialing
    else:
        _log.warning("Slack is not reached yet")

    async def disconnect() -> None:
        dialing.cancel()
        await asyncio.gather(dialing, return_exceptions=True)
        await handler.close_async()  # type: ignore[no-untyped-call] # As above.

    return disconnect


async def _address(client: AsyncWebClient, token: str) -> str | None:
    """Where to dial; None: Slack did not say, and is asked again by the client. Raises SettingInvalid."""
    try:
        answer = await client.apps_connections_open(app_token=token)
    except SlackApiError as refusal:
        error = str(refusal.response.get("error"))
        if error in _REFUSALS:
            raise SettingInvalid(name="USHER_SLACK_APP_TOKEN", reason=f"Slack says {error}") from None
        return None
    except (aiohttp.ClientError, OSError):
        return None
    return str(answer["url"])
