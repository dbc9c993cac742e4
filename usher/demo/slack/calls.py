"""One call of the Web API: its arguments, whoever made it, and the rules that stand for its method."""

import json
from collections.abc import Callable

from aiohttp import web
from msgspec import Struct

from usher.demo.slack.errors import SlackError, problems_error
from usher.demo.slack.inspection import JsonObject
from usher.demo.slack.rates import RateLimits, Tier
from usher.demo.slack.records import Channel, Team, User
from usher.demo.slack.workspace import Workspaces

# Arguments that are lists or objects: in forms and query strings they come as JSON text.
_NESTED = ("attachments", "blocks", "files", "metadata", "view")


class Call(Struct, frozen=True):
    workspace: Workspaces
    rates: RateLimits
    team: Team
    arguments: JsonObject

    def text(self, name: str) -> str:
        """Raises invalid_arguments when the argument is missing."""
        value = self.arguments.get(name)
        if value is None or value == "":
            raise problems_error("invalid_arguments", [f"missing required field: {name}"])
        return str(value)

    def number(self, name: str) -> int:
        """Raises invalid_arguments for anything but digits."""
        text = self.text(name)
        if not text.isdecimal():
            raise problems_error("invalid_arguments", [f"must be a number: {name}"])
        return int(text)

    def channel(self) -> Channel:
        """Raises channel_not_found."""
        channel = self.workspace.channel_in(self.team, str(self.arguments.get("channel") or ""))
        if channel is None:
            raise SlackError("channel_not_found")
        return channel

    def channel_or_person(self) -> Channel:
        """A person's id stands for the bot's direct messages with them; only posting takes it."""
        user = self.workspace.user_in(self.team, str(self.arguments.get("channel") or ""))
        return self.workspace.direct_messages(self.team, user.id) if user else self.channel()

    def user(self, name: str = "user") -> User:
        """Raises user_not_found."""
        user = self.workspace.user_in(self.team, str(self.arguments.get(name) or ""))
        if user is None:
            raise SlackError("user_not_found")
        return user

    @property
    def bot(self) -> User:
        return self.workspace.users[self.team.bot_user_id]


class Method(Struct, frozen=True):
    run: Callable[[Call], JsonObject]
    tier: Tier
    scope: str | None = None


async def read_arguments(request: web.Request) -> JsonObject:
    """From the query string, a form or a JSON body, whichever of them the client chose."""
    arguments: JsonObject = dict(request.query)
    if request.content_type == "application/json":
        arguments |= _object(await request.text())
    elif request.method == "POST":
        form = await request.post()
        arguments |= {key: value for key, value in form.items() if isinstance(value, str)}
    for name in _NESTED:
        if isinstance(arguments.get(name), str):
            arguments[name] = _nested(name, arguments[name])
    return {key: value for key, value in arguments.items() if value is not None}


def _object(text: str) -> JsonObject:
    try:
        found = json.loads(text or "{}")
    except json.JSONDecodeError:
        raise SlackError("invalid_json") from None
    if not isinstance(found, dict):
        raise SlackError("json_not_object")
    return found


def _nested(name: str, text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise SlackError("invalid_blocks_format" if name == "blocks" else "invalid_arguments") from None


def is_true(value: object) -> bool:
    """Forms spell booleans as 1 and true."""
    return str(value).lower() in {"1", "true"}
