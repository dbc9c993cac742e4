"""What surrounds every request: headers, other sites' forms, long bodies, and links that nobody signed."""

import base64
import string

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.testclient import TestClient

from core.rules.links import LinkKind, LinkSigner
from tests.copies import SqliteCopies
from tests.factories import School, counted_queries
from tests.web.world import BASE_URL, World, make_world
from web.assets import Assets
from web.security import FORM_BYTES, SLACK_BYTES, SLACK_PATH

NAMES = {"first_name": "Ada", "last_name": "Marsh"}
ENROLMENTS = "SELECT count(*) FROM enrolment"
STYLES = Assets().path("usher.css")
STRICT = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-robots-tag": "noindex, nofollow",
    "strict-transport-security": "max-age=31536000",
}


async def _slack(request: Request) -> Response:
    return PlainTextResponse(f"{len(await request.body())} bytes")


async def _broken(_request: Request) -> Response:
    raise RuntimeError("nobody expected this")


# --- Headers ----------------------------------------------------------------------------------------------


def test_every_response_has_the_strict_headers(world: World) -> None:
    visitor = world.client(slack_endpoint=_broken)
    link = world.invite()
    answers = {
        200: visitor.get(link),
        303: visitor.post(f"{link}/accept", data=NAMES),
        400: visitor.post(f"{world.invite('bo@example.org')}/accept"),
        403: visitor.post(f"{link}/accept", headers={"Sec-Fetch-Site": "cross-site"}),
        404: visitor.get("/i/unknown"),
        405: visitor.put(link),
        409: visitor.post(f"{link}/decline"),
        413: visitor.post(f"{link}/accept", content=b"x" * (FORM_BYTES + 1)),
        500: visitor.post(SLACK_PATH),
    }

    assert {status: answer.status_code for status, answer in answers.items()} == {each: each for each in answers}
    for answer in (*answers.values(), visitor.get("/nowhere"), visitor.head("/healthz"), visitor.get(STYLES)):
        assert STRICT.items() <= dict(answer.headers).items()
        assert "server" not in answer.headers


def test_only_files_under_a_hashed_name_may_be_kept(world: World, visitor: TestClient) -> None:
    page = visitor.get(world.invite())
    styles = visitor.get(STYLES)

    assert f'<link rel="stylesheet" href="{STYLES}" />' in page.text
    assert page.headers["cache-control"] == "no-store"
    assert styles.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert styles.headers["content-type"] == "text/css; charset=utf-8"
    for other in ("/static/usher.css", "/static/../web/app.py", "/static/%2e%2e%2fapp.py", "/favicon.ico"):
        missing = visitor.get(other)
        assert (missing.status_code, missing.headers["cache-control"]) == (404, "no-store")


def test_without_https_nothing_promises_https(web_copies: SqliteCopies[School]) -> None:
    world = make_world(web_copies, base_url="http://127.0.0.1:8000")

    answer = world.client().get("/healthz")

    assert "strict-transport-security" not in answer.headers


def test_no_page_has_a_script_or_an_inline_style(world: World, visitor: TestClient) -> None:
    link = world.invite()

    for path in (link, f"{link}/stop", "/i/unknown", "/nowhere"):
        page = visitor.get(path).text
        assert "<script" not in page
        assert "style=" not in page
        assert "<style" not in page
        assert " onclick" not in page


@pytest.mark.parametrize("path", ["", "/stop"])
def test_a_false_host_reaches_neither_a_page_nor_a_redirect(world: World, visitor: TestClient, path: str) -> None:
    link = world.invite()
    headers = {"Host": "evil.example.org", "X-Forwarded-Host": "evil.example.org"}

    page = visitor.get(f"{link}{path}", headers=headers)
    slash = visitor.get(f"{link}{path}/", headers=headers)
    answer = visitor.post(f"{link}/accept", data=NAMES, headers=headers)

    assert "evil" not in page.text
    assert (slash.status_code, "location" in slash.headers) == (404, False)
    assert answer.headers["location"] == link


# --- Other sites ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": BASE_URL}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example.org"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": BASE_URL}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "https://other.testserver"}, 403),
        ({"Sec-Fetch-Site": "Same-Origin"}, 403),
        ({"Origin": BASE_URL}, 303),
        ({"Origin": "https://evil.example.org"}, 403),
        ({"Origin": f"{BASE_URL}.evil.example.org"}, 403),
        ({"Origin": "http://testserver"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 303),
    ],
)
def test_a_form_counts_only_from_our_own_pages(
    world: World, visitor: TestClient, headers: dict[str, str], status: int
) -> None:
    link = world.invite()

    answer = visitor.post(f"{link}/accept", data=NAMES, headers=headers)

    assert answer.status_code == status
    assert world.count(ENROLMENTS) == (1 if status == 303 else 0)


def test_two_different_sites_named_at_once_are_refused(world: World, visitor: TestClient) -> None:
    headers = [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")]

    answer = visitor.post(f"{world.invite()}/accept", data=NAMES, headers=headers)

    assert answer.status_code == 403


def test_slacks_endpoint_has_its_own_signature_instead(world: World) -> None:
    visitor = world.client(slack_endpoint=_slack)
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example.org"}

    assert visitor.post(SLACK_PATH, content=b"1234", headers=foreign).text == "4 bytes"
    assert visitor.post("/slack/other", headers=foreign).status_code == 403
    assert visitor.get(SLACK_PATH).status_code == 405


def test_without_slack_there_is_no_endpoint(visitor: TestClient) -> None:
    assert visitor.post(SLACK_PATH).status_code == 404


# --- Bodies -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_long_body_is_refused_before_anything_happens(world: World, visitor: TestClient, is_declared: bool) -> None:
    link = world.invite()
    body = b"first_name=A&last_name=" + b"x" * FORM_BYTES

    for button in ("accept", "decline", "stop"):
        answer = visitor.post(f"{link}/{button}", content=body if is_declared else iter([body[:99], body[99:]]))
        assert answer.status_code == 413

    assert "Decline" in visitor.get(link).text


def test_a_body_within_the_limit_may_come_in_pieces(world: World, visitor: TestClient) -> None:
    link = world.invite()
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = visitor.post(f"{link}/accept", content=iter([b"first_name=A", b"da&last_", b"name=M"]), headers=form)

    assert answer.status_code == 303


def test_slack_may_send_more(world: World) -> None:
    visitor = world.client(slack_endpoint=_slack)

    assert visitor.post(SLACK_PATH, content=b"x" * SLACK_BYTES).text == f"{SLACK_BYTES} bytes"
    assert visitor.post(SLACK_PATH, content=b"x" * (SLACK_BYTES + 1)).status_code == 413


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'),
        ("application/x-www-form-urlencoded", b"&".join(b"a=%d" % number for number in range(50))),
        ("application/x-www-form-urlencoded", b"first_name=%ff%fe&last_name=%00"),
        ("application/json", b'{"first_name": "Ada", "last_name": "Marsh"}'),
        ("text/plain", b"\x00\xff"),
    ],
)
def test_what_is_no_form_is_refused_kindly(world: World, visitor: TestClient, content_type: str, body: bytes) -> None:
    link = world.invite()

    answer = visitor.post(f"{link}/accept", content=body, headers={"Content-Type": content_type})

    assert answer.status_code == 400
    assert "<h1" in answer.text
    assert world.count(ENROLMENTS) == 0


# --- Links that nobody signed -------------------------------------------------------------------------------


def _forged(world: World, token: str) -> list[str]:
    alphabet = string.ascii_letters + string.digits + "-_"
    raw = base64.urlsafe_b64decode(token)
    other_house = LinkSigner((b"another-house-another-house-another",))
    return [
        "x",
        "../" + token,
        token[:-1],
        token + "=",
        token + "A",
        token + "%00",
        token[:-1] + alphabet[(alphabet.index(token[-1]) + 1) % 64],
        base64.urlsafe_b64encode(bytes([raw[0], raw[1] ^ 1]) + raw[2:]).decode(),
        base64.urlsafe_b64encode(bytes([raw[0] + 1]) + raw[1:]).decode(),
        token.replace("-", "+").replace("_", "/") + " ",
        "é" * 36,
        "A" * 5000,
        other_house.token(LinkKind.INVITATION, int.from_bytes(raw[1:9], "big")),
        world.app.links.token(LinkKind.INVITATION, 12345),
        world.app.links.token(LinkKind.INVITATION, int.from_bytes(raw[1:9], "big"), 1),
    ]


def test_unknown_forged_and_respelt_links_get_one_answer(world: World, visitor: TestClient) -> None:
    token = world.invite().removeprefix("/i/")
    before = world.dump()

    looked = [visitor.get(f"/i/{forged}") for forged in _forged(world, token) if "/" not in forged]

    assert {answer.status_code for answer in looked} == {404}
    assert len({answer.text for answer in looked}) == 1
    assert "We do not know this link" in looked[0].text
    assert world.dump() == before


def test_nothing_can_be_done_with_a_forged_link_and_it_costs_no_query(world: World, visitor: TestClient) -> None:
    token = world.invite().removeprefix("/i/")
    forged = _forged(world, token)[7]
    before = world.dump()

    with counted_queries(world.app.engine) as statements:
        answers = [visitor.post(f"/i/{forged}/{button}", data=NAMES) for button in ("accept", "decline", "ask", "stop")]
        answers.append(visitor.post(f"/s/{token}/accept"))

    assert {answer.status_code for answer in answers} == {404}
    assert statements == []
    assert world.dump() == before


def test_a_signed_link_to_nobody_changes_nothing_but_the_audit(world: World, visitor: TestClient) -> None:
    link = f"/i/{world.app.links.token(LinkKind.INVITATION, 12345)}"

    answers = [visitor.post(f"{link}/{button}", data=NAMES) for button in ("accept", "decline", "ask", "stop")]

    assert {answer.status_code for answer in answers} == {404}
    assert world.count("SELECT count(*) FROM audit_entry WHERE outcome = 'link_not_found'") == 4
    assert world.count("SELECT count(*) FROM suppression") == 0
