"""The manifest says what there is a listener for, and no more."""

import re
from typing import Any

import pytest
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.manifest import EVENTS, RESERVED_NAMES, SCOPES, CommandNameInvalid, CommandNameReserved, Shortcut, manifest
from core.errors import UsherError
from core.requests import VERBS, read_request
from tests.bot.conftest import World

BASE = "https://usher.example.org"


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
    for callback_id in shortcuts:
        assert await _is_heard(world, {"type": "shortcut", "callback_id": callback_id})


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
