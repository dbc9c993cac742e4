"""Files that cannot be fetched."""

from core.rules.policy import SHEET_BYTES
from tests.bot.conftest import RUN, World, words


async def test_a_file_that_is_too_large_is_not_even_fetched(world: World) -> None:
    file = world.driver.add_file(world.olive, "list.csv", b"x" * (SHEET_BYTES + 1))
    await world.usher(f"invite {RUN}")

    await world.driver.submit(world.olive, world.driver.modal(world.olive), {"file": [file]})
    await world.background.finish()

    assert "it is larger than 10 MB" in words(world.driver.modal(world.olive))


async def test_a_file_that_slack_does_not_show_us_is_said_so(world: World) -> None:
    world.team.scopes = tuple(scope for scope in world.team.scopes if scope != "files:read")
    file = world.driver.add_file(world.olive, "list.csv", b"ada@example.org")
    await world.usher(f"invite {RUN}")

    await world.driver.submit(world.olive, world.driver.modal(world.olive), {"file": [file]})
    await world.background.finish()

    assert "Slack did not let me download it" in words(world.driver.modal(world.olive))
