"""What nobody waits for waits for Slack; what cannot wait heeds what Slack has asked for."""

from collections.abc import Awaitable

from bot.authorize import Place
from bot.pace import Method, held_lane
from core.context import System
from core.model import StaffMember
from core.usecases.messages.lanes import HoldUpLane, hold_up_lane
from tests.bot.conftest import RUN, World, action_ids, shown, words
from tests.bot.handlers.test_shared_links import made, newest
from tests.core.usecases.acting import change
from usher.demo.slack.acks import Ack
from usher.demo.slack.faults import TooManyRequests


async def test_the_answer_of_a_form_comes_into_the_direct_messages_when_slack_has_its_peace(world: World) -> None:
    await world.invited("ada@example.org, bo@example.org")
    await world.driver.press(world.olive, shown(await world.usher("invites maths-2026-03")), "invitations_several")
    form = world.driver.modal(world.olive)
    boxes = next(block["element"] for block in form.blocks if block.get("block_id") == "chosen")
    _hold_up(world, Method.POST, 20)

    ack = await world.driver.submit(world.olive, form, {"chosen": [boxes["options"][0]["value"]], "change": "cancel"})
    held_at = world.clock()
    await world.background.finish()

    assert ack.view is not None
    (message,) = world.direct_messages(world.olive)
    assert "invitations_restore" in action_ids(message)
    assert (world.clock() - held_at).total_seconds() >= 20


async def test_after_some_minutes_it_is_left(world: World) -> None:
    card = await made(world)
    for method in (Method.OPEN, Method.POST):
        _hold_up(world, method, 3600)

    await world.driver.press(world.olive, card, "links_picture")
    await world.background.finish()

    assert world.slack.workspace.calls(Method.OPEN) == world.slack.workspace.calls(Method.POST) == []


async def test_a_picture_waits_as_long_as_slack_has_asked_for(world: World) -> None:
    card = await made(world)
    world.slack.faults.fail_next(Method.OPEN, TooManyRequests(30))
    asked_at = world.clock()

    await world.driver.press(world.olive, card, "links_picture")
    await world.background.finish()

    (message,) = world.direct_messages(world.olive)
    assert [file.name for file in message.files] == ["maths.png"]
    assert [call.status for call in world.slack.workspace.calls(Method.OPEN)] == [429, 200]
    assert (world.clock() - asked_at).total_seconds() >= 30


async def test_no_form_is_opened_while_slack_wants_to_hear_of_none(world: World) -> None:
    card = await made(world)
    world.slack.faults.fail_next(Method.FORM, TooManyRequests(30))

    for _ in range(2):
        await world.driver.press(world.olive, card, "links_settings")
    told, calls = newest(world), len(world.slack.workspace.calls(Method.FORM))
    world.clock.advance(seconds=30)
    await world.driver.press(world.olive, card, "links_settings")

    assert "Slack lets me say no more for the moment" in told
    assert calls == 1
    assert "Confirming addresses" in words(world.driver.modal(world.olive))


def _hold_up(world: World, method: Method, seconds: float) -> None:
    lane = held_lane(Place("", world.team.id), method)
    world.app.run(hold_up_lane, HoldUpLane(lane, seconds), System())


async def test_what_is_done_is_answered_when_slack_has_its_peace_and_nobody_is_told_to_do_it_again(
    world: World,
) -> None:
    await world.invited("ada@example.org, bo@example.org")
    await world.driver.open_home(world.olive)
    home = world.slack.workspace.views.home(world.team, world.olive.id)
    assert home is not None
    world.restart()
    world.channel.is_ext_shared = True

    cancelled = await _while_held_up(
        world, world.driver.command(world.olive, world.channel, "/usher", f"cancel {RUN} ada@example.org")
    )
    pressed = await _while_held_up(world, world.driver.press(world.olive, home, "home_ask:courses"))
    change(world.app, StaffMember, world.school.owner.staff_id, disabled_at=world.clock())
    refused = await _while_held_up(world, world.driver.press(world.olive, home, "home_ask:costs"))

    # Waiting moves the clock of these tests, so whether an answer came in time is not asked.
    assert [each.status for each in (cancelled, pressed, refused)] == [200, 200, 200]
    assert "I answer you in our direct messages" in str(cancelled.body)
    told = [words(message) for message in world.direct_messages(world.olive)]
    assert ["The invitation of ada@example.org is cancelled." in each for each in told] == [True, False, False]
    assert ["runs to choose from" in each for each in told] == [False, True, False]
    assert ["I cannot tell who you are" in each for each in told] == [False, False, True]


async def _while_held_up(world: World, deed: Awaitable[Ack]) -> Ack:
    _hold_up(world, Method.POST, 20)
    held_at, told = world.clock(), len(world.direct_messages(world.olive))
    ack = await deed
    await world.background.finish()
    assert (world.clock() - held_at).total_seconds() >= 20
    assert len(world.direct_messages(world.olive)) == told + 1
    return ack
