"""What people write to the bot itself: the requests of slash commands without the slash, addresses, files of them.

Only ``message.im`` is subscribed, not ``file_shared`` too, which would tell each file twice. So a file is known by the
event that brought it, and the same file sent again on purpose is answered again.
"""

import re
from typing import Any, Final

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext

from bot import answers
from bot.asking import ask
from bot.blocks import Message, draw
from bot.blocks.errors import draw_error
from bot.blocks.parts import section
from bot.deps import Deps
from bot.handlers.dropped_files import answer_files
from bot.handlers.gathering import answer_text
from bot.texts import written
from core.errors import RunNotFound, UnknownVerb
from core.requests import Asker, Form, instead_of
from core.rules.text import folded

_SPOKEN: Final = (None, "file_share")
"""Other subtypes tell of edits, deletions and the like."""
_GREETINGS: Final = frozenset({"hello", "hi", "hey", "hiya", "good morning", "good afternoon", "good evening"})
_THANKS: Final = frozenset({"thanks", "thank you", "many thanks", "thx", "cheers", "ta"})
_OWN_NAME: Final = re.compile(r"^/?usher\s+", re.IGNORECASE)


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def direct_message(event: dict[str, Any], body: dict[str, Any], context: AsyncBoltContext) -> None:
        if event.get("bot_id") or event.get("subtype") not in _SPOKEN or event.get("channel_type") != "im":
            return
        event_id = str(body["event_id"])
        await deps.once.do(event_id, lambda: _answer(deps, context, event, event_id))

    bolt.event("message")(direct_message)


async def _answer(deps: Deps, context: AsyncBoltContext, event: dict[str, Any], event_id: str) -> None:
    for message in await _messages(deps, context, event, f"slack:{event_id}"):
        await answers.write(context.client, event["channel"], message)


async def _messages(deps: Deps, context: AsyncBoltContext, event: dict[str, Any], key: str) -> tuple[Message, ...]:
    """A long paste comes as a file, for so Slack makes it."""
    text = _OWN_NAME.sub("", written(event.get("text") or ""))
    if event.get("files"):
        return await answer_files(deps, context, event, text, key)
    return (await _message(deps, context, text, key),)


async def _message(deps: Deps, context: AsyncBoltContext, text: str, key: str) -> Message:
    said = folded(text).strip("!., ")
    if said in _THANKS:
        await deps.people.asker(context, Asker.VISITOR)
        return Message("You are welcome.", (section("You are welcome."),))
    try:
        answer = await ask(deps, context, "help" if said in _GREETINGS else text, key=key)
    except RunNotFound as error:
        return draw_error(error, instead_of(text, error))
    except UnknownVerb as error:
        gathered = await answer_text(deps, context, text, key)
        return gathered or draw_error(error, instead_of(text, error))
    # A message opens no form; a button in the answer does.
    return draw(answer) if isinstance(answer, Form) else answer
