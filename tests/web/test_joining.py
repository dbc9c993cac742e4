"""A shared link's pages."""

import re
from datetime import timedelta
from html import unescape

import pytest
from starlette.testclient import TestClient

from core.rules.links import LinkKind
from core.usecases.links.settings import ChangeSharedLink, change_shared_link
from core.usecases.links.shared_links import (
    CreateSharedLink,
    PauseSharedLink,
    RevokeSharedLink,
    create_shared_link,
    pause_shared_link,
    revoke_shared_link,
)
from tests.factories import counted_queries
from tests.web.world import World
from web.limits import CROWD_ACTS_A_MINUTE, LOOKS_A_MINUTE

ADA = {"first_name": "Ada", "last_name": "Marsh", "address": "ada@example.org"}


def share(world: World, code: str = "stars-2026-03") -> tuple[int, str]:
    """The link's id and the path of its page."""
    link_id = world.app.run(create_shared_link, CreateSharedLink(code), world.school.owner).link_id
    return link_id, f"/j/{world.app.links.token(LinkKind.SHARED, link_id)}"


def settle(world: World, link_id: int, *, cap: str = "", domains: str = "", confirm: bool = False) -> None:
    world.app.run(change_shared_link, ChangeSharedLink(link_id, cap, domains, confirm), world.school.owner)


def request_path(world: World) -> str:
    number = world.count("SELECT id FROM join_request")
    return f"/c/{world.app.links.token(LinkKind.JOIN_CONFIRMATION, number)}"


def place_path(world: World) -> str:
    number = world.count("SELECT id FROM enrolment")
    return f"/p/{world.app.links.token(LinkKind.PLACE, number)}"


def test_a_learner_joins(world: World, visitor: TestClient) -> None:
    _, path = share(world)

    page = visitor.get(path)
    joined = visitor.post(f"{path}/join", data=ADA)

    assert page.status_code == joined.status_code == 200
    assert "How Stars Are Born" in page.text
    assert "You are on the course" in joined.text
    assert world.count("SELECT count(*) FROM enrolment") == 1


def test_get_and_head_change_nothing(world: World, visitor: TestClient) -> None:
    link_id, path = share(world)
    settle(world, link_id, confirm=True)
    visitor.post(f"{path}/join", data=ADA)
    paths = [path, request_path(world), f"{request_path(world)}/stop"]
    before = world.dump()

    for each in paths:
        assert visitor.get(each).status_code == visitor.head(each).status_code == 200

    assert visitor.get(f"{path}/join").status_code == 405
    assert world.dump() == before


def test_pressing_twice_shows_the_same_page(world: World, visitor: TestClient) -> None:
    _, path = share(world)

    first, second = (visitor.post(f"{path}/join", data=ADA) for _ in range(2))

    assert first.text == second.text
    assert world.count("SELECT count(*) FROM enrolment") == 1


def test_everything_that_is_wrong_is_shown_at_once(world: World, visitor: TestClient) -> None:
    _, path = share(world)

    page = visitor.post(f"{path}/join", data={"first_name": " ", "address": "ada@gmial,com"})

    assert page.status_code == 400
    assert "<title>Error: Join a course: How Stars Are Born</title>" in re.sub(r"\s+", " ", page.text).replace(
        "<title> ", "<title>"
    ).replace(" </title>", "</title>")
    for field in ("first_name", "last_name", "address"):
        assert f'href="#{field}"' in page.text
        assert f'id="{field}-problem"' in page.text
    assert world.count("SELECT count(*) FROM learner") == 0


def test_what_was_typed_stays_in_the_form_and_is_escaped(world: World, visitor: TestClient) -> None:
    _, path = share(world)

    page = visitor.post(f"{path}/join", data={**ADA, "first_name": '"><script>', "address": "nobody"})

    assert "<script>" not in page.text
    assert 'value="Marsh"' in page.text


def answer_form(page: str, button: str) -> dict[str, str]:
    """What the form of this button sends."""
    forms = re.findall(r"<form.*?</form>", page, re.DOTALL)
    (form,) = [each for each in forms if f">{button}<" in re.sub(r"</?(bdi|wbr ?/)>", "", each)]
    return {unescape(name): unescape(value) for name, value in re.findall(r'name="([^"]*)" value="([^"]*)"', form)}


TYPO = {**ADA, "address": " ada@gmial.com "}


def test_whoever_mistyped_a_domain_is_asked_once_and_takes_what_was_meant(world: World, visitor: TestClient) -> None:
    _, path = share(world)
    before = world.dump()

    asked = visitor.post(f"{path}/join", data=TYPO)
    again = visitor.post(f"{path}/join", data=TYPO)
    unchanged = world.dump() == before
    joined = visitor.post(f"{path}/join", data=answer_form(asked.text, "Yes, use ada@gmail.com"))

    assert asked.status_code == 200
    assert "Did you mean <bdi>ada<wbr />@gmail.com</bdi>?" in asked.text
    assert asked.text == again.text
    assert unchanged, "Nothing is stored before they choose."
    assert "You are on the course" in joined.text
    assert "ada@gmail.com" in joined.text
    assert world.count("SELECT count(*) FROM learner_address WHERE address = 'ada@gmail.com'") == 1


def test_whoever_keeps_what_they_typed_is_not_asked_again(world: World, visitor: TestClient) -> None:
    _, path = share(world)
    kept = answer_form(visitor.post(f"{path}/join", data=TYPO).text, "No, keep ada@gmial.com")

    first, second = (visitor.post(f"{path}/join", data=kept) for _ in range(2))
    other = visitor.post(f"{path}/join", data={**kept, "address": "bo@gmial.com"})

    assert first.text == second.text
    assert "You are on the course" in first.text
    assert "Did you mean" in other.text, "What was kept is this address, not any."
    assert world.count("SELECT count(*) FROM learner_address WHERE address = 'ada@gmial.com'") == 1


def test_whoever_wants_to_write_it_again_finds_the_form_as_it_was(world: World, visitor: TestClient) -> None:
    _, path = share(world)
    typed = {**ADA, "first_name": '"><script>', "address": "o'ada&b@gmial.com"}
    asked = visitor.post(f"{path}/join", data=typed)

    form = visitor.post(f"{path}/join", data=answer_form(asked.text, "Write it again"))

    assert "<script>" not in asked.text + form.text
    assert "o&#39;ada&amp;b<wbr />@gmail.com" in asked.text
    assert form.status_code == 200
    assert 'value="o&#39;ada&amp;b@gmial.com"' in form.text
    assert 'value="Marsh"' in form.text
    assert "Join the course" in form.text
    assert world.count("SELECT count(*) FROM learner") == 0


def test_with_a_confirmed_address_the_question_comes_before_the_mail(world: World, visitor: TestClient) -> None:
    link_id, path = share(world)
    settle(world, link_id, confirm=True)

    asked = visitor.post(f"{path}/join", data=TYPO)
    mails = world.count("SELECT count(*) FROM join_request")
    mailed = visitor.post(f"{path}/join", data=answer_form(asked.text, "Yes, use ada@gmail.com"))

    assert mails == 0
    assert "Look into your e-mail" in mailed.text
    assert world.count("SELECT count(*) FROM join_request") == 1


@pytest.mark.parametrize(("typed", "status", "words"), [
    ({"address": "ada@example.org"}, 200, "You are on the course"),
    ({"address": "ada@ymail.com"}, 200, "You are on the course"),
    ({"address": "ada@gmial.com", "first_name": ""}, 400, "Please tell us your first name"),
    ({"address": "ada@gmial,com"}, 400, "gmail.com"),
])  # fmt: skip
def test_nobody_is_asked_who_wrote_it_well_or_has_to_correct_something_anyway(
    world: World, visitor: TestClient, typed: dict[str, str], status: int, words: str
) -> None:
    _, path = share(world)

    page = visitor.post(f"{path}/join", data={**ADA, **typed})

    assert page.status_code == status
    assert words in page.text
    assert "Did you mean <bdi>" not in page.text


def test_a_domain_that_the_link_names_is_no_mistake_and_another_is_refused(world: World, visitor: TestClient) -> None:
    link_id, path = share(world)
    settle(world, link_id, domains="gmial.com")

    mailed = visitor.post(f"{path}/join", data=TYPO)
    refused = visitor.post(f"{path}/join", data={**TYPO, "address": "ada@gmaill.com"})

    assert "We have written to" in mailed.text
    assert "ada@gmial.com" in mailed.text
    assert refused.status_code == 400
    assert "@gmial.com" in refused.text


def test_a_link_that_lets_nobody_in_asks_nothing(world: World, visitor: TestClient) -> None:
    link_id, path = share(world)
    asked = visitor.post(f"{path}/join", data=TYPO)
    world.app.run(pause_shared_link, PauseSharedLink(link_id), world.school.owner)

    pressed = visitor.post(f"{path}/join", data=TYPO)
    chosen = visitor.post(f"{path}/join", data=answer_form(asked.text, "Yes, use ada@gmail.com"))
    again = visitor.post(f"{path}/join", data=answer_form(asked.text, "Write it again"))

    assert (pressed.status_code, chosen.status_code) == (409, 409)
    assert all("This link is paused" in page.text for page in (pressed, chosen, again))
    assert world.count("SELECT count(*) FROM enrolment") == 0


def test_a_domain_that_is_not_allowed_is_refused_with_the_allowed_ones(world: World, visitor: TestClient) -> None:
    link_id, path = share(world)
    settle(world, link_id, domains="north.example.org")

    page = visitor.post(f"{path}/join", data=ADA)

    assert page.status_code == 400
    assert "@north.example.org" in page.text
    assert 'id="address-problem"' in page.text


def test_with_a_confirmed_address_the_button_in_the_mail_joins(world: World, visitor: TestClient) -> None:
    link_id, path = share(world)
    settle(world, link_id, confirm=True)

    mailed = visitor.post(f"{path}/join", data=ADA)
    before = world.count("SELECT count(*) FROM enrolment")
    button = visitor.get(request_path(world))
    joined = [visitor.post(f"{request_path(world)}/confirm") for _ in range(2)]

    assert "Look into your e-mail" in mailed.text
    assert before == 0
    assert "ada@example.org" in button.text
    assert joined[0].text == joined[1].text
    assert "You are on the course" in joined[0].text
    assert world.count("SELECT count(*) FROM enrolment") == 1


def test_the_page_says_the_same_of_known_and_unknown_addresses(world: World, visitor: TestClient) -> None:
    link_id, path = share(world)
    settle(world, link_id, confirm=True)
    visitor.post(f"{path}/join", data=ADA)
    visitor.post(f"{request_path(world)}/confirm")

    pages = {
        visitor.post(f"{path}/join", data={**ADA, "address": f"{name}@example.org"}).text for name in ("ada", "new")
    }

    assert len({page.replace("ada@", "new@") for page in pages}) == 1


@pytest.mark.parametrize(
    ("state", "status", "words"),
    [
        ("paused", 200, "This link is paused"),
        ("full", 200, "All places are taken"),
        ("expired", 410, "This link is too old"),
        ("revoked", 410, "This link does not work any more"),
    ],
)
def test_a_link_that_lets_nobody_in_says_why(
    world: World, visitor: TestClient, state: str, status: int, words: str
) -> None:
    link_id, path = share(world)
    if state == "paused":
        world.app.run(pause_shared_link, PauseSharedLink(link_id), world.school.owner)
    if state == "full":
        settle(world, link_id, cap="1")
        visitor.post(f"{path}/join", data={**ADA, "address": "first@example.org"})
    if state == "expired":
        world.clock.advance(days=200)
    if state == "revoked":
        world.app.run(revoke_shared_link, RevokeSharedLink(link_id), world.school.owner)

    page = visitor.get(path)
    pressed = visitor.post(f"{path}/join", data=ADA)

    assert (page.status_code, pressed.status_code) == (status, 409 if status == 200 else 410)
    assert words in page.text
    assert words in pressed.text
    assert world.count("SELECT count(*) FROM enrolment WHERE 1") == (state == "full")


def test_a_course_that_takes_nobody_yet_names_the_day(world: World, visitor: TestClient) -> None:
    _, path = share(world, "safety-2026-03")
    opens = "2026-03-05 00:00:00.000000"
    with world.app.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE course_run SET enrolment_opens_at = '{opens}' WHERE code = 'safety-2026-03'"
        )

    page = visitor.get(path)

    assert "This course takes nobody just now" in page.text
    assert "5 March 2026" in page.text


@pytest.mark.parametrize("prefix", ["/j", "/c", "/p"])
def test_a_link_that_we_did_not_sign_is_unknown(world: World, visitor: TestClient, prefix: str) -> None:
    _, path = share(world)

    assert visitor.get(f"{prefix}/nobody").status_code == 404
    if prefix != "/j":
        assert visitor.get(path.replace("/j", prefix)).status_code == 404


def test_a_look_is_kept_for_two_seconds_and_a_press_never(world: World, visitor: TestClient) -> None:
    link_id, path = share(world)
    visitor.get(path)
    world.app.run(pause_shared_link, PauseSharedLink(link_id), world.school.owner)

    kept, pressed = visitor.get(path), visitor.post(f"{path}/join", data=ADA)
    world.clock.advance(seconds=2)
    fresh = visitor.get(path)

    assert "Join a course" in kept.text
    assert pressed.status_code == 409
    assert "This link is paused" in fresh.text


@pytest.mark.slow  # Load: a crowd joins every day in test_crowds.
def test_a_whole_school_behind_one_address_can_join(world: World, visitor: TestClient) -> None:
    _, path = share(world)

    looks = {visitor.head(path).status_code for _ in range(LOOKS_A_MINUTE + 1)}
    presses = {
        visitor.post(f"{path}/join", data={**ADA, "address": f"a{number}@example.org"}).status_code
        for number in range(20)
    }

    assert looks == presses == {200}
    assert CROWD_ACTS_A_MINUTE >= 20_000


def test_the_place_is_shown_and_mails_are_stopped(world: World, visitor: TestClient) -> None:
    _, path = share(world)
    visitor.post(f"{path}/join", data=ADA)

    place, ask = visitor.get(place_path(world)), visitor.get(f"{place_path(world)}/stop")
    before = world.count("SELECT count(*) FROM suppression")
    one_click = visitor.post(f"{place_path(world)}/stop", data={"List-Unsubscribe": "One-Click"})
    again = visitor.post(f"{place_path(world)}/stop")

    assert "You are on the course" in place.text
    assert "Send me no more mails" in ask.text
    assert before == 0
    assert one_click.headers["content-type"].startswith("text/plain")
    assert again.status_code == 200
    assert world.count("SELECT count(*) FROM suppression") == 1


def test_whoever_did_not_ask_to_join_stops_the_mails(world: World, visitor: TestClient) -> None:
    link_id, path = share(world)
    settle(world, link_id, confirm=True)
    visitor.post(f"{path}/join", data=ADA)

    assert visitor.post(f"{request_path(world)}/stop").status_code == 200

    assert world.count("SELECT count(*) FROM suppression") == 1


def test_a_confirmation_after_the_link_was_paused_says_so(world: World, visitor: TestClient) -> None:
    link_id, path = share(world)
    settle(world, link_id, confirm=True)
    visitor.post(f"{path}/join", data=ADA)
    world.clock.now += timedelta(minutes=1)
    world.app.run(pause_shared_link, PauseSharedLink(link_id), world.school.owner)

    page, pressed = visitor.get(request_path(world)), visitor.post(f"{request_path(world)}/confirm")

    assert "This link is paused" in page.text
    assert pressed.status_code == 409


def test_a_second_press_writes_nothing(world: World, visitor: TestClient) -> None:
    _, path = share(world)
    first = visitor.post(f"{path}/join", data=ADA)
    before = world.dump()

    second = visitor.post(f"{path}/join", data=ADA)

    assert second.text == first.text
    assert world.dump() == before


def test_a_second_press_within_seconds_costs_the_database_nothing(world: World, visitor: TestClient) -> None:
    _, path = share(world)
    visitor.get(path)
    first = visitor.post(f"{path}/join", data=ADA)

    with counted_queries(world.app.engine) as at_once:
        second = visitor.post(f"{path}/join", data=ADA)
    with counted_queries(world.app.engine) as of_another:
        other = visitor.post(f"{path}/join", data={**ADA, "address": "bo@example.org"})
    world.clock.advance(seconds=10)
    with counted_queries(world.app.engine) as later:
        visitor.post(f"{path}/join", data=ADA)

    assert first.text == second.text == other.text.replace("bo@example.org", ADA["address"])
    assert (at_once, bool(of_another), bool(later)) == ([], True, True)


def test_a_second_press_after_the_link_was_paused_is_refused(world: World, visitor: TestClient) -> None:
    link_id, path = share(world)
    visitor.post(f"{path}/join", data=ADA)
    world.app.run(pause_shared_link, PauseSharedLink(link_id), world.school.owner)

    assert visitor.post(f"{path}/join", data=ADA).status_code == 409
