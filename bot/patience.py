"""What waits until Slack lets us speak, in the background, for nobody waits for it there.

It is lost with the process: what it tells stands in an answer already, or is asked for again.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Final

import aiohttp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import answers
from bot.blocks import Message
from bot.deps import Deps
from bot.pacing import SlackTooBusy

_PATIENCE: Final = timedelta(minutes=3)
# Of many that wait for the same place one gets it; the others need not ask again at once.
_SHORTEST_SECONDS: Final = 1.0
_log = logging.getLogger("usher.bot")


def keep_at_hand(deps: Deps, context: AsyncBoltContext, message: Message) -> None:
    """In the direct messages: a form closes with its answer, and with the Undo button in it."""
    deps.background.start(write(deps, context.client, context.user_id or "", message))


async def answer(deps: Deps, context: AsyncBoltContext, message: Message) -> None:
    """As a direct message: at once, or in the background. What was asked for is done, so nobody is told to try again.

    Raises what Slack's client raises.
    """
    try:
        await answers.write(context.client, context.user_id or "", message)
    except SlackTooBusy:
        keep_at_hand(deps, context, message)


async def write(deps: Deps, client: AsyncWebClient, user_id: str, message: Message) -> None:
    """As a direct message. What Slack does not take is logged."""
    try:
        await patiently(deps, partial(answers.write, client, user_id, message))
    except (SlackApiError, SlackTooBusy, aiohttp.ClientError, TimeoutError) as error:
        _log.warning("a direct message did not reach Slack", extra={"reason": type(error).__name__})


async def patiently(deps: Deps, say: Callable[[], Awaitable[None]]) -> None:
    """Raises SlackTooBusy after some minutes of it, and what else ``say`` raises."""
    ends = deps.app.clock() + _PATIENCE
    while True:
        try:
            return await say()
        except SlackTooBusy as busy:
            if deps.app.clock() + timedelta(seconds=busy.seconds) > ends:
                raise
            await deps.pause(max(busy.seconds, _SHORTEST_SECONDS))
