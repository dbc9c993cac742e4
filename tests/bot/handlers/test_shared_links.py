"""Shared links in Slack, through signed requests."""

from bot.blocks import draw
from core.model import OutboundMessage, SharedLink
from core.rules.links import LinkKind
from core.usecases.links.joining import JoinByLink, join_by_link
from core.usecases.messages.slack_notes import LoadSlackNotes, load_slack_notes
from core.words import MessageKind
from tests.bot.conftest import RUN, World, shown, words
from tests.core.usecases.acting import only
from tests.factories import LEARNER, SYSTEM
from usher.demo.slack.records import Message


async def made(world: World) -> Message:
    return shown(await world.usher(f"links {RUN}"))


def link_id(world: World) -> int:
    return only(world.app, SharedLink).id


def join(world: World, address: str) -> None:
    token = world.app.links.token(LinkKind.SHARED, link_id(world))
    world.app.run(join_by_link, JoinByLink(token, "Ada", "Marsh", address), LEARNER)


def newest(world: World) -> str:
    """What the asker was told last."""
    return words([message for message in world.slack.workspace.messages if message.only_for == world.olive.id][-1])


async def test_a_link_is_made_and_offered_again_and_always_says_who_can_join(world: World) -> None:
    first, again = await made(world), await made(world)

    url = f"https://usher.example.org/j/{world.app.links.token(LinkKind.SHARED, link_id(world))}"
    for message in (first, again):
        assert f"```{url}```" in words(message)
        assert "Anybody with this link can join" in words(message)
    assert "Here is a link to" in words(first)
    assert "There is a link to" in words(again)
    assert "six months after it was made" in words(first)


async def test_in_direct_messages_no_link_is_stored(world: World) -> None:
    await world.driver.say_dm(world.olive, f"links {RUN}")

    token = world.app.links.token(LinkKind.SHARED, link_id(world))
    assert token in words(world.direct_messages(world.olive)[-1])
    with world.app.engine.connect() as connection:
        stored = [tuple(row) for row in connection.exec_driver_sql("SELECT result FROM idempotency_record")]
    assert stored
    assert token not in repr(stored)


async def test_the_list_shows_each_link_and_one_of_them(world: World) -> None:
    await made(world)
    await world.usher("links safety-2026-03")

    listed = shown(await world.usher("links"))
    found = shown(await world.usher("links find lab"))
    await world.driver.press(world.olive, found, "links_show")

    assert "2 shared links" in words(listed)
    assert "1 shared link that fits “lab”" in words(found)
    assert "Lab Safety" in words(found)
    assert "Maths" not in words(found)
    assert "Anybody with this link can join" in newest(world)


async def test_pause_resume_revoke_and_undo(world: World) -> None:
    card = await made(world)
    await world.driver.press(world.olive, card, "links_change:pause")
    paused = newest(world)
    await world.driver.press(world.olive, card, "links_change:revoke")
    revoked = newest(world)
    undo = [message for message in world.slack.workspace.messages if message.only_for == world.olive.id][-1]
    await world.driver.press(world.olive, undo, "links_change:restore")

    assert "is paused" in paused
    assert "can join* once you resume it, so give it" in paused
    assert "Ends at" not in revoked
    assert "lets nobody in any more" in revoked
    assert "/j/" not in revoked
    assert "is back" in newest(world)


async def test_settings_are_filled_in_and_saved(world: World) -> None:
    card = await made(world)
    await world.driver.press(world.olive, card, "links_settings")
    form = world.driver.modal(world.olive)

    wrong = await world.driver.submit(world.olive, form, {"cap": "many"})
    ack = await world.driver.submit(world.olive, form, {"cap": "2", "domains": "@north.example.org"})

    assert "cap" in str(wrong.body)
    assert ack.ok, ack.problem
    assert "of at most 2" in words(await made(world))
    assert "@north.example.org" in words(await made(world))
    assert "confirmed by an e-mail" in words(await made(world))


async def test_the_qr_code_comes_as_a_picture_into_the_direct_messages(world: World) -> None:
    await world.driver.press(world.olive, await made(world), "links_picture")
    await world.background.finish()

    (message,) = world.direct_messages(world.olive)
    (file,) = message.files
    assert file.name == "maths.png"
    assert file.content.startswith(b"\x89PNG")


async def test_where_files_are_forbidden_the_asker_is_told(world: World) -> None:
    world.team.are_uploads_disabled = True

    await world.driver.press(world.olive, await made(world), "links_picture")
    await world.background.finish()

    assert "did not take the picture" in words(world.direct_messages(world.olive)[-1])


async def test_a_viewer_sees_links_and_makes_none(world: World) -> None:
    await made(world)

    listed = shown(await world.usher("links", world.vera))
    refused = await world.usher(f"links {RUN}", world.vera)

    assert "1 shared link" in words(listed)
    assert "role" in words(refused)


async def test_the_first_join_from_outside_is_told_with_the_domain_only(world: World) -> None:
    await made(world)
    join(world, "secret.name@gmail.com")
    row = only(world.app, OutboundMessage, OutboundMessage.kind == MessageKind.OUTSIDE_JOIN)

    (note,) = world.app.read(load_slack_notes, LoadSlackNotes((row.id,)), SYSTEM).notes
    message = draw(note.content)

    assert "gmail.com" in message.text
    assert "secret.name" not in str(message.blocks)
    labels = [element["text"]["text"] for element in message.blocks[-1]["elements"]]
    assert labels == ["Pause", "Settings…", "Show"]
