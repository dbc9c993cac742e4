"""Slash commands. One listener takes every spelling, for Slack's names differ from workspace to workspace."""

import re
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.answers import ephemeral
from bot.asking import ask
from bot.deps import Deps
from bot.handlers.forms import open_form
from bot.texts import request_text
from core.requests import Form


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def slash_command(ack: AsyncAck, command: dict[str, Any], context: AsyncBoltContext) -> None:
        prefix = deps.app.settings.slack_command_prefix
        text = request_text(command["command"], command.get("text") or "", prefix)
        answer = await ask(deps, context, text)
        if isinstance(answer, Form):
            await open_form(context.client, command["trigger_id"], answer)
            await ack()
        else:
            await ack(ephemeral(answer))

    bolt.command(re.compile(r"^/"))(slash_command)
