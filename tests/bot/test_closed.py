"""What Slack wants to hear nothing of for a while is not said, by nobody, and the rest goes on."""

from bot.deliverer import SlackDeliverer
from bot.pace import Closed
from core.letters import Verdict
from tests.bot.conftest import World
from tests.bot.test_deliverer import Post
from tests.factories import FixedClock
from usher.demo.slack.faults import TooManyRequests


def test_a_closed_door_opens_when_the_time_is_up() -> None:
    clock = FixedClock()
    closed = Closed(clock)

    closed.close("post", 30)

    assert (closed.wait_for("post"), closed.wait_for("edit")) == (30, 0)
    clock.advance(seconds=29.5)
    assert closed.wait_for("post") == 0.5
    clock.advance(seconds=0.5)
    assert closed.wait_for("post") == 0


async def test_who_was_asked_to_wait_holds_back_the_others_too(world: World) -> None:
    await world.invited("ada@example.org")
    await world.invited("bo@example.org")
    post = Post(world, SlackDeliverer(world.app.settings, clock=world.clock))
    world.slack.faults.fail_next("chat.postMessage", TooManyRequests(30))
    before = _posts(world)

    outcomes = await post.deliver()

    assert [(outcome.verdict, outcome.retry_after) for outcome in outcomes] == [(Verdict.LATER, 30)] * 2
    assert _posts(world) == before + 1


async def test_edits_go_on_while_posts_are_closed(world: World) -> None:
    await world.invited("ada@example.org")
    post = Post(world, SlackDeliverer(world.app.settings, clock=world.clock))
    await post.deliver()
    world.slack.faults.fail_next("chat.postMessage", TooManyRequests(300))
    await world.invited("bo@example.org")
    await post.deliver()

    await world.driver.press(world.olive, world.direct_messages(world.olive)[0], "scoreboards_undo")
    world.clock.advance(seconds=10)
    outcomes = await post.deliver()

    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED]


def _posts(world: World) -> int:
    return sum(entry.method == "chat.postMessage" for entry in world.slack.workspace.journal)
