"""What staff do in Slack and what follows from it, through signed requests and through Socket Mode alike."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
import pytest_asyncio

from core.rules.policy import HOME_INTERVAL, RESEND_PAUSE
from core.usecases.staff.organisations import CreateOrganisation, OrganisationCreated, create_organisation
from tests.bot.conftest import words
from tests.factories import OPERATOR
from tests.stories.houses import Story, Way, open_house
from tests.stories.talking import until
from usher.demo import sample_sheet
from usher.demo.slack.records import Channel, Message, Team, User

pytestmark = pytest.mark.asyncio(loop_scope="module")
# A welcome mail has no job of its own: the worker sweeps it up with others.
_SWEPT_AFTER = timedelta(seconds=16)


# One story goes both ways every day, and the bot's own tests compare what both ways say and do.
_WAYS = (Way.HTTP, pytest.param(Way.SOCKET_MODE, marks=pytest.mark.slow))


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=_WAYS)
async def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Story]:
    async with open_house(tmp_path_factory.mktemp("house"), request.param) as story:
        yield story


# --- Home -------------------------------------------------------------------------------------------------


async def test_the_home_tab_is_published_and_published_anew_by_itself(story: Story) -> None:
    await story.invite("home-1", "ivy@example.org")
    link = await story.link_in_mail("ivy@example.org", "i")

    await story.slack.driver.open_home(story.olive)
    opened = await until(story.home_words, "the home tab is published")
    await story.post(f"{link}/accept", first_name="Ivy", last_name="Orr")
    story.clock.let_pass(HOME_INTERVAL)
    anew = await until(lambda: _if_other(story.home_words(), opened), "the worker publishes the home tab anew")

    assert "Hello Olive" in opened
    assert _latest_batch(opened) == "*0* accepted · 0 declined · 1 waiting · 0 cancelled"
    assert _latest_batch(anew) == "*1* accepted · 0 declined · 0 waiting · 0 cancelled"


def _if_other(text: str, former: str) -> str | None:
    return text if text != former else None


def _latest_batch(home: str) -> str:
    return str(re.findall(r"\*\d+\* accepted.*", home)[0])


# --- A shared link ----------------------------------------------------------------------------------------


async def test_learners_join_by_a_shared_link_until_it_is_paused(story: Story) -> None:
    card = await story.write("links sharing-1")
    link = re.findall(rf"{story.house.url}/j/[\w-]+", words(card))[0]
    opened = await story.get(link)

    joined = await story.post(f"{link}/join", first_name="Ann", last_name="Lee", address="ann@example.org")
    story.clock.let_pass(_SWEPT_AFTER)
    place = await story.get(await story.link_in_mail("ann@example.org", "p"))
    counted = await story.write("links sharing-1")
    await story.press(counted, "links_change:pause")
    paused_card = words(story.newest())
    story.clock.let_pass(timedelta(seconds=3))
    paused = await story.get(link)

    assert "Join the course" in opened.text
    assert "You are on the course" in joined.text
    assert "A Course of Sharing" in place.text
    assert "*1 learner* joined by it" in words(counted)
    assert "is paused" in paused_card
    assert "This link is paused" in paused.text
    assert await until(
        lambda: story.told_directly("address at *@example.org* has joined"), "Olive is told of the first from outside"
    )


async def test_a_link_that_demands_it_lets_in_who_confirms_the_address_only(story: Story) -> None:
    card = await story.write("links spanish")
    link = re.findall(rf"{story.house.url}/j/[\w-]+", words(card))[0]
    await story.press(card, "links_settings")
    form = story.slack.driver.modal(story.olive)
    saved = await story.slack.driver.submit(story.olive, form, {"confirm": ["yes"]})

    asked = await story.post(f"{link}/join", first_name="Bo", last_name="Ray", address="bo.ray@example.org")
    before = words(await story.write("links spanish"))
    confirm = await story.link_in_mail("bo.ray@example.org", "c")
    looked = await story.get(confirm)
    joined = await story.post(f"{confirm}/confirm")
    story.clock.let_pass(_SWEPT_AFTER)
    welcome = await story.found_in_mail("bo.ray@example.org", "You have joined this course")

    assert saved.view is not None
    assert "confirmed by an e-mail" in words(saved.view)
    assert "Look into your e-mail" in asked.text
    assert "*0 learners* joined by it" in before
    assert "Yes, this is me" in looked.text
    assert "You are on the course" in joined.text
    assert welcome
    assert "*1 learner* joined by it" in words(await story.write("links spanish"))


# --- Looking after invitations ----------------------------------------------------------------------------


async def test_a_bounced_address_is_corrected_and_all_are_cancelled_and_taken_back(story: Story) -> None:
    await story.invite("caring-1", "cy@example.org, di@example.org, bounce.ed@example.org")
    link = await story.link_in_mail("cy@example.org", "i")

    bounced = await story.write_until("invites caring-1 bounced", "*1 invitation* not delivered")
    await _correct(story, bounced, "ed@example.org")
    await story.link_in_mail("ed@example.org", "i")
    await story.press(await story.write("invites caring-1"), "invitations_cancel_all")
    cancelled = story.newest()
    said = words(cancelled)
    dead = await story.get(link)
    await story.press(cancelled, "invitations_restore")
    alive = await story.get(link)

    assert "3 invitations to A Course of Caring cancelled" in said
    assert "/accept" not in dead.text
    assert "3 invitations to A Course of Caring open again" in words(cancelled)
    assert "/accept" in alive.text


async def _correct(story: Story, listed: Message, address: str) -> None:
    menu = next(block["accessory"] for block in listed.blocks if "accessory" in block)
    value = next(each["value"] for each in menu["options"] if each["text"]["text"] == "Correct the address")
    await story.press(listed, "invitations_change", value)
    form = story.slack.driver.modal(story.olive)
    done = await story.slack.driver.submit(story.olive, form, {"address": address})
    assert done.view is not None
    assert f"goes to {address} now" in words(done.view)


@pytest.mark.parametrize("story", list(Way), indirect=True)
async def test_an_invitation_is_sent_again_with_the_same_link(story: Story) -> None:
    await story.invite("again-1", "flo@example.org")
    first = await story.link_in_mail("flo@example.org", "i")

    await story.press(await story.write("invites again-1 pending"), "invitations_resend_all")
    too_soon = words(story.newest())
    story.clock.let_pass(RESEND_PAUSE)
    again = words(await story.write("resend again-1 flo@example.org"))
    await until(lambda: len(story.mails_to("flo@example.org")) == 2, "the second mail arrives")

    assert "got it within the last hour" in too_soon
    assert "goes to flo@example.org once more" in again
    assert all(first in text for text in story.mails_to("flo@example.org"))


# --- A file -----------------------------------------------------------------------------------------------


async def test_a_file_in_the_direct_messages_becomes_invitations(story: Story) -> None:
    content = b"Name,E-mail\nJo,jo@example.org\nKim,kim@example.org\n"

    await story.slack.driver.upload_dm(story.olive, "list.csv", content)
    message = await until(lambda: story.told_directly("I found 2 addresses. Which run?"), "Olive is asked for the run")
    await story.slack.driver.suggest(story.olive, message, "gathered_run", "file")
    await story.press(message, "gathered_run", "file-1")
    counted = words(message)
    await story.press(message, "batches_confirm")
    jo = await story.get(await story.link_in_mail("jo@example.org", "i"))

    assert "*2 learners* of 2 will be invited" in counted
    assert "*2 learners* invited" in words(message)
    assert "A Course of File" in jo.text


# --- A spreadsheet of learners ----------------------------------------------------------------------------


async def test_a_spreadsheet_is_checked_corrected_imported_and_undone(story: Story) -> None:
    content = sample_sheet.sample_sheet("10000001", story.clock().date())

    await story.slack.driver.upload_dm(story.olive, sample_sheet.NAME, content)
    held = await until(lambda: story.told_directly("3 of 12 rows need correcting"), "Olive is told what is wrong")
    (marked,) = await until(lambda: _files(story), "the marked workbook comes")
    await story.press(held, "imports_correct")
    form = story.slack.driver.modal(story.olive)
    right = {"5:Postcode": "YO1 7HH", "8:ULN": "", "8:Dob": "2009-02-28", "11:Email address": "jodie@example.org",
             "11:Gender": "Female"}  # fmt: skip
    await story.slack.driver.submit(story.olive, form, {f"cell:{cell}": value for cell, value in right.items()})
    imported = await until(lambda: story.told_directly("All 12 rows are imported"), "the corrected rows are imported")
    counted, closed = words(imported), await until(lambda: _if_said(held, "in its place"), "the first is closed")
    await story.press(imported, "imports_undo")
    await story.press(story.direct_messages()[-1], "imports_undo_confirm")
    await until(lambda: _if_said(imported, "I-0002 is undone."), "its message says that it is undone")
    listed = words(await story.write("imports"))

    assert marked == "Year 12 learners (checked).xlsx"
    assert "*12 rows*: *12* new · *0* changed" in counted
    assert "I-0001" in closed
    assert "*2 imports.*" in listed
    assert "“I-0001 corrected.csv”" in listed


def _files(story: Story) -> list[str]:
    return [file.name for message in story.direct_messages() for file in message.files]


def _if_said(message: Message, wanted: str) -> str | None:
    return said if wanted in (said := words(message)) else None


# --- Later ------------------------------------------------------------------------------------------------


async def test_what_waits_for_later_is_listed_and_cancelled_or_goes_out_at_its_moment(story: Story) -> None:
    preview = words(await story.write("invite later-1 gil@example.org at tomorrow 09:00"))
    gil = await story.invite("later-1", "gil@example.org at tomorrow 09:00")
    hal = await story.invite("later-1", "hal@example.org at tomorrow 09:30")

    waiting = await story.write("scheduled")
    said = words(waiting)
    buttons = [each for block in waiting.blocks for each in block.get("elements", [])]
    cancel = next(each["value"] for each in buttons if each["action_id"] == "schedules_cancel")
    await story.press(waiting, "schedules_cancel", cancel)
    taken_back = words(story.newest())
    left = words(waiting)
    story.clock.let_pass(timedelta(days=2))
    await story.link_in_mail("hal@example.org", "i")

    assert re.search(r"They go out .*09:00", preview)
    assert "They go out" in words(gil)
    assert "They go out" in words(hal)
    assert "*2* mailings wait to go out" in said
    assert "*1 invitation* of" in taken_back
    assert "*1* mailing waits to go out" in left
    assert story.mails_to("gil@example.org") == []


# --- Installation -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("story", [Way.HTTP], indirect=True)  # Several workspaces are served over HTTP only.
async def test_a_second_workspace_installs_connects_invites_staff_and_leaves(story: Story) -> None:
    team = story.slack.workspace.add_team("Westfield School")
    team.is_token_revoked = True
    wendy = story.slack.workspace.add_user(team, "Wendy West", "wendy@west.example.org")
    nora = story.slack.workspace.add_user(team, "Nora New", "nora@west.example.org")
    channel = story.slack.workspace.add_channel(team, "general", [wendy, nora])
    made = _westfield(story)
    await _install(story, team)

    async def write(user: User, text: str) -> str:
        return words(await story.write(text, user=user, channel=channel))

    bound = await write(wendy, f"setup {made.setup_code}")
    accepted = await _accept(story, wendy)
    linked = await _link(story, wendy, channel)
    invited = await write(wendy, "staff invite nora@west.example.org manager Nora New")
    joined = await _accept(story, nora)
    nora_linked = await _link(story, nora, channel)
    courses = await write(nora, "courses")
    told = await story.slack.driver.uninstall(team)
    refused = await story.slack.driver.command(wendy, channel, "/usher", "courses")
    await _install(story, team)
    unknown = await write(wendy, "courses")
    at_home = words(await story.write("courses sharing"))

    assert "This workspace now belongs to Westfield School" in bound
    assert "You are in" in accepted
    assert "Welcome, Wendy" in linked
    assert "nora@west.example.org" in invited
    assert "You are in" in joined
    assert "Welcome, Nora" in nora_linked
    assert "run" in courses
    assert all(ack.ok for ack in told)
    assert refused.message is None
    assert "This workspace is not connected to an organisation yet" in unknown
    assert "sharing-1" in at_home


def _westfield(story: Story) -> OrganisationCreated:
    command = CreateOrganisation(
        "westfield", "Westfield School", "Europe/London", "Wendy", "West", "wendy@west.example.org"
    )
    return story.house.app.run(create_organisation, command, OPERATOR)


async def _install(story: Story, team: Team) -> None:
    """Slack's consent page for this workspace, and back in the browser that left."""
    begun = await story.get("/slack/install/begin")
    cookies = SimpleCookie(begun.headers["Set-Cookie"])
    agreed = await story.get(f"{begun.headers['Location']}&team={team.id}")
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
    assert (await story.get(agreed.headers["Location"], cookie)).headers["Location"] == "/slack/installed"


async def _accept(story: Story, user: User) -> str:
    link = await story.link_in_mail(user.email, "s")
    return (await story.post(f"{link}/accept")).text


async def _link(story: Story, user: User, channel: Channel) -> str:
    """By the code that is mailed."""
    await story.write("link", user=user, channel=channel)
    code = await story.found_in_mail(user.email, r"\d{4} \d{4}")
    return words(await story.write(f"link {code}", user=user, channel=channel))
