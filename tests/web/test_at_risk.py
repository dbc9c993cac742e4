"""Learners at risk on the web: the reason, the letter to review, snooze, spoken to; for who is signed in and may."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from core.letters import NudgeLetter
from core.model import FollowUp, OutboundMessage
from core.usecases.messages.letters import LoadLetters, load_letters
from core.words import FollowUpDeed, MessageKind
from tests.core.usecases.acting import MATHS, clock_of, everything
from tests.core.usecases.progressing import enrol, learner_of, line, send
from tests.factories import SYSTEM
from tests.web.test_answers import text_of
from tests.web.test_learners import signed_in
from tests.web.test_sign_in import Pauses
from tests.web.world import World
from web.app import build_app

ADA, BO = "ada@example.org", "bo@example.org"


@pytest.fixture
def bo(world: World) -> str:
    """The path of his page: he did nothing for twelve days."""
    enrol(world.school, ADA, BO)
    clock_of(world.app).advance(days=30)
    send(world.school, line(ADA, steps_completed="95%"), line(BO, steps_completed="8%"))
    clock_of(world.app).advance(days=12)
    send(world.school, line(ADA, steps_completed="95%"), line(BO, steps_completed="8%", avg_test_score="5%"))
    return f"/at-risk/{MATHS}/{learner_of(world.school, BO).id}"


@pytest.fixture
def olive(world: World) -> Iterator[TestClient]:
    with world.client(build_app(world.app, pause=Pauses())) as browser:
        yield browser


def deeds(world: World) -> list[FollowUpDeed]:
    return [each.deed for each in everything(world.app, FollowUp, FollowUp.undone_at.is_(None))]


def read(answer: Any) -> str:
    return text_of(answer.text)


def test_the_link_of_the_mail_leads_through_sign_in_to_the_letter(world: World, olive: TestClient, bo: str) -> None:
    refused = [olive.post(f"{bo}/{name}") for name in ("nudge", "snooze", "spoken", "undo")]
    asked = olive.get(bo)
    welcome = signed_in(world, olive)
    before = world.dump()
    page, run = olive.get(bo), olive.get(f"/at-risk/{MATHS}")

    assert [answer.headers["location"] for answer in (*refused, asked)] == ["/sign-in"] * 5
    assert welcome.headers["location"] == bo
    assert "At risk: nothing done for 12 days" in read(page)
    assert "Hello Bo" in read(page)
    assert (bo in run.text, "1 learner at risk" in read(run)) == (True, True)
    assert world.dump() == before

    unclear = olive.post(f"{bo}/nudge", data={"words": "Look at www.example.org"})
    sent = olive.post(f"{bo}/nudge", data={"words": "How are you?\r\n\r\n<b>Olive</b>"})
    done = olive.get(sent.headers["location"])
    again = olive.post(f"{bo}/nudge", data={"words": "Once more"})

    assert (unclear.status_code, "www.example.org</textarea>" in unclear.text) == (400, True)
    assert (sent.status_code, sent.headers["location"], deeds(world)) == (303, bo, [FollowUpDeed.NUDGED])
    ids = tuple(each.id for each in everything(world.app, OutboundMessage, OutboundMessage.kind == MessageKind.NUDGE))
    (letter,) = world.app.read(load_letters, LoadLetters(ids), SYSTEM).letters
    assert isinstance(letter, NudgeLetter)
    assert letter.words == "How are you?\n\n<b>Olive</b>"
    assert "is on its way" in read(done)
    assert (again.status_code, "less than a week ago" in read(again)) == (409, True)


def test_snoozed_spoken_to_and_undone_with_one_button_each(world: World, olive: TestClient, bo: str) -> None:
    signed_in(world, olive)

    olive.post(f"{bo}/snooze", data={"until": "2 weeks"})
    snoozed = olive.get(bo)
    (number,) = re.findall(r'name="follow_up"\s+value="(\d+)"', snoozed.text)
    olive.post(f"{bo}/undo", data={"follow_up": "1"})
    of_another = deeds(world)
    olive.post(f"{bo}/undo", data={"follow_up": number})
    olive.post(f"{bo}/spoken")

    assert "Snoozed by" in read(snoozed)
    assert of_another == [FollowUpDeed.SNOOZED]
    assert deeds(world) == [FollowUpDeed.SPOKEN]
    assert "has spoken to them" in read(olive.get(bo))
    assert "Nobody is at risk" in read(olive.get(f"/at-risk/{MATHS}"))


def test_nobody_is_found_who_is_not_theirs(world: World, olive: TestClient, bo: str) -> None:
    signed_in(world, olive)

    learner_id = bo.rpartition("/")[2]
    paths = (f"/at-risk/no-run/{learner_id}", f"/at-risk/{MATHS}/1", f"/at-risk/{MATHS}/{2**70}")

    assert [olive.get(path).status_code for path in (*paths, "/at-risk/no-run")] == [404] * 4
    assert [olive.post(f"{path}/spoken").status_code for path in paths] == [404] * 3
    assert deeds(world) == []


def test_who_may_only_look_sees_the_list_and_no_link_that_refuses_them(
    world: World, olive: TestClient, bo: str
) -> None:
    signed_in(world, olive, "vera@northfield.example.org")

    run = olive.get(f"/at-risk/{MATHS}")

    assert "Bo Young: nothing done for 12 days" in " ".join(read(run).split())
    assert bo not in run.text
    assert olive.get(bo).status_code == 403
