"""Logs carry no secrets and nobody's data."""

import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from usher.logs import JsonLines, redacted

ROOT = Path(__file__).parents[2]
ENGINE_FAILS = """
import logging, sys
from dbos import DBOS
from sqlalchemy import create_engine, text
from usher.logs import start_logging

def make_engine():
    DBOS(config={"name": "usher", "system_database_url": "sqlite://", "log_level": "WARNING"})

steps = [lambda: start_logging("INFO"), make_engine]
for step in steps if sys.argv[1] == "before" else reversed(steps):
    step()
try:
    with create_engine("sqlite://").connect() as connection:
        connection.execute(text("SELECT name FROM nowhere WHERE name = :name"), {"name": "Anna Lee"})
except Exception as error:
    logging.getLogger("dbos").warning("Exception encountered: %s", error, exc_info=error)
"""


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
        ("GET /c/AEAAAAAAAAAFAAO9HwMpZNlCIYkanQRYnXJW/confirm", "AEAAAAAAAAAFAAO9"),
        ("GET /p/AEAAAAAAAAAFAAO9HwMpZNlCIYkanQRYnXJW/stop", "AEAAAAAAAAAFAAO9"),
        ("POST /sign-in/AEAAAAAAAAAFAAO9HwMpZNlCIYkanQRYnXJW", "AEAAAAAAAAAFAAO9"),
        ("GET /path?name=Anna&code=12345678", "Anna"),
        ("postgresql+psycopg://usher:hunter2@db/usher is away", "hunter2"),
        ("[SQL: UPDATE a SET b=%s]\n[parameters: ('Anna [Lee]', {'c': 1})]\n(Background: e3q8)", "Anna"),
        ("null value\nDETAIL:  Failing row contains (7, Anna, Lee).", "Anna"),
    ],
)
def test_a_secret_is_replaced(text: str, secret: str) -> None:
    assert secret in text

    assert secret not in redacted(text)


def test_a_long_word_is_logged_without_delay() -> None:
    began = time.process_time()

    redacted("a" * 40_000)

    # A tenth of a second; looking for an address as long as the word took eight.
    assert time.process_time() - began < 2


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


# The program starts logging before it makes the engine.
@pytest.mark.parametrize("logging_starts", ["before", pytest.param("after", marks=pytest.mark.slow)])
def test_what_the_engine_logs_is_redacted_whenever_it_is_made(tmp_path: Path, logging_starts: str) -> None:
    """In another process: both the engine and logging are one a process."""
    done = subprocess.run(
        [sys.executable, "-c", ENGINE_FAILS, logging_starts],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    (line,) = [json.loads(line) for line in done.stderr.splitlines()]
    assert (line["from"], line["level"]) == ("dbos", "WARNING")
    assert "SELECT name FROM nowhere" in line["message"]
    assert "[parameters]" in line["message"]
    assert "[parameters]" in line["traceback"]
    assert "Anna" not in done.stderr + done.stdout
