"""Files in both directions, with Slack's own client and its three-step upload."""

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.usher.demo.slack.conftest import Office
from usher.demo.slack.server import SlackLookalike


async def test_an_upload_becomes_a_message_with_the_file(
    slack: SlackLookalike, office: Office, client: AsyncWebClient
) -> None:
    uploaded = await client.files_upload_v2(
        channel=office.general.id, filename="progress.csv", content="a,b\n", initial_comment="As of today"
    )

    message = slack.workspace.messages[0]
    assert message.text == "As of today"
    assert message.files[0].content == b"a,b\n"
    assert message.files[0].id == uploaded["file"]["id"]
    assert (await client.files_info(file=message.files[0].id))["file"]["size"] == 4


async def test_a_download_wants_the_token_and_else_shows_a_sign_in_page(
    slack: SlackLookalike, office: Office, session: aiohttp.ClientSession
) -> None:
    file = slack.driver.add_file(office.ada, "learners.csv", b"a@example.org\n")
    bearer = {"Authorization": f"Bearer {office.team.bot_token}"}

    async with session.get(file.url_private, headers=bearer) as answer:
        content = await answer.read()
    async with session.get(file.url_private) as answer:
        page = await answer.text()
        content_type = answer.content_type

    assert content == b"a@example.org\n"
    assert content_type == "text/html"
    assert "Sign in" in page


async def test_a_file_of_a_shared_channel_must_be_asked_for(
    slack: SlackLookalike, office: Office, client: AsyncWebClient
) -> None:
    file = slack.driver.add_file(office.ada, "learners.csv", b"x")
    file.file_access = "check_file_info"

    info = (await client.files_info(file=file.id))["file"]

    assert "url_private_download" not in file.as_json()
    assert info["url_private_download"] == file.url_private


async def test_workspaces_may_forbid_uploads(office: Office, client: AsyncWebClient) -> None:
    office.team.blocked_file_types = frozenset({"xlsx"})
    with pytest.raises(SlackApiError, match="file_type_not_allowed"):
        await client.files_upload_v2(filename="a.xlsx", content=b"x")

    office.team.are_uploads_disabled = True
    with pytest.raises(SlackApiError, match="file_uploads_disabled"):
        await client.files_upload_v2(filename="a.csv", content=b"x")


async def test_only_own_files_are_deleted_and_unknown_ones_not_found(
    slack: SlackLookalike, office: Office, client: AsyncWebClient
) -> None:
    theirs = slack.driver.add_file(office.ada, "learners.csv", b"x")
    own = (await client.files_upload_v2(filename="a.csv", content=b"x"))["file"]

    await client.files_delete(file=own["id"])

    with pytest.raises(SlackApiError, match="cant_delete_file"):
        await client.files_delete(file=theirs.id)
    with pytest.raises(SlackApiError, match="file_not_found"):
        await client.files_info(file=own["id"])


async def test_an_upload_of_another_length_than_announced_is_refused(
    slack: SlackLookalike, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    announced = await client.files_getUploadURLExternal(filename="a.csv", length=10)

    async with session.post(announced["upload_url"], data=b"short") as answer:
        status = answer.status

    assert status == 400
    with pytest.raises(SlackApiError, match="file_not_found"):
        await client.files_completeUploadExternal(files=[{"id": announced["file_id"]}])


async def test_an_upload_may_be_a_part_of_a_form(
    slack: SlackLookalike, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    announced = await client.files_getUploadURLExternal(filename="a.csv", length=3)
    form = aiohttp.FormData()
    form.add_field("file", b"a,b", filename="a.csv")

    async with session.post(announced["upload_url"], data=form) as answer:
        text = await answer.text()
    completed = await client.files_completeUploadExternal(files=[{"id": announced["file_id"]}])

    assert text == "OK - 3"
    assert completed["files"][0]["title"] == "a.csv"


async def test_a_file_is_shared_only_where_the_bot_is(
    slack: SlackLookalike, office: Office, client: AsyncWebClient
) -> None:
    office.general.members.discard(office.team.bot_user_id)

    with pytest.raises(SlackApiError, match="not_in_channel"):
        await client.files_upload_v2(channel=office.general.id, filename="a.csv", content="x")
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await client.files_upload_v2(channel="C99999999", filename="a.csv", content="x")
