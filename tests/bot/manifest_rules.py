"""What Slack takes for an app's manifest: the rules of its published schema 2.0.0 for the parts that we use.

Written down by hand from slackapi/manifest-schema (schemas/manifest.schema.2.0.0.json). As there, a name that the rules
do not know is a fault: Slack refuses such a manifest, or drops the part around it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

_ADDRESS = r"https?://"


class Text(Struct, frozen=True):
    most: int
    least: int = 0
    begins: str = ""
    """A pattern for its beginning."""
    one_of: tuple[str, ...] = ()

    def faults(self, place: str, value: Any) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"{place}: no text"
        elif not self.least <= len(value) <= self.most:
            yield f"{place}: {len(value)} characters, not {self.least} to {self.most}"
        elif not re.match(self.begins, value) or (self.one_of and value not in self.one_of):
            yield f"{place}: {value!r}"


class Plain(Struct, frozen=True):
    kind: type

    def faults(self, place: str, value: Any) -> Iterator[str]:
        if type(value) is not self.kind:
            yield f"{place}: no {self.kind.__name__}"


class Items(Struct, frozen=True):
    of: "Rule"
    most: int
    least: int = 0
    are_unique: bool = False

    def faults(self, place: str, value: Any) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{place}: no list"
            return
        if not self.least <= len(value) <= self.most:
            yield f"{place}: {len(value)} items, not {self.least} to {self.most}"
        if self.are_unique and any(value.count(each) > 1 for each in value):
            yield f"{place}: something twice"
        for number, each in enumerate(value):
            yield from self.of.faults(f"{place}/{number}", each)


class Fields(Struct, frozen=True):
    known: Mapping[str, "Rule"]
    required: tuple[str, ...] = ()

    def faults(self, place: str, value: Any) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{place}: no object"
            return
        yield from (f"{place}: {name} is missing" for name in self.required if name not in value)
        for name, each in value.items():
            if name in self.known:
                yield from self.known[name].faults(f"{place}/{name}", each)
            else:
                yield f"{place}: {name} is not known"


Rule = Text | Plain | Items | Fields
_FLAG, _WHOLE = Plain(bool), Plain(int)

_COMMAND = Fields(
    {
        "command": Text(32, 2, "/"),
        "url": Text(3000, 0, _ADDRESS),
        "description": Text(2000, 1),
        "usage_hint": Text(1000, 1),
        "should_escape": _FLAG,
    },
    required=("command", "description"),
)
_SHORTCUT = Fields(
    {
        "name": Text(24, 1),
        "type": Text(10, 1, one_of=("message", "global")),
        "callback_id": Text(255, 1),
        "description": Text(150, 1),
    },
    required=("name", "type", "callback_id", "description"),
)
_FEATURES = Fields(
    {
        "app_home": Fields(
            dict.fromkeys(("home_tab_enabled", "messages_tab_enabled", "messages_tab_read_only_enabled"), _FLAG)
        ),
        "bot_user": Fields({"display_name": Text(80, 1), "always_online": _FLAG}, required=("display_name",)),
        "shortcuts": Items(_SHORTCUT, 10, 1),
        "slash_commands": Items(_COMMAND, 50, 1),
    }
)
_SCOPES = Items(Text(50), 255)
_OAUTH = Fields(
    {
        "redirect_urls": Items(Text(2500), 1000, are_unique=True),
        "scopes": Fields({"bot": _SCOPES, "bot_optional": _SCOPES}),
        "token_management_enabled": _FLAG,
    }
)
_URL = Text(3500, 0, _ADDRESS)
_SETTINGS = Fields(
    {
        "event_subscriptions": Fields({"request_url": _URL, "bot_events": Items(Text(50), 100, are_unique=True)}),
        "interactivity": Fields(
            {"is_enabled": _FLAG, "request_url": _URL, "message_menu_options_url": _URL}, required=("is_enabled",)
        ),
        "org_deploy_enabled": _FLAG,
        "socket_mode_enabled": _FLAG,
        "token_rotation_enabled": _FLAG,
    }
)
MANIFEST = Fields(
    {
        "_metadata": Fields({"major_version": _WHOLE, "minor_version": _WHOLE}),
        "display_information": Fields(
            {
                "name": Text(35, 1),
                "description": Text(140, 1),
                "background_color": Text(7, 4, "#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?$"),
                "long_description": Text(4000, 175),
            },
            required=("name",),
        ),
        "features": _FEATURES,
        "oauth_config": _OAUTH,
        "settings": _SETTINGS,
    },
    required=("display_information",),
)


def faults(manifest: Any) -> list[str]:
    return list(MANIFEST.faults("manifest", manifest))
