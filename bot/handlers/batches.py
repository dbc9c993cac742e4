"""Confirming a preview, and taking back what was confirmed."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot import answers
from bot.blocks import draw
from bot.blocks.controls import Action, Form
from bot.blocks.views import invited_view
from bot.deps import Deps
from core.usecases.invitations.batches import InviteLearners, invite_learners
from core.usecases.invitations.recall import RecallBatch, recall_batch


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def confirm(ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond) -> None:
        staff = await deps.people.asker(context)
        invited = await deps.run(invite_learners, InviteLearners(int(action["value"])), staff)
        await answers.replace(respond, draw(invited))
        await ack()

    async def confirm_in_form(ack: AsyncAck, view: dict[str, Any], context: AsyncBoltContext) -> None:
        staff = await deps.people.asker(context)
        invited = await deps.run(invite_learners, InviteLearners(int(view["private_metadata"])), staff)
        await ack(response_action="update", view=invited_view(invited))

    async def undo(ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond) -> None:
        staff = await deps.people.asker(context)
        recalled = await deps.run(recall_batch, RecallBatch(confirmation_id=int(action["value"])), staff)
        await answers.replace(respond, draw(recalled))
        await ack()

    async def undo_on_scoreboard(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        """The scoreboard stays; it is drawn anew by itself."""
        staff = await deps.people.asker(context)
        recalled = await deps.run(recall_batch, RecallBatch(confirmation_id=int(action["value"])), staff)
        await answers.add(respond, draw(recalled))
        await ack()

    bolt.action(Action.CONFIRM.pattern)(confirm)
    bolt.view(Form.CONFIRM.value)(confirm_in_form)
    bolt.action(Action.UNDO.pattern)(undo)
    bolt.action(Action.SCOREBOARD_UNDO.pattern)(undo_on_scoreboard)
