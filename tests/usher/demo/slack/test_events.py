"""Events reach a real Bolt app until it takes them, and duplicates are Slack's good right."""

from typing import Any

from slack_bolt import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from tests.usher.demo.slack.bolt_app import BoltApp
from tests.usher.demo.slack.clock import SteppedClock
from tests.usher.demo.slack.conftest import Office
from usher.demo.slack.server import SlackLookalike

Json = dict[str, Any]


async def test_a_direct_message_comes_with_slacks_markup(slack: SlackLookalike, office: Office, bolt: BoltApp) -> None:
    got: list[Json] = []

    @bolt.app.event("message")
    async def message(event: Json) -> None:
        got.append(event)

    ack = await slack.driver.say_dm(office.ada, "invite a.b@example.org & <c@example.org>")

    address = "<mailto:a.b@example.org|a.b@example.org>"
    other = "&lt;<mailto:c@example.org|c@example.org>&gt;"
    assert ack.ok
    assert got[0]["channel_type"] == "im"
    assert got[0]["text"] == f"invite {address} &amp; {other}"


async def test_a_file_in_a_direct_message_is_announced_and_can_be_fetched(
    slack: SlackLookalike, office: Office, bolt: BoltApp, client: AsyncWebClient
) -> None:
    got: list[Json] = []

    @bolt.app.event("message")
    async def message(event: Json) -> None:
        got.append(event)

    await slack.driver.upload_dm(office.ada, "learners.csv", b"a@example.org\n", "this year's")
    announced = got[0]["files"][0]
    info = (await client.files_info(file=announced["id"]))["file"]

    assert got[0]["subtype"] == "file_share"
    assert announced["filetype"] == "csv"
    assert info["url_private_download"] == announced["url_private_download"]


async def test_a_failed_event_is_retried_at_once_after_a_minute_and_after_five(
    slack: SlackLookalike, office: Office, bolt: BoltApp, clock: SteppedClock
) -> None:
    @bolt.app.event("user_change")
    async def change() -> None:
        raise RuntimeError("the database is away")

    first = await slack.driver.change_user(office.ada)
    counts = [len(await slack.driver.redeliver_due())]
    for seconds in (59, 1, 299, 1, 3600):
        clock.advance(seconds)
        counts.append(len(await slack.driver.redeliver_due()))

    retries = [(seen.get("X-Slack-Retry-Num"), seen.get("X-Slack-Retry-Reason")) for seen in bolt.headers]
    assert first.status == 500
    assert counts == [1, 0, 1, 0, 1, 0]
    assert retries == [(None, None), ("1", "http_error"), ("2", "http_error"), ("3", "http_error")]
    assert slack.driver.failed_events == []


async def test_a_retry_that_succeeds_ends_the_matter(slack: SlackLookalike, office: Office, bolt: BoltApp) -> None:
    ids: list[str] = []

    @bolt.app.event("app_home_opened")
    async def opened(body: Json) -> None:
        ids.append(body["event_id"])
        if len(ids) == 1:
            raise RuntimeError("not yet")

    await slack.driver.open_home(office.ada)
    again = await slack.driver.redeliver_due()

    assert [ack.ok for ack in again] == [True]
    assert ids[0] == ids[1]
    assert slack.driver.failed_events == []


async def test_an_app_can_ask_for_no_retry(slack: SlackLookalike, office: Office, bolt: BoltApp) -> None:
    @bolt.app.event("user_change")
    async def change() -> BoltResponse:
        return BoltResponse(status=500, headers={"X-Slack-No-Retry": "1"})

    ack = await slack.driver.change_user(office.ada)

    assert ack.status == 500
    assert slack.driver.failed_events == []


async def test_the_same_event_can_come_twice(slack: SlackLookalike, office: Office, bolt: BoltApp) -> None:
    ids: list[str] = []

    @bolt.app.event("user_change")
    async def change(body: Json) -> None:
        ids.append(body["event_id"])

    await slack.driver.event(office.team, {"type": "user_change", "user": {}}, event_id="Ev1")
    await slack.driver.repeat_event("Ev1")

    assert ids == ["Ev1", "Ev1"]
    assert bolt.headers[1]["X-Slack-Retry-Num"] == "1"


async def test_bolt_answers_the_url_verification(slack: SlackLookalike, office: Office, bolt: BoltApp) -> None:
    ack = await slack.driver.verify_url()

    assert ack.ok


async def test_an_uninstalled_app_has_a_dead_token(
    slack: SlackLookalike, office: Office, bolt: BoltApp, client: AsyncWebClient
) -> None:
    seen: list[str] = []

    @bolt.app.event("app_uninstalled")
    async def uninstalled(event: Json) -> None:
        seen.append(event["type"])

    @bolt.app.event("tokens_revoked")
    async def revoked(event: Json) -> None:
        seen.append(event["type"])

    await slack.driver.uninstall(office.team)

    assert seen == ["tokens_revoked", "app_uninstalled"]
    assert office.team.is_token_revoked
