"""Socket Mode with Bolt's own handler: the same listeners, the same answers as over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.usher.demo.slack.bolt_app import BoltApp
from tests.usher.demo.slack.clock import SteppedClock
from tests.usher.demo.slack.conftest import Office
from usher.demo.slack.acks import Ack
from usher.demo.slack.server import SlackLookalike
from usher.demo.slack.socket_mode import MOST_SOCKETS

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


MODAL: Json = {
    "type": "modal",
    "callback_id": "invite",
    "title": plain("Invite"),
    "submit": plain("Next"),
    "blocks": [
        {
            "type": "input",
            "block_id": "run",
            "label": plain("Run"),
            "element": {"type": "external_select", "action_id": "run", "min_query_length": 1},
        }
    ],
}


def register(bolt: BoltApp) -> None:
    @bolt.app.command("/invite")
    async def invite(ack: Any, client: Any, body: Json) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL)
        await ack("A form has opened.")

    @bolt.app.options("run")
    async def runs(ack: Any) -> None:
        await ack(options=[{"text": plain("Maths"), "value": "maths-2026-03"}])

    @bolt.app.view("invite")
    async def submitted(ack: Any) -> None:
        await ack(response_action="errors", errors={"run": "This run has closed."})

    @bolt.app.event("message")
    async def message(event: Json) -> None:
        assert event["channel_type"] == "im"


async def tell_story(slack: SlackLookalike, office: Office) -> list[Ack]:
    typed = await slack.driver.command(office.ada, office.general, "/invite")
    view = slack.driver.modal(office.ada)
    offered = await slack.driver.suggest(office.ada, view, "run", "m")
    refused = await slack.driver.submit(office.ada, view, {"run": "maths-2026-03"})
    said = await slack.driver.say_dm(office.ada, "help")
    return [typed, offered, refused, said]


@pytest.fixture
async def socket_bolt(
    slack: SlackLookalike, office: Office, clock: SteppedClock, session: aiohttp.ClientSession
) -> AsyncIterator[BoltApp]:
    app = BoltApp(slack, office.team, clock, session)
    await app.dial()
    yield app
    await app.stop()


async def test_socket_equals_http(slack: SlackLookalike, office: Office, bolt: BoltApp) -> None:
    register(bolt)

    by_http = await tell_story(slack, office)
    requests = len(bolt.headers)
    await bolt.dial()
    by_socket = await tell_story(slack, office)

    assert len(bolt.headers) == requests
    assert [ack.problem for ack in by_http] == [ack.problem for ack in by_socket] == [None] * 4
    assert [ack.errors for ack in by_http] == [ack.errors for ack in by_socket]
    assert [ack.options for ack in by_http] == [ack.options for ack in by_socket]
    assert [ack.message and ack.message.text for ack in by_http] == [
        ack.message and ack.message.text for ack in by_socket
    ]


async def test_acks_with_and_without_words_are_kept(
    slack: SlackLookalike, office: Office, socket_bolt: BoltApp
) -> None:
    register(socket_bolt)

    await tell_story(slack, office)

    payloads = [ack.payload for ack in slack.hub.acks]
    assert payloads[0] == {"text": "A form has opened."}
    assert payloads[3] is None


async def test_a_listener_that_fails_never_acknowledges(clock: SteppedClock, session: aiohttp.ClientSession) -> None:
    async with SlackLookalike(clock, patience=0.05) as slack:
        team = slack.workspace.add_team("North College")
        ada = slack.workspace.add_user(team, "Ada Marsh", "ada.marsh@example.org")
        bolt = BoltApp(slack, team, clock, session)

        @bolt.app.event("user_change")
        async def change() -> None:
            raise RuntimeError("the database is away")

        await bolt.dial()
        ack = await slack.driver.change_user(ada)
        await bolt.stop()

    assert ack.problem == "operation_timeout"
    assert [failed.reason for failed in slack.driver.failed_events] == ["http_timeout"]


async def test_only_the_app_token_opens_connections(
    slack: SlackLookalike, office: Office, client: AsyncWebClient
) -> None:
    with pytest.raises(SlackApiError) as refused:
        await client.apps_connections_open(app_token=office.team.bot_token)
    opened = await client.apps_connections_open(app_token=slack.workspace.app.app_token)

    assert refused.value.response["error"] == "not_allowed_token_type"
    assert opened["url"].startswith("ws://127.0.0.1:")


async def test_a_socket_address_is_good_for_one_connection(
    slack: SlackLookalike, office: Office, session: aiohttp.ClientSession
) -> None:
    url = slack.hub.issue_url()

    async with session.ws_connect(url) as socket:
        hello = await socket.receive_json()
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)

    assert hello["type"] == "hello"


async def test_the_eleventh_socket_is_turned_away(
    slack: SlackLookalike, office: Office, session: aiohttp.ClientSession
) -> None:
    sockets = [await session.ws_connect(slack.hub.issue_url()) for _ in range(MOST_SOCKETS)]

    eleventh = await session.ws_connect(slack.hub.issue_url())
    told = await eleventh.receive_json()

    assert told == {"type": "disconnect", "reason": "too_many_websockets"}
    await asyncio.gather(*[socket.close() for socket in (*sockets, eleventh)])


async def test_bolt_dials_again_when_asked(slack: SlackLookalike, office: Office, socket_bolt: BoltApp) -> None:
    register(socket_bolt)

    connected = slack.hub.next_connection()
    await slack.hub.disconnect()
    await asyncio.wait_for(connected, 60)
    ack = await slack.driver.say_dm(office.ada, "help")

    assert ack.ok
