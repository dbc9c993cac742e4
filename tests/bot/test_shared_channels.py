"""In a channel that is shared with another organisation nothing about anybody is said."""

import pytest

from tests.bot.conftest import RUN, World, words
from usher.demo.slack.faults import ServerError

ELSEWHERE = "I answer you in our direct messages."


async def asked(world: World, text: str) -> str:
    """What stands in the channel afterwards."""
    ack = await world.usher(text)
    assert ack.message is not None
    assert ack.message.only_for == world.olive.id
    return words(ack)


def told_directly(world: World) -> str:
    return words(world.direct_messages(world.olive)[-1])


@pytest.mark.parametrize(("text", "answer"), [
    (f"invite {RUN} bo@example.org, nonsense", "*1 learner* of 2 will be invited"),
    (f"invites {RUN}", "ada@example.org"),
    (f"run {RUN} pending", "ada@example.org"),
    (f"cancel {RUN} ada@example.org", "The invitation of ada@example.org is cancelled."),
    (f"resend {RUN} zoe@example.org", "I found no invitation of “zoe@example.org”"),
    ("zoe@example.org", "I do not know “zoe@example.org”."),
    ("help", "What I can do for you"),
])  # fmt: skip
async def test_an_answer_goes_to_the_asker_directly(world: World, text: str, answer: str) -> None:
    await world.invited("ada@example.org")
    world.restart()
    world.channel.is_ext_shared = True

    here = await asked(world, text)

    assert ELSEWHERE in here
    assert "@" not in here
    assert answer in told_directly(world)


async def test_what_was_answered_directly_can_be_pressed_there(world: World) -> None:
    world.channel.is_ext_shared = True
    await asked(world, f"invite {RUN} ada@example.org")

    await world.driver.press(world.olive, world.direct_messages(world.olive)[-1], "batches_confirm")

    assert "*1 learner* invited" in told_directly(world)
    assert all("@" not in words(each) for each in world.slack.workspace.seen_by(world.olive.id, world.channel.id))


async def test_a_form_opens_wherever_one_is(world: World) -> None:
    world.channel.is_ext_shared = True

    await world.usher(f"invite {RUN}")

    assert world.driver.modal(world.olive).payload["callback_id"] == "invitations_form"
    assert world.direct_messages(world.olive) == []


async def test_who_may_not_ask_is_refused_where_they_are_and_gets_no_message(world: World) -> None:
    world.channel.is_ext_shared = True
    unlinked = world.person("Max", "max@northfield.example.org")

    ack = await world.usher("courses", unlinked)

    assert "I cannot tell who you are" in words(ack)
    assert world.direct_messages(unlinked) == []


async def test_slack_is_asked_once_for_ten_minutes(world: World) -> None:
    await asked(world, "courses")
    await asked(world, "courses")
    assert len(world.slack.workspace.calls("conversations.info")) == 1

    world.channel.is_ext_shared = True
    assert ELSEWHERE not in await asked(world, "courses")
    world.clock.advance(minutes=10)

    assert ELSEWHERE in await asked(world, "courses")


async def test_in_a_private_channel_without_usher_nobody_knows_so_the_answer_is_direct(world: World) -> None:
    world.channel.is_private = True
    assert ELSEWHERE not in await asked(world, "courses")
    world.restart()

    world.channel.members.discard(world.team.bot_user_id)

    assert ELSEWHERE in await asked(world, "courses")
    assert "runs to choose from" in told_directly(world)


async def test_when_slack_does_not_tell_the_answer_is_direct(world: World) -> None:
    world.slack.faults.fail_next("conversations.info", ServerError())

    assert ELSEWHERE in await asked(world, "courses")


async def test_direct_messages_are_answered_as_they_are(world: World) -> None:
    channel = world.slack.workspace.direct_messages(world.team, world.olive.id)

    ack = await world.driver.command(world.olive, channel, "/usher", "courses")

    assert "runs to choose from" in words(ack)
    assert world.slack.workspace.calls("conversations.info") == []
