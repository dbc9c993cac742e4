"""Slack's spelling, turned back."""

import pytest

from bot.texts import request_text, written


@pytest.mark.parametrize(
    ("markup", "typed"),
    [
        ("<mailto:ada@example.org|ada@example.org>", "ada@example.org"),
        ('"Ada" &lt;<mailto:ada@example.org|ada@example.org>&gt;', '"Ada" <ada@example.org>'),
        ("a &amp;lt; b", "a &lt; b"),
        (
            "see <http://example.org|example.org> and <https://example.org/x>",
            "see example.org and https://example.org/x",
        ),
        ("<@U1> stays", "<@U1> stays"),
    ],
)
def test_markup_becomes_what_was_typed(markup: str, typed: str) -> None:
    assert written(markup) == typed


@pytest.mark.parametrize(
    ("command", "text", "asked"),
    [
        ("/usher", "invite x", "invite x"),
        ("/usher-invite", "x", "invite x"),
        ("/invite", "x", "invite x"),
        ("/invite", "", "invite "),
        ("/usher", "", ""),
    ],
)
def test_every_spelling_asks_the_same(command: str, text: str, asked: str) -> None:
    assert request_text(command, text, "usher-") == asked
