"""Confirming a preview, and taking back what was confirmed."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot import answers
from bot.blocks.controls import Action, Form
from bot.blocks.views import invited_view
from bot.deps import Deps
from bot.handlers.presses import Presses, by_id
from core.usecases.invitations.batches import InviteLearners, invite_learners
from core.usecases.invitations.recall import RecallBatch, recall_batch


def register(bolt: AsyncApp, deps: Deps) -> None:
    press = Presses(bolt, deps)

    async def confirm_in_form(ack: AsyncAck, view: dict[str, Any], context: AsyncBoltContext) -> None:
        staff = await deps.people.asker(context)
        invited = await deps.run(invite_learners, InviteLearners(int(view["private_metadata"])), staff)
        await ack(response_action="update", view=invited_view(invited))

    press.runs(Action.CONFIRM, invite_learners, by_id(InviteLearners), answers.replace)
    bolt.view(Form.CONFIRM.value)(confirm_in_form)
    press.runs(Action.UNDO, recall_batch, _recall_of, answers.replace)
    # The scoreboard stays; it is drawn anew by itself.
    press.runs(Action.SCOREBOARD_UNDO, recall_batch, _recall_of, answers.add)


def _recall_of(value: str) -> RecallBatch:
    return RecallBatch(confirmation_id=int(value))
