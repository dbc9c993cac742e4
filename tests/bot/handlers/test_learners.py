"""Learners in Slack: from a search to a card, a form, a preview, and back again."""

from typing import Any

from core.model import Learner
from tests.bot.conftest import World, action_ids, shown, words
from tests.core.usecases.acting import everything
from tests.core.usecases.importing import ULNS, import_sheet, line
from tests.core.usecases.progressing import enrol_named
from usher.demo.slack.records import Message, View

FILLED: dict[str, Any] = {
    "provider": "10000001", "first_name": "Bo", "last_name": "Young", "dob": "2010-01-02", "year_group": "Year 11",
}  # fmt: skip


def newest(world: World) -> Message:
    return [message for message in world.slack.workspace.messages if message.only_for == world.olive.id][-1]


async def filled(world: World, **changes: Any) -> Any:
    form = world.driver.modal(world.olive)
    await world.driver.suggest(world.olive, form, "provider", "sixth")
    return await world.driver.submit(world.olive, form, {**FILLED, **changes})


async def card(world: World, who: str) -> Message:
    return shown(await world.usher(f"learners {who}"))


async def test_a_list_pages_and_opens_a_card(world: World) -> None:
    import_sheet(world.school, *(line(f"Ada{number:02}", f"Young{number:02}") for number in range(12)))

    listed = shown(await world.usher("learners young"))
    await world.driver.press(world.olive, listed, "learners_page:next")

    assert "*12 learners that fit “young”.*" in words(await world.usher("learners young"))
    assert "Page 2 of 2" in words(listed)
    assert "Young11" in words(listed)
    one = shown(await world.usher("learners ada10 young"))
    await world.driver.press(world.olive, one, "learners_show")
    opened = newest(world)
    assert "ada10.young10" in words(opened)
    assert "Never signed in, access code ready" in words(opened)
    assert action_ids(opened)[:3] == ["learners_details", "learners_edit", "learners_ask_remove"]


async def test_details_are_shown_in_a_form_and_nowhere_else(world: World) -> None:
    import_sheet(world.school, line("Ada", ULN=ULNS[0]))
    opened = await card(world, ULNS[0])

    await world.driver.press(world.olive, opened, "learners_details")

    form = world.driver.modal(world.olive)
    assert ULNS[0] in words(form)
    said = [words(message) for message in world.slack.workspace.messages]
    assert not any(ULNS[0] in text for text in said)
    assert "Details looked at by Olive Owner in Slack" in words(await card(world, "ada.young"))


async def test_story_one_is_created_then_another_edited_removed_and_taken_back(world: World) -> None:
    await world.usher("learners create Bo")
    form = world.driver.modal(world.olive)
    assert "Bo" in str(form.payload)
    offered = await world.driver.suggest(world.olive, form, "provider", "sixth")
    assert [option["value"] for option in offered.options] == ["10000001"]

    preview = await world.driver.submit(world.olive, form, FILLED)
    assert isinstance(preview.view, View)
    assert "Username: bo.young" in words(preview.view)
    assert everything(world.app, Learner) == []
    another = await world.driver.submit(world.olive, preview.view, {"another": ["yes"]})
    await world.background.finish()

    assert isinstance(another.view, View)
    assert "*Bo Young* is created" in words(another.view)
    assert "10000001" in str(another.view.payload)
    assert "*Bo Young is created.*" in words(world.direct_messages(world.olive)[-1])
    username = everything(world.app, Learner)[0].username

    opened = await card(world, str(username))
    await world.driver.press(world.olive, opened, "learners_edit")
    edited = await world.driver.submit(world.olive, world.driver.modal(world.olive), {"last_name": "Younger"})
    assert isinstance(edited.view, View)
    assert "Last name: ~Young~ Younger" in words(edited.view)
    saved = await world.driver.submit(world.olive, edited.view, {})
    assert isinstance(saved.view, View)
    assert "*Bo Younger is changed.*" in words(saved.view)

    opened = await card(world, str(username))
    await world.driver.press(world.olive, opened, "learners_ask_remove")
    asked = newest(world)
    assert "Remove Bo Younger from your organisation?" in words(asked)
    await world.driver.press(world.olive, asked, "learners_remove")
    assert "*Bo Younger is removed from your organisation.*" in words(asked)
    assert "I found no learner" in words(await world.usher(f"learners show {username}"))
    await world.driver.press(world.olive, asked, "learners_undo")
    assert "Bo Younger is back" in words(asked)


async def test_a_learner_is_meant_by_name_whatever_is_to_be_done(world: World) -> None:
    import_sheet(world.school, line("Ada", "Young"), line("Ada", "Yates", ULN=ULNS[0]))

    for word, said in (("show", "*Ada Yates*"), ("remove", "Remove Ada Yates"), ("export", "Ada Yates")):
        assert said in words(await world.usher(f"learners {word} ada yat")), word
    several = shown(await world.usher("learners remove Ada"))
    question = words(several)
    await world.driver.press(world.olive, several, "requests_ask_instead:1")

    assert "2 learners are called “Ada”" in question
    assert "Ada Young" in words(several)
    assert "Nothing was done. Did you mean" not in words(several)


async def test_every_problem_stands_at_its_field(world: World) -> None:
    await world.usher("learners create")

    refused = await filled(world, dob="31/02/2010", email="no", username="bo")

    assert set(refused.errors) == {"dob", "email", "username"}
    assert refused.errors["dob"].startswith("There is no such day")


async def test_who_is_known_already_is_said_in_the_form(world: World) -> None:
    import_sheet(world.school, line("Bo", Dob="2010-01-02"))
    await world.usher("learners create")

    refused = await filled(world)

    assert "is in your organisation already" in str(refused.errors)


async def test_codes_are_a_link_to_the_web_and_never_said(world: World) -> None:
    import_sheet(world.school, line("Ada"))

    listed = shown(await world.usher("learners never"))

    assert "1 learner who never signed in" in words(listed)
    assert "https://usher.example.org/learners/codes" in words(listed)
    assert "/learners/codes" not in words(await world.usher("learners never", world.vera))


async def test_a_history_is_found_by_words_of_a_name_and_of_several_each_is_a_button(world: World) -> None:
    enrol_named(world.school, "Zoe Adler", "Zoe Ahmed")

    found = shown(await world.usher("history zoe ahmed 1"))
    asked = shown(await world.usher("history Zoe"))
    question = words(asked)
    await world.driver.press(world.olive, asked, "requests_ask_instead:0")
    misspelt = shown(await world.usher("history learner Zooe Adler"))
    nobody = words(misspelt)
    await world.driver.press(world.olive, misspelt, "requests_ask_instead:0")
    ordered = shown(await world.usher("history export Zoe Ahmed xlsx"))

    assert "Zoe Ahmed accepted the invitation" in words(found)
    assert "Adler" not in words(found)
    assert "2 learners are called “Zoe”" in question
    assert "Zoe Adler accepted the invitation" in words(asked)
    assert "Did you mean Zoe Adler (zoe.adler@example.org)" in nobody
    assert "Zoe Adler accepted the invitation" in words(misspelt)
    assert "in the history of Zoe Ahmed" in words(ordered)
    refused = words(shown(await world.usher("history export Xaver Quill")))
    assert "I found no run and no learner called “xaver quill”" in refused
