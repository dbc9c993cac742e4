"""A learner's link through the door: every state of the page, every answer, and answers given twice."""

import re
import threading

import pytest
from starlette.testclient import TestClient

from core.usecases.invitations.batches import PrepareInvitation, prepare_invitation
from core.usecases.invitations.link_requests import ApproveLinkRequest, approve_link_request
from core.usecases.invitations.single import CancelInvitation, ReinviteLearner, cancel_invitation, reinvite_learner
from tests.web.world import ADA, NOTE, World, close_course

NAMES = {"first_name": "Ada", "last_name": "Marsh"}
LEARNERS = "SELECT count(*) FROM learner"
ENROLMENTS = "SELECT count(*) FROM enrolment"
CHARGES = "SELECT count(*) FROM charge"
WELCOMES = "SELECT count(*) FROM outbound_message WHERE kind = 'welcome'"
REQUESTS = "SELECT count(*) FROM link_request"
SUPPRESSIONS = "SELECT count(*) FROM suppression"


def text_of(html: str) -> str:
    """What a person reads: without tags, white space folded."""
    body = re.sub(r"</?(?:bdi|strong|code)[^>]*>", "", html.partition("<body>")[2])
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def expire(world: World) -> str:
    """An expired link to a run that still takes people."""
    link = world.invite(run="safety-2026-10")
    world.clock.advance(days=200)
    return link


# --- Looking ----------------------------------------------------------------------------------------------


def test_the_open_page_says_what_who_when_and_until(world: World, visitor: TestClient) -> None:
    link = world.invite(f"Ada Marsh <{ADA}>", run="stars-2026-03", note=NOTE)

    answer = visitor.get(link)

    assert answer.status_code == 200
    text = text_of(answer.text)
    for part in (
        "You are invited to a course How Stars Are Born Stars in spring",
        "Starts Monday 16 March 2026 Ends Friday 8 May 2026 Made by Southgate University",
        "Olive Owner at Northfield College invites you to take this course and writes:",
        "This fits well with your project. See you on Monday!",
        "No paper certificate is posted.",
        f"This invitation is for {ADA}. You can say yes or no until the end of Friday 10 April 2026.",
    ):
        assert part in text
    assert "<title>You are invited: How Stars Are Born</title>" in re.sub(r"\s+(?=<)|(?<=>)\s+", "", answer.text)


def test_the_form_asks_for_both_names_and_knows_what_the_inviter_gave(world: World, visitor: TestClient) -> None:
    link = world.invite(f"Ada May Marsh <{ADA}>")

    page = " ".join(visitor.get(link).text.split())

    assert 'name="first_name" value="Ada May" autocomplete="given-name" maxlength="100"' in page
    assert 'name="last_name" value="Marsh" autocomplete="family-name" maxlength="100"' in page
    assert f'<form id="accept" method="post" action="{link}/accept" novalidate>' in page
    assert f'<form method="post" action="{link}/decline">' in page


def test_a_course_without_certificate_promises_none(world: World, visitor: TestClient) -> None:
    link = world.invite(run="safety-2026-03")

    text = text_of(visitor.get(link).text)

    assert "Access to the course: all of it, while it runs." in text
    assert "certificate" not in text


def test_a_cancelled_link_says_so_without_the_recipient(world: World, visitor: TestClient) -> None:
    link = world.invite(f"Ada Marsh <{ADA}>")
    world.app.run(cancel_invitation, CancelInvitation(run="maths-2026-03", address=ADA), world.school.owner)

    answer = visitor.get(link)

    assert answer.status_code == 410
    assert "This invitation was taken back" in answer.text
    assert "talk to Olive Owner at Northfield College" in text_of(answer.text)
    assert ADA not in answer.text
    assert "Marsh" not in answer.text
    assert "<form" not in answer.text


def test_an_expired_link_offers_to_ask_for_a_new_one(world: World, visitor: TestClient) -> None:
    link = expire(world)

    answer = visitor.get(link)

    assert answer.status_code == 410
    assert "This link is too old" in answer.text
    assert "Ask Olive Owner for a new link" in answer.text
    assert ADA not in answer.text


def test_a_closed_course_takes_nobody_and_offers_no_new_link(world: World, visitor: TestClient) -> None:
    link = world.invite()
    close_course(world)

    answer = visitor.get(link)

    assert answer.status_code == 410
    assert "This course takes nobody new" in answer.text
    assert ADA not in answer.text
    assert "<form" not in answer.text


# --- Accepting --------------------------------------------------------------------------------------------


def test_accept_joins_and_lands_on_our_own_page(world: World, visitor: TestClient) -> None:
    link = world.invite(run="stars-2026-03")

    answer = visitor.post(f"{link}/accept", data=NAMES)
    page = visitor.get(answer.headers["location"])

    assert (answer.status_code, answer.headers["location"]) == (303, link)
    text = text_of(page.text)
    assert "You have joined How Stars Are Born" in text
    assert f"You get an e-mail at {ADA}" in text
    assert "The course starts on Monday 16 March 2026." in text
    assert '<a class="button" href="https://courses.example.org/stars" rel="noreferrer">' in page.text
    assert [world.count(query) for query in (LEARNERS, ENROLMENTS, CHARGES, WELCOMES)] == [1, 1, 1, 1]


def test_who_joins_a_course_without_an_address_after_its_start_reads_whom_to_ask(
    world: World, visitor: TestClient
) -> None:
    link = world.invite()
    world.clock.advance(days=20)

    visitor.post(f"{link}/accept", data=NAMES)

    text = text_of(visitor.get(link).text)
    assert "The course has begun. If you do not know how to get to it, ask the people at" in text
    assert "begin at once" not in text


def test_accepting_twice_joins_once(world: World, visitor: TestClient) -> None:
    link = world.invite()
    visitor.post(f"{link}/accept", data=NAMES)

    again = visitor.post(f"{link}/accept", data=NAMES)

    assert (again.status_code, again.headers["location"]) == (303, link)
    assert [world.count(query) for query in (LEARNERS, ENROLMENTS, CHARGES, WELCOMES)] == [1, 1, 1, 1]


def test_eight_accepts_at_the_same_moment_join_once(world: World) -> None:
    link = world.invite()
    visitors = world.clients(8)
    gate = threading.Barrier(len(visitors))
    statuses: list[int] = []

    def accept(visitor: TestClient) -> None:
        gate.wait()
        statuses.append(visitor.post(f"{link}/accept", data=NAMES).status_code)

    threads = [threading.Thread(target=accept, args=(visitor,)) for visitor in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [303] * 8
    assert [world.count(query) for query in (LEARNERS, ENROLMENTS, CHARGES, WELCOMES)] == [1, 1, 1, 1]


def test_accept_and_decline_at_the_same_moment_end_in_one_answer(world: World) -> None:
    link = world.invite()
    gate = threading.Barrier(2)
    statuses: dict[str, int] = {}

    def press(visitor: TestClient, button: str) -> None:
        gate.wait()
        statuses[button] = visitor.post(f"{link}/{button}", data=NAMES).status_code

    threads = [
        threading.Thread(target=press, args=pressed)
        for pressed in zip(world.clients(2), ("accept", "decline"), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses.values()) == [303, 409]
    assert world.count(ENROLMENTS) == (1 if statuses["accept"] == 303 else 0)


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        ({}, ["first name", "last name"]),
        ({"first_name": "Ada", "last_name": " \u200b\r\n "}, ["last name"]),
        ({"first_name": "\u202e", "last_name": "Marsh"}, ["first name"]),
    ],
)
def test_a_missing_name_is_told_at_the_top_and_at_the_field(
    world: World, visitor: TestClient, names: dict[str, str], missing: list[str]
) -> None:
    link = world.invite()

    answer = visitor.post(f"{link}/accept", data=names)

    assert answer.status_code == 400
    page = " ".join(answer.text.split())
    assert "Error: You are invited" in page
    assert re.findall(r'<a href="#(\w+)">', page) == [name.replace(" ", "_") for name in missing]
    for name in missing:
        field = name.replace(" ", "_")
        assert f'<p class="problem" id="{field}-problem">Please tell us your {name}.</p>' in page
        assert f'aria-invalid="true" aria-describedby="{field}-problem"' in page
    assert page.count("aria-invalid") == len(missing)
    assert world.count(ENROLMENTS) == 0


def test_what_was_typed_is_kept_beside_an_error(world: World, visitor: TestClient) -> None:
    link = world.invite()

    answer = visitor.post(f"{link}/accept", data={"first_name": '"Ada" <b>', "last_name": ""})

    assert 'value="&#34;Ada&#34; &lt;b&gt;"' in answer.text


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "Ada\r\nSet-Cookie: a=b",
        "Åsa 👩‍👩‍👧",
        "\u202eadA",
        "فاطمة",
        "x" * 300,
        "{{ 7 * 7 }}",
        "Robert'); DROP TABLE learner;--",
    ],
)
def test_a_strange_name_is_only_a_name(world: World, visitor: TestClient, name: str) -> None:
    link = world.invite(run="stars-2026-03")

    answer = visitor.post(f"{link}/accept", data={"first_name": name, "last_name": name})
    page = visitor.get(link)

    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers
    assert "<script" not in page.text
    assert world.count("SELECT max(length(first_name)) FROM learner") <= 100


def test_hostile_names_of_people_and_courses_are_escaped(world: World, visitor: TestClient) -> None:
    link = world.invite(f'"<script>x</script> <i>Y</i>" <{ADA}>', note='<img src=x onerror="y"> {{ 7*7 }}')

    page = visitor.get(link).text

    assert "<script" not in page
    assert "<img" not in page
    assert "<i>" not in page
    assert "&lt;img src=x onerror=&#34;y&#34;&gt; {{ 7*7 }}" in page


@pytest.mark.parametrize("button", ["accept", "decline"])
def test_an_answer_to_a_cancelled_invitation_changes_nothing_and_says_why(
    world: World, visitor: TestClient, button: str
) -> None:
    link = world.invite()
    world.app.run(cancel_invitation, CancelInvitation(run="maths-2026-03", address=ADA), world.school.owner)

    answer = visitor.post(f"{link}/{button}", data=NAMES)

    assert answer.status_code == 410
    assert "This invitation was taken back" in answer.text
    assert world.count(ENROLMENTS) == 0


def test_accepting_after_declining_shows_what_is_true(world: World, visitor: TestClient) -> None:
    link = world.invite()
    visitor.post(f"{link}/decline")

    answer = visitor.post(f"{link}/accept", data=NAMES)

    assert answer.status_code == 409
    assert '<p class="notice" role="status">This invitation is already declined.</p>' in answer.text
    assert "You said no" in answer.text
    assert world.count(ENROLMENTS) == 0


# --- Declining, asking, stopping ----------------------------------------------------------------------------


def test_decline_needs_no_name_and_is_final_when_pressed_twice(world: World, visitor: TestClient) -> None:
    link = world.invite()

    first = visitor.post(f"{link}/decline")
    second = visitor.post(f"{link}/decline")

    assert [first.status_code, second.status_code] == [303, 303]
    page = visitor.get(link)
    assert page.status_code == 200
    assert "You said no, and that is fine" in page.text
    assert ADA not in page.text


@pytest.mark.parametrize("before", ["expired", "declined", "accepted"])
def test_asking_for_a_new_link_twice_asks_once_and_the_page_says_so(
    world: World, visitor: TestClient, before: str
) -> None:
    link = expire(world) if before == "expired" else world.invite()
    if before != "expired":
        button = {"accepted": "accept", "declined": "decline"}[before]
        visitor.post(f"{link}/{button}", data=NAMES)

    answers = [visitor.post(f"{link}/ask") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert world.count(REQUESTS) == 1
    page = visitor.get(link).text
    assert "We have asked Olive Owner." in text_of(page)
    assert f"{link}/ask" not in page


def test_the_new_link_works_where_the_old_one_had_ended(world: World, visitor: TestClient) -> None:
    link = expire(world)
    visitor.post(f"{link}/ask")
    request_id = world.count("SELECT id FROM link_request")

    world.app.run(approve_link_request, ApproveLinkRequest(request_id), world.school.owner)

    new = world.link(run="safety-2026-10")
    assert visitor.get(link).status_code == 410
    assert visitor.post(f"{new}/accept", data=NAMES).status_code == 303
    assert "You have joined" in visitor.get(new).text


def test_nobody_can_ask_while_the_link_works(world: World, visitor: TestClient) -> None:
    link = world.invite()

    answer = visitor.post(f"{link}/ask")

    assert answer.status_code == 409
    assert "This invitation is still open." in answer.text
    assert world.count(REQUESTS) == 0


def test_a_used_link_of_a_closed_course_offers_no_button_that_would_not_work(world: World, visitor: TestClient) -> None:
    link = world.invite()
    visitor.post(f"{link}/decline")
    close_course(world)

    page = visitor.get(link)
    asked = visitor.post(f"{link}/ask")

    assert "/ask" not in page.text
    assert asked.status_code == 409


def test_stop_shows_one_button_first(world: World, visitor: TestClient) -> None:
    link = world.invite()

    page = visitor.get(f"{link}/stop")

    assert page.status_code == 200
    assert page.text.count("<button") == 1
    assert world.count(SUPPRESSIONS) == 0


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
    ],
)
def test_one_click_acts_at_once_and_answers_plainly(
    world: World, visitor: TestClient, body: dict[str, dict[str, str]]
) -> None:
    """RFC 8058: both encodings of a form are allowed, and a redirect is not."""
    link = world.invite()

    answers = [visitor.post(f"{link}/stop", **body) for _ in range(2)]  # type: ignore[arg-type]  # One of two shapes.

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].headers["content-type"].startswith("text/plain")
    assert world.count(SUPPRESSIONS) == 1
    assert "You said no" in visitor.get(link).text


def test_stop_by_the_button_says_that_it_is_done(world: World, visitor: TestClient) -> None:
    link = world.invite()

    answer = visitor.post(f"{link}/stop")

    assert answer.status_code == 200
    assert "Northfield College cannot invite you any more." in text_of(answer.text)
    assert world.count(SUPPRESSIONS) == 1


def test_whoever_stopped_is_not_invited_again(world: World, visitor: TestClient) -> None:
    visitor.post(f"{world.invite()}/stop")

    preview = world.app.run(prepare_invitation, PrepareInvitation("safety-2026-10", ADA), world.school.owner)

    assert {entry.bucket.value for entry in preview.buckets if entry.count} == {"suppressed"}


def test_a_link_that_was_replaced_sends_people_to_the_newer_e_mail(world: World, visitor: TestClient) -> None:
    old = expire(world)

    world.app.run(reinvite_learner, ReinviteLearner("safety-2026-10", ADA), world.school.owner)

    assert "Look in your e-mail for a newer invitation" in visitor.get(old).text


# --- Looking changes nothing ------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_get_and_head_change_nothing(world: World, visitor: TestClient, method: str) -> None:
    links = [world.invite(f"{name}@example.org") for name in ("open", "in", "out")]
    visitor.post(f"{links[1]}/accept", data=NAMES)
    visitor.post(f"{links[2]}/decline")
    before = world.dump()

    for link in links:
        for path in (link, f"{link}/stop"):
            assert visitor.request(method, path).status_code == 200
        for path in ("accept", "decline", "ask"):
            assert visitor.request(method, f"{link}/{path}").status_code == 405

    assert world.dump() == before
