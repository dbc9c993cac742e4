"""Yes or no to a message that bears the asked person's address."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot import answers
from bot.blocks import draw
from bot.blocks.controls import Action
from bot.deps import Deps
from core.usecases.mailbox.held_mail import RefuseHeldMail, ReleaseHeldMail, refuse_held_mail, release_held_mail


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def release(ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond) -> None:
        staff = await deps.people.asker(context)
        released = await deps.run(release_held_mail, ReleaseHeldMail(int(action["value"])), staff)
        await answers.replace(respond, draw(released))
        await ack()

    async def refuse(ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond) -> None:
        staff = await deps.people.asker(context)
        refused = await deps.run(refuse_held_mail, RefuseHeldMail(int(action["value"])), staff)
        await answers.replace(respond, draw(refused))
        await ack()

    bolt.action(Action.HELD_MAIL_YES.pattern)(release)
    bolt.action(Action.HELD_MAIL_NO.pattern)(refuse)
