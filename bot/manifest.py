"""What Slack is told about the app: only what there is a listener for.

Slack's own command names are refused here. Slack itself does not say so: a manifest with one of them loses all of its
commands, silently.
"""

from enum import StrEnum
from typing import Any, ClassVar, Final

from core.errors import InvalidRequest
from core.verbs import WORDS

SCOPES: Final = (
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:read",
    "im:history",
    "im:write",
    "users:read",
    "users:read.email",
)
EVENTS: Final = ("app_home_opened", "app_uninstalled", "message.im", "tokens_revoked", "user_change")
SHORT_VERBS: Final = (
    "invite", "invites", "links", "courses", "imports", "learners", "progress", "costs", "export", "digest",
    "history",
)  # fmt: skip
"""Verbs with a command of their own beside ``/usher``."""
ENDPOINT: Final = "/slack/events"
OAUTH_REDIRECT: Final = "/slack/oauth_redirect"

# Slack publishes no list; these are the ones that are known. Nobody may name a command so.
RESERVED_NAMES: Final = frozenset((
    "archive", "away", "collapse", "dm", "dnd", "expand", "feed", "invite", "join", "leave", "me", "msg", "mute",
    "open", "pro", "remind", "rename", "search", "shortcuts", "shrug", "status", "topic", "who",
))  # fmt: skip
_NAME_CHARACTERS: Final = 32


class Shortcut(StrEnum):
    """callback_id of what the menus beside the message box and on messages offer."""

    INVITE = "invite_learners"
    INVITE_THESE = "invite_addresses"
    """On a message: the addresses that stand in it."""
    IMPORT_SHEET = "import_sheet"
    """On a message: the spreadsheet of learners that hangs on it."""


class CommandNameReserved(InvalidRequest):
    code: ClassVar[str] = "command_name_reserved"
    wording: ClassVar[str] = "Slack keeps the command /{name} for itself, and would drop all of ours with it."
    advice: ClassVar[str] = "Choose another prefix, for example: --prefix usher-."


class CommandNameInvalid(InvalidRequest):
    code: ClassVar[str] = "command_name_invalid"
    wording: ClassVar[str] = "/{name} cannot be the name of a Slack command."
    advice: ClassVar[str] = (
        "Use a prefix of small letters, digits, - and _, so that names stay under {most} characters."
    )


def manifest(base_url: str, prefix: str, *, socket_mode: bool) -> dict[str, Any]:
    """Raises CommandNameReserved or CommandNameInvalid."""
    address = f"{base_url.rstrip('/')}{ENDPOINT}"
    url = {} if socket_mode else {"url": address}
    request_url = {} if socket_mode else {"request_url": address}
    options_url = {} if socket_mode else {"message_menu_options_url": address}
    redirect_urls = {} if socket_mode else {"redirect_urls": [f"{base_url.rstrip('/')}{OAUTH_REDIRECT}"]}
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": "Usher",
            "description": "Invites learners to courses and keeps track of them.",
            "background_color": "#1d3557",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "Usher", "always_online": True},
            "shortcuts": shortcuts(),
            "slash_commands": [{**command, **url} for command in _commands(prefix)],
        },
        "oauth_config": {**redirect_urls, "scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**request_url, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **request_url, **options_url},
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket_mode,
            "token_rotation_enabled": False,
        },
    }


def shortcuts() -> list[dict[str, Any]]:
    return [
        {
            "name": "Invite learners",
            "type": "global",
            "callback_id": Shortcut.INVITE.value,
            "description": "Invite learners to a run by e-mail.",
        },
        {
            "name": "Invite these addresses",
            "type": "message",
            "callback_id": Shortcut.INVITE_THESE.value,
            "description": "Invite everybody whose e-mail address stands in this message.",
        },
        {
            "name": "Import attached sheet",
            "type": "message",
            "callback_id": Shortcut.IMPORT_SHEET.value,
            "description": "Import the learners of the spreadsheet on this message.",
        },
    ]


def _commands(prefix: str) -> list[dict[str, Any]]:
    everything = _command("usher", "Everything Usher can do: write “help”.", "[help | invite | courses | …]")
    return [everything, *(_command(f"{prefix}{name}", WORDS[name].summary, WORDS[name].usage) for name in SHORT_VERBS)]


def _command(name: str, description: str, usage: str) -> dict[str, Any]:
    if name in RESERVED_NAMES:
        raise CommandNameReserved(name=name)
    is_plain = name.isascii() and name.replace("-", "").replace("_", "").isalnum() and name == name.lower()
    if not is_plain or len(name) + 1 > _NAME_CHARACTERS:
        raise CommandNameInvalid(name=name, most=_NAME_CHARACTERS)
    # should_escape off: else addresses would arrive as markup.
    return {"command": f"/{name}", "description": description, "usage_hint": usage, "should_escape": False}
