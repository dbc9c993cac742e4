"""Yes or no to what the asked person wanted by e-mail."""

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
from core.usecases.mailbox.questions import ConfirmQuestion, DeclineQuestion, confirm_question, decline_question


def register(bolt: AsyncApp, deps: Deps) -> None:
    """The question itself stays, and is drawn anew by the worker."""

    async def confirm_mail(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        answer_id, draft_id = parts_of(action["value"])
        result = await deps.run(confirm_question, ConfirmQuestion(answer_id, draft_id), staff)
        await answers.add(respond, draw(result))
        await ack()

    async def decline_mail(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        answer_id, draft_id = parts_of(action["value"])
        result = await deps.run(decline_question, DeclineQuestion(answer_id, draft_id), staff)
        await answers.add(respond, draw(result))
        await ack()

    bolt.action(Action.MAIL_QUESTION_YES.pattern)(confirm_mail)
    bolt.action(Action.MAIL_QUESTION_NO.pattern)(decline_mail)
