"""The home tab."""

from tests.bot.conftest import World, words


async def test_the_tab_greets_staff_and_is_not_published_twice(world: World) -> None:
    await world.driver.open_home(world.olive)
    await world.driver.open_home(world.olive)

    home = world.slack.workspace.views.home(world.team, world.olive.id)
    assert home is not None
    assert "Welcome to Usher" in words(home)
    assert len(world.slack.workspace.calls("views.publish")) == 1


async def test_the_tab_has_a_button_to_the_form(world: World) -> None:
    await world.driver.open_home(world.olive)
    home = world.slack.workspace.views.home(world.team, world.olive.id)
    assert home is not None

    ack = await world.driver.press(world.olive, home, "invitations_compose")

    assert ack.ok
    assert world.driver.modal(world.olive).payload["callback_id"] == "invitations_form"


async def test_a_stranger_reads_how_to_become_known_and_gets_no_message(world: World) -> None:
    max_ = world.person("Max Example", "max@northfield.example.org")

    await world.driver.open_home(max_)

    home = world.slack.workspace.views.home(world.team, max_.id)
    assert home is not None
    assert "/usher link" in words(home)
    assert world.direct_messages(max_) == []
