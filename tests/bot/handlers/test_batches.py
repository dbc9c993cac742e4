"""From a preview to a batch and back, in Slack."""

from bot.blocks import draw
from core.rules.policy import DRAFT_LIFE
from core.usecases.invitations.batches import PrepareInvitation, prepare_invitation
from tests.bot.conftest import RUN, World, action_ids, shown, words
from tests.factories import sent
from usher.demo.slack.records import Message


async def test_a_preview_counts_and_changes_nothing(world: World) -> None:
    await world.invited("old@example.org")
    before = world.counts()

    ack = await world.usher(f"invite {RUN} old@example.org, new@example.org, new@example.org, oops, zoe@gmial.com")

    said = words(ack)
    assert "*2 learners* of 5 will be invited" in said
    assert "*1* invited before and still open" in said
    assert "*1* more than once in your list" in said
    assert "• oops: it has no @." in said
    assert "may be mistyped; I do not change it" in said
    assert "zoe@gmial.com: did you mean zoe@gmail.com?" in said
    assert "the end of Friday 10 April 2026 (London time)" in said
    assert "£49.00 to invoice (2 × £24.50)" in said
    assert {name: count for name, count in world.counts().items() if count != before[name]} == {
        "draft": before["draft"] + 1
    }


async def test_confirming_invites_and_replaces_the_preview(world: World) -> None:
    preview = shown(await world.usher(f"invite {RUN} ada@example.org, bo@example.org"))

    ack = await world.driver.press(world.olive, preview, "batches_confirm")

    assert ack.ok
    assert world.counts()["invitation"] == 2
    assert "*2 learners* invited to *Maths for Everyone*" in words(preview)
    assert "B-0001" in words(preview)
    assert action_ids(preview) == ["batches_undo"]


async def test_confirming_twice_invites_once(world: World) -> None:
    preview = shown(await world.usher(f"invite {RUN} ada@example.org"))
    buttons = [dict(block) for block in preview.blocks]
    await world.driver.press(world.olive, preview, "batches_confirm")
    after_one = words(preview)
    preview.blocks = buttons

    ack = await world.driver.press(world.olive, preview, "batches_confirm")

    assert ack.ok
    assert world.counts()["invitation"] == 1
    assert words(preview) == after_one


async def test_another_person_cannot_confirm(world: World) -> None:
    max_ = world.person("Max Example", "max@northfield.example.org")
    world.link(max_)
    preview = _for_everybody(world, shown(await world.usher(f"invite {RUN} ada@example.org")))

    await world.driver.press(max_, preview, "batches_confirm")

    assert world.counts()["invitation"] == 0
    assert "Somebody else prepared this preview" in _told(world, max_.id)


async def test_an_expired_preview_sends_nothing(world: World) -> None:
    preview = shown(await world.usher(f"invite {RUN} ada@example.org"))
    world.clock.now += DRAFT_LIFE

    await world.driver.press(world.olive, preview, "batches_confirm")

    assert world.counts()["invitation"] == 0
    assert "no longer counts, so nothing was sent" in _told(world, world.olive.id)


async def test_a_run_that_closed_meanwhile_is_said_so(world: World) -> None:
    world.clock.advance(days=39, hours=13, minutes=50)
    preview = shown(await world.usher(f"invite {RUN} ada@example.org"))
    world.clock.advance(minutes=14)

    await world.driver.press(world.olive, preview, "batches_confirm")

    assert world.counts()["invitation"] == 0
    assert "its enrolment has closed" in _told(world, world.olive.id)


async def test_a_preview_of_nobody_has_no_button(world: World) -> None:
    await world.invited("ada@example.org")

    ack = await world.usher(f"invite {RUN} ada@example.org")

    assert "*This learner* cannot be invited" in words(ack)
    assert action_ids(shown(ack)) == []


async def test_undo_takes_everything_back_before_it_was_sent(world: World) -> None:
    confirmed = await world.invited()

    ack = await world.driver.press(world.olive, confirmed, "batches_undo")

    assert ack.ok
    assert ack.confirm is not None
    assert ack.confirm["title"]["text"] == "Take back B-0001?"
    assert "*2 invitations* of B-0001 taken back" in words(confirmed)
    assert "2 invitations had not been sent, and will not be" in words(confirmed)


async def test_undo_after_sending_says_what_becomes_of_the_links(world: World) -> None:
    await world.invited()
    sent(world.app)

    ack = await world.usher("undo B-0001")
    again = await world.usher("undo b1")

    assert "their links now say that the invitation was withdrawn" in words(ack)
    assert "nothing was left to undo" in words(again)


async def test_the_scoreboard_can_be_asked_for_and_undone(world: World) -> None:
    await world.invited()
    sent(world.app)
    board = shown(await world.usher("batch B-0001"))

    await world.driver.press(world.olive, board, "scoreboards_undo")

    assert "2 sent and not answered" in words(board)
    assert "taken back" in _told(world, world.olive.id)


async def test_a_batch_that_is_not_there_is_not_found(world: World) -> None:
    ack = await world.usher("batch B-0815")

    assert "I found no batch called “B-0815”." in words(ack)


async def test_hostile_names_reach_nobody(world: World) -> None:
    hostile = f'"<!channel> \u202e{"🦊" * 300}" <ada@example.org>, <!here>@example.org'

    ack = await world.usher(f"invite {RUN} {hostile}")

    assert ack.message is not None
    assert "<!" not in words(ack).replace("<!date", "")
    assert "\u202e" not in words(ack)


async def test_1001_addresses_become_two_batches(world: World) -> None:
    addresses = "\n".join(f"learner{number}@example.org" for number in range(1001))

    preview = shown(await world.usher(f"invite {RUN} {addresses}"))
    ack = await world.driver.press(world.olive, preview, "batches_confirm")

    assert ack.ok
    assert "*1,001 learners* invited" in words(preview)
    assert "B-0001 to B-0002" in words(preview)
    assert world.counts()["invitation"] == 1001


async def test_another_organisations_draft_is_not_there(world: World) -> None:
    command = PrepareInvitation("poetry-2026-03", "ada@example.org")
    theirs = world.app.run(prepare_invitation, command, world.school.other_owner)
    preview = world.posted(*draw(theirs).blocks)

    await world.driver.press(world.olive, preview, "batches_confirm")

    assert world.counts()["invitation"] == 0
    assert "nothing was sent" in _told(world, world.olive.id)


def _for_everybody(world: World, message: Message) -> Message:
    """As if it had been posted into the channel: nothing of ours is, but nothing may depend on it."""
    bot = world.slack.workspace.users[world.team.bot_user_id]
    return world.slack.workspace.post(world.channel, bot, message.text, blocks=message.blocks)


def _told(world: World, user_id: str) -> str:
    return "\n".join(words(message) for message in world.slack.workspace.messages if message.only_for == user_id)
