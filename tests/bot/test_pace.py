"""How fast we may speak."""

from bot.pace import Pace
from tests.factories import FixedClock


def test_a_burst_goes_at_once_and_then_one_at_a_time() -> None:
    clock = FixedClock()
    pace = Pace(clock, per_second=0.5, burst=2)

    at_once = [pace.wait_for("D1") for _ in range(3)]
    other = pace.wait_for("D2")
    clock.advance(seconds=2)

    assert at_once == [0, 0, 2]
    assert other == 0
    assert pace.wait_for("D1") == 0
