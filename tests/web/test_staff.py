"""A staff member's link through the door."""

import pytest
from starlette.testclient import TestClient

from core.rules.policy import TERMS_VERSION
from core.usecases.staff.organisations import CreateOrganisation, create_organisation
from core.usecases.staff.staff import InviteStaffMember, invite_staff_member
from core.words import Role
from tests.factories import OPERATOR
from tests.web.test_answers import text_of
from tests.web.world import World
from web.pages import TEMPLATES

ACCEPTED_TERMS = f"SELECT count(*) FROM organisation WHERE slug = 'east' AND terms_version = '{TERMS_VERSION}'"
ACCEPTED_STAFF = "SELECT count(*) FROM staff_member WHERE accepted_at IS NOT NULL"


def new_owner(world: World) -> str:
    created = world.app.run(
        create_organisation,
        CreateOrganisation("east", "Eastfield College", "Europe/London", "Olga", "Owner", "olga@east.example.org"),
        OPERATOR,
    )
    return f"/s/{created.owner.token}"


def new_staff(world: World, role: Role) -> str:
    invited = world.app.run(
        invite_staff_member,
        InviteStaffMember("northfield", "Nell", "New", "nell@north.example.org", role),
        OPERATOR,
    )
    return f"/s/{invited.token}"


def test_the_terms_of_today_have_a_page() -> None:
    assert (TEMPLATES / "terms" / f"{TERMS_VERSION}.html").is_file()


def test_an_owner_reads_the_terms_and_accepts_them_for_the_organisation(world: World, visitor: TestClient) -> None:
    link = new_owner(world)

    page = visitor.get(link)
    answer = visitor.post(f"{link}/accept")
    next_page = visitor.get(answer.headers["location"])

    text = text_of(page.text)
    assert "Look after the learners of Eastfield College Your role is owner." in text
    assert f"You accept these terms (version {TERMS_VERSION}) for Eastfield College." in text
    assert answer.status_code == 303
    assert world.count(ACCEPTED_TERMS) == 1
    assert "/usher setup" in next_page.text
    assert "Write /usher link in any channel." in text_of(next_page.text)


@pytest.mark.parametrize("role", [Role.MANAGER, Role.VIEWER])
def test_other_staff_accept_without_terms(world: World, visitor: TestClient, role: Role) -> None:
    link = new_staff(world, role)

    page = visitor.get(link)
    answer = visitor.post(f"{link}/accept")

    assert "terms" not in text_of(page.text)
    assert f"Your role is {role}." in text_of(page.text)
    next_page = visitor.get(answer.headers["location"]).text
    assert "/usher link" in next_page
    assert "/usher setup" not in next_page


def test_accepting_twice_accepts_once(world: World, visitor: TestClient) -> None:
    link = new_staff(world, Role.MANAGER)
    before = world.count(ACCEPTED_STAFF)

    answers = [visitor.post(f"{link}/accept") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert world.count(ACCEPTED_STAFF) == before + 1


def test_an_old_invitation_is_refused_with_what_to_do(world: World, visitor: TestClient) -> None:
    link = new_staff(world, Role.MANAGER)
    world.clock.advance(days=15)

    page = visitor.get(link)
    answer = visitor.post(f"{link}/accept")

    assert "too old to be accepted" in text_of(page.text)
    assert "<button" not in page.text
    assert answer.status_code == 409
    assert "This invitation is too old Ask for a new one." in text_of(answer.text)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_get_and_head_change_nothing(world: World, visitor: TestClient, method: str) -> None:
    links = [new_owner(world), new_staff(world, Role.VIEWER)]
    before = world.dump()

    for link in links:
        assert visitor.request(method, link).status_code == 200
        assert visitor.request(method, f"{link}/accept").status_code == 405

    assert world.dump() == before


def test_a_learners_link_is_no_staff_link(world: World, visitor: TestClient) -> None:
    learner, staff = world.invite(), new_staff(world, Role.MANAGER)

    crossed = [visitor.get(learner.replace("/i/", "/s/")), visitor.get(staff.replace("/s/", "/i/"))]

    assert [visitor.get(path).status_code for path in (learner, staff)] == [200, 200]
    assert [answer.status_code for answer in crossed] == [404, 404]
