"""Two processes with one database keep together to what Slack allows one app."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from bot.authorize import Place
from bot.deliverer import SlackDeliverer
from bot.pace import FOR_ANSWERS, Method, held_lane, lanes_of
from core.app import App
from core.context import System
from core.database import open_engine
from core.letters import Verdict
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.usecases.messages.lanes import EnterLanes, enter_lanes
from tests.bot.conftest import World
from tests.bot.handlers.test_home import opened
from tests.bot.test_deliverer import Post, confirmations
from tests.core.usecases.progressing import enrol
from usher.demo.slack.faults import TooManyRequests


def test_a_burst_and_a_minute_together_stay_under_what_slack_counts() -> None:
    threes, fours = (Method.UPDATE, Method.OPEN), (Method.PUBLISH, Method.UPLOAD, Method.FORM)
    counted = {Method.POST: 300, **dict.fromkeys(threes, 50), **dict.fromkeys(fours, 100)}

    for method in Method:
        lane = lanes_of(Place("", "T1"), method, "U1", more=FOR_ANSWERS)[-1]
        assert lane.burst + 60 / lane.interval.total_seconds() <= counted[method], method


@pytest.mark.parametrize(("seconds", "boards"), [(6, 4), pytest.param(75, 12, marks=pytest.mark.slow)])
async def test_two_workers_as_fast_as_they_may_are_never_refused(
    world: World, workers: list[Post], seconds: int, boards: int
) -> None:
    for number in range(boards):
        await world.invited(f"ada{number}@example.org")
    world.slack.rates.allowance = 1

    for _ in range(2 * seconds):
        world.app.run(turn_over, TurnOver("x", confirmation_ids=confirmations(world)), System())
        for worker in workers:
            await worker.deliver()
        world.clock.advance(seconds=0.5)

    answers = [(entry.method, entry.status) for entry in world.slack.workspace.journal]
    assert {status for _, status in answers} == {200}
    assert answers.count((Method.POST, 200)) == boards
    # Most of what is allowed.
    assert 0.6 * seconds <= answers.count((Method.UPDATE, 200)) <= 2 + 0.8 * seconds


async def test_who_is_asked_to_wait_makes_the_other_process_wait(world: World, workers: list[Post]) -> None:
    await world.invited("ada@example.org")
    world.slack.faults.fail_next(Method.POST, TooManyRequests(30))

    await workers[0].deliver()
    await world.invited("bo@example.org")
    await workers[1].deliver()
    await world.driver.say_dm(world.olive, "courses")
    calls, early = len(world.slack.workspace.calls(Method.POST)), world.direct_messages(world.olive)
    world.clock.advance(seconds=30)
    rested = await _asked_in_home(world)

    assert (calls, early) == (1, [])
    assert len(world.slack.workspace.calls(Method.POST)) == 2
    assert rested == 1


async def test_what_a_listener_says_counts_for_the_worker(world: World, workers: list[Post]) -> None:
    await world.invited("ada@example.org")

    answered = [await _asked_in_home(world) for _ in range(3)]
    outcomes = await workers[0].deliver()

    assert (answered, outcomes) == ([1, 2, 3], [])
    world.clock.advance(seconds=2)
    assert len(await workers[0].deliver()) == 1


async def test_a_message_in_place_of_one_that_is_gone_keeps_to_the_pace_as_well(
    world: World, workers: list[Post]
) -> None:
    await world.invited("ada@example.org")
    await workers[0].deliver()
    world.slack.workspace.messages.remove(world.direct_messages(world.olive)[0])
    world.app.run(turn_over, TurnOver("x", confirmation_ids=confirmations(world)), System())
    world.clock.advance(seconds=10)
    lanes = lanes_of(Place("", world.team.id), Method.POST, world.olive.id)
    while not world.app.run(enter_lanes, EnterLanes(lanes), System()).wait:
        pass

    (early,) = await workers[0].deliver()
    said = world.direct_messages(world.olive)
    world.clock.advance(seconds=2)
    (late,) = await workers[0].deliver()

    assert (early.verdict, said) == (Verdict.LATER, [])
    assert late.verdict is Verdict.ACCEPTED
    assert len(world.direct_messages(world.olive)) == 1


async def test_an_opened_conversation_that_slack_refuses_holds_up_no_files_but_conversations(world: World) -> None:
    enrol(world.school, "ada@example.org")
    await world.usher("costs export")
    app, place = world.app, Place("", world.team.id)
    world.slack.faults.fail_next(Method.OPEN, TooManyRequests(30))

    outcomes = await Post(world, SlackDeliverer(app.settings)).deliver()
    opened, uploaded = (
        app.run(enter_lanes, EnterLanes((held_lane(place, method),)), System()).wait
        for method in (Method.OPEN, Method.UPLOAD)
    )

    assert 30 in [each.retry_after for each in outcomes if each.verdict is Verdict.LATER]
    assert (opened, uploaded) == (30, 0)


async def test_who_presses_a_button_is_answered_while_the_worker_has_much_to_say(world: World) -> None:
    await _asked_in_home(world)
    place = Place("", world.team.id)
    news = [EnterLanes(lanes_of(place, Method.POST, f"U{number}")) for number in range(60)]
    waits = [world.app.run(enter_lanes, each, System()).wait for each in news]

    answered = await _asked_in_home(world)

    assert waits[-1] > 0
    assert answered == 2


async def test_a_listener_that_slack_asked_to_wait_holds_up_the_worker(world: World, workers: list[Post]) -> None:
    await world.invited("ada@example.org")
    world.slack.faults.fail_next(Method.POST, TooManyRequests(30))

    await world.driver.say_dm(world.olive, "courses")

    assert await workers[0].deliver() == []
    assert len(world.slack.workspace.calls(Method.POST)) == 1


@pytest.fixture
def workers(world: World) -> Iterator[list[Post]]:
    """Two processes: nothing is shared but the database."""
    engines = [open_engine(str(world.app.engine.url)) for _ in range(2)]
    apps = [App(each, world.app.settings, jobs=world.app.jobs, clock=world.clock) for each in engines]
    yield [Post(replace(world, app=app), SlackDeliverer(app.settings)) for app in apps]
    for engine in engines:
        engine.dispose()


async def _asked_in_home(world: World) -> int:
    """How many messages Olive has after she pressed for the courses in her home tab."""
    await world.driver.press(world.olive, await opened(world), "home_ask:courses")
    return len(world.direct_messages(world.olive))
