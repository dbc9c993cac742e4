"""Logs carry no secrets and nobody's data."""

import json
import logging
import sys

import pytest

from usher.logs import JsonLines, redacted


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("mail to anna.lee@north.example.org failed", "anna.lee"),
        ("to=<anna@north.example.org>:", "anna"),
        ("token xoxb-123-456-abcDEF was refused", "abcDEF"),
        ("token xapp-1-A1-2-abc was refused", "A1-2"),
        ("Authorization: Bearer sesame-open", "sesame"),
        ("GET /i/AEAAAAAAAAAFAAO9HwMpZNlCIYkanQRYnXJW/accept", "AEAAAAAAAAAFAAO9"),
        ("GET /s/AEAAAAAAAAAFAAO9HwMpZNlCIYkanQRYnXJW", "AEAAAAAAAAAFAAO9"),
        ("GET /path?name=Anna&code=12345678", "Anna"),
        ("postgresql+psycopg://usher:hunter2@db/usher is away", "hunter2"),
    ],
)
def test_a_secret_is_replaced(text: str, secret: str) -> None:
    assert secret in text

    assert secret not in redacted(text)


def test_a_line_is_one_json_object_with_its_extras() -> None:
    record = logging.makeLogRecord({"name": "usher.app", "levelname": "INFO", "msg": "sent", "executor": "host-0"})

    line = json.loads(JsonLines().format(record))

    assert line["message"] == "sent"
    assert line["executor"] == "host-0"
    assert line["at"].endswith("+00:00")


def test_a_traceback_is_searched_too() -> None:
    try:
        raise ValueError("bo@example.org cannot be")
    except ValueError:
        record = logging.LogRecord("usher", logging.ERROR, __file__, 1, "it broke", None, sys.exc_info())

    line = json.loads(JsonLines().format(record))

    assert "ValueError" in line["traceback"]
    assert "bo@example.org" not in line["traceback"]
