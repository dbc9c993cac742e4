"""Several invitations at once, Undo, and correcting an address, by pressing what is shown."""

from tests.bot.conftest import RUN, World, action_ids, shown, words
from tests.factories import sent
from usher.demo.slack.records import Message


async def invites(world: World, rest: str = "") -> Message:
    return shown(await world.usher(f"invites {RUN} {rest}"))


def newest(world: World) -> Message:
    """What the person was told last, in the channel or directly."""
    seen = world.slack.workspace.seen_by(world.olive.id, world.channel.id)
    return [message for message in seen if message.bot_id][-1]


async def test_all_open_ones_are_cancelled_and_taken_back(world: World) -> None:
    await world.invited("ada@example.org, bo@example.org, cy@example.org")
    listed = await invites(world)

    await world.driver.press(world.olive, listed, "invitations_cancel_all")
    told = newest(world)
    said = words(told)
    after = words(await invites(world, "cancelled"))
    await world.driver.press(world.olive, told, "invitations_restore")

    assert "*3 invitations to Maths for Everyone cancelled.*" in said
    assert "Undo works until" in said
    assert "*3 invitations* cancelled" in after
    assert "*3 invitations to Maths for Everyone open again.*" in words(told)


async def test_cancelling_all_asks_first_and_names_the_number(world: World) -> None:
    await world.invited("ada@example.org, bo@example.org")

    listed = await invites(world)

    buttons = [each for block in listed.blocks for each in block.get("elements", [])]
    (cancel,) = [each for each in buttons if each.get("action_id") == "invitations_cancel_all"]
    assert cancel["text"]["text"] == "Cancel all 2"
    assert "2 links will stop working" in cancel["confirm"]["text"]["text"]


async def test_a_single_one_is_called_it(world: World) -> None:
    await world.invited("ada@example.org")

    listed = await invites(world)

    buttons = [each["text"]["text"] for block in listed.blocks for each in block.get("elements", [])]
    assert {"Send it again", "Cancel it"} <= set(buttons)


async def test_all_are_sent_again_but_those_who_just_got_it(world: World) -> None:
    await world.invited("ada@example.org, bo@example.org")
    sent(world.app)

    await world.driver.press(world.olive, await invites(world), "invitations_resend_all")
    told_at_once = words(newest(world))
    world.clock.advance(hours=1)
    await world.driver.press(world.olive, await invites(world), "invitations_resend_all")

    assert "*0 invitations to Maths for Everyone go out once more.*" in told_at_once
    assert "2 got it within the last hour" in told_at_once
    assert "*2 invitations to Maths for Everyone go out once more.*" in words(newest(world))


async def test_some_are_ticked_on_the_page(world: World) -> None:
    await world.invited("ada@example.org, bo@example.org")
    await world.driver.press(world.olive, await invites(world), "invitations_several")
    form = world.driver.modal(world.olive)
    boxes = next(block["element"] for block in form.blocks if block.get("block_id") == "chosen")

    ack = await world.driver.submit(world.olive, form, {"chosen": [boxes["options"][0]["value"]], "change": "cancel"})
    await world.background.finish()

    assert [option["text"]["text"] for option in boxes["options"]] == ["ada@example.org", "bo@example.org"]
    assert ack.view is not None
    assert ack.view.payload["title"]["text"] == "Usher"
    assert "*1 invitation to Maths for Everyone cancelled.*" in words(ack.view)
    (message,) = world.direct_messages(world.olive)
    assert "invitations_restore" in action_ids(message)
    assert "*1 invitation* cancelled" in words(await invites(world, "cancelled"))


async def test_an_address_is_corrected_in_a_form_that_offers_the_guess(world: World) -> None:
    await world.invited("bo@gmial.com")
    listed = await invites(world)
    menu = next(block["accessory"] for block in listed.blocks if "accessory" in block)
    correct = next(each["value"] for each in menu["options"] if each["text"]["text"] == "Correct the address")

    await world.driver.press(world.olive, listed, "invitations_change", correct)
    form = world.driver.modal(world.olive)
    box = next(block["element"] for block in form.blocks if block.get("block_id") == "address")
    ack = await world.driver.submit(world.olive, form, {"address": box["initial_value"]})

    assert box["initial_value"] == "bo@gmail.com"
    assert ack.view is not None
    assert "*The invitation goes to bo@gmail.com now.*" in words(ack.view)
    assert "The link sent to bo@gmial.com no longer works." in words(ack.view)


async def test_a_wrong_correction_is_said_under_the_field(world: World) -> None:
    await world.invited("bo@gmial.com")
    listed = await invites(world)
    menu = next(block["accessory"] for block in listed.blocks if "accessory" in block)
    correct = next(each["value"] for each in menu["options"] if each["text"]["text"] == "Correct the address")
    await world.driver.press(world.olive, listed, "invitations_change", correct)

    ack = await world.driver.submit(world.olive, world.driver.modal(world.olive), {"address": "bo@gmial.com"})

    assert list(ack.errors) == ["address"]


async def test_it_can_be_typed_as_well(world: World) -> None:
    await world.invited("bo@gmial.com")

    corrected = words(shown(await world.usher(f"correct {RUN} bo@gmial.com bo@gmail.com")))
    before_all = shown(await world.usher(f"cancel {RUN} all"))

    assert "*The invitation goes to bo@gmail.com now.*" in corrected
    assert "invitations_cancel_all" in action_ids(before_all)
    assert "*1 invitation* waiting for an answer" in words(before_all)


async def test_the_table_leads_to_the_run_s_page_and_its_lists(world: World) -> None:
    await world.invited("ada@example.org, bo@example.org")

    table = shown(await world.usher("courses maths-2026-03"))
    await world.driver.press(world.olive, table, "run_page")
    opened = newest(world)
    await world.driver.press(world.olive, opened, "run_page:pending")

    assert "*0* enrolled · *2* invited, no answer yet" in words(table)
    assert "Not answered yet 2" in words(newest(world))
    assert "*ada@example.org*" in words(newest(world))
    assert "*0 enrolled, 2 not answered yet*" in words(shown(await world.usher(f"run {RUN}")))
