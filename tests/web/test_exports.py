"""Downloads of exports: for the signed-in asker alone, made at the press of a button, kept nowhere."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from core.usecases.exports import ExportProgress, export_progress
from core.words import ExportForm
from tests.core.usecases.progressing import enrol
from tests.web.test_answers import text_of
from tests.web.test_learners import signed_in
from tests.web.test_sign_in import Pauses
from tests.web.world import World
from web.app import build_app

AUDITED = "SELECT count(*) FROM audit_entry WHERE action = 'fetch_export' AND outcome = 'done'"


@pytest.fixture
def browser(world: World) -> Iterator[TestClient]:
    enrol(world.school, "ada@example.org", "bo@example.org")
    with world.client(build_app(world.app, pause=Pauses())) as browser:
        yield browser


def ordered(world: World, form: ExportForm = ExportForm.CSV) -> str:
    """The page's path."""
    export = world.app.run(export_progress, ExportProgress("maths-2026-03", form), world.school.owner)
    return export.url.removeprefix(world.app.settings.base_url)


def test_who_is_not_signed_in_signs_in_comes_back_and_downloads(world: World, browser: TestClient) -> None:
    path = ordered(world)
    refused = [browser.get(path), browser.post(path)]
    welcome: Any = signed_in(world, browser)
    before = world.dump()

    page = browser.get(path)
    unchanged = world.dump() == before
    file = browser.post(path)

    assert [answer.headers["location"] for answer in refused] == ["/sign-in"] * 2
    assert welcome.headers["location"] == path
    assert unchanged
    assert "Maths for Everyone (maths-2026-03)" in text_of(page.text)
    assert "Download the CSV file" in text_of(page.text)
    assert "Only you can download it, until" in text_of(page.text)
    assert "ada@example.org" not in page.text
    assert file.headers["content-disposition"] == 'attachment; filename="progress-maths-2026-03-2026-03-02.csv"'
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert file.headers["cache-control"] == "no-store"
    assert int(file.headers["content-length"]) == len(file.content)
    assert file.content.decode("utf-8-sig").count("\r\n") == 3
    assert world.count(AUDITED) == 1


def test_a_workbook_is_one(world: World, browser: TestClient) -> None:
    path = ordered(world, ExportForm.XLSX)
    signed_in(world, browser)

    file = browser.post(path)

    assert file.headers["content-disposition"].endswith('.xlsx"')
    assert file.content[:2] == b"PK"


def test_colleagues_other_sites_and_guesses_get_nothing(world: World, browser: TestClient) -> None:
    path = ordered(world)
    signed_in(world, browser, "vera@northfield.example.org")

    answers = [browser.get(path), browser.post(path), browser.get("/exports/1"), browser.get("/exports/nothing")]
    forged = browser.post(path, headers={"Sec-Fetch-Site": "cross-site"})

    assert [answer.status_code for answer in answers] == [404] * 4
    assert forged.status_code == 403
    assert not [answer for answer in (*answers, forged) if "ada@example.org" in answer.text]
    assert world.count(AUDITED) == 0


def test_after_72_hours_it_is_over(world: World, browser: TestClient) -> None:
    path = ordered(world)
    world.clock.advance(hours=72)
    signed_in(world, browser)

    page, file = browser.get(path), browser.post(path)

    assert (page.status_code, file.status_code) == (409, 409)
    assert "72 hours" in text_of(page.text)
