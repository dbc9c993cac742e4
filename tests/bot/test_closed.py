"""What Slack wants to hear nothing of for a while is not said, by nobody, and the rest goes on."""

from bot.deliverer import SlackDeliverer
from core.letters import Verdict
from tests.bot.conftest import World
from tests.bot.test_deliverer import Post
from usher.demo.slack.faults import TooManyRequests


async def test_who_was_asked_to_wait_holds_back_the_others_too(world: World) -> None:
    await world.invited("ada@example.org")
    await world.invited("bo@example.org")
    post = Post(world, SlackDeliverer(world.app.settings))
    world.slack.faults.fail_next("chat.postMessage", TooManyRequests(30))
    before = _posts(world)

    outcomes = await post.deliver()

    assert [(outcome.verdict, outcome.retry_after) for outcome in outcomes] == [(Verdict.LATER, 30)]
    assert _posts(world) == before + 1


async def test_edits_go_on_while_posts_are_closed(world: World) -> None:
    await world.invited("ada@example.org")
    post = Post(world, SlackDeliverer(world.app.settings))
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
