"""Values of buttons: ours, for this action, in this workspace, and not too old where that matters."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.blocks import draw
from bot.blocks.controls import EXPIRING, Action, expiring
from bot.blocks.invitations import draw_reinvite_question
from bot.blocks.parts import SEAL_CHARACTERS, Block, actions, button, value_of
from bot.handlers.outdated import AFRESH
from bot.sealing import ButtonsTooOld, ButtonUnknown, Seals
from core.errors import NeedsConfirmation
from core.rules.links import LinkSigner
from core.usecases.invitations.single import ReinviteLearner
from tests.bot.blocks.samples import every_result
from tests.bot.conftest import RUN, World, shown, words
from tests.factories import FixedClock
from tests.slow import some
from usher.demo.slack.records import Message

UNKNOWN = "I do not know this button, so I did nothing."
TOO_OLD = "These buttons are older than 15 minutes"
QUESTION = draw_reinvite_question(NeedsConfirmation(address="a", reason="b"), ReinviteLearner("a", "b"))
DRAWN = [*(message.blocks for message in map(draw, every_result(10, "Maths"))), QUESTION.blocks]


def elements(blocks: tuple[Block, ...]) -> Iterator[Block]:
    for block in blocks:
        yield from (each for each in [*block.get("elements", []), block.get("accessory") or {}] if "action_id" in each)


SEALED = {
    element["action_id"]: element
    for blocks in DRAWN
    for element in elements(blocks)
    if element["type"] in ("button", "overflow")
}


def seals(clock: FixedClock | None = None, key: bytes = b"k" * 32) -> Seals:
    return Seals(LinkSigner([key]), clock or FixedClock())


def pressed(element: Any) -> dict[str, Any]:
    """What Slack tells when somebody presses it, or chooses the first."""
    if element["type"] == "button":
        return {"type": "button", "action_id": element["action_id"], "value": element["value"]}
    return {"type": "overflow", "action_id": element["action_id"], "selected_option": dict(element["options"][0])}


# --- The seal ---------------------------------------------------------------------------------------------


@given(st.text(max_size=300), st.text("abc:_", min_size=1, max_size=20), st.sampled_from(["T1", "E1"]))
def test_a_value_comes_back_as_it_left(value: str, action_id: str, workspace: str) -> None:
    sealed = seals().sealed(workspace, button("Go", action_id, value))
    action = pressed(sealed)

    seals().open(workspace, action)

    assert action["value"] == value
    assert len(sealed["value"]) <= len(value) + SEAL_CHARACTERS


@given(st.text(max_size=50), st.text(max_size=50))
def test_no_other_value_is_taken_for_it(value: str, other: str) -> None:
    action = pressed(seals().sealed("T1", button("Go", "go", value)))
    action["value"] = other + action["value"][len(value) :]

    if other != value:
        with pytest.raises(ButtonUnknown):
            seals().open("T1", action)


@pytest.mark.parametrize("kind", ["overflow", "static_select", "plain_text_input", ""])
def test_a_value_without_a_seal_is_unknown_whatever_calls_itself_its_holder(kind: str) -> None:
    option = pressed(seals().sealed("T1", {"type": "overflow", "action_id": "go", "options": [{"value": "x"}]}))
    action = {**option, "type": kind, "value": "5"}

    with pytest.raises(ButtonUnknown):
        seals().open("T1", action)


@pytest.mark.parametrize("forged", ["", "x", "x~", "~~", "x~1~", "x~zzzz~AAAAAAAAAAAA", "x~é~é", "\ud800~1~\udfff"])
def test_what_never_had_a_seal_is_unknown(forged: str) -> None:
    with pytest.raises(ButtonUnknown):
        seals().open("T1", {"type": "button", "action_id": "go", "value": forged})


@pytest.mark.parametrize(("workspace", "action_id", "key"), [
    ("T2", "go:next", b"k" * 32), ("T1", "go:previous", b"k" * 32), ("T1", "go:next", b"o" * 32),
])  # fmt: skip
def test_a_seal_is_for_one_workspace_action_and_house(workspace: str, action_id: str, key: bytes) -> None:
    action = pressed(seals().sealed("T1", button("Go", "go:next", "1")))
    action["action_id"] = action_id

    with pytest.raises(ButtonUnknown):
        seals(key=key).open(workspace, action)


def test_an_old_key_still_opens() -> None:
    clock = FixedClock()
    action = pressed(seals(key=b"old" * 16).sealed("T1", button("Go", "go", "1")))

    Seals(LinkSigner([b"new" * 16, b"old" * 16]), clock).open("T1", action)

    assert action["value"] == "1"


def test_sealing_leaves_the_builders_blocks_as_they_are() -> None:
    block = actions(button("Go", "go", "1"), {"type": "overflow", "action_id": "more", "options": [{"value": "2"}]})
    before = str(block)

    sealed = seals().sealed("T1", {"blocks": (block,), "text": "t", "options": [{"value": "3"}]})

    assert str(block) == before
    assert sealed["blocks"][0]["elements"][1]["options"][0]["value"].startswith("2~")
    assert sealed["options"] == [{"value": "3"}]


@pytest.mark.parametrize("name", sorted({*Action, *EXPIRING}))
def test_only_what_cannot_be_taken_back_grows_old(name: str) -> None:
    clock = FixedClock()
    action = pressed(seals(clock).sealed("T1", button("Go", name, "1")))
    clock.advance(minutes=15)

    if expiring(name):
        with pytest.raises(ButtonsTooOld) as refused:
            seals(clock).open("T1", action)
        assert refused.value.value == "1"
    else:
        seals(clock).open("T1", action)


def test_whatever_asks_whether_one_is_sure_grows_old_and_says_what_is_true_then() -> None:
    asking = {element["action_id"] for element in SEALED.values() if "confirm" in element}

    assert [action_id for action_id in asking if not expiring(action_id)] == []
    assert set(AFRESH) == EXPIRING


# --- Over all buttons -------------------------------------------------------------------------------------


async def test_every_button_with_another_value_is_refused(world: World) -> None:
    before = world.counts()
    for action_id, element in SEALED.items():
        for doctor in some((_unsigned, _tampered, _of_another_action, _of_another_workspace), action_id, 1):
            message = world.posted({"type": "actions", "elements": [element]})
            doctor(world, message.blocks[0]["elements"][0], element)

            ack = await _press(world, message, action_id)

            told = world.slack.workspace.seen_by(world.olive.id, world.channel.id)[-1]
            assert ack.ok, (action_id, doctor.__name__)
            assert told.only_for == world.olive.id
            assert UNKNOWN in words(told), (action_id, doctor.__name__)
    assert world.counts() == before
    assert len(SEALED) >= len(Action) - 1


def _values(element: Block) -> list[Block]:
    return [element] if element["type"] == "button" else element["options"]


def _unsigned(world: World, on_screen: Block, plain: Block) -> None:
    for holder, wanted in zip(_values(on_screen), _values(plain), strict=True):
        holder["value"] = wanted["value"]


def _tampered(world: World, on_screen: Block, plain: Block) -> None:
    for holder in _values(on_screen):
        holder["value"] = f"1{holder['value']}"


def _of_another_action(world: World, on_screen: Block, plain: Block) -> None:
    other = Seals(world.app.links, world.clock).sealed(world.team.id, {**plain, "action_id": "another"})
    for holder, wanted in zip(_values(on_screen), _values(other), strict=True):
        holder["value"] = wanted["value"]


def _of_another_workspace(world: World, on_screen: Block, plain: Block) -> None:
    other = Seals(world.app.links, world.clock).sealed("T999", plain)
    for holder, wanted in zip(_values(on_screen), _values(other), strict=True):
        holder["value"] = wanted["value"]


async def _press(world: World, message: Message, action_id: str) -> Any:
    element = message.blocks[0]["elements"][0]
    choice = None if element["type"] == "button" else element["options"][0]["value"]
    return await world.driver.press(world.olive, message, action_id, choice)


async def test_nothing_leaves_unsealed(world: World) -> None:
    """In answers, in direct messages, in place of a message, in forms and in the home tab."""
    await world.usher(f"invites {RUN}")
    await world.invited()
    await world.driver.say_dm(world.olive, "courses")
    await world.driver.open_home(world.olive)
    await world.driver.say_dm(world.olive, "batch B-0001")

    workspace = world.slack.workspace
    home = workspace.views.home(world.team, world.olive.id)
    assert home is not None
    shown_blocks = [*(message.blocks for message in workspace.messages), home.blocks]
    found = [element for blocks in shown_blocks for element in elements(tuple(blocks)) if element["type"] == "button"]

    assert len(found) > 10
    for element in found:
        Seals(world.app.links, world.clock).open(world.team.id, pressed(element))


# --- Too old ----------------------------------------------------------------------------------------------


async def test_an_old_cancel_all_shows_the_list_of_now_and_cancels_nothing(world: World) -> None:
    await world.invited()
    listed = shown(await world.usher(f"invites {RUN} pending"))
    world.clock.advance(minutes=15)

    await world.driver.press(world.olive, listed, "invitations_cancel_all")
    told = words(listed)
    await world.driver.press(world.olive, listed, "invitations_cancel_all")

    assert TOO_OLD in told
    assert "Here is what is true now." in told
    assert "*2 invitations*" in told
    assert "2 invitations to Maths for Everyone cancelled." in _last(world)


async def test_an_old_menu_beside_an_invitation_shows_the_list_of_now(world: World) -> None:
    await world.invited("ada@example.org")
    listed = shown(await world.usher(f"invites {RUN}"))
    world.clock.advance(minutes=16)

    await world.driver.press(world.olive, listed, "invitations_change", "cancel:")

    assert TOO_OLD in words(listed)
    assert "*1 invitation* to" in words(listed)


async def test_an_old_undo_shows_the_batch_and_a_fresh_undo(world: World) -> None:
    invited = await world.invited()
    world.clock.advance(minutes=20)

    await world.driver.press(world.olive, invited, "batches_undo")
    told = words(invited)
    await world.driver.press(world.olive, invited, "scoreboards_undo")

    assert TOO_OLD in told
    assert "*B-0001*: 2 learners invited" in told
    assert "*2 invitations* of B-0001 taken back" in _last(world)


async def test_an_old_confirmed_reinvitation_shows_the_invitation(world: World) -> None:
    value = value_of(RUN, "ada@example.org")
    message = world.posted(actions(button("Invite", Action.REINVITE_ANYWAY, value)))
    world.clock.advance(minutes=15)

    await world.driver.press(world.olive, message, "invitations_reinvite_anyway")

    assert TOO_OLD in _last(world)
    assert world.counts()["invitation"] == 0


async def test_an_old_button_of_the_home_tab_is_answered_directly(world: World) -> None:
    await world.invited()
    await world.driver.open_home(world.olive)
    home = world.slack.workspace.views.home(world.team, world.olive.id)
    assert home is not None
    world.clock.advance(minutes=15)

    await world.driver.press(world.olive, home, "scoreboards_undo")

    assert TOO_OLD in words(world.direct_messages(world.olive)[-1])


async def test_an_old_button_tells_a_stranger_nothing(world: World) -> None:
    await world.invited()
    progress = world.posted(actions(button("Undo", Action.SCOREBOARD_UNDO, "1")))
    guest = world.person("Guest", "olive@north.example.org")
    guest.is_restricted = True
    world.clock.advance(minutes=15)

    await world.driver.press(guest, progress, "scoreboards_undo")

    told = world.slack.workspace.seen_by(guest.id, world.channel.id)[-1]
    assert "I cannot tell who you are" in words(told)
    assert TOO_OLD not in words(told)


def _last(world: World) -> str:
    return words(world.slack.workspace.seen_by(world.olive.id, world.channel.id)[-1])
