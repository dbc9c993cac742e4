"""What people write to the bot itself: the same requests as after a slash command, without the slash."""

import re
from typing import Any, Final

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext

from bot import answers
from bot.asking import ask
from bot.blocks import Message, draw
from bot.blocks.parts import section
from bot.deps import Deps
from bot.texts import written
from core.requests import Form

_SPOKEN: Final = (None, "file_share")
"""Other subtypes tell of edits, deletions and the like."""
_OWN_NAME: Final = re.compile(r"^/?usher\s+", re.IGNORECASE)


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def direct_message(event: dict[str, Any], body: dict[str, Any], context: AsyncBoltContext) -> None:
        if event.get("bot_id") or event.get("subtype") not in _SPOKEN or event.get("channel_type") != "im":
            return
        event_id = str(body["event_id"])
        await deps.once.do(event_id, lambda: _answer(deps, context, event, event_id))

    bolt.event("message")(direct_message)


async def _answer(deps: Deps, context: AsyncBoltContext, event: dict[str, Any], event_id: str) -> None:
    message = await _message(deps, context, event, event_id)
    await answers.write(context.client, event["channel"], message)


async def _message(deps: Deps, context: AsyncBoltContext, event: dict[str, Any], event_id: str) -> Message:
    if event.get("files"):
        await deps.people.asker(context)
        return _no_files_yet()
    text = _OWN_NAME.sub("", written(event.get("text") or ""))
    answer = await ask(deps, context, text, key=f"slack:{event_id}")
    # A message opens no form; a button in the answer does.
    return draw(answer) if isinstance(answer, Form) else answer


def _no_files_yet() -> Message:
    text = "I cannot read files here yet."
    return Message(text, (section(f"*{text}*\nWrite “/usher invite”: the form takes a file with addresses."),))
