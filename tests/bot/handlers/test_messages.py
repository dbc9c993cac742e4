"""Direct messages to the bot: the same language, told at least once, done once."""

from sqlalchemy import text as sql

from tests.bot.conftest import RUN, World, action_ids, words
from tests.factories import sent


async def test_a_message_asks_what_a_command_asks(world: World) -> None:
    ack = await world.driver.say_dm(world.olive, f'invite {RUN} "Ada" <ada@example.org>; bo@example.org')

    preview = world.direct_messages(world.olive)[-1]
    await world.driver.press(world.olive, preview, "batches_confirm")

    assert ack.ok
    assert "*2 learners* invited" in words(preview)
    assert world.counts()["invitation"] == 2


async def test_the_bots_own_name_may_stand_before_it(world: World) -> None:
    await world.driver.say_dm(world.olive, "/usher courses")

    assert "runs to choose from" in words(world.direct_messages(world.olive)[-1])


async def test_only_who_may_invite_is_offered_it_beside_a_run(world: World) -> None:
    shown = {}
    for person in (world.olive, world.vera):
        for asked in ("courses", f"run {RUN}"):
            await world.driver.say_dm(person, asked)
            shown[person.name, asked] = action_ids(world.direct_messages(person)[-1])

    offered = {case for case, ids in shown.items() if "invitations_compose" in ids}
    assert offered == {("olive", "courses"), ("olive", f"run {RUN}")}
    assert all("runs_page" in " ".join(ids) or "run_page" in " ".join(ids) for ids in shown.values())


async def test_a_greeting_is_answered_with_help_and_thanks_with_a_word(world: World) -> None:
    await world.driver.say_dm(world.olive, "Hello!")
    await world.driver.say_dm(world.olive, "thank you.")

    greeted, thanked = world.direct_messages(world.olive)[-2:]
    assert "What I can do for you" in words(greeted)
    assert words(thanked) == "You are welcome."


async def test_a_message_that_wants_the_form_gets_a_button(world: World) -> None:
    await world.driver.say_dm(world.olive, f"invite {RUN}")

    answer = world.direct_messages(world.olive)[-1]
    await world.driver.press(world.olive, answer, "invitations_compose")

    form = world.driver.modal(world.olive)
    assert form.blocks[0]["element"]["initial_option"]["value"] == RUN


async def test_a_refusal_is_a_message(world: World) -> None:
    ack = await world.driver.say_dm(world.olive, "undo B-0815")

    assert ack.ok
    assert "I found no batch called “B-0815”." in words(world.direct_messages(world.olive)[-1])


async def test_edits_and_the_bots_own_messages_are_no_requests(world: World) -> None:
    channel = world.slack.workspace.direct_messages(world.team, world.olive.id)
    edited = {"type": "message", "subtype": "message_changed", "channel": channel.id, "channel_type": "im"}
    own = {"type": "message", "bot_id": world.team.bot_id, "channel": channel.id, "channel_type": "im", "text": "help"}

    for event in (edited, own):
        ack = await world.driver.event(world.team, event)

        assert ack.ok
    assert world.direct_messages(world.olive) == []


async def test_an_event_told_twice_is_done_and_answered_once(world: World) -> None:
    await world.invited("ada@example.org")
    sent(world.app)
    before = world.counts()["outbound_message"]

    await world.driver.say_dm(world.olive, f"resend {RUN} ada@example.org")
    event_id = next(reversed(world.driver.sent_events))
    sent(world.app)
    again = await world.driver.repeat_event(event_id)

    assert again.ok
    assert world.counts()["outbound_message"] == before + 1
    assert len(world.direct_messages(world.olive)) == 1


async def test_an_event_told_to_another_process_is_done_once_and_answered_again(world: World) -> None:
    await world.invited("ada@example.org")
    sent(world.app)
    before = world.counts()["outbound_message"]
    await world.driver.say_dm(world.olive, f"resend {RUN} ada@example.org")
    sent(world.app)

    world.restart()
    await world.driver.repeat_event(next(reversed(world.driver.sent_events)))

    answers = world.direct_messages(world.olive)
    assert world.counts()["outbound_message"] == before + 1
    assert words(answers[0]) == words(answers[1])


async def test_an_event_that_failed_is_told_again_and_then_done(world: World) -> None:
    await world.invited("ada@example.org")
    sent(world.app)
    before = world.counts()["outbound_message"]
    _rename_table(world, "outbound_message", "hidden")

    failed = await world.driver.say_dm(world.olive, f"resend {RUN} ada@example.org")
    _rename_table(world, "hidden", "outbound_message")
    retried = await world.driver.redeliver_due()

    assert failed.status == 500
    assert [ack.ok for ack in retried] == [True]
    assert world.counts()["outbound_message"] == before + 1
    assert "once more" in words(world.direct_messages(world.olive)[-1])


async def test_after_the_last_telling_the_person_hears_of_the_failure(world: World) -> None:
    _rename_table(world, "course_run", "hidden")

    await world.driver.say_dm(world.olive, "courses")
    for minutes in (0, 1, 5):
        world.clock.advance(minutes=minutes)
        await world.driver.redeliver_due()

    answers = world.direct_messages(world.olive)
    assert len(answers) == 1
    assert "very busy" in words(answers[0]) or "went wrong" in words(answers[0])
    assert world.driver.failed_events == []


def _rename_table(world: World, old: str, new: str) -> None:
    with world.app.engine.begin() as connection:
        connection.execute(sql(f"ALTER TABLE {old} RENAME TO {new}"))
