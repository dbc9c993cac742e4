"""Slash commands. One listener takes every spelling, for Slack's names differ from workspace to workspace."""

import re
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot import answers, patience
from bot.asking import ask
from bot.blocks import Message
from bot.blocks.controls import Action
from bot.blocks.errors import draw_error
from bot.blocks.parts import section
from bot.deps import Deps
from bot.handlers.forms import open_form
from bot.texts import request_text
from core.errors import NotAllowed, UsherError
from core.requests import Form, instead_of


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def slash_command(ack: AsyncAck, command: dict[str, Any], context: AsyncBoltContext) -> None:
        prefix = deps.app.settings.slack_command_prefix
        text = request_text(command["command"], command.get("text") or "", prefix)
        answer = await _answer(deps, context, text)
        if isinstance(answer, Form):
            await open_form(context.client, command["trigger_id"], answer)
            await ack()
        elif await deps.channels.is_shared(context):
            await patience.answer(deps, context, answer)
            await ack(answers.ephemeral(_elsewhere()))
        else:
            await ack(answers.ephemeral(answer))

    async def ask_instead(
        ack: AsyncAck, action: dict[str, Any], body: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        answer = await _answer(deps, context, action["value"])
        if isinstance(answer, Form):
            await open_form(context.client, body["trigger_id"], answer)
        else:
            await answers.replace(respond, answer)
        await ack()

    bolt.command(re.compile(r"^/"))(slash_command)
    bolt.action(Action.ASK_INSTEAD.pattern)(ask_instead)


async def _answer(deps: Deps, context: AsyncBoltContext, text: str) -> Message | Form:
    """Refusals are answers too: they may repeat an address. Who may not ask at all is told so where they are."""
    try:
        return await ask(deps, context, text)
    except NotAllowed:
        raise
    except UsherError as error:
        return draw_error(error, instead_of(text, error))


def _elsewhere() -> Message:
    text = "I answer you in our direct messages."
    why = "This channel may be shared with another organisation, so nothing about anybody is said here."
    return Message(text, (section(f"*{text}*\n{why}"),))
