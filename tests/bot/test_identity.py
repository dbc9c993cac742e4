"""How a workspace and its people become known, and stop being known."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from bot.authorize import Place
from bot.identity import is_colleague
from core.context import SlackVisitor
from core.model import SlackUser
from core.rules.links import CodeKind
from core.usecases.staff.organisations import NewSetupCode, new_setup_code
from core.usecases.staff.slack_identity import (
    AskForCode,
    BindWorkspace,
    ConfirmCode,
    ask_for_code,
    bind_workspace,
    confirm_code,
)
from tests.bot.conftest import RUN, World, words
from tests.factories import OPERATOR
from usher.demo.slack.faults import Fault, ServerError, TooManyRequests


async def test_a_workspace_and_a_person_introduce_themselves(unbound: World) -> None:
    bound = await unbound.usher(f"setup {unbound.school.setup_code}")
    mailed = await unbound.usher("link")
    linked = await unbound.usher(f"link {unbound.code_of(unbound.olive)}")
    courses = await unbound.usher("courses")

    assert "now belongs to Northfield College" in words(bound)
    assert "If olive@north.example.org is on our list of staff, a code is on its way there." in words(mailed)
    assert "Welcome, Olive Owner" in words(linked)
    assert "Maths for Everyone" in words(courses)


async def test_a_workspace_that_is_not_bound_is_told_how(unbound: World) -> None:
    for text in (f"invite {RUN} ada@example.org", "link", "link 1234 5678", "courses"):
        ack = await unbound.usher(text)

        assert "not connected to an organisation yet" in words(ack)
        assert "/usher setup" in words(ack)


async def test_a_code_is_told_to_nobody_who_is_not_on_the_list(world: World) -> None:
    nobody = world.person("Nobody", "nobody@example.org")
    before = world.counts()

    ack = await world.usher("link", nobody)

    assert "If nobody@example.org is on our list of staff" in words(ack)
    assert world.counts() == before


async def test_five_wrong_codes_end_the_right_one(world: World) -> None:
    max_ = world.person("Max Example", "max@northfield.example.org")
    await world.usher("link", max_)
    right = world.code_of(max_)
    wrong = "00000000" if right != "00000000" else "11111111"

    answers = [await world.usher(f"link {wrong}", max_) for _ in range(5)]
    late = await world.usher(f"link {right}", max_)

    assert all("does not fit" in words(answer) for answer in answers)
    assert "does not fit" in words(late)
    assert _tries(world, max_.id) == 6


async def test_wrong_set_up_codes_use_up_no_code(unbound: World) -> None:
    for _ in range(6):
        assert "does not fit" in words(await unbound.usher("setup Northfield-00000000"))

    right = await unbound.usher(f"setup {unbound.school.setup_code.upper()}")

    assert "does not fit" not in words(right)


async def test_the_account_is_asked_for_once_in_ten_minutes(world: World) -> None:
    for _ in range(3):
        await world.usher("courses")
    world.clock.advance(minutes=11)
    await world.usher("courses")

    assert len(world.slack.workspace.calls("users.info")) == 2


async def test_a_changed_account_is_looked_at_anew(world: World) -> None:
    await world.usher("courses")
    world.olive.deleted = True
    still = await world.usher("courses")

    told = await world.driver.change_user(world.olive)
    refused = await world.usher("courses")

    assert told.ok
    assert "runs" in words(still)
    assert "I cannot tell who you are" in words(refused)


async def test_a_role_that_was_taken_away_counts_at_once(world: World) -> None:
    ack = await world.usher(f"invite {RUN} ada@example.org", world.vera)

    assert "Your role (viewer) does not include this." in words(ack)


async def test_linking_anew_is_believed_at_once(world: World) -> None:
    await world.usher("courses", world.vera)
    world.vera.email = "max@northfield.example.org"
    await world.driver.change_user(world.vera)

    await world.usher("link", world.vera)
    between = await world.usher("courses", world.vera)
    await world.usher(f"link {world.code_of(world.vera)}", world.vera)
    after = await world.usher(f"invite {RUN} ada@example.org", world.vera)

    assert "I cannot tell who you are" in words(between)
    assert "will be invited" in words(after)


async def test_an_uninstalled_app_forgets_the_workspace(world: World) -> None:
    await world.usher("courses")

    acks = await world.driver.uninstall(world.team)
    world.team.is_token_revoked = False
    after = await world.usher("courses")

    assert all(ack.ok for ack in acks)
    assert len(world.slack.workspace.calls("users.info")) == 2
    assert "not connected to an organisation yet" in words(after)


async def test_news_of_the_same_removal_told_again_unbinds_nobody_who_came_back(world: World) -> None:
    await world.driver.uninstall(world.team)
    world.team.is_token_revoked = False
    world.clock.advance(minutes=2)
    _bind_anew(world)
    (told,) = (id_ for id_, event in world.driver.sent_events.items() if event["event"]["type"] == "app_uninstalled")

    repeated = await world.driver.repeat_event(told)

    assert repeated.ok
    assert "runs" in words(await world.usher("courses"))


async def test_a_revoked_token_of_a_person_removes_nothing(world: World) -> None:
    event = {"type": "tokens_revoked", "tokens": {"oauth": [world.olive.id], "bot": []}}

    ack = await world.driver.event(world.team, event)

    assert ack.ok
    assert "runs" in words(await world.usher("courses"))


@pytest.mark.parametrize("flag", ["deleted", "is_restricted", "is_ultra_restricted"])
async def test_who_leaves_or_becomes_a_guest_is_connected_no_more_even_when_they_come_back(
    world: World, flag: str
) -> None:
    setattr(world.olive, flag, True)
    await world.driver.change_user(world.olive)
    setattr(world.olive, flag, False)
    await world.driver.change_user(world.olive)

    refused = await world.usher("courses")

    assert "I cannot tell who you are" in words(refused)
    assert "runs" in words(await world.usher("courses", world.vera))
    await world.usher("link")
    await world.usher(f"link {world.code_of(world.olive)}")
    assert "runs" in words(await world.usher("courses"))


async def test_people_disconnect_themselves_and_connect_again(world: World) -> None:
    gone = await world.usher("unlink")
    again = await world.usher("unlink")
    refused = await world.usher("courses")
    await world.usher("link")
    await world.usher(f"link {world.code_of(world.olive)}")

    assert "Your account is disconnected." in words(gone)
    assert "Your account was not connected." in words(again)
    assert "I cannot tell who you are" in words(refused)
    assert "runs" in words(await world.usher("courses"))


def _bind_anew(world: World) -> None:
    code = world.app.run(new_setup_code, NewSetupCode("northfield"), OPERATOR).setup_code
    visitor = SlackVisitor("", world.team.id, world.olive.id, world.olive.email)
    world.app.run(bind_workspace, BindWorkspace(code), visitor)
    world.app.run(ask_for_code, AskForCode(), visitor)
    with Session(world.app.engine, info={"scope": "every organisation"}) as session:
        row = session.scalars(select(SlackUser).where(SlackUser.code_valid_until.is_not(None))).one()
    digits = world.app.links.code(CodeKind.SLACK_LINK, row.id, row.generation)
    world.app.run(confirm_code, ConfirmCode(digits), visitor)
    world.restart()


@pytest.mark.parametrize("fault", [TooManyRequests(), ServerError()], ids=str)
async def test_slack_that_does_not_answer_is_a_busy_house_and_no_stranger(world: World, fault: Fault) -> None:
    world.slack.faults.fail_next("users.info", fault)

    ack = await world.usher("courses")

    assert "very busy" in words(ack)


async def test_a_database_that_is_away_is_a_busy_house(world: World) -> None:
    with world.app.engine.begin() as connection:
        connection.execute(sql("ALTER TABLE slack_workspace RENAME TO hidden"))

    ack = await world.usher("courses")
    event = await world.driver.say_dm(world.olive, "courses")

    assert "very busy" in words(ack)
    assert event.status == 500


async def test_a_workspace_of_an_enterprise_is_one_of_its_own(unbound: World) -> None:
    unbound.team.enterprise_id = "E1"

    bound = await unbound.usher(f"setup {unbound.school.setup_code}")
    unbound.link(unbound.olive)
    unbound.team.enterprise_id = "E2"
    elsewhere = await unbound.usher("courses")
    unbound.team.enterprise_id = "E1"
    here = await unbound.usher("courses")

    assert "now belongs to" in words(bound)
    assert "not connected to an organisation yet" in words(elsewhere)
    assert "runs to choose from" in words(here)


IN_GRID = {"enterprise_id": "E1", "teams": ["T1", "T2"]}


@pytest.mark.parametrize(
    ("account", "place", "expected"),
    [
        ({"team_id": "T1"}, Place("", "T1"), True),
        ({"team_id": "T2"}, Place("", "T1"), False),
        ({"team_id": "T1", "is_email_confirmed": True}, Place("", "T1"), True),
        ({"team_id": "T1", "is_email_confirmed": False}, Place("", "T1"), False),
        # Installed for the whole enterprise: everybody in it.
        ({"team_id": "T9", "enterprise_user": IN_GRID}, Place("E1", ""), True),
        ({"team_id": "T9", "enterprise_user": IN_GRID}, Place("E2", ""), False),
        ({"team_id": "T9"}, Place("E1", ""), False),
        # Installed in one workspace of it: those who are in that workspace, wherever they are at home.
        ({"team_id": "T9", "enterprise_user": IN_GRID}, Place("E1", "T2"), True),
        ({"team_id": "T9", "enterprise_user": IN_GRID}, Place("E1", "T3"), False),
        ({"team_id": "", "enterprise_user": {}}, Place("", ""), False),
    ],
)
def test_a_colleague_is_somebody_of_this_very_installation(
    account: dict[str, Any], place: Place, expected: bool
) -> None:
    assert is_colleague(account, place) is expected


def _tries(world: World, user_id: str) -> int:
    with Session(world.app.engine, info={"scope": "every organisation"}) as session:
        return session.scalars(select(SlackUser.code_tries).where(SlackUser.user_id == user_id)).one()
