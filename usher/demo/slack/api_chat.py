"""chat.*: messages in channels and direct messages, for everybody or for one person."""

from collections.abc import Mapping
from types import MappingProxyType

from usher.demo.slack.calls import Call, Method
from usher.demo.slack.errors import SlackError, problems_error
from usher.demo.slack.inspection import JsonObject
from usher.demo.slack.limit_table import LIMITS
from usher.demo.slack.limits import TOO_MANY_CHARACTERS, block_kit_problems
from usher.demo.slack.rates import Tier
from usher.demo.slack.records import Channel, Message


def check_content(arguments: JsonObject, longest_text: int = LIMITS["message.text"]) -> None:
    """Raises no_text, msg_too_long, invalid_blocks or msg_blocks_too_long."""
    text = arguments.get("text") or ""
    if not text and not arguments.get("blocks") and not arguments.get("attachments"):
        raise SlackError("no_text")
    if not isinstance(text, str):
        raise problems_error("invalid_arguments", ["must be a string [json-pointer:/text]"])
    if len(text) > longest_text:
        raise SlackError("msg_too_long")
    blocks = arguments.get("blocks") or []
    problems = block_kit_problems(blocks, "message") if blocks else []
    if len(problems) == 1 and TOO_MANY_CHARACTERS in problems[0]:
        raise problems_error("msg_blocks_too_long", problems)
    if problems:
        raise problems_error("invalid_blocks", problems)


def _post_message(call: Call) -> JsonObject:
    channel = _writable(call, call.channel_or_person())
    check_content(call.arguments)
    message = _post(call, channel)
    message.thread_ts = call.arguments.get("thread_ts")
    message.attachments = call.arguments.get("attachments") or []
    return {"channel": channel.id, "ts": message.ts, "message": message.as_json(call.team.id)}


def _post_ephemeral(call: Call) -> JsonObject:
    channel, user = _writable(call, call.channel()), call.user()
    if user.id not in channel.members:
        raise SlackError("user_not_in_channel")
    check_content(call.arguments)
    return {"message_ts": _post(call, channel, only_for=user.id).ts}


def _update(call: Call) -> JsonObject:
    """A text without blocks removes the blocks that were there."""
    message = _own_message(call, "cant_update_message")
    check_content(call.arguments, LIMITS["message.updated_text"])
    call.workspace.edit(message, call.arguments.get("text") or "", call.arguments.get("blocks"))
    shown = message.as_json(call.team.id)
    return {"channel": message.channel_id, "ts": message.ts, "text": message.text, "message": shown}


def _delete(call: Call) -> JsonObject:
    message = _own_message(call, "cant_delete_message")
    call.workspace.messages.remove(message)
    return {"channel": message.channel_id, "ts": message.ts}


def _writable(call: Call, channel: Channel) -> Channel:
    if channel.is_archived:
        raise SlackError("is_archived")
    if call.team.bot_user_id not in channel.members and "chat:write.public" not in call.team.scopes:
        raise SlackError("not_in_channel")
    wait = call.rates.wait_for_channel(channel.id)
    if wait:
        raise SlackError("ratelimited", retry_after=wait)
    return channel


def _post(call: Call, channel: Channel, only_for: str | None = None) -> Message:
    text, blocks = call.arguments.get("text") or "", call.arguments.get("blocks")
    return call.workspace.post(channel, call.bot, text, blocks=blocks, only_for=only_for)


def _own_message(call: Call, refusal: str) -> Message:
    """An ephemeral message is not found here, whoever wrote it."""
    channel = call.channel()
    message = call.workspace.message(channel.id, call.text("ts"))
    if message is None:
        raise SlackError("message_not_found")
    if message.user_id != call.team.bot_user_id:
        raise SlackError(refusal)
    return message


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "chat.postMessage": Method(_post_message, Tier.SPECIAL, "chat:write"),
        "chat.postEphemeral": Method(_post_ephemeral, Tier.FOUR, "chat:write"),
        "chat.update": Method(_update, Tier.THREE, "chat:write"),
        "chat.delete": Method(_delete, Tier.THREE, "chat:write"),
    }
)
