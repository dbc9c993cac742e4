"""Owners look after the staff in Slack."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.model import Organisation, StaffMember
from core.rules.policy import QUESTION_LIFE
from core.words import Role
from tests.bot.conftest import World, action_ids, shown, words
from usher.demo.slack.records import Message, User, View

MAX = "max@northfield.example.org"


def staff(world: World, email: str) -> StaffMember:
    with Session(world.app.engine, info={"scope": "every organisation"}) as session:
        return session.scalars(select(StaffMember).where(StaffMember.email == email)).one()


def newest(world: World, user: User | None = None) -> Message:
    user = user or world.olive
    return [message for message in world.slack.workspace.messages if message.only_for == user.id][-1]


async def managed(world: World, email: str) -> Message:
    """The card of a colleague, opened from the list."""
    listed = shown(await world.usher(f"staff {email.partition('@')[0]}"))
    ack = await world.driver.press(world.olive, listed, "staff_show")
    assert ack.ok, ack.problem
    return newest(world)


async def test_an_owner_sees_everybody_and_one_of_them(world: World) -> None:
    listed = shown(await world.usher("staff"))
    typed = shown(await world.usher(f"staff {MAX}"))

    assert "3 people in the staff of Northfield College" in words(listed)
    assert "*Olive Owner* (you)" in words(listed)
    assert "Manager of Northfield Adult Learning · working, not connected to Slack" in words(listed)
    assert action_ids(typed) == ["staff_change", "staff_disable"]


async def test_a_colleague_is_invited_in_one_line(world: World) -> None:
    ack = await world.usher("staff invite bo@north.example.org manager Bo Young 10000001")

    assert "*Bo Young is invited.*" in words(ack)
    assert "Manager of Northfield Sixth Form" in words(ack)
    assert staff(world, "bo@north.example.org").role is Role.MANAGER


async def test_what_is_missing_is_filled_in_a_form(world: World) -> None:
    await world.usher("staff invite bo@north.example.org manager")
    form = world.driver.modal(world.olive)
    offered = await world.driver.suggest(world.olive, form, "providers", "sixth")
    values: dict[str, Any] = {"first_name": "Bo", "last_name": "Young", "providers": ["10000001"]}

    done = await world.driver.submit(world.olive, form, values)

    assert [option["value"] for option in offered.options] == ["10000001"]
    assert isinstance(done.view, View)
    assert "*Bo Young is invited.*" in words(done.view)
    assert "Manager of Northfield Sixth Form" in words(done.view)


async def test_what_is_wrong_is_said_in_the_form(world: World) -> None:
    await world.usher("staff invite")
    form = world.driver.modal(world.olive)
    values = {"email": "no address", "first_name": "Bo", "last_name": "Young", "role": "viewer"}

    refused = await world.driver.submit(world.olive, form, values)

    assert list(refused.errors) == ["email"]
    assert "is no e-mail address" in refused.errors["email"]


async def test_in_a_direct_message_a_button_opens_the_form(world: World) -> None:
    await world.driver.say_dm(world.olive, "staff invite bo@north.example.org owner")

    ack = await world.driver.press(world.olive, world.direct_messages(world.olive)[-1], "staff_compose")

    form = world.driver.modal(world.olive)
    assert ack.ok
    assert form.payload["title"]["text"] == "Invite a colleague"
    assert "You can" not in str(form.payload)
    assert "bo@north.example.org" in str(form.payload)


async def test_role_and_providers_are_changed(world: World) -> None:
    card = await managed(world, MAX)
    await world.driver.press(world.olive, card, "staff_change")
    form = world.driver.modal(world.olive)

    done = await world.driver.submit(world.olive, form, {"role": "viewer"})

    assert isinstance(done.view, View)
    assert "Viewer of Northfield Adult Learning" in words(done.view)
    assert staff(world, MAX).role is Role.VIEWER


async def test_the_last_owner_is_told_to_make_another_first(world: World) -> None:
    card = await managed(world, "olive@north.example.org")
    await world.driver.press(world.olive, card, "staff_change")

    refused = await world.driver.submit(world.olive, world.driver.modal(world.olive), {"role": "viewer"})
    await world.driver.press(world.olive, card, "staff_disable")

    assert "Olive Owner is the only owner" in refused.errors["role"]
    assert "Olive Owner is the only owner" in words(newest(world))
    assert "This is YOU." in str(card.blocks)
    assert staff(world, "olive@north.example.org").disabled_at is None


async def test_who_is_disabled_is_refused_at_once_and_undo_gives_access_back(world: World) -> None:
    before = await world.usher("courses", world.vera)
    card = await managed(world, "vera@northfield.example.org")

    await world.driver.press(world.olive, card, "staff_disable")
    said = words(card)
    refused = await world.usher("courses", world.vera)
    await world.driver.press(world.olive, card, "staff_enable")
    await world.usher("link", world.vera)
    await world.usher(f"link {world.code_of(world.vera)}", world.vera)

    assert "runs" in words(before)
    assert "*Vera Example is disabled.*" in said
    assert "I cannot tell who you are" in words(refused)
    assert "*Vera Example is enabled again.*" in words(card)
    assert "runs" in words(await world.usher("courses", world.vera))


async def test_a_card_that_was_opened_long_ago_disables_nobody(world: World) -> None:
    card = await managed(world, MAX)
    world.clock.now += QUESTION_LIFE

    await world.driver.press(world.olive, card, "staff_disable")

    assert "older than 15 minutes" in words(newest(world))
    assert staff(world, MAX).disabled_at is None


async def test_an_invitation_goes_out_again(world: World) -> None:
    await world.usher("staff invite bo@north.example.org manager Bo Young")
    card = await managed(world, "bo@north.example.org")

    await world.driver.press(world.olive, card, "staff_reinvite")

    assert "*Bo Young is invited.*" in words(card)
    assert staff(world, "bo@north.example.org").generation == 1


async def test_the_list_has_pages(world: World) -> None:
    for number in range(11):
        await world.usher(f"staff invite bo{number:02}@north.example.org viewer Bo N{number:02}")
    listed = shown(await world.usher("staff bo"))

    await world.driver.press(world.olive, listed, "staff_page:next")

    assert "Page 2 of 2" in words(listed)
    assert "*Bo N10*" in words(listed)


@pytest.mark.parametrize("text", ["staff", f"staff {MAX}", "staff invite a@example.org owner A B", "staff invite"])
async def test_who_is_no_owner_is_refused_whatever_they_write(world: World, text: str) -> None:
    before = world.counts()

    ack = await world.usher(text, world.vera)

    assert "Your role (viewer) does not include this." in words(ack)
    assert world.counts() == before


async def test_where_the_terms_wait_an_owner_is_shown_the_page(world: World) -> None:
    with world.app.engine.begin() as connection:
        connection.execute(Organisation.__table__.update().values(terms_accepted_at=None))  # type: ignore[attr-defined]  # A table.

    ack = await world.usher("courses")

    assert "Your organisation has not accepted the terms yet." in words(ack)
    assert "Read and accept them at <https://usher.example.org/terms>" in words(ack)
