"""The Web API as Slack's own client sees it."""

import asyncio
import math
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.usher.demo.slack.clock import SteppedClock
from tests.usher.demo.slack.conftest import Office
from usher.demo.slack.faults import CutBody, Hang, Refusal, ServerError, TooManyRequests
from usher.demo.slack.rates import CHANNEL_BURST
from usher.demo.slack.server import SlackLookalike

Json = dict[str, Any]
HELLO = [{"type": "section", "text": {"type": "mrkdwn", "text": "*Hello*"}}]


async def refusal(call: Any) -> str:
    with pytest.raises(SlackApiError) as refused:
        await call
    return str(refused.value.response["error"])


# Who is calling


async def test_every_answer_names_the_scopes(client: AsyncWebClient, office: Office) -> None:
    answer = await client.auth_test()

    assert answer["team_id"] == office.team.id
    assert answer["bot_id"] == office.team.bot_id
    assert "users:read.email" in answer.headers["x-oauth-scopes"]


async def test_tokens_are_checked(slack: SlackLookalike, office: Office, client: AsyncWebClient) -> None:
    nobody = AsyncWebClient(base_url=slack.api_url, session=client.session)

    assert await refusal(nobody.auth_test()) == "not_authed"
    assert await refusal(nobody.auth_test(token="xoxb-wrong")) == "invalid_auth"
    await client.auth_revoke(test=True)
    assert (await client.auth_test())["ok"]
    await client.auth_revoke()
    assert await refusal(client.auth_test()) == "token_revoked"


async def test_a_missing_scope_is_named(slack: SlackLookalike, office: Office, client: AsyncWebClient) -> None:
    office.team.scopes = ("chat:write", "users:read")

    with pytest.raises(SlackApiError) as refused:
        await client.users_lookupByEmail(email=office.ada.email)
    user = (await client.users_info(user=office.ada.id))["user"]

    assert refused.value.response["error"] == "missing_scope"
    assert refused.value.response["needed"] == "users:read.email"
    assert "email" not in user["profile"]
    assert await refusal(client.conversations_info(channel=office.general.id)) == "missing_scope"


async def test_unknown_and_retired_methods_are_refused(client: AsyncWebClient) -> None:
    assert await refusal(client.api_call("chat.shout")) == "unknown_method"
    assert await refusal(client.api_call("files.upload")) == "method_deprecated"
    assert (await client.api_test(greeting="hello"))["args"] == {"greeting": "hello"}


# Slack's client still signs in with the class that aiohttp deprecates.
@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")
async def test_a_code_is_exchanged_for_a_token_once(
    slack: SlackLookalike, office: Office, session: aiohttp.ClientSession
) -> None:
    app = slack.workspace.app
    anonymous = AsyncWebClient(base_url=slack.api_url, session=session)
    page = f"{slack.base_url}/oauth/v2/authorize"
    wanted = {"client_id": app.client_id, "state": "s1", "redirect_uri": "http://127.0.0.1/back"}
    async with session.get(page, params=wanted, allow_redirects=False) as consent:
        back = consent.headers["Location"]
    code = back.partition("code=")[2].partition("&")[0]

    def exchange(secret: str) -> Any:
        uri = wanted["redirect_uri"]
        return anonymous.oauth_v2_access(client_id=app.client_id, client_secret=secret, code=code, redirect_uri=uri)

    assert back.endswith("state=s1")
    assert await refusal(exchange("wrong")) == "bad_client_secret"
    assert (await exchange(app.client_secret))["access_token"] == office.team.bot_token
    assert await refusal(exchange(app.client_secret)) == "invalid_code"


async def test_a_code_is_exchanged_under_its_own_address_and_a_removed_app_gets_another_token(
    slack: SlackLookalike, office: Office, session: aiohttp.ClientSession
) -> None:
    app, former = slack.workspace.app, office.team.bot_token
    anonymous = AsyncWebClient(base_url=slack.api_url, session=session)

    async def exchange(uri: str) -> Any:
        wanted = {"client_id": app.client_id, "redirect_uri": "http://127.0.0.1/back"}
        page = f"{slack.base_url}/oauth/v2/authorize"
        async with session.get(page, params=wanted, allow_redirects=False) as consent:
            code = consent.headers["Location"].partition("code=")[2].partition("&")[0]
        given = {"client_id": app.client_id, "client_secret": app.client_secret, "code": code, "redirect_uri": uri}
        return await anonymous.api_call("oauth.v2.access", data=given)

    assert await refusal(exchange("http://127.0.0.1/elsewhere")) == "bad_redirect_uri"
    assert (await exchange("http://127.0.0.1/back"))["access_token"] == former
    office.team.is_token_revoked = True
    renewed = (await exchange("http://127.0.0.1/back"))["access_token"]
    assert renewed not in ("", former)
    assert office.team.bot_token == renewed


async def test_a_form_and_json_and_a_query_are_read_alike(
    slack: SlackLookalike, office: Office, session: aiohttp.ClientSession
) -> None:
    url = f"{slack.api_url}chat.postMessage"
    form = {"token": office.team.bot_token, "channel": office.general.id, "blocks": '[{"type":"divider"}]'}

    answers = []
    async with session.post(url, data=form) as answer:
        answers.append(await answer.json())
    async with session.post(url, json=form | {"blocks": [{"type": "divider"}]}) as answer:
        answers.append(await answer.json())
    async with session.get(url, params=form) as answer:
        answers.append(await answer.json())
    async with session.post(url, data=form | {"blocks": "[{"}) as answer:
        broken = await answer.json()

    assert [one["message"]["blocks"][0]["type"] for one in answers] == ["divider"] * 3
    assert broken["error"] == "invalid_blocks_format"


# People and places


async def test_people_are_found_by_id_and_address(
    slack: SlackLookalike, office: Office, client: AsyncWebClient
) -> None:
    gone = slack.workspace.add_user(office.team, "Gone Away", "gone@example.org")
    gone.deleted = True

    found = await client.users_lookupByEmail(email="ADA.marsh@example.org")

    assert found["user"]["id"] == office.ada.id
    assert (await client.users_info(user=gone.id))["user"]["deleted"]
    assert await refusal(client.users_lookupByEmail(email="gone@example.org")) == "users_not_found"
    assert await refusal(client.users_info(user="U99999999")) == "user_not_found"


async def test_another_workspace_is_out_of_reach(slack: SlackLookalike, office: Office, client: AsyncWebClient) -> None:
    other = slack.workspace.add_team("South College", enterprise_id="E1")
    eve = slack.workspace.add_user(other, "Eve Hall", "eve@example.org")
    there = slack.workspace.add_channel(other, "general", [eve])

    assert await refusal(client.users_info(user=eve.id)) == "user_not_found"
    assert await refusal(client.chat_postMessage(channel=there.id, text="x")) == "channel_not_found"
    eve.is_stranger = True
    assert "email" not in (await client.users_info(user=eve.id))["user"]["profile"]


async def test_users_are_listed_in_pages(slack: SlackLookalike, office: Office, client: AsyncWebClient) -> None:
    first = await client.users_list(limit=1)
    second = await client.users_list(limit=1, cursor=first["response_metadata"]["next_cursor"])

    assert second["members"][0]["id"] == office.ada.id
    assert second["response_metadata"]["next_cursor"] == ""


async def test_direct_messages_are_opened_once(client: AsyncWebClient, office: Office) -> None:
    first = await client.conversations_open(users=office.ada.id)
    second = await client.conversations_open(users=[office.ada.id])

    assert first["channel"]["id"].startswith("D")
    assert first["channel"]["id"] == second["channel"]["id"]


# Messages


async def test_a_message_is_posted_changed_and_deleted(
    slack: SlackLookalike, office: Office, client: AsyncWebClient
) -> None:
    posted = await client.chat_postMessage(channel=office.general.id, text="1 sent", blocks=HELLO)
    where = {"channel": posted["channel"], "ts": posted["ts"]}
    await client.chat_update(**where, text="2 sent")

    assert [(message.text, message.blocks) for message in slack.workspace.messages] == [("2 sent", [])]
    await client.chat_delete(**where)
    assert slack.workspace.messages == []
    assert await refusal(client.chat_update(**where, text="3 sent")) == "message_not_found"


async def test_posting_to_a_person_is_a_direct_message(
    slack: SlackLookalike, office: Office, client: AsyncWebClient
) -> None:
    posted = await client.chat_postMessage(channel=office.ada.id, text="Hello")

    assert slack.workspace.channels[posted["channel"]].im_user_id == office.ada.id
    update = client.chat_update(channel=office.ada.id, ts=posted["ts"], text="x")
    assert await refusal(update) == "channel_not_found"


async def test_an_ephemeral_message_is_out_of_reach_of_the_web_api(
    slack: SlackLookalike, office: Office, client: AsyncWebClient
) -> None:
    channel = office.general.id
    posted = await client.chat_postEphemeral(channel=channel, user=office.ada.id, text="psst")
    update = client.chat_update(channel=channel, ts=posted["message_ts"], text="x")

    assert slack.workspace.messages[0].only_for == office.ada.id
    assert await refusal(update) == "message_not_found"


async def test_messages_that_slack_refuses_are_refused_in_its_words(
    slack: SlackLookalike, office: Office, client: AsyncWebClient
) -> None:
    slack.rates.allowance = math.inf
    channel = office.general.id
    theirs = slack.workspace.post(office.general, office.ada, "Hello")
    many = [{"type": "section", "text": {"type": "plain_text", "text": "x" * 2900}}] * 5

    with pytest.raises(SlackApiError) as invalid:
        await client.chat_postMessage(channel=channel, text="x", blocks=[{"type": "banner"}])

    assert invalid.value.response["error"] == "invalid_blocks"
    assert "unknown block type 'banner'" in invalid.value.response["response_metadata"]["messages"][0]
    assert await refusal(client.api_call("chat.postMessage", json={"channel": channel})) == "no_text"
    assert await refusal(client.chat_postMessage(channel=channel, text="x" * 40_001)) == "msg_too_long"
    assert await refusal(client.chat_postMessage(channel=channel, text="x", blocks=many)) == "msg_blocks_too_long"
    assert await refusal(client.chat_update(channel=channel, ts=theirs.ts, text="x")) == "cant_update_message"
    own = await client.chat_postMessage(channel=channel, text="x")
    too_long = client.chat_update(channel=channel, ts=own["ts"], text="x" * 4001)
    assert await refusal(too_long) == "msg_too_long"


async def test_the_bot_posts_where_it_was_invited_only(
    slack: SlackLookalike, office: Office, client: AsyncWebClient
) -> None:
    office.general.members.discard(office.team.bot_user_id)
    assert await refusal(client.chat_postMessage(channel=office.general.id, text="x")) == "not_in_channel"

    office.general.is_archived = True
    assert await refusal(client.chat_postMessage(channel=office.general.id, text="x")) == "is_archived"


async def test_arguments_that_make_no_sense_are_refused(
    slack: SlackLookalike, office: Office, client: AsyncWebClient
) -> None:
    where = {"channel": office.general.id}
    bob = slack.workspace.add_user(office.team, "Bob Lane", "bob@example.org")

    assert await refusal(client.api_call("users.list", params={"limit": "many"})) == "invalid_arguments"
    assert await refusal(client.users_list(cursor="?")) == "invalid_cursor"
    assert await refusal(client.users_lookupByEmail(email="")) == "invalid_arguments"
    assert await refusal(client.conversations_open(users="")) == "users_list_not_supplied"
    assert await refusal(client.conversations_open(users="U99999999")) == "user_not_found"
    assert await refusal(client.api_call("chat.postMessage", json=where | {"text": 7})) == "invalid_arguments"
    assert (
        await refusal(client.chat_postEphemeral(channel=office.general.id, user=bob.id, text="x"))
        == "user_not_in_channel"
    )
    assert await refusal(client.api_call("views.publish", json={"user_id": bob.id})) == "invalid_arguments"


async def test_bodies_that_are_no_json_object_are_refused(
    slack: SlackLookalike, session: aiohttp.ClientSession
) -> None:
    headers = {"Content-Type": "application/json"}

    errors = []
    for body in (b"{", b"[]"):
        async with session.post(f"{slack.api_url}auth.test", data=body, headers=headers) as answer:
            errors.append((await answer.json())["error"])

    assert errors == ["invalid_json", "json_not_object"]


# response_url


async def test_a_response_url_replaces_and_deletes_what_was_pressed(slack: SlackLookalike, office: Office) -> None:
    bot = slack.workspace.users[office.team.bot_user_id]
    preview = slack.workspace.post(office.general, bot, "2 new", only_for=office.ada.id)
    ticket = slack.workspace.issue_response_url(office.team, office.ada.id, office.general.id, preview)
    webhook = AsyncWebhookClient(slack.workspace.url_of(ticket))

    await webhook.send(text="Sending", replace_original=True)
    replaced = [message.text for message in slack.workspace.messages]
    await webhook.send(text="Said to all", response_type="in_channel")
    await webhook.send(delete_original=True)

    assert replaced == ["Sending"]
    assert [(message.text, message.only_for) for message in slack.workspace.messages] == [("Said to all", None)]


async def test_a_response_url_works_five_times(slack: SlackLookalike, office: Office) -> None:
    ticket = slack.workspace.issue_response_url(office.team, office.ada.id, office.general.id, None)
    webhook = AsyncWebhookClient(slack.workspace.url_of(ticket))

    answers = [await webhook.send(text=f"{number}") for number in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert "used_url" in answers[-1].body
    assert len(slack.workspace.messages) == 5


@pytest.mark.parametrize(("minutes", "status"), [(30, 200), (31, 404)])
async def test_a_response_url_works_for_half_an_hour(
    slack: SlackLookalike, office: Office, clock: SteppedClock, minutes: int, status: int
) -> None:
    ticket = slack.workspace.issue_response_url(office.team, office.ada.id, office.general.id, None)
    clock.advance(minutes * 60)

    answer = await AsyncWebhookClient(slack.workspace.url_of(ticket)).send(text="x")

    assert answer.status_code == status


# Rate limits and faults


async def test_a_channel_takes_one_message_a_second_after_a_short_burst(
    office: Office, client: AsyncWebClient, clock: SteppedClock
) -> None:
    def post() -> Any:
        return client.chat_postMessage(channel=office.general.id, text="x")

    for _ in range(CHANNEL_BURST):
        await post()
    with pytest.raises(SlackApiError) as refused:
        await post()
    clock.advance(1)

    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["Retry-After"] == "1"
    assert (await post())["ok"]


async def test_a_method_takes_so_many_calls_a_minute(client: AsyncWebClient, clock: SteppedClock) -> None:
    for _ in range(20):
        await client.users_list()
    clock.advance(20)
    with pytest.raises(SlackApiError) as refused:
        await client.users_list()
    clock.advance(40)

    assert refused.value.response.headers["Retry-After"] == "40"
    assert (await client.users_list())["ok"]


async def test_a_demo_can_be_more_generous(slack: SlackLookalike, client: AsyncWebClient, office: Office) -> None:
    slack.rates.allowance = 4

    for number in range(CHANNEL_BURST * 4):
        await client.chat_postMessage(channel=office.general.id, text=str(number))

    assert await refusal(client.chat_postMessage(channel=office.general.id, text="x")) == "ratelimited"


async def test_slacks_client_survives_a_429_on_demand(
    slack: SlackLookalike, office: Office, client: AsyncWebClient
) -> None:
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    slack.faults.fail_next("chat.postMessage", TooManyRequests(retry_after=0))

    await client.chat_postMessage(channel=office.general.id, text="once")

    statuses = [entry.status for entry in slack.workspace.calls("chat.postMessage")]
    assert statuses == [429, 200]
    assert len(slack.workspace.messages) == 1


async def test_a_server_error_leaves_nothing_behind_and_passes(
    slack: SlackLookalike, office: Office, client: AsyncWebClient
) -> None:
    slack.faults.fail_next("chat.postMessage", ServerError(), times=2)

    for _ in range(2):
        with pytest.raises(SlackApiError):
            await client.chat_postMessage(channel=office.general.id, text="x")
    await client.chat_postMessage(channel=office.general.id, text="x")

    assert len(slack.workspace.messages) == 1


async def test_a_refusal_on_demand_is_said_as_slack_says_it(
    slack: SlackLookalike, office: Office, client: AsyncWebClient
) -> None:
    slack.faults.fail_next("chat.postMessage", Refusal("token_revoked"))

    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=office.general.id, text="x")

    assert refused.value.response["error"] == "token_revoked"
    assert slack.workspace.messages == []


async def test_a_cut_or_late_answer_leaves_the_caller_unsure(
    slack: SlackLookalike, office: Office, client: AsyncWebClient
) -> None:
    slack.faults.fail_next("chat.postMessage", CutBody())
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=office.general.id, text="cut")

    slack.faults.fail_next("chat.postMessage", Hang(0.1))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await client.chat_postMessage(channel=office.general.id, text="late")

    assert [message.text for message in slack.workspace.messages] == ["cut", "late"]


async def test_the_journal_keeps_calls_without_their_secrets(
    slack: SlackLookalike, office: Office, client: AsyncWebClient, clock: SteppedClock
) -> None:
    call = client.api_call("chat.postMessage", json={"channel": "C1", "token": office.team.bot_token})
    await refusal(call)

    entry = slack.workspace.journal[-1]
    assert (entry.method, entry.arguments, entry.at) == ("chat.postMessage", {"channel": "C1"}, clock())
    assert (entry.team_id, entry.answer["error"]) == (office.team.id, "channel_not_found")
