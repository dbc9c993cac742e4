"""App Home pages: published by the app, pressed by people."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.usher.demo.slack.bolt_app import BoltApp
from tests.usher.demo.slack.conftest import Office
from usher.demo.slack.server import SlackLookalike

Json = dict[str, Any]


async def test_an_app_home_is_published_and_pressed(
    slack: SlackLookalike, office: Office, bolt: BoltApp, client: AsyncWebClient
) -> None:
    pressed: list[str] = []
    button = {"type": "button", "action_id": "refresh", "text": {"type": "plain_text", "text": "Refresh"}}
    view = {"type": "home", "blocks": [{"type": "actions", "elements": [button]}]}

    @bolt.app.action("refresh")
    async def refresh(ack: Any, body: Json) -> None:
        pressed.append(body["view"]["type"])
        await ack()

    await client.views_publish(user_id=office.ada.id, view=view)
    home = slack.workspace.views.home(office.team, office.ada.id)

    assert home is not None
    assert (await slack.driver.press(office.ada, home, "refresh")).ok
    assert pressed == ["home"]


async def test_a_home_is_published_over_the_one_before_unless_the_hash_is_old(
    slack: SlackLookalike, office: Office, client: AsyncWebClient
) -> None:
    home = {"type": "home", "blocks": [{"type": "divider"}]}

    first = (await client.views_publish(user_id=office.ada.id, view=home))["view"]
    second = (await client.views_publish(user_id=office.ada.id, view=home, hash=first["hash"]))["view"]
    with pytest.raises(SlackApiError) as stale:
        await client.views_publish(user_id=office.ada.id, view=home, hash=first["hash"])

    assert first["id"] == second["id"]
    assert stale.value.response["error"] == "hash_conflict"
