"""What the worker says in Slack: posted once, edited ever after, and honest about what became of it."""

import asyncio
import socket
from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec import Struct
from slack_sdk import WebClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.deliverer import Note, SlackDeliverer
from core.context import System
from core.letters import Loaded, Outcome, Verdict
from core.model import OutboundMessage, SlackUser
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.words import Channel, MessageState
from tests.bot.conftest import World, words
from tests.factories import sent
from usher.demo.slack.faults import CutBody, Hang, ServerError, TooManyRequests


class Post(Struct):
    """Plays the worker: claims what is due, sends it, marks it, one by one."""

    world: World
    deliverer: SlackDeliverer

    async def deliver(self) -> list[Outcome]:
        app = self.world.app
        loaded = self.deliverer.load(app, self.due())
        app.run(turn_over, TurnOver("test", unworthy_ids=loaded.unworthy_ids), System())
        return [outcome for each in loaded.items for outcome in await self._deliver(loaded, each)]

    async def _deliver(self, loaded: Loaded[Note], message_id: int) -> list[Outcome]:
        app = self.world.app
        claim = TurnOver("test", claim_ids=(message_id,), lanes=loaded.lanes)
        claimed = app.run(turn_over, claim, System()).claimed_ids
        outcomes = await asyncio.to_thread(self.deliverer.send, [loaded.items[each] for each in claimed])
        app.run(turn_over, TurnOver("test", tuple(outcomes)), System())
        return outcomes

    def due(self) -> tuple[int, ...]:
        is_due = (
            OutboundMessage.state == MessageState.PENDING,
            OutboundMessage.channel == Channel.SLACK,
            OutboundMessage.not_before <= self.world.clock(),
        )
        with Session(self.world.app.engine, info={"scope": "every organisation"}) as session:
            return tuple(session.scalars(select(OutboundMessage.id).where(*is_due)))

    def row(self) -> OutboundMessage:
        with Session(self.world.app.engine, info={"scope": "every organisation"}) as session:
            return session.scalars(select(OutboundMessage).where(OutboundMessage.channel == Channel.SLACK)).one()


@pytest.fixture
async def post(world: World) -> Post:
    """A confirmed batch whose scoreboard waits to be posted."""
    await world.invited()
    return Post(world, SlackDeliverer(world.app.settings))


async def test_a_scoreboard_is_posted_once_and_then_edited(post: Post) -> None:
    world = post.world
    first = await post.deliver()
    posted = world.direct_messages(world.olive)
    before = words(posted[0])
    sent(world.app)
    world.app.run(turn_over, TurnOver("test", confirmation_ids=confirmations(world)), System())
    world.clock.advance(seconds=10)

    second = await post.deliver()

    channel = world.slack.workspace.direct_messages(world.team, world.olive.id)
    assert [outcome.verdict for outcome in first + second] == [Verdict.ACCEPTED, Verdict.ACCEPTED]
    assert first[0].ref == f"{channel.id}/{posted[0].ts}#0"
    assert world.direct_messages(world.olive) == posted
    assert "Sending starts" in before
    assert "2 sent and not answered" in words(posted[0])
    assert post.row().state is MessageState.SENT


async def test_what_happens_between_loading_and_sending_is_drawn(post: Post) -> None:
    world = post.world
    loaded = post.deliverer.load(world.app, post.due())
    sent(world.app, after=timedelta(minutes=2))

    await asyncio.to_thread(post.deliverer.send, list(loaded.items.values()))

    assert "2 sent and not answered" in words(world.direct_messages(world.olive)[0])


async def test_a_deleted_message_is_posted_anew(post: Post) -> None:
    world = post.world
    await post.deliver()
    world.slack.workspace.messages.remove(world.direct_messages(world.olive)[0])
    _touch(world)

    outcomes = await post.deliver()

    assert outcomes[0].verdict is Verdict.ACCEPTED
    assert len(world.direct_messages(world.olive)) == 1


async def test_too_many_requests_are_obeyed(post: Post) -> None:
    post.world.slack.faults.fail_next("chat.postMessage", TooManyRequests(retry_after=17))

    outcomes = await post.deliver()

    (outcome,) = outcomes
    assert (outcome.verdict, outcome.detail, outcome.retry_after) == (Verdict.LATER, "Slack asked us to wait", 17)
    assert len(post.world.slack.workspace.calls("chat.postMessage")) == 1


async def test_a_server_error_is_tried_later(post: Post) -> None:
    post.world.slack.faults.fail_next("chat.postMessage", ServerError(503))

    outcomes = await post.deliver()

    assert (outcomes[0].verdict, outcomes[0].detail) == (Verdict.LATER, "Slack answered 503")


@pytest.mark.parametrize("fault", [Hang(1.5), CutBody()])
async def test_a_post_whose_answer_was_lost_is_unsure_and_not_repeated(post: Post, fault: Hang | CutBody) -> None:
    post.deliverer = _impatient(post.world)
    post.world.slack.faults.fail_next("chat.postMessage", fault)

    outcomes = await post.deliver()

    assert outcomes[0].verdict is Verdict.UNSURE
    assert len(post.world.slack.workspace.calls("chat.postMessage")) == 1


async def test_a_line_that_drops_without_an_answer_is_unsure_and_not_repeated(post: Post) -> None:
    asked: list[bytes] = []

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings = replace(post.world.app.settings, slack_api_url=f"http://127.0.0.1:{port}/api/")
        post.deliverer = SlackDeliverer(settings)

        outcomes = await post.deliver()

    assert outcomes[0].verdict is Verdict.UNSURE
    assert len(asked) == 1


@pytest.mark.parametrize("fault", [Hang(1.5), CutBody()])
async def test_an_edit_whose_answer_was_lost_is_done_again_later(post: Post, fault: Hang | CutBody) -> None:
    await post.deliver()
    _touch(post.world)
    post.deliverer = _impatient(post.world)
    post.world.slack.faults.fail_next("chat.update", fault)

    outcomes = await post.deliver()

    assert outcomes[0].verdict is Verdict.LATER


async def test_slack_that_cannot_be_reached_got_nothing(post: Post) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    settings = replace(post.world.app.settings, slack_api_url=f"http://127.0.0.1:{port}/api/")
    post.deliverer = SlackDeliverer(settings)

    outcomes = await post.deliver()

    assert outcomes[0].verdict is Verdict.LATER


async def test_a_dead_token_is_our_fault(post: Post) -> None:
    post.world.team.is_token_revoked = True

    outcomes = await post.deliver()

    assert (outcomes[0].verdict, outcomes[0].detail) == (Verdict.OUR_FAULT, "token_revoked")


async def test_without_a_token_nothing_is_tried(post: Post) -> None:
    post.deliverer = SlackDeliverer(replace(post.world.app.settings, slack_bot_token=""))

    outcomes = await post.deliver()

    assert outcomes[0].verdict is Verdict.OUR_FAULT
    assert post.world.slack.workspace.calls("chat.postMessage") == []


async def test_a_person_whom_slack_does_not_know_is_refused(post: Post) -> None:
    del post.world.slack.workspace.users[post.world.olive.id]

    outcomes = await post.deliver()

    assert (outcomes[0].verdict, outcomes[0].detail) == (Verdict.REFUSED, "channel_not_found")


async def test_whoever_has_no_slack_account_any_more_cannot_be_reached(post: Post) -> None:
    with Session(post.world.app.engine, info={"scope": "every organisation"}) as session, session.begin():
        session.scalars(select(SlackUser).where(SlackUser.user_id == post.world.olive.id)).one().confirmed_at = None

    loaded = post.deliverer.load(post.world.app, post.due())

    assert loaded.items == {}
    assert loaded.unworthy_ids == post.due()


def test_one_message_is_on_its_way_at_a_time(world: World) -> None:
    assert SlackDeliverer(world.app.settings).width == 1


def _touch(world: World) -> None:
    world.app.run(turn_over, TurnOver("test", confirmation_ids=confirmations(world)), System())
    world.clock.advance(seconds=10)


def confirmations(world: World) -> tuple[int, ...]:
    with Session(world.app.engine, info={"scope": "every organisation"}) as session:
        rows = session.scalars(select(OutboundMessage).where(OutboundMessage.channel == Channel.SLACK))
        return tuple(row.about_id for row in rows)


def _impatient(world: World) -> SlackDeliverer:
    def make(token: str) -> WebClient:
        # In real time, whole seconds: the look-alike keeps its answer back for longer.
        return WebClient(token=token, base_url=world.app.settings.slack_api_url, timeout=1, retry_handlers=[])

    return SlackDeliverer(world.app.settings, make)
