"""Sending later, reminders and quiet hours, in Slack."""

from datetime import UTC, datetime

from core.model import InvitationBatch, OutboundMessage
from core.words import MessageState
from tests.bot.conftest import RUN, World, action_ids, shown, words
from tests.core.usecases.acting import everything, only
from usher.demo.slack.records import Message

LATER = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)


async def scheduled(world: World, when: str = "Mon 9 March 09:00", addresses: str = "ada@example.org") -> Message:
    preview = shown(await world.usher(f"invite {RUN} {addresses} at {when}"))
    ack = await world.driver.press(world.olive, preview, "batches_confirm")
    assert ack.ok, ack.problem
    return preview


async def test_a_moment_after_the_addresses_is_in_the_preview_and_in_the_answer(world: World) -> None:
    preview = await world.usher(f"invite {RUN} ada@example.org at Mon 9 March 09:00")
    assert "*They go out Monday 9 March 2026 at 09:00 (London time)*, <!date^1773046800^" in words(preview)

    await world.driver.press(world.olive, shown(preview), "batches_confirm")

    assert "They go out <!date^1773046800^" in words(preview)
    assert "“/usher scheduled” lists everything that waits" in words(preview)
    assert only(world.app, InvitationBatch).sends_at == LATER


async def test_the_moment_is_meant_by_the_persons_own_clock(world: World) -> None:
    world.olive.tz = "America/New_York"

    ack = await world.usher(f"invite {RUN} ada@example.org at Fri 6 March 9am")

    assert "Friday 6 March 2026 at 09:00 (New York time)" in words(ack)
    assert f"<!date^{int(datetime(2026, 3, 6, 14, tzinfo=UTC).timestamp())}^" in words(ack)


async def test_a_moment_at_night_is_moved_and_said_so(world: World) -> None:
    ack = await world.usher(f"invite {RUN} ada@example.org at 23:00")

    assert "*They go out Tuesday 3 March 2026 at 07:00 (London time)*" in words(ack)
    assert "quiet hours, so I moved it to their end" in words(ack)


async def test_a_moment_that_cannot_be_is_refused_kindly(world: World) -> None:
    assert "that moment has passed" in words(await world.usher(f"invite {RUN} ada@example.org at today 08:00"))
    assert "I cannot tell when “soon” is." in words(await world.usher(f"invite {RUN} ada@example.org at soon"))
    assert world.counts()["draft"] == 0


async def test_the_form_takes_a_moment(world: World) -> None:
    await world.usher("invite")
    view = world.driver.modal(world.olive)
    await world.driver.suggest(world.olive, view, "run", "maths")
    values = {"run": RUN, "addresses": "ada@example.org", "when": str(int(LATER.timestamp()))}

    await world.driver.submit(world.olive, view, values)

    assert "Monday 9 March 2026 at 09:00 (London time)" in words(world.driver.modal(world.olive))


async def test_a_moment_in_the_form_that_has_passed_is_said_under_its_field(world: World) -> None:
    await world.usher("invite")
    view = world.driver.modal(world.olive)
    await world.driver.suggest(world.olive, view, "run", "maths")
    values = {"run": RUN, "addresses": "ada@example.org", "when": "1000000000"}

    ack = await world.driver.submit(world.olive, view, values)

    assert "that moment has passed" in ack.errors["when"]


async def test_what_waits_is_listed_and_can_be_cancelled(world: World) -> None:
    await scheduled(world)
    await scheduled(world, "Tue 10 March 09:00", "bo@example.org cy@example.org")
    listed = shown(await world.usher("scheduled"))
    assert "*2* mailings wait to go out." in words(listed)
    first = listed.blocks[2]["elements"][1]["value"]

    ack = await world.driver.press(world.olive, listed, "schedules_cancel", first)

    assert ack.ok
    assert ack.confirm is not None
    assert ack.confirm["title"]["text"] == "Cancel B-0001?"
    assert "*1* mailing waits to go out." in words(listed)
    states = {each.recipient: each.state for each in everything(world.app, OutboundMessage) if "@" in each.recipient}
    assert states["ada@example.org"] is MessageState.DROPPED
    assert states["bo@example.org"] is MessageState.PENDING


async def test_what_waits_can_be_sent_now(world: World) -> None:
    await scheduled(world)
    listed = shown(await world.usher("scheduled"))

    ack = await world.driver.press(world.olive, listed, "schedules_send")

    assert ack.ok
    assert "*Nothing* waits to go out." in words(listed)
    assert only(world.app, InvitationBatch).sends_at == world.clock().replace(minute=1)


async def test_a_viewer_sees_the_list_and_cannot_change_it(world: World) -> None:
    await scheduled(world)
    listed = shown(await world.usher("scheduled", world.vera))

    await world.driver.press(world.vera, listed, "schedules_send")

    assert only(world.app, InvitationBatch).sends_at == LATER


async def test_pages_of_the_list(world: World) -> None:
    for number in range(11):
        await scheduled(world, addresses=f"a{number}@example.org")
    listed = shown(await world.usher("scheduled"))
    assert "schedules_page:next" in action_ids(listed)

    await world.driver.press(world.olive, listed, "schedules_page:next")

    assert "Page 2 of 2" in words(listed)


async def test_reminders_of_a_run_are_shown_and_set(world: World) -> None:
    await world.invited()

    shown_first = words(await world.usher(f"reminders {RUN}"))
    changed = words(await world.usher(f"reminders {RUN} 5,close-2"))
    off = words(await world.usher(f"reminders {RUN} off"))

    assert "*2 learners* have not answered" in shown_first
    assert "3 and 10 days after sending and 7 days before the last day, at most 3 to each (the default)" in shown_first
    assert "• Thursday 5 March 2026: 2 learners" in shown_first
    assert "Reminders now go out 5 days after sending and 2 days before the last day" in changed
    assert "reminders are off for this run" in off
    assert "I cannot read “often” as days" in words(await world.usher(f"reminders {RUN} often"))


async def test_all_rules_stand_in_one_place_and_each_is_a_press_away(world: World) -> None:
    await world.usher("import-policy good-rows")
    ack = await world.usher("settings", world.vera)
    seen = words(ack)

    await world.driver.press(world.vera, shown(ack), "requests_ask_instead:quiet")

    assert "What holds at Northfield College" in seen
    assert "21:00 to 07:00 (London time): reminders wait for their end." in seen
    assert "Rows with problems are left out, and all others are imported at once. (good-rows)" in seen
    assert "Not read from imports, and not stored." in seen
    assert "Your digest is off." in seen
    assert "An owner changes them with" in words(ack)


async def test_quiet_hours_are_shown_to_all_and_set_by_owners(world: World) -> None:
    assert "Quiet from 21:00 to 07:00 (London time)" in words(await world.usher("quiet", world.vera))
    assert "Your role (viewer)" in words(await world.usher("quiet off", world.vera))
    assert "Quiet now from 20:00 to 07:30" in words(await world.usher("quiet 8pm-7:30am"))
    assert "has no quiet hours now" in words(await world.usher("quiet off"))
