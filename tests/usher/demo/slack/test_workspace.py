"""What the look-alike promises of its own: order, repeatability, and a tidy end."""

from tests.usher.demo.slack.clock import SteppedClock
from usher.demo.slack.records import Team
from usher.demo.slack.server import SlackLookalike
from usher.demo.slack.workspace import Workspaces


def furnish(workspace: Workspaces) -> Team:
    team = workspace.add_team("North College")
    ada = workspace.add_user(team, "Ada Marsh", "ada.marsh@example.org")
    workspace.post(workspace.add_channel(team, "general", [ada]), ada, "Hello")
    return team


def test_timestamps_grow_while_the_clock_stands_still() -> None:
    workspace = Workspaces(SteppedClock())

    stamps = [workspace.next_ts() for _ in range(3)]

    assert stamps == sorted(set(stamps))


def test_two_runs_are_equal() -> None:
    first, second = Workspaces(SteppedClock()), Workspaces(SteppedClock())

    assert furnish(first) == furnish(second)
    assert first.messages == second.messages


async def test_it_listens_on_this_machine_only_and_on_a_free_port() -> None:
    clock = SteppedClock()

    async with SlackLookalike(clock) as first, SlackLookalike(clock) as second:
        assert first.base_url.startswith("http://127.0.0.1:")
        assert first.base_url != second.base_url
