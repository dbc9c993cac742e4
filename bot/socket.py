"""Socket Mode: the app dials Slack instead of being called, so it needs no public address."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.refusals import word_of
from core.errors import SettingInvalid
from core.settings import Settings

# A start may wait so long for Slack; then the dialing goes on beside it.
_PATIENCE_SECONDS: Final = 10
_REDIAL_SECONDS: Final = 10
_REFUSALS: Final = frozenset({"invalid_auth", "not_authed", "not_allowed_token_type", "token_revoked", "missing_scope"})
_FAULTS: Final = (aiohttp.ClientError, OSError, SlackApiError)
_AWAY: Final = "Slack is away; it is dialed until it answers"
_log = logging.getLogger("usher.bot")
_clients_log = logging.getLogger("slack_sdk.socket_mode")


async def connect(
    bolt: AsyncApp, settings: Settings, *, patience: float = _PATIENCE_SECONDS, redial: float = _REDIAL_SECONDS
) -> Callable[[], Awaitable[None]]:
    """Gives what disconnects again. The client dials anew by itself when Slack refreshes the connection.

    ``redial``: so many seconds pass between two attempts. Raises SettingInvalid when Slack refuses the token at the
    start; the client alone would ask again for ever.
    """
    web = _ReadableSlack(base_url=settings.slack_api_url, timeout=_PATIENCE_SECONDS)
    handler = AsyncSocketModeHandler(
        bolt, settings.slack_app_token, logger=_clients_log, web_client=web, ping_interval=redial
    )
    line = _Line(handler.client)
    try:
        handler.client.wss_uri = await _address(web, settings.slack_app_token)
    except SettingInvalid:
        await handler.close_async()  # type: ignore[no-untyped-call] # Slack left it so.
        line.close()
        raise
    dialing = asyncio.ensure_future(handler.connect_async())  # type: ignore[no-untyped-call] # As above.
    await asyncio.wait({dialing}, timeout=patience)
    if dialing.done():
        await dialing
    else:
        line.lost(_AWAY)

    async def disconnect() -> None:
        dialing.cancel()
        await asyncio.gather(dialing, return_exceptions=True)
        await handler.close_async()  # type: ignore[no-untyped-call] # As above.
        line.close()

    return disconnect


class _ReadableSlack(AsyncWebClient):
    async def apps_connections_open(self, *, app_token: str, **more: Any) -> AsyncSlackResponse:
        """Raises ClientPayloadError for an answer that is no JSON; the client stumbles when it looks for the reason."""
        try:
            return await super().apps_connections_open(app_token=app_token, **more)
        except SlackApiError as refusal:
            if word_of(refusal):
                raise
            raise aiohttp.ClientPayloadError("this is no answer of Slack's own") from refusal


class _Line(logging.Filter):
    """Says once that Slack is away, and once that it is back. The client says it at each attempt, with a traceback.

    Its log is the only place where it tells of an attempt. What is no fault of the connection is logged as ever.
    """

    def __init__(self, client: SocketModeClient) -> None:
        super().__init__()
        self._client = client
        self._trouble = ""
        client.on_message_listeners.append(self._hear)
        _clients_log.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        # Most of what it logs of faults has no ``exc_info``; but it logs all of it where it has caught them.
        fault = sys.exc_info()[1]
        if not isinstance(fault, _FAULTS):
            return True
        # Good for one call, and that only for a while: the client would dial the same address for ever.
        self._client.wss_uri = None
        refusal = _refusal(fault)
        self.lost(f"Slack refuses USHER_SLACK_APP_TOKEN: {refusal}" if refusal else _AWAY)
        return False

    def lost(self, trouble: str) -> None:
        if trouble != self._trouble:
            _log.warning(trouble)
        self._trouble = trouble

    async def _hear(self, _message: aiohttp.WSMessage) -> None:
        """The first thing that Slack says on a new connection is hello."""
        if self._trouble:
            _log.warning("Slack is back")
        self._trouble = ""

    def close(self) -> None:
        _clients_log.removeFilter(self)


async def _address(client: AsyncWebClient, token: str) -> str | None:
    """Where to dial; None: Slack did not say, and is asked again by the client. Raises SettingInvalid."""
    try:
        answer = await client.apps_connections_open(app_token=token)
    except _FAULTS as fault:
        refusal = _refusal(fault)
        if refusal:
            raise SettingInvalid(name="USHER_SLACK_APP_TOKEN", reason=f"Slack says {refusal}") from None
        return None
    return str(answer["url"])


def _refusal(fault: BaseException) -> str:
    """Empty: the token is not what is wrong."""
    error = word_of(fault) if isinstance(fault, SlackApiError) else ""
    return error if error in _REFUSALS else ""
