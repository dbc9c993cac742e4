"""The least that a Slack app in Python does: Bolt checks the signature, one bare statement on SQLite, an answer.

``python -m bench.peers.bolt_echo PORT FILE SECRET``; "/usher read" selects a row, anything else commits one, durably.
"""

import re
import sqlite3
import sys
from typing import Any

import uvicorn
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def make_app(database: sqlite3.Connection, secret: str) -> Starlette:
    async def authorize(enterprise_id: str | None, team_id: str | None, user_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, user_id=user_id, bot_token="xoxb-echo")

    bolt = AsyncApp(signing_secret=secret, authorize=authorize, process_before_response=True)

    @bolt.command(re.compile(r"^/"))
    async def echo(ack: AsyncAck, command: dict[str, Any]) -> None:
        if command["text"] == "read":
            rows = database.execute("SELECT id, text FROM entry WHERE id = 1").fetchall()
        else:
            rows = database.execute("INSERT INTO entry (text) VALUES (?) RETURNING id", (command["text"],)).fetchall()
        await ack(response_type="ephemeral", text=f"echo {rows[0][0]}")

    handler = AsyncSlackRequestHandler(bolt)

    async def slack_events(request: Request) -> Response:
        return await handler.handle(request)

    return Starlette(routes=[Route("/slack/events", slack_events, methods=["POST"])])


def open_database(path: str) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, text TEXT)")
    database.execute("INSERT INTO entry (text) VALUES ('first')")
    return database


if __name__ == "__main__":
    port, path, secret = sys.argv[1:]
    uvicorn.run(make_app(open_database(path), secret), port=int(port), access_log=False)
