"""The form, the list, and the buttons beside an invitation."""

import asyncio
import json

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.model import Invitation
from core.rules.links import LinkKind
from core.usecases.invitations.answers import DeclineInvitation, decline_invitation
from tests.bot.conftest import RUN, World, shown, words
from tests.bot.importing import workbook
from tests.factories import LEARNER, sent
from usher.demo.slack.acks import Ack
from usher.demo.slack.faults import Hang, TooManyRequests
from usher.demo.slack.records import File, Message, View


async def test_the_form_invites(world: World) -> None:
    form = await _form(world)
    offered = await world.driver.suggest(world.olive, form, "run", "maths")
    values = {"run": RUN, "addresses": "ada@example.org\nbo@example.org", "note": "Welcome, both of you!"}

    previewed = await world.driver.submit(world.olive, form, values)
    preview = _view(previewed)
    read, kept = words(preview), preview.payload["private_metadata"]
    done = await world.driver.submit(world.olive, preview, {})

    assert [option["value"] for option in offered.options] == [RUN]
    assert "*2 learners* of 2 will be invited" in read
    assert "> Welcome, both of you!" in read
    assert kept.isdigit()
    assert done.ok
    assert "*2 learners* invited to *Maths for Everyone*" in words(_view(done))
    assert world.counts()["invitation"] == 2


async def test_the_form_opens_from_the_menu_too(world: World) -> None:
    ack = await world.driver.shortcut(world.olive, "invite_learners")

    assert ack.ok
    assert world.driver.modal(world.olive).payload["title"]["text"] == "Invite learners"


async def test_what_was_typed_is_filled_in(world: World) -> None:
    await world.usher(f"invite {RUN}")

    form = world.driver.modal(world.olive)
    previewed = await world.driver.submit(world.olive, form, {"addresses": "ada@example.org"})

    assert "*1 learner*" in words(_view(previewed))


@pytest.mark.parametrize(
    ("typed", "field", "problem"),
    [
        ({"addresses": ""}, "file", "Please give the addresses"),
        ({"addresses": "a@example.org", "note": "see www.example.org"}, "note", "The note contains a link"),
        ({"addresses": " , ; "}, "addresses", "There is no e-mail address in there"),
    ],
)
async def test_a_problem_stands_under_its_field(world: World, typed: dict[str, str], field: str, problem: str) -> None:
    await world.usher(f"invite {RUN}")

    ack = await world.driver.submit(world.olive, world.driver.modal(world.olive), typed)

    assert ack.ok
    assert list(ack.errors) == [field]
    assert problem in ack.errors[field]
    assert world.counts()["draft"] == 0


async def test_a_run_that_cannot_be_chosen_is_said_under_the_run(world: World) -> None:
    await world.usher("invite coding-2026-03")

    ack = await world.driver.submit(world.olive, world.driver.modal(world.olive), {"addresses": "a@example.org"})

    assert list(ack.errors) == ["run"]
    assert "paid-for course" in ack.errors["run"]


async def test_box_and_file_together_are_refused_under_the_file(world: World) -> None:
    file = world.driver.add_file(world.olive, "list.csv", b"a@example.org")

    ack = await _submit(world, file, addresses="b@example.org")

    assert "keep one of the two" in ack.errors["file"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.csv", b"Name,E-mail\nAda,ada@example.org\nBo,bo@example.org\n"),
        ("list.csv", "Name;E-mail\r\nÄda;ada@example.org\r\nBo;bo@example.org".encode("cp1252")),
        ("list.csv", "Name\tE-mail\nAda\tada@example.org\nBo\tbo@example.org".encode("utf-16")),
        ("list.txt", b"\xef\xbb\xbfada@example.org, bo@example.org"),
        ("list.xlsx", workbook({"E-mail": "ada@example.org"}, {"E-mail": "bo@example.org"})),
    ],
)
async def test_a_file_is_read_and_previewed_in_the_same_form(world: World, name: str, content: bytes) -> None:
    submitted = await _submit(world, world.driver.add_file(world.olive, name, content))
    await world.background.finish()

    preview = world.driver.modal(world.olive)
    read = words(preview)
    done = await world.driver.submit(world.olive, preview, {})

    assert "Reading" in json.dumps(submitted.body)
    assert "*2 learners* of 2 will be invited" in read
    assert done.ok
    assert world.counts()["invitation"] == 2


async def test_a_file_of_a_shared_channel_is_asked_about_first(world: World) -> None:
    file = world.driver.add_file(world.olive, "list.csv", b"ada@example.org")
    file.file_access = "check_file_info"

    await _submit(world, file)
    await world.background.finish()

    assert "*1 learner*" in words(world.driver.modal(world.olive))


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("list.csv", b"PK\x03\x04 workbook", "the file is damaged or was cut short on its way. Open it in Excel"),
        ("list.txt", b"\x00\x01\x02\x03", "it is not a text file"),
        ("list.csv", b"Name,Town\n", "There is no e-mail address in there"),
    ],
)
async def test_a_file_that_cannot_be_used_is_said_so(world: World, name: str, content: bytes, problem: str) -> None:
    await _submit(world, world.driver.add_file(world.olive, name, content))
    await world.background.finish()

    assert problem in words(world.driver.modal(world.olive))
    assert world.counts()["draft"] == 0


async def test_a_closed_form_gets_its_preview_as_a_message(world: World) -> None:
    ack = await _submit(world, world.driver.add_file(world.olive, "list.csv", b"ada@example.org"))
    await world.driver.close(world.olive, _view(ack))
    await world.background.finish()

    preview = world.direct_messages(world.olive)[-1]
    pressed = await world.driver.press(world.olive, preview, "batches_confirm")

    assert "*1 learner* invited" in words(preview)
    assert pressed.ok
    assert world.counts()["invitation"] == 1


async def test_a_form_that_slack_does_not_open_is_said_so(world: World) -> None:
    world.slack.faults.fail_next("views.open", TooManyRequests())

    ack = await world.usher("invite")

    assert "Slack lets me say no more for the moment" in words(ack)


async def test_an_expired_trigger_is_an_answer_and_no_error(world: World) -> None:
    world.slack.faults.fail_next("users.info", Hang(1))

    asking = asyncio.create_task(world.driver.command(world.olive, world.channel, "/usher", "invite"))
    while not world.slack.workspace.calls("users.info"):  # noqa: ASYNC110 - the look-alike rings no bell.
        await asyncio.sleep(0.01)
    world.clock.advance(seconds=4)
    ack = await asking

    assert ack.status == 200
    assert "did not let me open the form in time" in json.dumps(ack.body)


async def test_the_list_filters_and_pages(world: World) -> None:
    await world.invited(", ".join(f"learner{number:02d}@example.org" for number in range(25)))
    listed = shown(await world.usher(f"invites {RUN}"))
    first = words(listed)

    await world.driver.press(world.olive, listed, "invitations_page:next")
    second = words(listed)
    await world.driver.press(world.olive, listed, "invitations_page:accepted")

    assert "*25 invitations*" in first
    assert "Page 1 of 3" in first
    assert "learner00@example.org" in first
    assert "Page 2 of 3" in second
    assert "learner10@example.org" in second
    assert "No invitation fits." in words(listed)


async def test_an_invitation_is_sent_again_and_cancelled_from_the_list(world: World) -> None:
    await world.invited("ada@example.org")
    sent(world.app)
    listed = shown(await world.usher(f"invites {RUN}"))
    resend, _correct, cancel = _menu(listed)

    before = world.counts()["outbound_message"]
    sent_again = await world.driver.press(world.olive, listed, "invitations_change", resend)
    after = world.counts()["outbound_message"]
    await world.driver.press(world.olive, listed, "invitations_change", cancel)
    closed = await world.driver.press(world.olive, listed, "invitations_change", resend)

    told = _told(world)
    assert sent_again.confirm is not None
    assert after == before + 1
    assert "goes to ada@example.org once more" in told
    assert "The invitation of ada@example.org is cancelled." in told
    assert closed.ok
    assert "already cancelled" in told


async def test_a_cancelled_invitation_is_made_anew_from_the_list(world: World) -> None:
    await world.invited("ada@example.org")
    await world.usher(f"cancel {RUN} ada@example.org")
    listed = shown(await world.usher(f"invites {RUN} cancelled"))

    ack = await world.driver.press(world.olive, listed, "invitations_reinvite")

    assert ack.ok
    assert "*1 learner* invited" in _told(world)
    assert world.counts()["invitation"] == 2


async def test_typed_requests_do_what_the_buttons_do(world: World) -> None:
    await world.invited("ada@example.org")
    sent(world.app)

    resent = await world.usher(f"resend {RUN} ada@example.org")
    cancelled = await world.usher(f"cancel {RUN} <mailto:ada@example.org|ada@example.org>")
    again = await world.usher(f"reinvite {RUN} ada@example.org")

    assert "once more" in words(resent)
    assert "is cancelled" in words(cancelled)
    assert "B-0002" in words(again)


async def test_whoever_declined_is_asked_again_after_a_second_thought_only(world: World) -> None:
    await world.invited("ada@example.org")
    _decline(world)
    listed = shown(await world.usher(f"invites {RUN} declined"))

    typed = await world.usher(f"reinvite {RUN} ada@example.org")
    await world.driver.press(world.olive, listed, "invitations_reinvite")
    before = world.counts()["invitation"]
    await world.driver.press(world.olive, shown(typed), "invitations_reinvite_anyway")

    assert before == 1
    assert _told(world).count("Confirm if you want to invite them all the same.") == 1
    assert world.counts()["invitation"] == 2
    assert "*1 learner* invited" in words(typed)


async def test_the_runs_lead_to_the_form(world: World) -> None:
    listed = await world.usher("courses maths")

    ack = await world.driver.press(world.olive, shown(listed), "invitations_compose")

    assert ack.ok
    field = world.driver.modal(world.olive).blocks[0]["element"]
    assert field["initial_option"]["value"] == RUN


async def _form(world: World) -> View:
    ack = await world.usher("", command="/invite")
    assert ack.message is None
    return world.driver.modal(world.olive)


async def _submit(world: World, file: File, **typed: str) -> Ack:
    await world.usher(f"invite {RUN}")
    return await world.driver.submit(world.olive, world.driver.modal(world.olive), {"file": [file], **typed})


def _view(ack: Ack) -> View:
    assert ack.view is not None, (ack.problem, ack.errors, ack.body)
    return ack.view


def _menu(listed: Message) -> list[str]:
    menus = [block["accessory"] for block in listed.blocks if block.get("accessory", {}).get("type") == "overflow"]
    return [option["value"] for option in menus[0]["options"]]


def _told(world: World) -> str:
    return "\n".join(words(message) for message in world.slack.workspace.messages if message.only_for == world.olive.id)


def _decline(world: World) -> None:
    with Session(world.app.engine, info={"scope": "every organisation"}) as session:
        invitation = session.scalars(select(Invitation)).one()
    token = world.app.links.token(LinkKind.INVITATION, invitation.id)
    world.app.run(decline_invitation, DeclineInvitation(token), LEARNER)
