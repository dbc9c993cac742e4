"""Slack's spelling, turned back."""

import time

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


@pytest.mark.parametrize("opening", ["<mailto:", "<tel:", "<https:", "<tel:1|"])
def test_brackets_that_nobody_closes_take_no_time(opening: str) -> None:
    text = opening * 5000
    began = time.process_time()

    assert written(text) == text

    # Some milliseconds; trying from each bracket to the end took ten seconds.
    assert time.process_time() - began < 1
