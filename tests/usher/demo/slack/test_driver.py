"""A real Bolt app receives what people do, and people see what it answers."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from tests.usher.demo.slack.bolt_app import BoltApp
from tests.usher.demo.slack.clock import SteppedClock
from tests.usher.demo.slack.conftest import Office
from usher.demo.slack.courier import Signing
from usher.demo.slack.errors import AppNotReachable, NothingThere
from usher.demo.slack.server import SlackLookalike

CONFIRM = {
    "title": {"type": "plain_text", "text": "Send 2 invitations?"},
    "text": {"type": "plain_text", "text": "They leave in 60 seconds."},
    "confirm": {"type": "plain_text", "text": "Send"},
    "deny": {"type": "plain_text", "text": "Not yet"},
}


def button(action_id: str, value: str, **more: Any) -> dict[str, Any]:
    label = {"type": "plain_text", "text": "Press"}
    return {"type": "button", "action_id": action_id, "text": label, "value": value, **more}


def actions(*elements: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "actions", "block_id": "row", "elements": list(elements)}]


async def test_the_answer_to_a_command_is_seen_by_its_sender_only(
    slack: SlackLookalike, office: Office, bolt: BoltApp
) -> None:
    bob = slack.workspace.add_user(office.team, "Bob Lane", "bob@example.org")
    seen: list[dict[str, Any]] = []

    @bolt.app.command("/invite")
    async def invite(ack: Any, command: dict[str, Any]) -> None:
        seen.append(command)
        await ack("2 learners would be invited.")

    ack = await slack.driver.command(office.ada, office.general, "/invite", " maths-2026-03 a@example.org ")

    assert ack.ok
    assert ack.message is not None
    assert ack.message.text == "2 learners would be invited."
    assert ack.message in slack.workspace.seen_by(office.ada.id, office.general.id)
    assert ack.message not in slack.workspace.seen_by(bob.id, office.general.id)
    assert seen[0]["text"] == "maths-2026-03 a@example.org"
    assert seen[0]["team_id"] == office.team.id


async def test_an_answer_in_channel_is_seen_by_everybody(slack: SlackLookalike, office: Office, bolt: BoltApp) -> None:
    @bolt.app.command("/usher")
    async def usher(ack: Any) -> None:
        await ack(text="Hello all", response_type="in_channel")

    ack = await slack.driver.command(office.ada, office.general, "/usher")

    assert ack.message is not None
    assert ack.message.only_for is None


async def test_an_ack_after_three_seconds_is_an_operation_timeout(
    slack: SlackLookalike, office: Office, bolt: BoltApp, clock: SteppedClock
) -> None:
    @bolt.app.command("/slow")
    async def slow(ack: Any) -> None:
        clock.advance(3.1)
        await ack("Too late")

    ack = await slack.driver.command(office.ada, office.general, "/slow")

    assert ack.problem == "operation_timeout"
    assert ack.elapsed == pytest.approx(3.1)
    assert slack.workspace.messages == []
    assert [(notice.user_id, notice.code) for notice in slack.workspace.notices] == [
        (office.ada.id, "operation_timeout")
    ]


async def test_blocks_that_slack_would_refuse_do_not_become_a_message(
    slack: SlackLookalike, office: Office, bolt: BoltApp
) -> None:
    @bolt.app.command("/usher")
    async def usher(ack: Any) -> None:
        await ack(text="x", blocks=[{"type": "header", "text": {"type": "plain_text", "text": "h" * 151}}])

    ack = await slack.driver.command(office.ada, office.general, "/usher")

    assert ack.problem == "invalid_blocks"
    assert slack.workspace.messages == []


@pytest.mark.parametrize(
    "signing",
    [
        Signing("another secret"),
        Signing("signing-secret-of-the-look-alike", seconds_old=400),
        Signing("signing-secret-of-the-look-alike", signature="v0=forged"),
    ],
    ids=["other secret", "old", "forged"],
)
async def test_a_request_that_is_not_signed_right_is_refused_by_bolt(
    slack: SlackLookalike, office: Office, bolt: BoltApp, signing: Signing
) -> None:
    @bolt.app.command("/usher")
    async def usher(ack: Any) -> None:
        await ack("Hello")

    right = await slack.driver.command(office.ada, office.general, "/usher")
    slack.courier.signing = signing
    wrong = await slack.driver.command(office.ada, office.general, "/usher")

    assert (right.status, wrong.status) == (200, 401)
    assert wrong.problem == "dispatch_failed"


async def test_a_press_carries_the_button_and_shows_its_question(
    slack: SlackLookalike, office: Office, bolt: BoltApp
) -> None:
    bodies: list[dict[str, Any]] = []

    @bolt.app.command("/invite")
    async def invite(ack: Any) -> None:
        await ack(text="2 new", blocks=actions(button("confirm", "batch-7", confirm=CONFIRM)))

    @bolt.app.action("confirm")
    async def confirm(ack: Any, body: dict[str, Any], respond: Any) -> None:
        bodies.append(body)
        await respond(text="2 invitations leave in 60 seconds.", replace_original=True)
        await ack()

    preview = await slack.driver.command(office.ada, office.general, "/invite")
    ack = await slack.driver.press(office.ada, preview, "confirm")

    assert ack.confirm == CONFIRM
    assert bodies[0]["actions"][0]["value"] == "batch-7"
    assert bodies[0]["container"]["is_ephemeral"]
    assert "message" not in bodies[0]
    assert [message.text for message in slack.workspace.messages] == ["2 invitations leave in 60 seconds."]


async def test_only_what_is_on_the_screen_can_be_pressed(slack: SlackLookalike, office: Office, bolt: BoltApp) -> None:
    bob = slack.workspace.add_user(office.team, "Bob Lane", "bob@example.org")
    office.general.members.add(bob.id)

    @bolt.app.command("/invite")
    async def invite(ack: Any) -> None:
        await ack(text="Rows", blocks=actions(button("remove", "1"), button("keep", "1")))

    preview = await slack.driver.command(office.ada, office.general, "/invite")

    with pytest.raises(NothingThere):
        await slack.driver.press(office.ada, preview, "undo")
    with pytest.raises(NothingThere):
        await slack.driver.press(office.ada, preview, "keep", "2")
    with pytest.raises(NothingThere):
        await slack.driver.press(bob, preview, "keep")
    slack.workspace.messages.clear()
    with pytest.raises(NothingThere):
        await slack.driver.press(office.ada, preview, "keep")


async def test_the_value_tells_buttons_of_one_name_apart(slack: SlackLookalike, office: Office, bolt: BoltApp) -> None:
    pressed: list[str] = []
    message = slack.workspace.post(
        office.general,
        slack.workspace.users[office.team.bot_user_id],
        "Runs",
        blocks=[
            {"type": "actions", "elements": [button("resend", "first")]},
            {"type": "actions", "elements": [button("resend", "second")]},
        ],
    )

    @bolt.app.action("resend")
    async def resend(ack: Any, action: dict[str, Any], body: dict[str, Any]) -> None:
        pressed.append(f"{action['value']} in {body['message']['ts']}")
        await ack()

    await slack.driver.press(office.ada, message, "resend", "second")

    assert pressed == [f"second in {message.ts}"]
    with pytest.raises(NothingThere):
        await slack.driver.press(office.ada, message, "resend")


async def test_a_press_nobody_listens_for_shows_that_it_failed(
    slack: SlackLookalike, office: Office, bolt: BoltApp
) -> None:
    bot = slack.workspace.users[office.team.bot_user_id]
    message = slack.workspace.post(office.general, bot, "x", blocks=actions(button("lost", "1")))

    ack = await slack.driver.press(office.ada, message, "lost")

    assert (ack.status, ack.problem) == (404, "dispatch_failed")
    assert slack.workspace.notices[-1].code == "dispatch_failed"


async def test_shortcuts_reach_the_app_with_a_trigger_or_a_message(
    slack: SlackLookalike, office: Office, bolt: BoltApp
) -> None:
    got: list[str] = []
    message = slack.workspace.post(office.general, office.ada, "a@example.org")

    @bolt.app.global_shortcut("invite_learners")
    async def everywhere(ack: Any, shortcut: dict[str, Any]) -> None:
        got.append(shortcut["user"]["id"])
        await ack()

    @bolt.app.message_shortcut("invite_these")
    async def on_message(ack: Any, shortcut: dict[str, Any]) -> None:
        got.append(shortcut["message"]["text"])
        await ack()

    assert (await slack.driver.shortcut(office.ada, "invite_learners")).ok
    assert (await slack.driver.message_shortcut(office.ada, message, "invite_these")).ok
    assert got == [office.ada.id, "a@example.org"]


async def test_somebody_outside_a_channel_cannot_type_in_it(slack: SlackLookalike, office: Office) -> None:
    bob = slack.workspace.add_user(office.team, "Bob Lane", "bob@example.org")

    with pytest.raises(NothingThere):
        await slack.driver.command(bob, office.general, "/usher")


async def test_an_app_without_address_or_socket_cannot_be_reached(slack: SlackLookalike, office: Office) -> None:
    with pytest.raises(AppNotReachable):
        await slack.driver.command(office.ada, office.general, "/usher")


async def test_an_app_that_is_down_fails_the_person_not_the_look_alike(
    slack: SlackLookalike, office: Office, bolt: BoltApp
) -> None:
    await bolt.stop()

    ack = await slack.driver.command(office.ada, office.general, "/usher")

    assert ack.problem == "dispatch_failed"


async def test_a_menu_in_a_message_asks_for_its_options_and_tells_the_choice(
    slack: SlackLookalike, office: Office, bolt: BoltApp
) -> None:
    chosen: list[str] = []
    run = {"text": {"type": "plain_text", "text": "Maths"}, "value": "maths-2026-03"}
    label = {"type": "plain_text", "text": "Runs"}
    menu = {"type": "external_select", "action_id": "run", "min_query_length": 1}
    bot = slack.workspace.users[office.team.bot_user_id]
    message = slack.workspace.post(office.general, bot, "Which run?", blocks=actions(menu))

    @bolt.app.options("run")
    async def runs(ack: Any) -> None:
        await ack(option_groups=[{"label": label, "options": [run]}])

    @bolt.app.action("run")
    async def choose(ack: Any, action: dict[str, Any]) -> None:
        chosen.append(action["selected_option"]["value"])
        await ack()

    await slack.driver.suggest(office.ada, message, "run", "m")
    await slack.driver.press(office.ada, message, "run", "maths-2026-03")

    assert chosen == ["maths-2026-03"]
    with pytest.raises(NothingThere):
        await slack.driver.press(office.ada, message, "run")
    with pytest.raises(NothingThere):
        await slack.driver.press(office.ada, message, "run", "history-2026-03")


async def test_an_org_wide_installation_is_told_as_such(slack: SlackLookalike, office: Office, bolt: BoltApp) -> None:
    seen: list[tuple[Any, Any]] = []
    office.team.enterprise_id, office.team.is_enterprise_install = "E00000001", True

    @bolt.app.command("/usher")
    async def usher(ack: Any, context: Any) -> None:
        seen.append((context.enterprise_id, context.is_enterprise_install))
        await ack()

    @bolt.app.event("user_change")
    async def change(context: Any) -> None:
        seen.append((context.enterprise_id, context.is_enterprise_install))

    await slack.driver.command(office.ada, office.general, "/usher")
    await slack.driver.change_user(office.ada)

    assert seen == [("E00000001", True)] * 2


async def test_commands_name_the_kind_of_conversation(slack: SlackLookalike, office: Office, bolt: BoltApp) -> None:
    names: list[str] = []
    private = slack.workspace.add_channel(office.team, "board", [office.ada])
    private.is_private = True

    @bolt.app.command("/usher")
    async def usher(ack: Any, command: dict[str, Any]) -> None:
        names.append(command["channel_name"])
        await ack()

    direct = slack.workspace.direct_messages(office.team, office.ada.id)
    for channel in (office.general, private, direct):
        await slack.driver.command(office.ada, channel, "/usher")

    assert names == ["general", "privategroup", "directmessage"]


async def test_an_app_that_hangs_is_given_up(office: Office, clock: SteppedClock) -> None:
    async def hang(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async with SlackLookalike(clock, patience=0.05) as slack:
        team = slack.workspace.add_team("North College")
        ada = slack.workspace.add_user(team, "Ada Marsh", "ada.marsh@example.org")
        async with SlackLookalike(clock) as other:
            await other.stop()
            await other.start(more_routes=[web.post("/hang", hang)])
            slack.courier.request_url = f"{other.base_url}/hang"
            ack = await slack.driver.shortcut(ada, "invite_learners")

    assert ack.problem == "operation_timeout"
