"""Errors as pages: expected ones by their family, unexpected ones by their number only."""

import logging
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from starlette.requests import Request
from starlette.responses import Response

import core.errors
from core.errors import Busy, LinkNotFound, NameMissing, OutcomeUnknown, UsherError
from tests.web.test_answers import text_of
from tests.web.world import World
from web.problems import FAMILIES, problem_of

NAMES = {"first_name": "Ada", "last_name": "Marsh"}
ENROLMENTS = "SELECT count(*) FROM enrolment"


def _families() -> list[type[UsherError]]:
    return [error for error in vars(core.errors).values() if isinstance(error, type) and UsherError in error.__bases__]


def test_every_family_has_a_status() -> None:
    assert set(FAMILIES) == set(_families())


@pytest.mark.parametrize(
    ("error", "status"),
    [(NameMissing(part="first name"), 400), (LinkNotFound(), 404), (Busy(), 503), (OutcomeUnknown(), 503)],
)
def test_an_error_is_worded_by_the_core(error: UsherError, status: int) -> None:
    problem = problem_of(error)

    assert (problem.status, problem.title, problem.text) == (status, error.message, error.hint)


def test_a_database_that_is_locked_for_a_moment_still_answers(world: World) -> None:
    link = world.invite()
    visitor, onlooker = world.clients(2)
    is_waiting = threading.Event()

    @event.listens_for(world.app.engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement == "BEGIN IMMEDIATE":
            is_waiting.set()

    answers: list[int] = []
    with closing(sqlite3.connect(world.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        thread = threading.Thread(target=lambda: answers.append(visitor.post(f"{link}/accept", data=NAMES).status_code))
        thread.start()
        assert is_waiting.wait(10)
        looked = onlooker.get(link).status_code
        other.execute("ROLLBACK")
        thread.join(20)

    assert looked == 200
    assert answers == [303]
    assert world.count(ENROLMENTS) == 1


def test_a_database_that_stays_locked_is_told_as_busy(world: World) -> None:
    link = world.invite()
    visitor = world.client(deadline=timedelta(milliseconds=50))

    with closing(sqlite3.connect(world.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = visitor.post(f"{link}/accept", data=NAMES)

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    text = text_of(answer.text)
    assert "I am very busy just now and could not save this. Nothing was changed" in text
    assert "Please try again in a moment." in text
    assert f'<a class="button" href="{link}">See how things are now</a>' in answer.text
    assert world.count(ENROLMENTS) == 0


def _our_log(caplog: pytest.LogCaptureFixture) -> str:
    """As it is written, with whatever traceback goes along."""
    written = logging.Formatter("%(message)s")
    return "\n".join(written.format(record) for record in caplog.records if record.name.startswith("usher"))


def test_an_unexpected_error_shows_its_number_only(world: World, caplog: pytest.LogCaptureFixture) -> None:
    link = world.invite()
    with closing(sqlite3.connect(world.database)) as other:
        other.execute("UPDATE invitation SET run_id = 1")
        other.commit()

    answer = world.client().get(link)

    assert answer.status_code == 500
    text = text_of(answer.text)
    assert "Something went wrong on our side It was not your fault." in text
    assert text.endswith("tell the people who invited you this number: E-00000001")
    ours = _our_log(caplog)
    assert "unexpected error E-00000001 at GET /i/{token}: sqlalchemy.exc.NoResultFound" in ours
    assert "in show_invitation" in ours
    assert link not in ours
    assert "ada@" not in ours


def test_the_log_names_the_kinds_of_errors_and_never_their_words(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    words = ["ada@example.org", "pressed", "/i/SECRET"]

    async def broken(_request: Request) -> Response:
        try:
            raise ValueError(" ".join(words))
        except ValueError as cause:
            raise RuntimeError(" ".join(words)) from cause

    answer = world.client(slack_endpoint=broken).post("/slack/events?token=SECRET")

    assert answer.status_code == 500
    assert "SECRET" not in answer.text
    ours = _our_log(caplog)
    assert "at POST /slack/events: builtins.RuntimeError from builtins.ValueError" in ours
    assert "SECRET" not in ours


def test_pages_that_do_not_exist_say_what_to_do(world: World) -> None:
    for path in ("/", "/nowhere", "/i/", "/docs", "/openapi.json", "/redoc"):
        answer = world.client().get(path)
        assert answer.status_code == 404
        assert "There is no page here Open the newest e-mail again" in text_of(answer.text)
