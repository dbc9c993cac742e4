"""The door itself: signatures, time to answer, both ways in, and what nobody expected."""

import asyncio
import logging
from dataclasses import replace

import pytest

from bot.socket import connect
from core.errors import SettingInvalid
from tests.bot.conftest import RUN, World, shown, words
from tests.factories import SeededTokens
from tests.servers.processes import free_port
from usher.demo.slack.courier import Signing
from usher.demo.slack.faults import CutBody, Fault, Hang, Refusal, ServerError

AWAY = "Slack is away; it is dialed until it answers"
BACK = "Slack is back"


class NoMoreIds(SeededTokens):
    """Something that no error class foresees."""

    def new_id(self) -> int:
        raise RuntimeError("there are no more ids")


async def test_a_forged_or_old_request_is_refused_unread(world: World, caplog: pytest.LogCaptureFixture) -> None:
    secret = world.slack.workspace.app.signing_secret
    before = world.counts()
    for signing in (Signing("another secret"), Signing(secret, seconds_old=301), Signing(secret, signature="v0=00")):
        world.slack.courier.signing = signing
        ack = await world.driver.command(world.olive, world.channel, "/usher", f"invite {RUN} ada@example.org")

        assert ack.status == 401
    world.slack.courier.signing = Signing(secret, seconds_old=299)
    good = await world.usher("courses")

    assert good.ok
    assert world.counts() == before
    assert "ada@example.org" not in caplog.text


async def test_slacks_own_checks_are_answered(world: World) -> None:
    assert (await world.driver.verify_url()).ok


async def test_an_answer_is_in_time_when_slack_is_slow(world: World) -> None:
    """Three tenths of a second a call: once for account and channel, once for the form or the reply, and no more."""
    for method in ("users.info", "conversations.info", "views.open", "response_url"):
        world.slack.faults.fail_next(method, Hang(0.3))
    journal = world.slack.workspace.journal

    preview = shown(await world.usher(f"invite {RUN} ada@example.org"))
    asked = len(journal)
    await world.driver.press(world.olive, preview, "batches_confirm")
    replied = len(journal)
    await world.usher("invite")

    # Six tenths at most, of three seconds; how long the rest takes hangs on the machine.
    calls = [entry.method for entry in journal]
    assert calls[:asked] == ["users.info", "conversations.info"]
    assert calls[asked:replied] == ["response_url"]
    assert calls[replied:] == ["views.open"]


async def test_a_reply_that_slack_loses_does_not_undo_what_was_confirmed(world: World) -> None:
    preview = shown(await world.usher(f"invite {RUN} ada@example.org"))
    world.slack.faults.fail_next("response_url", ServerError())

    ack = await world.driver.press(world.olive, preview, "batches_confirm")

    assert ack.ok
    assert world.counts()["invitation"] == 1


async def test_what_nobody_expected_gets_a_number_and_no_details(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    preview = shown(await world.usher(f"invite {RUN} ada@example.org"))
    await world.usher(f"invite {RUN}")
    form = world.driver.modal(world.olive)
    world.app.tokens = NoMoreIds()

    typed = await world.usher(f"invite {RUN} secret.person@example.org")
    submitted = await world.driver.submit(world.olive, form, {"addresses": "secret.person@example.org"})
    pressed = await world.driver.press(world.olive, preview, "batches_confirm")

    told = [message for message in world.slack.workspace.messages if message.only_for == world.olive.id]
    assert "E-00000001" in words(typed)
    assert submitted.view is not None
    assert "E-00000002" in words(submitted.view)
    assert pressed.ok
    assert "E-00000003" in words(told[-1])
    references = [record.__dict__["reference"] for record in caplog.records if record.levelno >= logging.ERROR]
    assert references == ["E-00000001", "E-00000002", "E-00000003"]
    assert "secret.person" not in caplog.text


async def test_a_workspace_without_any_token_is_told_that_usher_is_not_set_up(unbound: World) -> None:
    app = unbound.app
    app.settings = replace(app.settings, slack_bot_token="")
    unbound.restart()

    await unbound.driver.command(unbound.olive, unbound.channel, "/usher", "courses")

    assert "not set up in this workspace" in unbound.slack.workspace.messages[-1].text


async def test_an_answer_in_a_shared_channel_is_for_the_asker_alone(world: World) -> None:
    world.channel.is_ext_shared = True

    direct = world.slack.workspace.direct_messages(world.team, world.olive.id)

    ack = await world.usher(f"invite {RUN} ada@example.org")

    assert shown(ack).only_for == world.olive.id
    everybodys = [message for message in world.slack.workspace.messages if not message.only_for]
    assert {message.channel_id for message in everybodys} == {direct.id}


async def test_socket_mode_says_and_does_what_http_does(world: World) -> None:
    async def story() -> list[str]:
        preview = await world.usher(f"invite {RUN} ada@example.org")
        unknown = await world.usher("invte")
        await world.usher(f"invite {RUN}")
        form = world.driver.modal(world.olive)
        refused = await world.driver.submit(world.olive, form, {"addresses": ""})
        offered = await world.driver.suggest(world.olive, form, "run", "safety")
        await world.driver.say_dm(world.olive, "courses")
        answer = words(world.direct_messages(world.olive)[-1])
        return [words(preview), words(unknown), str(refused.errors), str(offered.options), answer]

    by_http = await story()
    requests = len(world.requests)
    connected = world.slack.hub.next_connection()
    disconnect = await connect(world.bolt, world.app.settings)
    await connected

    by_socket = await story()
    await disconnect()

    assert by_socket == by_http
    assert len(world.requests) == requests


async def test_a_token_that_slack_refuses_ends_the_start(world: World) -> None:
    with pytest.raises(SettingInvalid, match="USHER_SLACK_APP_TOKEN is wrong: Slack says invalid_auth"):
        await connect(world.bolt, replace(world.app.settings, slack_app_token="xapp-unknown"))


async def test_a_slack_that_is_away_does_not_keep_the_rest_from_starting(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    away = f"http://127.0.0.1:{free_port()}/api/"
    before = asyncio.all_tasks()

    disconnect = await connect(world.bolt, replace(world.app.settings, slack_api_url=away), patience=0.1)
    await asyncio.wait_for(disconnect(), 5)

    assert _said_of_slack(caplog) == [AWAY]
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("fault", [ServerError(), CutBody(), Refusal("internal_error")], ids=str)
async def test_an_outage_of_slack_is_told_in_one_sentence_and_its_end_in_another(
    world: World, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    disconnect = await connect(world.bolt, world.app.settings, redial=0.01)
    world.slack.faults.fail_next("apps.connections.open", fault, times=4)
    connected = world.slack.hub.next_connection()
    await world.slack.hub.close()
    await connected

    assert await world.usher("courses")
    await disconnect()

    assert _said_of_slack(caplog) == [AWAY, BACK]


async def test_a_slack_that_is_back_after_the_start_is_dialed_at_a_new_address(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Each is good for one call, and only for a while."""
    world.slack.hub.let_addresses_die(3)
    connected = world.slack.hub.next_connection()
    disconnect = await connect(world.bolt, world.app.settings, redial=0.01)
    await connected

    assert await world.usher("courses")
    await disconnect()

    assert _said_of_slack(caplog) == [AWAY, BACK]


async def test_an_error_page_before_slack_does_not_end_the_start(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.slack.faults.fail_next("apps.connections.open", ServerError())
    connected = world.slack.hub.next_connection()
    disconnect = await connect(world.bolt, world.app.settings)
    await connected
    await disconnect()

    assert _said_of_slack(caplog) == []


async def test_a_token_that_is_revoked_later_is_told_by_its_name_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    disconnect = await connect(world.bolt, world.app.settings, redial=0.01)
    world.slack.faults.fail_next("apps.connections.open", Refusal("token_revoked"), times=3)
    connected = world.slack.hub.next_connection()
    await world.slack.hub.close()
    await connected

    assert await world.usher("courses")
    await disconnect()

    assert _said_of_slack(caplog) == ["Slack refuses USHER_SLACK_APP_TOKEN: token_revoked", BACK]


async def test_a_connection_that_slack_refreshes_is_not_worth_a_word(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    disconnect = await connect(world.bolt, world.app.settings, redial=0.01)
    connected = world.slack.hub.next_connection()
    await world.slack.hub.disconnect()
    await connected

    assert await world.usher("courses")
    await disconnect()

    assert _said_of_slack(caplog) == []


def _said_of_slack(caplog: pytest.LogCaptureFixture) -> list[str]:
    """All that an operator reads: of ours and of the client's, with nothing of tokens and addresses."""
    records = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert not any(record.exc_info for record in records)
    assert not any(secret in caplog.text for secret in ("xapp-", "xoxb-", "ticket"))
    return [record.getMessage() for record in records]


async def test_a_failed_event_is_told_again_over_the_socket_too(world: World) -> None:
    connected = world.slack.hub.next_connection()
    disconnect = await connect(world.bolt, world.app.settings)
    await connected
    world.slack.courier._patience = 0.5
    world.app.tokens = NoMoreIds()

    failed = await world.driver.say_dm(world.olive, f"invite {RUN} ada@example.org")
    await disconnect()

    assert failed.problem == "operation_timeout"
    assert len(world.driver.failed_events) == 1
