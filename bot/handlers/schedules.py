"""The list of what waits to go out: its pages, cancelling, and sending now."""

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
from core.context import Actor
from core.usecases.invitations.recall import RecallBatch, recall_batch
from core.usecases.invitations.schedules import ListScheduled, SendNow, list_scheduled, send_now


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def turn_schedules_page(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        (page,) = parts_of(action["value"])
        await _show(deps, staff, respond, page)
        await ack()

    async def cancel_scheduled(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        confirmation_id, page = parts_of(action["value"])
        recalled = await deps.run(recall_batch, RecallBatch(confirmation_id=int(confirmation_id)), staff)
        await _show(deps, staff, respond, page)
        await answers.add(respond, draw(recalled))
        await ack()

    async def send_scheduled(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        confirmation_id, page = parts_of(action["value"])
        invited = await deps.run(send_now, SendNow(int(confirmation_id)), staff)
        await _show(deps, staff, respond, page)
        await answers.add(respond, draw(invited))
        await ack()

    bolt.action(Action.SCHEDULES_PAGE.pattern)(turn_schedules_page)
    bolt.action(Action.SCHEDULES_CANCEL.pattern)(cancel_scheduled)
    bolt.action(Action.SCHEDULES_SEND.pattern)(send_scheduled)


async def _show(deps: Deps, staff: Actor, respond: AsyncRespond, page: int) -> None:
    """The list as it is now, in place of the one that was pressed."""
    await answers.replace(respond, draw(await deps.read(list_scheduled, ListScheduled(page), staff)))
