"""The home tab: drawn when it is opened; kept true by the worker from then on. Its buttons answer directly."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot import patience
from bot.asking import ask
from bot.blocks import Block, draw
from bot.blocks.controls import Action
from bot.blocks.errors import draw_error
from bot.blocks.views import digest_of, home_view
from bot.deps import Deps
from core.errors import NotAllowed
from core.requests import Form
from core.usecases.staff.homes import KeepHome, ShowHome, keep_home, show_home


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def open_home(event: dict[str, Any], context: AsyncBoltContext) -> None:
        if event.get("tab") != "home":
            return
        try:
            staff = await deps.people.asker(context)
            home = await deps.read(show_home, ShowHome(), staff)
        except NotAllowed as error:
            # A refusal stands in the tab itself: nobody gets a message for having looked.
            await _publish(context, event, draw_error(error).blocks)
            return
        digest = await _publish(context, event, draw(home).blocks)
        await deps.run(keep_home, KeepHome(digest, home.as_of), staff)

    async def ask_from_home(ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext) -> None:
        answer = await ask(deps, context, action["value"])
        message = draw(answer) if isinstance(answer, Form) else answer
        await patience.answer(deps, context, message)
        await ack()

    bolt.event("app_home_opened")(open_home)
    bolt.action(Action.HOME_ASK.pattern)(ask_from_home)


async def _publish(context: AsyncBoltContext, event: dict[str, Any], blocks: tuple[Block, ...]) -> str:
    """What is shown already is not published again."""
    digest = digest_of(blocks)
    if (event.get("view") or {}).get("private_metadata") != digest:
        await context.client.views_publish(user_id=event["user"], view=home_view(blocks, digest=digest))
    return digest
