"""Staff at the door: sign in, account, terms, sign out."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from core.letters import SignInLetter
from core.model import OutboundMessage
from core.rules.links import LinkKind
from core.usecases.messages.letters import LoadLetters, load_letters
from core.words import MessageKind
from tests.factories import SYSTEM
from tests.web.test_answers import text_of
from tests.web.world import World
from web.app import build_app
from web.cookies import SESSION_COOKIE, SIGN_IN_COOKIE
from web.sign_in import ASKING_SECONDS, SIGN_INS_A_NETWORK

OLIVE = "olive@north.example.org"


class Pauses:
    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def web(world: World, pauses: Pauses) -> Any:
    return build_app(world.app, pause=pauses)


@pytest.fixture
def olive(world: World, web: Any) -> Iterator[TestClient]:
    with world.client(web) as browser:
        yield browser


@pytest.fixture
def telephone(world: World, web: Any) -> Iterator[TestClient]:
    """Another browser of hers."""
    with world.client(web) as browser:
        yield browser


def ask(browser: TestClient, email: str = OLIVE) -> Any:
    return browser.post("/sign-in", data={"email": email})


def mailed(world: World) -> list[str]:
    """The links of the e-mails that wait."""
    with Session(world.app.engine, info={"scope": "every organisation"}) as session:
        ids = tuple(row.id for row in session.query(OutboundMessage) if row.kind is MessageKind.SIGN_IN)
    loaded = world.app.read(load_letters, LoadLetters(ids), SYSTEM).letters
    return [f"/sign-in/{letter.token}" for letter in loaded if isinstance(letter, SignInLetter)]


def sign_in(world: World, browser: TestClient) -> None:
    ask(browser)
    answer = browser.post(mailed(world)[-1])
    assert answer.status_code == 303, answer.text


# --- The whole way ----------------------------------------------------------------------------------------


def test_who_asks_opens_the_link_here_presses_the_button_and_is_in(world: World, olive: TestClient) -> None:
    form = olive.get("/sign-in")
    asked = ask(olive)
    waiting = olive.get(asked.headers["location"])
    (link,) = mailed(world)
    looked = olive.get(link)
    before = olive.get("/account")
    pressed = olive.post(link)
    account = olive.get(pressed.headers["location"])

    assert "Your e-mail address" in form.text
    assert "an e-mail is on its way" in waiting.text
    assert "Hello Olive Owner" in text_of(looked.text)
    assert before.headers["location"] == "/sign-in"
    assert pressed.headers["location"] == "/account"
    assert "Olive Owner E-mail olive@north.example.org" in text_of(account.text)


def test_opened_on_another_device_the_link_shows_a_code_for_the_window_that_asked(
    world: World, olive: TestClient, telephone: TestClient
) -> None:
    ask(olive)
    (link,) = mailed(world)

    elsewhere = telephone.get(link)
    pressed_there = telephone.post(link)
    code = re.search(r"\d{4} \d{4}", elsewhere.text)
    assert code is not None
    typed_there = telephone.post("/sign-in/code", data={"code": code[0]})
    wrong = olive.post("/sign-in/code", data={"code": "1"})
    right = olive.post("/sign-in/code", data={"code": code[0]})

    assert "Type this code where you asked" in elsewhere.text
    assert (pressed_there.status_code, typed_there.status_code) == (404, 400)
    assert "4 tries are left" in wrong.text
    assert right.headers["location"] == "/account"
    assert olive.get("/account").status_code == 200
    assert telephone.get("/account").status_code == 303


def test_a_link_counts_once_and_says_so_afterwards(world: World, olive: TestClient) -> None:
    sign_in(world, olive)
    link = f"/sign-in/{world.app.links.token(LinkKind.SIGN_IN, 5)}"
    ask(olive)
    (fresh,) = mailed(world)
    olive.post(fresh)

    again = olive.post(fresh)

    assert again.status_code == 404  # The cookie went with the first use.
    assert olive.get(fresh).status_code == 410
    assert olive.get(link).status_code == 404


def test_signing_out_forgets_the_browser_and_the_session(world: World, olive: TestClient) -> None:
    sign_in(world, olive)
    session = olive.cookies[SESSION_COOKIE]

    answer = olive.post("/sign-out")

    assert answer.headers["location"] == "/sign-in"
    assert SESSION_COOKIE not in olive.cookies
    olive.cookies.set(SESSION_COOKIE, session, domain="testserver.local", path="/")
    assert olive.get("/account").status_code == 303


# --- What must not be seen --------------------------------------------------------------------------------


def test_known_and_unknown_addresses_get_one_answer_and_wait_alike(
    olive: TestClient, telephone: TestClient, pauses: Pauses, world: World
) -> None:
    known, unknown = ask(olive), ask(telephone, "nobody@example.org")

    def shape(answer: Any) -> tuple[Any, ...]:
        cookie = re.sub(rf"{SIGN_IN_COOKIE}=[\w-]{{43}};", "", answer.headers["set-cookie"])
        return answer.status_code, answer.headers["location"], answer.text, cookie

    assert shape(known) == shape(unknown)
    assert olive.get("/sign-in/code").text == telephone.get("/sign-in/code").text
    assert pauses.seconds == [ASKING_SECONDS] * 2
    assert len(mailed(world)) == 1


def test_cookies_are_for_this_host_for_https_and_for_no_script(world: World, olive: TestClient) -> None:
    asked = ask(olive)
    pressed = olive.post(mailed(world)[0])

    for header, name, life in (
        (asked.headers["set-cookie"], SIGN_IN_COOKIE, 600),
        (pressed.headers["set-cookie"], SESSION_COOKIE, 43200),
    ):
        kept = next(part for part in header.split(", __Host") if name.removeprefix("__Host") in part)
        assert all(flag in kept for flag in ("HttpOnly", "Path=/", "SameSite=lax", "Secure", f"Max-Age={life}")), kept
        assert "Domain" not in kept


def test_looking_changes_nothing(world: World, olive: TestClient) -> None:
    ask(olive)
    (link,) = mailed(world)
    before = world.dump()

    for path in ("/sign-in", "/sign-in/code", link, "/account", "/terms"):
        olive.get(path)
        olive.head(path)

    assert world.dump() == before


def test_another_site_cannot_sign_anybody_in_or_out(world: World, olive: TestClient) -> None:
    sign_in(world, olive)
    ask(olive)
    link = mailed(world)[-1]
    foreign = {"Sec-Fetch-Site": "cross-site"}

    answers = [
        olive.post(path, headers=foreign, data={"email": OLIVE, "code": "1"})
        for path in ("/sign-in", "/sign-in/code", link, "/sign-out", "/terms")
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert olive.get("/account").status_code == 200


@pytest.mark.parametrize("email", ["", "olive", "@", "x" * 400])
def test_what_is_no_address_is_said_at_the_field(olive: TestClient, email: str) -> None:
    answer = ask(olive, email)

    assert answer.status_code == 400
    assert 'id="email-problem"' in answer.text
    assert "Error: Sign in" in answer.text


# --- How often --------------------------------------------------------------------------------------------


def test_no_address_is_refused_however_often_somebody_asks_for_it(world: World, olive: TestClient) -> None:
    for email in (OLIVE, "nobody@example.org"):
        statuses = [ask(olive, spelled).status_code for spelled in [email, email.upper()] * 4]
        assert statuses == [303] * 8


def test_a_network_asks_thirty_times_in_ten_minutes(world: World, web: Any, olive: TestClient) -> None:
    statuses = [ask(olive, f"a{number}@example.org").status_code for number in range(SIGN_INS_A_NETWORK + 1)]
    world.clock.advance(minutes=10)
    later = ask(olive).status_code

    assert statuses == [303] * SIGN_INS_A_NETWORK + [429]
    assert later == 303


def test_many_people_type_codes_at_once_and_nobody_is_locked_out(world: World, olive: TestClient) -> None:
    """Their path is the same for all: it is no link that a program presses."""
    ask(olive)

    statuses = {olive.post("/sign-in/code", data={"code": "1"}).status_code for _ in range(15)}

    assert statuses == {400}


# --- Terms ------------------------------------------------------------------------------------------------


def without_terms(world: World) -> None:
    with world.app.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE organisation SET terms_accepted_at = NULL, terms_version = NULL")


def test_an_owner_signs_in_reads_the_terms_and_accepts_them(world: World, olive: TestClient) -> None:
    without_terms(world)
    ask(olive)
    pressed = olive.post(mailed(world)[0])

    page = olive.get(pressed.headers["location"])
    version = re.search(r'name="version" value="([^"]+)"', page.text)
    assert version is not None
    stale = olive.post("/terms", data={"version": "2019-01"})
    accepted = olive.post("/terms", data={"version": version[1]})
    after = olive.get(accepted.headers["location"])

    assert pressed.headers["location"] == "/terms"
    assert "Accept the terms" in page.text
    assert stale.status_code == 409
    assert "Northfield College accepted them on Monday 2 March 2026." in text_of(after.text)
    assert "Accept the terms" not in after.text


def test_a_viewer_reads_the_terms_and_cannot_accept_them(world: World, olive: TestClient) -> None:
    without_terms(world)
    ask(olive, "vera@northfield.example.org")
    olive.post(mailed(world)[0])

    page = olive.get("/terms")
    refused = olive.post("/terms", data={"version": "2026-11"})

    assert "Until then nobody can be invited." in text_of(page.text)
    assert "<button" not in page.text
    assert refused.status_code == 403
    assert world.count("SELECT count(*) FROM organisation WHERE terms_accepted_at IS NOT NULL") == 0


def test_without_a_session_there_is_no_account_and_nothing_to_accept(world: World, olive: TestClient) -> None:
    olive.cookies.set(SESSION_COOKIE, "x" * 43, domain="testserver.local", path="/")

    answers = [olive.get("/account"), olive.get("/terms"), olive.post("/terms", data={"version": "2026-11"})]

    assert [answer.headers["location"] for answer in answers] == ["/sign-in"] * 3
