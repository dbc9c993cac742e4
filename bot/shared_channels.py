"""Is a channel shared with another organisation (Slack Connect)?

An ephemeral answer is shown to its asker only, there too. But Slack asks apps to mind what they put into such a
channel, and personal data should not hang on that one property. So nothing about anybody is answered there: the answer
goes to the asker's direct messages.

A slash command does not say where it stands, so Slack is asked. What Slack does not tell counts as shared: a private
channel without Usher in it, or a Slack that is too slow. Direct messages are the asker's own.
"""

import asyncio
from datetime import timedelta
from typing import Any, Final

import aiohttp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackApiError

from bot.authorize import Place, place_of
from bot.caches import TimedCache
from core.context import Clock

_LIFE: Final = timedelta(minutes=10)
_MOST: Final = 10_000
_SLACK_SECONDS: Final = 1.0


class SharedChannels:
    def __init__(self, clock: Clock) -> None:
        self._known: TimedCache[tuple[Place, str], bool] = TimedCache(clock, _LIFE, _MOST)

    async def is_shared(self, context: AsyncBoltContext) -> bool:
        """About the channel of this request."""
        channel = context.channel_id or ""
        if not channel or channel.startswith("D"):
            return False
        key = (place_of(context), channel)
        known = self._known.get(key)
        if known is None:
            known = await _asked(context, channel)
            self._known.put(key, known)
        return known


async def _asked(context: AsyncBoltContext, channel: str) -> bool:
    try:
        async with asyncio.timeout(_SLACK_SECONDS):
            answer = await context.client.conversations_info(channel=channel)
    except (SlackApiError, TimeoutError, aiohttp.ClientError):
        return True
    described: dict[str, Any] = answer["channel"]
    return bool(described.get("is_ext_shared") or described.get("is_pending_ext_shared"))
