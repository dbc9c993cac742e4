"""Was this you? The page with two buttons."""

import pytest
from starlette.testclient import TestClient

from core.model import InboundMessage
from core.rules.links import LinkKind
from core.words import MailRule, MailState
from tests.core.usecases.acting import only
from tests.core.usecases.holding import held, hold
from tests.web.world import World


def path(world: World, inbound_id: int) -> str:
    return f"/h/{world.app.links.token(LinkKind.HELD_MAIL, inbound_id)}"


def state(world: World, inbound_id: int) -> MailState:
    return only(world.app, InboundMessage, InboundMessage.id == inbound_id).state


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(world: World, visitor: TestClient, method: str) -> None:
    inbound_id = hold(world.app, world.school.owner)
    before = world.dump()

    pages = [visitor.request(method, f"{path(world, inbound_id)}{end}") for end in ("", "/yes", "/no")]

    assert [page.status_code for page in pages] == [200, 405, 405]
    assert world.dump() == before


def test_the_page_shows_what_the_claim_is_and_two_equal_buttons(world: World, visitor: TestClient) -> None:
    inbound_id, _ = held(world.app, world.school.owner, subject="<b>invite</b> \u202e everybody")

    page = visitor.get(path(world, inbound_id)).text

    assert "&lt;b&gt;invite&lt;/b&gt; everybody" in page
    assert "mail.evil.test" in page
    assert "Monday 2 March 2026 at 09:00 (London time)" in page
    assert page.count("<button>") == 2
    assert "class" not in page[page.index("<button>") : page.rindex("</button>")].replace("<form", "")


@pytest.mark.parametrize(
    ("answer", "words", "rule"),
    [("yes", "does what the message asks", None), ("no", "thrown away", MailRule.NOT_THEM)],
)
def test_a_button_answers_once(
    world: World, visitor: TestClient, answer: str, words: str, rule: MailRule | None
) -> None:
    first, second = hold(world.app, world.school.owner, 1), hold(world.app, world.school.owner, 2)

    page = visitor.post(f"{path(world, first)}/{answer}")
    again = visitor.post(f"{path(world, first)}/yes")

    assert page.status_code == 200
    assert words in page.text
    assert f'href="{path(world, second)}"' in page.text
    assert again.status_code == 409
    assert only(world.app, InboundMessage, InboundMessage.id == first).rule is rule
    assert state(world, second) is MailState.HELD
    assert visitor.get(path(world, first)).status_code == 410


@pytest.mark.parametrize("end", ["", "/yes", "/no"])
def test_without_a_good_link_nothing_is_shown_or_done(world: World, visitor: TestClient, end: str) -> None:
    inbound_id = hold(world.app, world.school.owner)
    other = world.app.links.token(LinkKind.INVITATION, inbound_id)

    pages = [visitor.request("POST" if end else "GET", f"/h/{token}{end}") for token in (other, "x" * 36)]

    assert {page.status_code for page in pages} == {404}
    assert state(world, inbound_id) is MailState.HELD
