"""The manifest says what there is a listener for, and no more."""

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

import bot.handlers
from bot.manifest import EVENTS, RESERVED_NAMES, SCOPES, CommandNameInvalid, CommandNameReserved, Shortcut, manifest
from core.errors import UsherError
from core.requests import VERBS, read_request
from tests.bot.conftest import World
from tests.bot.manifest_rules import faults

BASE = "https://usher.example.org"
HANDLERS = sorted(Path(inspect.getfile(bot.handlers)).parent.glob("*.py"))


def made(**changed: Any) -> dict[str, Any]:
    return manifest(BASE, changed.pop("prefix", "usher-"), socket_mode=changed.pop("socket_mode", False))


def test_every_address_is_the_one_endpoint() -> None:
    over_http = made()
    features, settings = over_http["features"], over_http["settings"]

    assert {command["url"] for command in features["slash_commands"]} == {f"{BASE}/slack/events"}
    assert over_http["oauth_config"]["redirect_urls"] == [f"{BASE}/slack/oauth_redirect"]
    assert settings["event_subscriptions"]["request_url"] == f"{BASE}/slack/events"
    assert settings["interactivity"]["message_menu_options_url"] == f"{BASE}/slack/events"
    assert not settings["socket_mode_enabled"]


def test_socket_mode_needs_no_address() -> None:
    assert BASE not in str(made(socket_mode=True))
    assert made(socket_mode=True)["settings"]["socket_mode_enabled"]


def test_names_and_texts_are_within_slacks_limits() -> None:
    features = made()["features"]

    assert len(features["slash_commands"]) <= 50
    for command in features["slash_commands"]:
        assert re.fullmatch(r"/[a-z0-9_-]{1,31}", command["command"])
        assert len(command["description"]) <= 2000
        assert len(command["usage_hint"]) <= 1000
        assert command["should_escape"] is False
    for shortcut in features["shortcuts"]:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150
    assert len(made()["display_information"]["name"]) <= 35
    assert len(made()["display_information"]["description"]) <= 140


def test_a_reserved_name_is_refused() -> None:
    with pytest.raises(CommandNameReserved) as refused:
        made(prefix="")

    assert isinstance(refused.value, UsherError)
    assert "/invite" in refused.value.message
    assert not RESERVED_NAMES & {command["command"].lstrip("/") for command in made()["features"]["slash_commands"]}


@pytest.mark.parametrize("prefix", ["Usher-", "üsher-", "us her-", "x" * 30])
def test_a_prefix_that_slack_would_not_take_is_refused(prefix: str) -> None:
    with pytest.raises(CommandNameInvalid):
        made(prefix=prefix)


def test_every_command_is_understood() -> None:
    for command in made()["features"]["slash_commands"]:
        verb = command["command"].removeprefix("/usher").removeprefix("-")
        assert not verb or verb in VERBS
        read_request(f"help {verb}")


async def test_every_listener_is_in_the_manifest(world: World) -> None:
    """Of what Slack sends only when asked to: events, and shortcuts by their callback_id."""
    told = {event.partition(".")[0] for event in EVENTS}
    shortcuts = {shortcut["callback_id"] for shortcut in made()["features"]["shortcuts"]}
    events = {"app_mention", "file_shared", "reaction_added", "team_join", *told}

    heard = {kind for kind in events if await _is_heard(world, {"type": "event_callback", "event": {"type": kind}})}
    offered = {each.value for each in Shortcut}

    assert heard == told
    assert offered == shortcuts
    kinds = {"global": "shortcut", "message": "message_action"}
    for shortcut in made()["features"]["shortcuts"]:
        heard = {
            kind
            for name, kind in kinds.items()
            if await _is_heard(world, {"type": kind, "callback_id": shortcut["callback_id"], "message": {}})
        }
        assert kinds[shortcut["type"]] in heard, shortcut["name"]


async def test_every_event_of_the_manifest_has_a_listener(world: World) -> None:
    events: dict[str, dict[str, Any]] = {
        "app_home_opened": {"user": world.olive.id, "tab": "messages"},
        "app_uninstalled": {},
        "message.im": {"channel_type": "im", "bot_id": "B1"},
        "tokens_revoked": {"tokens": {}},
        "user_change": {"user": world.olive.as_json(SCOPES)},
    }
    assert set(events) == set(EVENTS)

    for name, event in events.items():
        ack = await world.driver.event(world.team, {"type": name.partition(".")[0], **event})

        assert ack.ok, name


async def _is_heard(world: World, body: dict[str, Any]) -> bool:
    request = AsyncBoltRequest(body=body, mode="socket_mode")
    response = BoltResponse(status=200)
    return any([await listener.async_matches(req=request, resp=response) for listener in world.bolt._async_listeners])


@pytest.mark.parametrize("socket_mode", [True, False])
def test_slack_takes_the_manifest(socket_mode: bool) -> None:
    assert faults(made(socket_mode=socket_mode)) == []


@pytest.mark.parametrize(("place", "value", "fault"), [
    (("features", "shortcuts", 0, "name"), "x" * 25, "25 characters, not 1 to 24"),
    (("features", "shortcuts", 0, "type"), "file", "'file'"),
    (("features", "shortcuts", 0, "icon"), "x", "icon is not known"),
    (("features", "slash_commands", 0, "command"), "usher", "'usher'"),
    (("features", "slash_commands", 0, "should_escape"), "false", "no bool"),
    (("features", "slash_commands"), [], "0 items, not 1 to 50"),
    (("oauth_config", "scopes", "bot"), "commands", "no list"),
    (("settings", "event_subscriptions", "bot_events"), ["a", "a"], "something twice"),
    (("settings", "interactivity"), {}, "is_enabled is missing"),
    (("display_information", "background_color"), "blue", "'blue'"),
    (("display_information",), None, "no object"),
])  # fmt: skip
def test_the_rules_find_what_slack_would_refuse(place: tuple[Any, ...], value: Any, fault: str) -> None:
    spoilt = made()
    holder: Any = spoilt
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value

    assert [each for each in faults(spoilt) if fault in each]


def test_whatever_a_handler_listens_to_is_in_the_manifest() -> None:
    """The other way round, read from the handlers themselves."""
    heard = [call for path in HANDLERS for call in ast.walk(ast.parse(path.read_text())) if isinstance(call, ast.Call)]
    asked = [(call.func.attr, call.args[0]) for call in heard if isinstance(call.func, ast.Attribute) and call.args]
    events = {each.value for kind, each in asked if kind == "event" and isinstance(each, ast.Constant)}
    shortcuts = {ast.unparse(each) for kind, each in asked if kind in ("shortcut", "message_shortcut")}

    assert events == {event.partition(".")[0] for event in EVENTS}
    assert shortcuts == {f"Shortcut.{each.name}.value" for each in Shortcut}
    assert [kind for kind, _ in asked].count("command") == 1


async def test_every_command_of_the_manifest_is_heard(world: World) -> None:
    for command in made()["features"]["slash_commands"]:
        assert await _is_heard(world, {"command": command["command"], "text": "help"}), command["command"]
