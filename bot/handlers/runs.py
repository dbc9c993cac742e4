"""Leafing through the runs that can be chosen."""

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
from core.usecases.runs import ListChoosableRuns, list_choosable_runs


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def turn_runs_page(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        search, page = parts_of(action["value"])
        listed = await deps.read(list_choosable_runs, ListChoosableRuns(search, page), staff)
        await answers.replace(respond, draw(listed))
        await ack()

    bolt.action(Action.RUNS_PAGE.pattern)(turn_runs_page)
