"""Yes or no to a learner who asked for a new link."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot import answers
from bot.blocks import draw
from bot.blocks.controls import Action
from bot.deps import Deps
from core.usecases.invitations.link_requests import (
    ApproveLinkRequest,
    DeclineLinkRequest,
    approve_link_request,
    decline_link_request,
)


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def approve(ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond) -> None:
        staff = await deps.people.asker(context)
        approved = await deps.run(approve_link_request, ApproveLinkRequest(int(action["value"])), staff)
        await answers.replace(respond, draw(approved))
        await ack()

    async def decline(ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond) -> None:
        staff = await deps.people.asker(context)
        declined = await deps.run(decline_link_request, DeclineLinkRequest(int(action["value"])), staff)
        await answers.replace(respond, draw(declined))
        await ack()

    bolt.action(Action.REQUEST_APPROVE.pattern)(approve)
    bolt.action(Action.REQUEST_DECLINE.pattern)(decline)
