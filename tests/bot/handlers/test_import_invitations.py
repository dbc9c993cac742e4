"""From an import to the preview of its invitation, in two windows."""

from bot.blocks.import_invitations import invite_button
from core.usecases.imports.invitations import FindInvitable, find_invitable
from tests.bot.conftest import RUN, World, words
from tests.core.usecases.importing import checked, imported_at_once

NUMBER = 1


def posted_button(world: World) -> object:
    found = world.app.read(find_invitable, FindInvitable(NUMBER), world.school.owner)
    return world.posted({"type": "actions", "elements": [invite_button(found.number, found.invitable)]})


async def test_the_button_leads_through_the_choice_of_a_run_to_the_usual_preview(world: World) -> None:
    people = [checked(row, f"Learner {row}", f"learner{row}@example.org") for row in range(2, 5)]
    imported_at_once(world.school, *people, checked(9, "Without"))

    pressed = await world.driver.press(world.olive, posted_button(world), "imports_invite")  # type: ignore[arg-type]
    form = world.driver.modal(world.olive)
    asked = words(form)
    await world.driver.suggest(world.olive, form, "run", "maths")
    previewed = await world.driver.submit(world.olive, form, {"run": RUN, "note": "Welcome!"})
    preview = world.driver.modal(world.olive)
    read = words(preview)
    done = await world.driver.submit(world.olive, preview, {})

    assert pressed.ok
    assert previewed.ok
    assert "*3 learners* of I-0001 have an e-mail address" in asked
    assert "1 learner without an e-mail address" in asked
    assert "*3 learners* of 4 will be invited" in read
    assert "without an e-mail address: nothing can be sent" in read
    assert done.ok
    assert world.counts()["invitation"] == 3


async def test_where_nobody_has_an_address_it_says_so(world: World) -> None:
    imported_at_once(world.school, checked(2, "Without"))

    await world.driver.press(world.olive, posted_button(world), "imports_invite")  # type: ignore[arg-type]

    assert "*Nobody* of I-0001 has an e-mail address" in words(world.driver.modal(world.olive))


async def test_the_words_lead_to_the_same_preview(world: World) -> None:
    imported_at_once(world.school, checked(2, "Ada", "ada@example.org"))

    said = await world.usher(f"invite {RUN} import i-1")

    assert "*1 learner* of 1 will be invited" in words(said)


def test_a_button_says_how_many_it_is_about() -> None:
    labels = [invite_button(7, count)["text"]["text"] for count in (1, 187)]

    assert labels == ["Invite this learner to …", "Invite these 187 to …"]
