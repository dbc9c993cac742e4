"""How fast the house may speak, on both databases, whoever speaks."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from core.app import App
from core.context import Context
from core.rules.lanes import Lane
from core.usecases.messages.lanes import EnterLanes, HoldUpLane, LanesEntered, enter_lanes, hold_up_lane, turn_in
from tests.core.usecases.acting import clock_of
from tests.factories import SYSTEM

PERSON = Lane("T1/U1", timedelta(seconds=2), burst=3)
EDITS = Lane("T1/chat.update", timedelta(seconds=0.5), burst=8)


def wait(app: App, *lanes: Lane) -> float:
    return app.run(enter_lanes, EnterLanes(lanes), SYSTEM).wait


def test_a_burst_goes_at_once_and_then_one_at_a_time(app: App) -> None:
    at_once = [wait(app, PERSON) for _ in range(4)]
    other = wait(app, EDITS)
    clock_of(app).now += timedelta(seconds=2)
    after = [wait(app, PERSON) for _ in range(2)]
    clock_of(app).now += timedelta(minutes=1)
    rested = [wait(app, PERSON) for _ in range(4)]

    assert (at_once, other, after) == ([0, 0, 0, 2], 0, [0, 2])
    assert rested == at_once


def test_a_call_goes_when_all_its_lanes_are_free(app: App) -> None:
    for _ in range(8):
        wait(app, EDITS)

    assert wait(app, PERSON, EDITS) == 0.5


def test_a_lane_that_is_held_up_opens_for_one_call_when_the_time_is_over(app: App) -> None:
    wait(app, EDITS)

    for lane in (EDITS, PERSON):
        app.run(hold_up_lane, HoldUpLane(lane, 30), SYSTEM)
        app.run(hold_up_lane, HoldUpLane(lane, 10), SYSTEM)

    assert (wait(app, EDITS), wait(app, PERSON)) == (30, 30)
    clock_of(app).now += timedelta(seconds=30)
    assert [wait(app, EDITS) for _ in range(2)] == [0, 0.5]


def test_whoever_is_put_off_has_a_moment_of_its_own_and_one_who_waits_for_an_answer_goes_before(app: App) -> None:
    def turn() -> float:
        return app.run(turn_in, (EDITS,), SYSTEM)

    at_once = [turn() for _ in range(8)]
    queued = [turn() for _ in range(3)]
    asked = wait(app, EDITS)
    clock_of(app).now += timedelta(seconds=0.5)
    next_one, too_early = turn(), turn()
    clock_of(app).now += timedelta(minutes=1)
    rested = [turn() for _ in range(9)]

    assert (at_once, queued, asked) == ([0] * 8, [0.5, 1, 1.5], 0.5)
    assert (next_one, too_early) == (0, 1.5)
    assert rested == [*at_once, 0.5]


def test_of_many_at_the_same_moment_as_many_go_as_there_are_places(app: App) -> None:
    """Whoever is first makes the row, and so may two at once."""
    with ThreadPoolExecutor(8) as threads:
        waits = list(threads.map(lambda _: wait(app, EDITS), range(24)))

    assert waits.count(0) == EDITS.burst
    assert {each for each in waits if each} == {0.5}


def test_lanes_that_two_name_in_opposite_orders_make_neither_wait_for_the_other_in_a_ring(app: App) -> None:
    """PostgreSQL would end one of them after a second, and it would run anew."""
    runs = []

    def counted(ctx: Context, command: EnterLanes) -> LanesEntered:
        runs.append(command)
        return enter_lanes(ctx, command)

    wait(app, PERSON, EDITS)
    orders = [EnterLanes((PERSON, EDITS)), EnterLanes((EDITS, PERSON))] * 15
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda command: app.run(counted, command, SYSTEM), orders))

    assert len(runs) == len(orders)
