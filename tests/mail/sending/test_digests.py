"""A digest as an e-mail: it reads without pictures, says hostile names as they are, and ends by one click."""

import re
from dataclasses import replace

import pytest

from core.letters import DigestLetter
from core.rules.links import LinkKind
from mail.sending.rendering import render
from tests.bot.blocks.samples import digest_shown
from tests.mail.letters import LINKS, NOW, SETTINGS, head, parsed

HOSTILE = "<script>alert(1)</script>\r\nBcc: x@example.org\u202e=cmd|' /C calc'!A0"


def digest(count: int = 3, name: str = "Ada") -> DigestLetter:
    return DigestLetter(head(), LINKS.token(LinkKind.DIGEST, 9), digest_shown(count, name))


def parts(letter: DigestLetter) -> tuple[str, str]:
    message = parsed(render(letter, replace(SETTINGS, mail_inbox="usher@usher.example.org"), LINKS, now=NOW))
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    return plain.get_content(), html.get_content()


def test_every_bar_is_made_of_cells_and_has_its_numbers_beside_it() -> None:
    plain, html = parts(digest())

    assert not re.search(r"<img|url\(|<svg|<canvas", html)
    assert re.findall(r'class="filled"\s+width="(\d+)%"', html)[:1] == ["33"]
    for text in (plain, html):
        assert "1 of 3 enrolled with 90 % or more of the steps" in text
    assert "[######..............] 1 of 3 enrolled with 90 % or more of the steps" in plain


def test_it_ends_by_one_click_or_by_a_mail() -> None:
    message = parsed(render(digest(), replace(SETTINGS, mail_inbox="usher@usher.example.org"), LINKS, now=NOW))

    url = f"https://usher.example.org/d/{LINKS.token(LinkKind.DIGEST, 9)}/stop"
    assert f"<{url}>" in str(message["List-Unsubscribe"])
    assert "<mailto:usher@usher.example.org?subject=stop%20" in str(message["List-Unsubscribe"])
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert all(url in text for text in parts(digest()))


def test_hostile_names_stay_words() -> None:
    letter = digest(name=HOSTILE)
    message = parsed(render(letter, SETTINGS, LINKS, now=NOW))

    _, html = parts(letter)

    assert message["Bcc"] is None
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "\u202e" not in html


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_it_stays_small_and_nothing_to_say_is_one_line(count: int) -> None:
    plain, html = parts(digest(count, "n" * 200))

    assert len(html) < 102_000
    assert ("and nothing waits for you." in plain) is (count == 0)
