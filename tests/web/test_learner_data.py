"""What is kept about one learner, on the web: exported as a zip, erased after their whole name was typed."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from core.model import Learner
from core.usecases.learners.traces import ERASED_LAST
from tests.core.usecases.acting import everything
from tests.core.usecases.importing import import_sheet, learners, line
from tests.web.test_answers import text_of
from tests.web.test_learners import signed_in
from tests.web.test_sign_in import Pauses
from tests.web.world import World
from web.app import build_app

NAME = "Zoë <b>Young</b>"
AUDITED = "SELECT count(*) FROM audit_entry WHERE outcome = 'done' AND action = "


@pytest.fixture
def zoe(world: World) -> str:
    """The path of her page."""
    import_sheet(world.school, line("Zoë", "<b>Young</b>", Town="York"), line("Bo", UKPRN="10000002"))
    return f"/learners/{learners(world.school)['Zoë'].id}/data"


@pytest.fixture
def olive(world: World) -> Iterator[TestClient]:
    with world.client(build_app(world.app, pause=Pauses())) as browser:
        yield browser


def shown(answer: Any) -> str:
    return text_of(answer.text).replace("&lt;", "<").replace("&gt;", ">")


def test_who_is_not_signed_in_signs_in_and_comes_back(world: World, olive: TestClient, zoe: str) -> None:
    refused = [olive.post(f"{zoe}/export"), olive.post(f"{zoe}/erase", data={"name": NAME}), olive.get(zoe)]

    welcome = signed_in(world, olive)

    assert [answer.headers["location"] for answer in refused] == ["/sign-in"] * 3
    assert welcome.headers["location"] == zoe
    before = world.dump()
    page = olive.get(zoe)
    assert NAME in shown(page)
    assert "What goes:" in shown(page)
    assert "<b>Young" not in page.text
    assert world.dump() == before


def test_the_export_is_a_zip_to_read_and_for_machines(world: World, olive: TestClient, zoe: str) -> None:
    signed_in(world, olive)

    answer = olive.post(f"{zoe}/export")

    assert answer.headers["content-disposition"] == 'attachment; filename="learner-data-2026-03-02.zip"'
    assert answer.headers["cache-control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        html, told = archive.read("learner.html").decode(), json.loads(archive.read("learner.json"))
    assert told["learner"] == NAME
    assert told["tables"]["learner"]["rows"][0]["Town"] == "York"
    assert "York" in html
    assert re.search(r"Created at</th>\s*<td>2026-0[0-9]-[0-9]{2} [0-9]{2}:[0-9]{2} UTC</td>", html)
    assert "<b>Young" not in html
    assert world.count(f"{AUDITED}'export_learner'") == 1


def test_she_is_erased_when_her_whole_name_is_typed(world: World, olive: TestClient, zoe: str) -> None:
    signed_in(world, olive)

    wrong = olive.post(f"{zoe}/erase", data={"name": "Zoë"})
    right = olive.post(f"{zoe}/erase", data={"name": "zoë <b>young</b>"})

    assert wrong.status_code == 400
    assert "not the learner's whole name" in shown(wrong).replace("&#39;", "'")
    assert "The learner is erased" in shown(right)
    assert olive.get(zoe).status_code == 404
    assert {each.last_name for each in everything(world.app, Learner)} == {ERASED_LAST, "Young"}
    assert "Zoë" not in world.dump()
    assert world.count(f"{AUDITED}'erase_learner'") == 1


@pytest.mark.parametrize(
    ("email", "status"), [("max@northfield.example.org", 404), ("vera@northfield.example.org", 403)]
)
def test_grants_count_here_too(world: World, olive: TestClient, zoe: str, email: str, status: int) -> None:
    signed_in(world, olive, email)

    answers = [olive.get(zoe), olive.post(f"{zoe}/export"), olive.post(f"{zoe}/erase", data={"name": NAME})]

    assert [answer.status_code for answer in answers] == [status] * 3
    assert olive.get("/learners/99999999999999999999/data").status_code in (403, 404)
    assert everything(world.app, Learner, Learner.last_name == ERASED_LAST) == []
