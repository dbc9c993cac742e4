"""Slash commands, in every spelling."""

import pytest

from tests.bot.conftest import RUN, World, action_ids, shown, words


@pytest.mark.parametrize(("command", "text"), [("/usher", "invite "), ("/usher-invite", ""), ("/invite", "")])
async def test_one_command_has_three_spellings(world: World, command: str, text: str) -> None:
    ack = await world.usher(f"{text}{RUN} ada@example.org", command=command)

    assert "*1 learner* of 1 will be invited" in words(ack)
    assert shown(ack).only_for == world.olive.id


async def test_no_verb_is_answered_with_what_a_newcomer_needs_and_the_rest_is_a_press_away(world: World) -> None:
    ack = await world.usher("")
    first = words(ack)
    await world.driver.press(world.olive, shown(ack), "requests_ask_instead:answers")
    topic = words(ack)
    await world.driver.press(world.olive, shown(ack), "requests_ask_instead:all")

    assert "What I can do for you" in first
    assert first.count("• ") == 6
    assert "Write a run's own code in place of maths-2026-03." in first
    assert "`/usher resend RUN ADDRESS|all`" in topic
    assert "/usher invite RUN ADDRESSES" in words(ack)
    assert "requests_ask_instead:first" in action_ids(shown(ack))


async def test_help_on_one_verb_shows_examples(world: World) -> None:
    ack = await world.usher("help undo")

    assert "/usher undo B-0041" in words(ack)


async def test_an_unknown_verb_is_answered_with_the_nearest_one(world: World) -> None:
    ack = await world.usher("invte maths")

    assert "I do not know “invte”." in words(ack)
    assert "Did you mean “invite”?" in words(ack)


async def test_a_run_that_is_not_there_is_answered_with_the_nearest_ones(world: World) -> None:
    ack = await world.usher("invite maths-2026-3 ada@example.org")

    assert RUN in words(ack)


async def test_a_press_asks_with_the_nearest_run_in_place_of_the_wrong_one(world: World) -> None:
    ack = await world.usher("invite maths-2026-3, ada@example.org")

    await world.driver.press(world.olive, shown(ack), "requests_ask_instead:0")

    assert "*1 learner* of 1 will be invited" in words(shown(ack))


async def test_a_press_asks_with_the_nearest_verb_in_place_of_the_wrong_one(world: World) -> None:
    ack = await world.usher(f"invte {RUN} ada@example.org")

    await world.driver.press(world.olive, shown(ack), "requests_ask_instead:0")

    assert "*1 learner* of 1 will be invited" in words(shown(ack))


async def test_undo_alone_offers_what_was_done_last_and_a_press_undoes_it(world: World) -> None:
    await world.invited()
    ack = await world.usher("undo")
    offered = words(ack)

    await world.driver.press(world.olive, shown(ack), "requests_ask_instead:0")

    assert "Did you mean “undo B-0001”?" in offered
    assert "B-0001" in words(shown(ack))
    assert "taken back" in words(shown(ack)).lower() or "undone" in words(shown(ack)).lower()


async def test_a_mistyped_verb_that_opens_a_form_opens_it_with_a_press(world: World) -> None:
    ack = await world.usher("invte")

    await world.driver.press(world.olive, shown(ack), "requests_ask_instead:0")

    assert world.driver.modal(world.olive).payload["title"]["text"] == "Invite learners"


async def test_a_request_too_long_for_a_button_is_told_the_nearest_run_without_one(world: World) -> None:
    ack = await world.usher("invite maths-2026-3 " + " ".join(f"ada{number}@example.org" for number in range(200)))

    assert RUN in words(ack)
    assert action_ids(shown(ack)) == []
