"""The home tab."""

import pytest
from sqlalchemy import text as sql

from bot.deliverer import SlackDeliverer
from core.letters import Verdict
from core.usecases.staff.homes import RefreshHomes, refresh_homes
from tests.bot.conftest import RUN, World, action_ids, words
from tests.bot.importing import Importing
from tests.bot.test_deliverer import Post
from tests.core.usecases.acting import deliver
from tests.core.usecases.importing import ULNS, line, sheet
from tests.factories import SYSTEM
from usher.demo.slack.faults import CutBody, Fault, ServerError, TooManyRequests
from usher.demo.slack.records import Message, User, View


def home(world: World, user: User | None = None) -> View:
    shown = world.slack.workspace.views.home(world.team, (user or world.olive).id)
    assert shown is not None
    return shown


async def opened(world: World) -> View:
    await world.driver.open_home(world.olive)
    return home(world)


def published(world: World) -> int:
    return len(world.slack.workspace.calls("views.publish"))


async def test_the_tab_greets_staff_and_is_not_published_twice(world: World) -> None:
    await world.driver.open_home(world.olive)
    await world.driver.open_home(world.olive)

    assert "Hello Olive" in words(home(world))
    assert "*0* invited and not answered yet" in words(home(world))
    assert published(world) == 1


async def test_the_numbers_and_the_latest_batches_are_there(world: World) -> None:
    await world.invited()

    shown = words(await opened(world))

    assert "*2* invited and not answered yet" in shown
    assert "*B-0001* · Maths for Everyone" in shown
    assert "*0* accepted · 0 declined · 2 waiting" in shown


async def test_the_tab_has_a_button_to_the_form(world: World) -> None:
    ack = await world.driver.press(world.olive, await opened(world), "invitations_compose")

    assert ack.ok
    assert world.driver.modal(world.olive).payload["callback_id"] == "invitations_form"


async def test_imports_that_wait_are_a_button_away_and_nothing_else_is_listed(world: World) -> None:
    await world.driver.open_home(world.vera)
    importing = Importing(world)
    await importing.drop("good.csv", sheet(line("Ada", ULN=ULNS[0])))
    await importing.drop("bad.csv", sheet(line("Bo", ULN=ULNS[1]), line("Cy", Postcode="nowhere")))

    await world.driver.press(world.olive, await opened(world), "home_ask:imports_held")

    listed = words(world.direct_messages(world.olive)[-1])
    assert "home_ask:imports" in action_ids(home(world, world.vera)), "None waited then."
    assert "*1* import waits for somebody's decision" in words(home(world))
    assert ("“bad.csv”" in listed, "“good.csv”" in listed) == (True, False)


async def test_what_did_not_arrive_is_a_button_away_with_a_menu_to_correct_it(world: World) -> None:
    await world.invited("bo@gmial.com, cy@example.org")
    assert "home_ask:invites_bounced" not in action_ids(await opened(world))
    deliver(world.app, Verdict.REFUSED)

    tab = await opened(world)
    await world.driver.open_home(world.vera)
    for user in (world.olive, world.vera):
        await world.driver.press(user, home(world, user), "home_ask:invites_bounced")
    listed, to_look_at = (world.direct_messages(user)[-1] for user in (world.olive, world.vera))
    await world.driver.press(world.olive, listed, "invitations_change", _correcting(listed))

    assert "*2* of them not delivered: “Not delivered” lists them" in words(tab)
    assert "*2 e-mails did not arrive*" in words(listed)
    assert "Did you mean bo@gmail.com?" in words(listed)
    assert RUN in words(listed)
    assert "bo@gmail.com" in str(world.driver.modal(world.olive).payload)
    assert "invitations_change" not in action_ids(to_look_at)


def _correcting(listed: Message) -> str:
    """The choice of whose address looks mistyped."""
    row = next(each for each in listed.blocks if "bo@gmial.com" in str(each.get("text")))
    return str(next(each["value"] for each in row["accessory"]["options"] if each["value"].startswith("correct:")))


async def test_what_is_asked_by_a_button_is_answered_directly(world: World) -> None:
    await world.driver.press(world.olive, await opened(world), "home_ask:courses")

    (answer,) = world.direct_messages(world.olive)
    assert "to choose from" in words(answer)


async def test_a_viewer_sees_the_numbers_and_no_button_that_they_may_not_press(world: World) -> None:
    await world.invited()

    await world.driver.open_home(world.vera)

    shown = home(world, world.vera)
    assert "*2* invited and not answered yet" in words(shown)
    assert {"invitations_compose", "scoreboards_undo"}.isdisjoint(action_ids(shown))
    for asked in ("home_ask:learners", "home_ask:digest_now", "home_ask:costs"):
        assert (await world.driver.press(world.vera, shown, asked)).ok
    assert "does not include this" not in "".join(words(each) for each in world.direct_messages(world.vera))


async def test_it_is_drawn_again_when_something_happened_and_only_then(world: World) -> None:
    await opened(world)
    post = Post(world, SlackDeliverer(world.app.settings))
    world.clock.advance(seconds=30)
    quiet = world.app.run(refresh_homes, RefreshHomes(), SYSTEM).count
    await world.invited()
    world.clock.advance(seconds=30)

    news = world.app.run(refresh_homes, RefreshHomes(), SYSTEM).count
    await post.deliver()
    world.clock.advance(seconds=30)
    again = world.app.run(refresh_homes, RefreshHomes(), SYSTEM).count

    assert (quiet, news, again) == (0, 1, 0)
    assert "*2* invited and not answered yet" in words(home(world))
    assert published(world) == 2


async def test_what_happens_a_moment_after_it_was_drawn_again_is_news(world: World) -> None:
    await opened(world)
    post = Post(world, SlackDeliverer(world.app.settings))
    world.clock.advance(seconds=30)
    await world.invited()
    world.app.run(refresh_homes, RefreshHomes(), SYSTEM)
    await post.deliver()
    world.clock.advance(seconds=1)
    await world.invited("cy@example.org")
    world.clock.advance(seconds=30)

    world.app.run(refresh_homes, RefreshHomes(), SYSTEM)
    await post.deliver()

    assert "*3* invited and not answered yet" in words(home(world))


async def test_a_workspace_that_wants_no_more_homes_for_a_while_still_gets_its_scoreboards(world: World) -> None:
    await opened(world)
    world.clock.advance(seconds=1)
    await world.invited()
    world.clock.advance(seconds=30)
    world.app.run(refresh_homes, RefreshHomes(), SYSTEM)
    world.slack.faults.fail_next("views.publish", TooManyRequests(retry_after=60))
    post = Post(world, SlackDeliverer(world.app.settings))

    verdicts = {outcome.verdict for outcome in await post.deliver()}

    assert verdicts == {Verdict.ACCEPTED, Verdict.LATER}
    assert len(world.direct_messages(world.olive)) == 1


async def test_what_changes_nothing_on_it_is_not_published(world: World) -> None:
    await opened(world)
    post = Post(world, SlackDeliverer(world.app.settings))
    await world.usher(f"cancel {RUN} nobody@example.org")
    world.clock.advance(seconds=30)

    world.app.run(refresh_homes, RefreshHomes(), SYSTEM)
    await post.deliver()

    assert published(world) == 1


@pytest.mark.parametrize("fault", [TooManyRequests(retry_after=60), ServerError(), CutBody()], ids=str)
async def test_a_tab_that_slack_does_not_take_is_drawn_later_and_nobody_gets_a_message(
    world: World, fault: Fault
) -> None:
    world.slack.faults.fail_next("views.publish", fault)
    await world.driver.open_home(world.olive)
    world.clock.advance(seconds=120)
    outcomes = await Post(world, SlackDeliverer(world.app.settings)).deliver()

    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED]
    assert "Hello Olive" in words(home(world))
    assert world.driver.failed_events == []
    assert world.direct_messages(world.olive) == []


async def test_a_tab_that_shows_something_else_is_drawn_though_it_was_published_before(world: World) -> None:
    """As to somebody who was refused meanwhile."""
    tab = await opened(world)
    world.slack.workspace.views.publish(world.team, world.olive.id, {"type": "home", "blocks": []})
    world.slack.faults.fail_next("views.publish", ServerError())

    await world.driver.open_home(world.olive)
    await Post(world, SlackDeliverer(world.app.settings)).deliver()

    assert "Hello Olive" in words(tab)


async def test_a_refusal_that_slack_does_not_take_stands_in_the_tab_later(world: World) -> None:
    max_ = world.person("Max Example", "max@northfield.example.org")
    world.slack.faults.fail_next("views.publish", TooManyRequests(retry_after=5), times=2)

    await world.driver.open_home(max_)
    await world.background.finish()

    assert "/usher link" in words(home(world, max_))
    assert world.direct_messages(max_) == []


async def test_that_the_database_is_away_is_said_in_the_tab_itself(world: World) -> None:
    with world.app.engine.begin() as connection:
        connection.execute(sql("ALTER TABLE import RENAME TO hidden"))

    await world.driver.open_home(world.olive)
    for _ in range(3):
        world.clock.advance(seconds=3600)
        await world.driver.redeliver_due()

    assert "very busy" in words(home(world))
    assert world.driver.failed_events == []
    assert world.direct_messages(world.olive) == []


async def test_a_stranger_reads_how_to_become_known_and_gets_no_message(world: World) -> None:
    max_ = world.person("Max Example", "max@northfield.example.org")

    await world.driver.open_home(max_)

    assert "/usher link" in words(home(world, max_))
    assert world.direct_messages(max_) == []
