"""Files and text in a direct message to the bot: how many addresses, which run, the preview, done."""

import pytest

from core.rules.policy import SHEET_BYTES
from tests.bot.conftest import RUN, World, words
from tests.bot.importing import workbook
from usher.demo.slack.records import Message


def last(world: World) -> Message:
    return world.direct_messages(world.olive)[-1]


async def chosen(world: World, run: str = RUN) -> Message:
    """The message in which the run was chosen."""
    message = last(world)
    await world.driver.suggest(world.olive, message, "gathered_run", "maths")
    ack = await world.driver.press(world.olive, message, "gathered_run", run)
    assert ack.ok, ack.problem
    return message


async def test_a_file_is_counted_previewed_for_the_chosen_run_and_confirmed(world: World) -> None:
    content = "Name,E-mail\n" + "".join(f"L{number},l{number}@example.org\n" for number in range(187))
    await world.driver.upload_dm(world.olive, "list.csv", content.encode())

    question = words(last(world))
    preview = await chosen(world)
    counted = words(preview)
    await world.driver.press(world.olive, preview, "batches_confirm")

    assert "I found 187 addresses. Which run?" in question
    assert "*187 learners* of 187 will be invited" in counted
    assert "*187 learners* invited" in words(preview)
    assert world.counts()["invitation"] == 187
    assert world.direct_messages(world.olive) == [preview]


async def test_a_workbook_of_addresses_is_a_list(world: World) -> None:
    content = workbook({"Name": "Ada", "E-mail": "ada@example.org"}, {"Name": "Bo", "E-mail": "bo@example.org"})
    await world.driver.upload_dm(world.olive, "list.xlsx", content)

    assert "I found 2 addresses. Which run?" in words(last(world))
    assert "*2 learners* of 2" in words(await chosen(world))


async def test_text_with_addresses_in_it_is_a_list(world: World) -> None:
    await world.driver.say_dm(world.olive, "Hello, could you please ask ada@example.org and bo@example.org?")

    assert "I found 2 addresses. Which run?" in words(last(world))
    assert "*2 learners* of 2" in words(await chosen(world))


async def test_a_long_paste_that_slack_made_a_file_of_is_a_list_too(world: World) -> None:
    pasted = "\n".join(f"Learner {number} <l{number}@example.org>" for number in range(500))

    await world.driver.paste_dm(world.olive, pasted)

    assert "I found 500 addresses." in words(last(world))


async def test_several_files_and_the_comment_are_one_list(world: World) -> None:
    files = [
        world.driver.add_file(world.olive, "one.csv", b"ada@example.org\n"),
        world.driver.add_file(world.olive, "two.txt", b"bo@example.org; ada@example.org"),
    ]

    await world.driver.say_dm(world.olive, "and cy@example.org", files)

    assert "I found 3 addresses." in words(last(world))
    assert "Also 1 duplicate: the preview names it." in words(last(world))


async def test_invite_and_a_run_in_the_comment_choose_the_run(world: World) -> None:
    await world.driver.upload_dm(
        world.olive, "list.txt", b"ada@example.org", text=f"/usher invite {RUN} bo@example.org"
    )

    await world.driver.press(world.olive, last(world), "batches_confirm")

    assert world.counts()["invitation"] == 2


async def test_a_moment_in_the_comment_is_when_they_go_out(world: World) -> None:
    await world.driver.upload_dm(world.olive, "list.txt", b"ada@example.org", text=f"invite {RUN} at Fri 09:00")

    assert "*1 learner* of 1 will be invited" in words(last(world))
    assert "Friday 6 March 2026 at 09:00" in words(last(world))


@pytest.mark.parametrize("comment", ["please!", "help", ""])
async def test_any_other_comment_leaves_the_run_open(world: World, comment: str) -> None:
    await world.driver.upload_dm(world.olive, "list.txt", b"ada@example.org", text=comment)

    assert "I found 1 address. Which run?" in words(last(world))


async def test_an_unknown_run_in_the_comment_is_said_so(world: World) -> None:
    await world.driver.upload_dm(world.olive, "list.txt", b"ada@example.org", text="invite mathz-2026-03")

    assert "I found no run called “mathz-2026-03”" in words(last(world))


async def test_words_without_an_address_are_no_list(world: World) -> None:
    await world.driver.say_dm(world.olive, "good morning @here")

    assert "I do not know “good”." in words(last(world))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("list.pdf", b"%PDF\x00", "it is not a text file"),
        ("list.csv", b"x" * (SHEET_BYTES + 1), "it is larger than 10 MB"),
    ],
)
async def test_a_file_that_cannot_be_used_is_said_so_by_name(
    world: World, name: str, content: bytes, reason: str
) -> None:
    ack = await world.driver.upload_dm(world.olive, name, content)

    assert ack.ok
    assert f"I could not read “{name}”: {reason}" in words(last(world))
    assert world.counts()["draft"] == 0


async def test_a_deleted_file_is_said_so(world: World) -> None:
    file = world.driver.add_file(world.olive, "list.csv", b"ada@example.org")
    file.mode = "tombstone"

    await world.driver.say_dm(world.olive, "", [file])

    assert "I could not read “list.csv”: it was deleted." in words(last(world))


async def test_a_file_told_by_its_id_alone_is_looked_up_first(world: World) -> None:
    file = world.driver.add_file(world.olive, "list.csv", b"ada@example.org")
    file.file_access = "check_file_info"

    await world.driver.say_dm(world.olive, "", [file])

    assert "I found 1 address." in words(last(world))
    assert len(world.slack.workspace.calls("files.info")) == 1


async def test_an_empty_file_has_no_address(world: World) -> None:
    await world.driver.upload_dm(world.olive, "list.txt", b"")

    assert "There is no e-mail address in there." in words(last(world))


async def test_a_repeated_event_is_answered_once_and_gathered_once(world: World) -> None:
    await world.driver.upload_dm(world.olive, "list.txt", b"ada@example.org")
    event_id = next(reversed(world.driver.sent_events))

    await world.driver.repeat_event(event_id)
    world.restart()
    await world.driver.repeat_event(event_id)

    assert world.counts()["draft"] == 1
    assert len(world.direct_messages(world.olive)) == 2


async def test_a_viewer_may_not_gather(world: World) -> None:
    await world.driver.upload_dm(world.vera, "list.txt", b"ada@example.org")

    assert "Your role (viewer) does not include this." in words(world.direct_messages(world.vera)[-1])
    assert world.counts()["draft"] == 0


async def test_addresses_that_waited_too_long_are_gone(world: World) -> None:
    await world.driver.say_dm(world.olive, "ada@example.org")
    world.clock.advance(minutes=15)

    message = last(world)
    await chosen(world)

    assert "no longer counts" in words(last(world))
    assert "Which run?" in words(message)


# --- Somebody's message -----------------------------------------------------------------------------------


async def pointed_at(world: World, text: str) -> None:
    """Olive chooses “Invite these addresses” in the menu of what Vera wrote in the channel."""
    said = world.slack.workspace.post(world.channel, world.vera, text)
    ack = await world.driver.message_shortcut(world.olive, said, "invite_addresses")
    assert ack.ok, ack.problem


async def test_the_addresses_of_a_message_fill_the_form(world: World) -> None:
    await pointed_at(world, "New: Ada Young &lt;<mailto:ada@example.org|ada@example.org>&gt;\nand bo@example.org!")

    form = world.driver.modal(world.olive)
    filled = form.blocks[1]["element"]["initial_value"]
    await world.driver.suggest(world.olive, form, "run", "maths")
    await world.driver.submit(world.olive, form, {"run": RUN})

    assert filled == '"Ada Young" <ada@example.org>\nbo@example.org'
    assert "*2 learners* of 2" in words(world.driver.modal(world.olive))


async def test_more_addresses_than_a_form_holds_come_as_a_direct_message(world: World) -> None:
    await pointed_at(world, ", ".join(f"learner{number}@example.org" for number in range(400)))

    assert "I found 400 addresses" in words(world.driver.modal(world.olive))
    assert "*400 learners* of 400" in words(await chosen(world))


async def test_a_message_without_an_address_is_said_so_to_the_asker_alone(world: World) -> None:
    await pointed_at(world, "Good morning @here")

    told = world.slack.workspace.seen_by(world.olive.id, world.channel.id)[-1]
    assert told.only_for == world.olive.id
    assert "There is no e-mail address in there." in words(told)
