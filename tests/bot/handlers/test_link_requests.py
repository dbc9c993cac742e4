"""A learner asks for a new link; the one who invited them answers in Slack."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.deliverer import SlackDeliverer
from core.context import System
from core.model import Invitation, OutboundMessage
from core.rules.links import LinkKind
from core.usecases.invitations.answers import AskForLink, DeclineInvitation, ask_for_link, decline_invitation
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.words import Channel, MessageState
from tests.bot.conftest import World, words
from tests.factories import LEARNER, sent
from usher.demo.slack.records import Message


@pytest.mark.parametrize(
    ("action", "answer", "invitations"),
    [("link_requests_approve", "gets a link", 2), ("link_requests_decline", "gets no new link", 1)],
)
async def test_a_request_is_answered_once(world: World, action: str, answer: str, invitations: int) -> None:
    request = await _asked(world)
    before, buttons = words(request), list(request.blocks)

    ack = await world.driver.press(world.olive, request, action)
    after = words(request)
    request.blocks = buttons
    await world.driver.press(world.olive, request, action)

    told = [words(message) for message in world.slack.workspace.messages if message.only_for == world.olive.id]
    assert ack.ok
    assert "*ada@example.org* asks for a new link" in before
    assert "was declined" in before
    assert answer in after
    assert world.counts()["invitation"] == invitations
    assert "Olive Owner has already answered this request." in told[-1]


async def _asked(world: World) -> Message:
    await world.invited("ada@example.org")
    sent(world.app)
    with Session(world.app.engine, info={"scope": "every organisation"}) as session:
        invitation = session.scalars(select(Invitation)).one()
    token = world.app.links.token(LinkKind.INVITATION, invitation.id)
    world.app.run(decline_invitation, DeclineInvitation(token), LEARNER)
    world.app.run(ask_for_link, AskForLink(token), LEARNER)
    await _delivered(world)
    return world.direct_messages(world.olive)[-1]


async def _delivered(world: World) -> None:
    import asyncio

    world.clock.advance(seconds=10)
    deliverer = SlackDeliverer(world.app.settings)
    with Session(world.app.engine, info={"scope": "every organisation"}) as session:
        waiting = OutboundMessage.state == MessageState.PENDING, OutboundMessage.channel == Channel.SLACK
        ids = tuple(session.scalars(select(OutboundMessage.id).where(*waiting).order_by(OutboundMessage.created_at)))
    loaded = deliverer.load(world.app, ids)
    claimed = world.app.run(turn_over, TurnOver("test", claim_ids=ids), System()).claimed_ids
    items = [loaded.items[message_id] for message_id in claimed]
    outcomes = await asyncio.to_thread(deliverer.send, items)
    world.app.run(turn_over, TurnOver("test", tuple(outcomes)), System())
