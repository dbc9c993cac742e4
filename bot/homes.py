"""What stands in somebody's home tab, besides what the worker draws there: they look, and get no message for it."""

import logging
from typing import Any

import aiohttp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackApiError

from bot import patience
from bot.blocks import Block, Message
from bot.blocks.views import digest_of, home_view
from bot.deps import Deps
from bot.pacing import SlackTooBusy

_log = logging.getLogger("usher.bot")


async def publish(context: AsyncBoltContext, event: dict[str, Any], blocks: tuple[Block, ...]) -> str:
    """What is shown already is not published again. Gives the digest of what is shown.

    Raises SlackTooBusy, also where Slack is away: to publish it twice does no harm.
    """
    digest = digest_of(blocks)
    if (event.get("view") or {}).get("private_metadata") != digest:
        try:
            await context.client.views_publish(user_id=event["user"], view=home_view(blocks, digest=digest))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise SlackTooBusy from error
        except SlackApiError as error:
            if error.response.status_code < 500:
                raise
            raise SlackTooBusy from error
    return digest


async def put_up(deps: Deps, context: AsyncBoltContext, event: dict[str, Any], message: Message) -> None:
    """Why the tab cannot be drawn for them: at once, or in the background as soon as Slack takes it.

    Raises what Slack's client raises.
    """
    try:
        await publish(context, event, message.blocks)
    except SlackTooBusy:
        deps.background.start(_put_up_patiently(deps, context, event, message))


async def _put_up_patiently(deps: Deps, context: AsyncBoltContext, event: dict[str, Any], message: Message) -> None:
    async def say() -> None:
        await publish(context, event, message.blocks)

    try:
        await patience.patiently(deps, say)
    except (SlackApiError, SlackTooBusy) as error:
        _log.warning("a home tab did not reach Slack", extra={"reason": type(error).__name__})
