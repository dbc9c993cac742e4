"""Saying things to people: in the answer to a request, over a response_url, in a direct message.

Every answer is for the asker alone: ephemeral, or in their direct messages. So a command may be written in any
channel; in one that is shared with another organisation it is answered in direct messages (``bot.shared_channels``).
"""

import asyncio
import logging
from typing import Any, Final

import aiohttp
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import Message

_RESPONSE_SECONDS: Final = 1.5
_log = logging.getLogger("usher.bot")


def ephemeral(message: Message) -> dict[str, Any]:
    """The body of an answer that only the asker sees."""
    return {
        "response_type": "ephemeral",
        "text": message.text,
        "blocks": list(message.blocks),
        "unfurl_links": False,
        "unfurl_media": False,
    }


async def replace(respond: AsyncRespond, message: Message) -> None:
    """In place of what was pressed. What it reports is stored already, so a failure is logged and no more."""
    await _respond(respond, {**ephemeral(message), "replace_original": True})


async def add(respond: AsyncRespond, message: Message) -> None:
    """Beside what was pressed."""
    await _respond(respond, {**ephemeral(message), "replace_original": False})


async def write(client: AsyncWebClient, user_or_channel: str, message: Message) -> None:
    """As a direct message. Raises what Slack's client raises."""
    await client.chat_postMessage(
        channel=user_or_channel,
        text=message.text,
        blocks=list(message.blocks),
        unfurl_links=False,
        unfurl_media=False,
    )


async def _respond(respond: AsyncRespond, body: dict[str, Any]) -> None:
    try:
        async with asyncio.timeout(_RESPONSE_SECONDS):
            answer = await respond(body)
    except (aiohttp.ClientError, TimeoutError) as error:
        _log.warning("an answer did not reach Slack", extra={"reason": type(error).__name__})
        return
    if answer.status_code != 200:
        _log.warning("Slack refused an answer", extra={"status": answer.status_code})
