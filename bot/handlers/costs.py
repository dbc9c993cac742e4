"""Leafing through what enrolments cost: months, and the runs of one."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot import answers
from bot.blocks import draw
from bot.blocks.controls import Action
from bot.blocks.parts import parts_of
from bot.deps import Deps
from core.usecases.costs.costs import ShowCosts, show_costs


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def turn_costs_page(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        month, page = parts_of(action["value"])
        await answers.replace(respond, draw(await deps.read(show_costs, ShowCosts(month, page), staff)))
        await ack()

    bolt.action(Action.COSTS_PAGE.pattern)(turn_costs_page)
