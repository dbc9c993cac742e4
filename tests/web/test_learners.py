"""Access codes on the web: only for a signed-in staff member, made at the press of a button, kept nowhere."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from openpyxl import load_workbook
from starlette.testclient import TestClient

from tests.core.usecases.importing import import_sheet, line
from tests.web.test_answers import text_of
from tests.web.test_sign_in import Pauses, ask, mailed
from tests.web.world import World
from web.app import build_app

PATH = "/learners/codes"
AUDITED = "SELECT count(*) FROM audit_entry WHERE action = 'load_access_codes'"


@pytest.fixture
def web(world: World) -> Any:
    import_sheet(
        world.school, line("Zoë", "<b>Young</b>", **{"Learner year group": "Year 11"}), line("Bo", UKPRN="10000002")
    )
    return build_app(world.app, pause=Pauses())


@pytest.fixture
def olive(world: World, web: Any) -> Iterator[TestClient]:
    with world.client(web) as browser:
        yield browser


def signed_in(world: World, browser: TestClient, email: str = "olive@north.example.org") -> Any:
    ask(browser, email)
    return browser.post(mailed(world)[-1])


def test_who_is_not_signed_in_signs_in_and_comes_back(world: World, olive: TestClient) -> None:
    refused = [olive.get(PATH), olive.post(f"{PATH}/workbook"), olive.post(f"{PATH}/slips")]

    welcome = signed_in(world, olive)

    assert [answer.headers["location"] for answer in refused] == ["/sign-in"] * 3
    assert welcome.headers["location"] == PATH
    assert world.count(AUDITED) == 0


def test_the_page_shows_numbers_and_changes_nothing(world: World, olive: TestClient) -> None:
    signed_in(world, olive)
    before = world.dump()

    page = olive.get(PATH)

    text = text_of(page.text)
    assert "2 learners have never signed in" in text
    assert "Northfield Adult Learning: 1" in text
    assert "USHER_LEARNER_SIGN_IN_URL" in text
    assert "bo.young" not in page.text
    assert world.dump() == before
    assert PATH in olive.get("/account").text


def test_the_workbook_has_codes_and_is_not_kept(world: World, olive: TestClient) -> None:
    signed_in(world, olive)

    answer = olive.post(f"{PATH}/workbook", data={"provider": "10000002"})

    assert answer.headers["content-disposition"] == 'attachment; filename="never-signed-in-2026-03-02.xlsx"'
    assert answer.headers["cache-control"] == "no-store"
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][:2] == ("Username", "One-time access code")
    assert len(rows) == 2
    assert len(str(rows[1][1])) == 11
    assert rows[1][2:4] == ("Bo", "Young")
    assert world.count(AUDITED) == 1


def test_slips_have_name_username_code_and_where_to_sign_in(world: World, olive: TestClient) -> None:
    signed_in(world, olive)

    slips = olive.post(f"{PATH}/slips")

    text = text_of(slips.text)
    assert slips.status_code == 200
    assert "Zoë <b>Young</b>" in text.replace("&lt;", "<").replace("&gt;", ">")
    assert "<b>Young" not in slips.text
    assert "bo.young" in text
    assert "Write where learners sign in on the empty line." in text
    assert slips.headers["cache-control"] == "no-store"
    assert world.count(AUDITED) == 1


@pytest.mark.parametrize(
    ("email", "names"), [("max@northfield.example.org", ["bo"]), ("vera@northfield.example.org", [])]
)
def test_grants_count_here_too(world: World, olive: TestClient, email: str, names: list[str]) -> None:
    signed_in(world, olive, email)

    page, slips = olive.get(PATH), olive.post(f"{PATH}/slips")

    assert (page.status_code, slips.status_code) == ((200, 200) if names else (403, 403))
    assert ("bo.young" in slips.text) == bool(names)
    assert "Zoë" not in slips.text


def test_another_site_s_form_is_refused(world: World, olive: TestClient) -> None:
    signed_in(world, olive)

    answer = olive.post(f"{PATH}/workbook", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert world.count(AUDITED) == 0


def test_nobody_is_sent_elsewhere_after_signing_in(world: World, olive: TestClient) -> None:
    olive.cookies.set("__Host-next", "https://elsewhere.example.org/")

    assert signed_in(world, olive).headers["location"] == "/account"
