"""Was this you? Asked in Slack of whoever is linked there."""

import asyncio

import pytest

from bot.deliverer import SlackDeliverer
from core.model import InboundMessage, OutboundMessage
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.words import Channel, MailState, MessageKind
from tests.bot.conftest import World, words
from tests.core.usecases.acting import everything, only
from tests.core.usecases.holding import hold
from tests.factories import SYSTEM
from usher.demo.slack.records import Message


@pytest.mark.parametrize(
    ("action", "answer", "state"),
    [
        ("held_mail_yes", "I do what the message asks", MailState.RECEIVED),
        ("held_mail_no", "Thrown away", MailState.IGNORED),
    ],
)
async def test_a_question_is_answered_once(world: World, action: str, answer: str, state: MailState) -> None:
    inbound_id = hold(world.app, world.school.owner)
    question = await _asked(world)
    before, buttons = words(question), list(question.blocks)

    ack = await world.driver.press(world.olive, question, action)
    after = words(question)
    question.blocks = buttons
    await world.driver.press(world.olive, question, "held_mail_yes")

    told = [words(message) for message in world.slack.workspace.messages if message.only_for == world.olive.id]
    assert ack.ok
    assert "Was this you?" in before
    assert "invite everybody" in before
    assert answer in after
    assert "This message was dealt with already." in told[-1]
    assert only(world.app, InboundMessage, InboundMessage.id == inbound_id).state is state


async def test_the_next_one_is_shown_at_once(world: World) -> None:
    hold(world.app, world.school.owner, 1), hold(world.app, world.school.owner, 2)
    question = await _asked(world)

    await world.driver.press(world.olive, question, "held_mail_no")

    assert "Thrown away" in words(question)
    assert "Was this you?" in words(question)
    await world.driver.press(world.olive, question, "held_mail_no")
    states = {row.state for row in everything(world.app, InboundMessage)}
    assert states == {MailState.IGNORED}


async def _asked(world: World) -> Message:
    (question,) = everything(world.app, OutboundMessage, OutboundMessage.kind == MessageKind.HELD_MAIL)
    assert question.channel is Channel.SLACK
    deliverer = SlackDeliverer(world.app.settings)
    loaded = deliverer.load(world.app, (question.id,))
    claimed = world.app.run(turn_over, TurnOver("test", claim_ids=(question.id,)), SYSTEM).claimed_ids
    outcomes = await asyncio.to_thread(deliverer.send, [loaded.items[each] for each in claimed])
    world.app.run(turn_over, TurnOver("test", tuple(outcomes)), SYSTEM)
    return world.direct_messages(world.olive)[-1]
