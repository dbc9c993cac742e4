"""Access tokens: refused, renewed once, kept; and what becomes of it when they are not given."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from core.app import App
from core.usecases.mailbox.mailboxes import (
    AddMailbox,
    ChangeMailboxSecret,
    MailboxSecret,
    add_mailbox,
    change_mailbox_secret,
)
from core.usecases.mailbox.watching import WatchedMailbox
from core.words import MailboxAuth, MailboxSecurity
from mail.inbox.connection import LoginRefused
from mail.inbox.login import log_in
from mail.inbox.protocol import ConnectionLost
from tests.copies import SqliteCopies
from tests.factories import OPERATOR
from tests.mail.inbox.scripted_imap import Act, ScriptedImap
from tests.mail.inbox.watching import on_record, watched

REFUSED = b"+ eyJzdGF0dXMiOiI0MDAifQ==\r\n"


@pytest.fixture
def app(sqlite_bare: SqliteCopies[None]) -> App:
    sqlite_bare.renew()
    return sqlite_bare.app()


class TokenServer:
    """Gives what it is told to, and keeps what it was asked."""

    def __init__(self, status: int = 200, **answer: str) -> None:
        self.status = status
        self.answer: object = answer
        self.asked: list[dict[str, list[str]]] = []
        self.url = ""

    async def answered(self, request: web.Request) -> web.Response:
        self.asked.append(parse_qs(await request.text()))
        return web.Response(status=self.status, text=json.dumps(self.answer), content_type="application/json")


@asynccontextmanager
async def running(server: TokenServer) -> AsyncIterator[TokenServer]:
    application = web.Application()
    application.router.add_post("/token", server.answered)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/token"
    try:
        yield server
    finally:
        await runner.cleanup()


def add_with_tokens(app: App, port: int, **secret: str) -> WatchedMailbox:
    command = AddMailbox(
        "front",
        "usher@example.org",
        "127.0.0.1",
        port,
        MailboxSecurity.NONE,
        MailboxAuth.XOAUTH2,
        "bot",
        MailboxSecret(**secret),
    )
    app.run(add_mailbox, command, OPERATOR)
    return watched(app)


async def test_refused_token_is_renewed_once_and_kept(app: App) -> None:
    async with (
        ScriptedImap({"AUTHENTICATE": [REFUSED, Act.BEHAVE]}) as imap,
        running(TokenServer(access_token="new", refresh_token="next")) as tokens,
    ):
        mailbox = add_with_tokens(
            app,
            imap.port,
            access_token="old",
            refresh_token="first",
            client_id="us",
            client_secret="shh",
            token_url=tokens.url,
        )

        connection, renewed = await log_in(app, mailbox)
        await connection.close()

    assert tokens.asked == [
        {"grant_type": ["refresh_token"], "refresh_token": ["first"], "client_id": ["us"], "client_secret": ["shh"]}
    ]
    assert (renewed.secret.access_token, renewed.secret.refresh_token) == ("new", "next")
    assert watched(app) == renewed


async def test_without_an_access_token_one_is_fetched_first(app: App) -> None:
    async with ScriptedImap() as imap, running(TokenServer(access_token="new")) as tokens:
        mailbox = add_with_tokens(app, imap.port, refresh_token="first", client_id="us", token_url=tokens.url)

        connection, renewed = await log_in(app, mailbox)
        await connection.close()

    assert renewed.secret.refresh_token == "first"
    assert imap.heard("AUTHENTICATE") == 1


async def test_token_that_is_refused_after_it_was_renewed_is_for_the_operator(app: App) -> None:
    async with ScriptedImap({"AUTHENTICATE": REFUSED}) as imap, running(TokenServer(access_token="new")) as tokens:
        mailbox = add_with_tokens(
            app, imap.port, access_token="old", refresh_token="first", client_id="us", token_url=tokens.url
        )

        with pytest.raises(LoginRefused, match="access token"):
            await log_in(app, mailbox)

    assert (imap.heard("AUTHENTICATE"), len(tokens.asked)) == (2, 1)


async def test_access_token_alone_that_is_refused_is_for_the_operator(app: App) -> None:
    async with ScriptedImap({"AUTHENTICATE": REFUSED}) as imap:
        with pytest.raises(LoginRefused):
            await log_in(app, add_with_tokens(app, imap.port, access_token="old"))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"error": "invalid_grant"}, "invalid_grant"),
        ({}, "no reason"),
        (["x"], "no reason"),
        ({"access_token": 5}, "no"),
    ],
)
async def test_no_new_token_is_a_refused_login(app: App, answer: object, words: str) -> None:
    server = TokenServer(400)
    server.answer = answer
    async with ScriptedImap() as imap, running(server) as tokens:
        mailbox = add_with_tokens(app, imap.port, refresh_token="first", client_id="us", token_url=tokens.url)

        with pytest.raises(LoginRefused, match=words):
            await log_in(app, mailbox)


async def test_token_server_that_is_away_is_tried_again_later(app: App) -> None:
    async with ScriptedImap() as imap, running(TokenServer(503)) as tokens:
        mailbox = add_with_tokens(app, imap.port, refresh_token="first", client_id="us", token_url=tokens.url)

        with pytest.raises(ConnectionLost):
            await log_in(app, mailbox)


async def test_what_the_operator_gave_meanwhile_counts(app: App) -> None:
    async with ScriptedImap() as imap, running(TokenServer(access_token="theirs")) as tokens:
        mailbox = add_with_tokens(app, imap.port, refresh_token="first", client_id="us", token_url=tokens.url)
        ours = MailboxSecret(access_token="ours")
        await asyncio.to_thread(app.run, change_mailbox_secret, ChangeMailboxSecret("front", ours), OPERATOR)

        connection, renewed = await log_in(app, mailbox)
        await connection.close()

    assert renewed.secret == ours


def test_secrets_are_stored_encrypted_and_never_shown(app: App) -> None:
    mailbox = add_with_tokens(app, 993, access_token="ya29.token")

    assert "ya29" not in repr(mailbox)
    assert "ya29" not in on_record(app).secret
