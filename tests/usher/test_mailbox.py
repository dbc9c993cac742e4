"""``usher mailbox``, and the house that takes mail in."""

import asyncio
import base64
import shutil
import smtplib
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from core.context import system_clock
from core.settings import Settings
from core.words import MailState
from tests.factories import SETTINGS
from tests.mail.inbox.scripted_imap import ScriptedImap
from tests.mail.inbox.watching import add, mail, on_record, rows, until
from usher.checkup import Health, check_up
from usher.commands.mailbox import mailbox
from usher.mailroom import Mailroom
from usher.serving import House
from usher.wiring import make_app

KEYS = {
    "USHER_LINK_KEYS": base64.b64encode(SETTINGS.link_keys[0]).decode(),
    "USHER_DATA_KEY": base64.b64encode(SETTINGS.data_key[0]).decode(),
}


@pytest.fixture
def settings(tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    shutil.copy(migrated, tmp_path / "u.db")
    settings = replace(SETTINGS, database_url=f"sqlite:///{tmp_path}/u.db", mail_inbox="usher@in.example.org")
    monkeypatch.chdir(tmp_path)
    for name, value in {**KEYS, "USHER_DATABASE_URL": settings.database_url}.items():
        monkeypatch.setenv(name, value)
    return settings


def says(*arguments: str, typed: str = "") -> str:
    done = CliRunner().invoke(mailbox, arguments, input=typed, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_mailbox_has_its_life_at_the_terminal(settings: Settings) -> None:
    assert "There are none" in says("status")
    added = says("add", "front", "--address", "usher@in.example.org", "--host", "imap.example.org", typed="hush\n")
    assert "usher mailbox check front" in added
    assert "hush" not in added
    assert "never connected to" in says("status", "front")
    assert "imap.example.org:993  never connected to" in says("list")
    assert "new secret" in says("password", "front", "--secret-file", "-", typed="other\n")
    assert "disabled" in says("disable", "front") + says("list")
    assert "read again" in says("enable", "front")
    assert "Older messages: 0. They are read" in says("answer-old", "front")
    assert "Older messages: 0. They go to Ignored" in says("ignore-old", "front")
    assert "forgotten" in says("remove", "front", "--yes")
    assert "There are none" in says("list")


def test_refresh_token_and_client_secret_are_asked_for(settings: Settings) -> None:
    arguments = ("--auth", "xoauth2", "--token-url", "https://login.example.org/token", "--client-id", "us")

    added = says("add", "front", "--address", "u@example.org", "--host", "h", *arguments, typed="token\nshh\n")

    assert "front is read" in added


async def test_check_says_what_is_there_or_what_is_wrong(settings: Settings) -> None:
    async with ScriptedImap(capabilities="IMAP4rev1 UIDPLUS") as server:
        app = make_app(settings)
        add(app, server.port)
        app.engine.dispose()
        server.put(mail(1))

        said = await asyncio.to_thread(says_with, KEYS, "check", "front")
        server.password = "another"
        wrong = await asyncio.to_thread(says_with, KEYS, "check", "front")

    assert "In INBOX: 1." in said
    assert "twice a minute" in said
    assert "they are copied, and removed" in said
    assert "refuses the user name or the password" in wrong
    assert server.inbox


def says_with(environment: dict[str, str], *arguments: str) -> str:
    return CliRunner().invoke(mailbox, arguments, env=environment).output


async def test_house_takes_mail_in_by_both_ways_and_stops_in_order(settings: Settings) -> None:
    async with ScriptedImap() as server:
        settings = replace(settings, mail_listen="127.0.0.1:0", mail_listen_kind="lmtp")
        app = make_app(settings)
        add(app, server.port)
        room = Mailroom(app, lambda _inbound_id, _begun=None: MailState.RECEIVED)

        await room.start()
        await server.reached("IDLE")
        server.put(mail(1))
        await asyncio.to_thread(hand_over, room.port)
        await until(lambda: len(rows(app)) == 2)
        await room.stop()

        assert server.heard("LOGOUT") == 1
        assert on_record(app).seen_at is not None
        # Nobody was there to do them: they wait where they are.
        assert {row.state for row in rows(app)} == {MailState.RECEIVED}
        assert len(server.inbox) == 1
        app.engine.dispose()


def hand_over(port: int) -> None:
    with smtplib.LMTP("127.0.0.1", port, local_hostname="mx.example.org") as client:
        client.sendmail("sam@example.org", ["usher+north@in.example.org"], mail(2))


async def test_mailbox_process_starts_and_stops(settings: Settings) -> None:
    async with ScriptedImap() as server:
        app = make_app(settings)
        add(app, server.port)
        app.engine.dispose()
        house = House(settings, parts=frozenset({"mailbox"}))

        await house.start()
        await server.reached("IDLE")
        await house.stop()

        assert server.heard("LOGOUT") == 1


def test_doctor_says_which_mailbox_cannot_be_read_and_how_forgeries_are_tried(settings: Settings) -> None:
    app = make_app(settings)
    add(app, 1)
    app.engine.dispose()

    quiet = replace(settings, slack_bot_token="", mail_authserv_ids=("mx.example.org",))
    found = {each.about: each for each in check_up(quiet, system_clock)}
    without = {each.about: each for each in check_up(replace(quiet, mail_inbox=""), system_clock)}
    keyless = {each.about: each for each in check_up(replace(quiet, data_key=(b"another" * 5,)), system_clock)}

    assert found["mailbox front"].health is Health.BAD
    assert "Authentication-Results: mx.example.org; dmarc=pass" in found["senders of mail"].advice
    assert "USHER_MAIL_INBOX is missing" in without["mailboxes"].says
    assert keyless["mailboxes"].says.startswith("The setting USHER_DATA_KEY is wrong")
