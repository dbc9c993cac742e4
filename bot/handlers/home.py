"""The home tab: drawn when it is opened; kept true by the worker from then on, which also draws it where Slack had no
time for that. Its buttons answer directly.
"""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot import homes, patience
from bot.asking import ask
from bot.blocks import draw
from bot.blocks.controls import Action
from bot.blocks.errors import draw_error
from bot.deps import Deps
from bot.pacing import SlackTooBusy
from core.errors import NotAllowed
from core.requests import Form
from core.usecases.staff.homes import DrawHomeLater, KeepHome, ShowHome, draw_home_later, keep_home, show_home


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def open_home(event: dict[str, Any], context: AsyncBoltContext) -> None:
        if event.get("tab") != "home":
            return
        try:
            staff = await deps.people.asker(context)
            home = await deps.read(show_home, ShowHome(), staff)
        except NotAllowed as error:
            await homes.put_up(deps, context, event, draw_error(error))
            return
        try:
            digest = await homes.publish(context, event, draw(home).blocks)
        except SlackTooBusy:
            await deps.run(draw_home_later, DrawHomeLater(), staff)
        else:
            await deps.run(keep_home, KeepHome(digest, home.as_of), staff)

    async def ask_from_home(ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext) -> None:
        answer = await ask(deps, context, action["value"])
        message = draw(answer) if isinstance(answer, Form) else answer
        await patience.answer(deps, context, message)
        await ack()

    bolt.event("app_home_opened")(open_home)
    bolt.action(Action.HOME_ASK.pattern)(ask_from_home)
