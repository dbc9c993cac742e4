"""Leafing through a history."""

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
from core.usecases.history.history import ShowHistory, show_history
from core.words import Subject


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def turn_history_page(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        kind, subject_id, page = parts_of(action["value"])
        shown = await deps.read(show_history, ShowHistory(Subject(kind), page=page, subject_id=int(subject_id)), staff)
        await answers.replace(respond, draw(shown))
        await ack()

    bolt.action(Action.HISTORY_PAGE.pattern)(turn_history_page)
