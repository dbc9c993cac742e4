"""The home tab: a greeting and what can be asked."""

import hashlib
import json
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext

from bot.blocks import Block
from bot.blocks.errors import draw_error
from bot.blocks.views import home_blocks, home_view
from bot.deps import Deps
from core.errors import NotAllowed


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def open_home(event: dict[str, Any], context: AsyncBoltContext) -> None:
        if event.get("tab") != "home":
            return
        blocks = await _blocks(deps, context)
        digest = hashlib.sha256(json.dumps(blocks).encode()).hexdigest()[:16]
        if (event.get("view") or {}).get("private_metadata") != digest:
            await context.client.views_publish(user_id=event["user"], view=home_view(blocks, digest=digest))

    bolt.event("app_home_opened")(open_home)


async def _blocks(deps: Deps, context: AsyncBoltContext) -> tuple[Block, ...]:
    """A refusal stands in the tab itself: nobody gets a message for having looked."""
    try:
        await deps.people.asker(context)
    except NotAllowed as error:
        return draw_error(error).blocks
    return home_blocks()
