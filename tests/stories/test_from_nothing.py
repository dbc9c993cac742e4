"""One story, from an empty database to an accepted invitation, told with the processes of a real installation.

Operator at the command line, staff in Slack (the look-alike), e-mail through a real Postfix, a learner's browser
reduced to its requests. Once as one process on SQLite with Slack over HTTP, once as the Procfile's three processes
on PostgreSQL with Socket Mode.
"""

import email
import email.policy
import math
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import aiohttp
import pytest

from bot.blocks.controls import Action
from core.context import system_clock
from tests.servers.postfix import Postfix
from tests.servers.postgresql import PostgreSQL
from tests.servers.processes import free_port
from tests.stories.installations import Installation, first_settings
from tests.stories.talking import PATIENCE_SECONDS, until
from usher.demo.slack.records import Channel, User
from usher.demo.slack.server import SlackLookalike

PROCFILE = ("web", "bot", "worker")


@asynccontextmanager
async def installed(
    folder: Path, database_url: str, postfix: Postfix, *, with_socket: bool
) -> AsyncIterator[tuple[Installation, SlackLookalike]]:
    """A database with the tables, settings as an operator would write them, and a Slack to talk to."""
    # The mail host serves the whole run: an earlier story's code must not be taken for ours.
    postfix.wipe()
    slack = SlackLookalike(lambda: system_clock().timestamp(), allowance=math.inf, ack_seconds=PATIENCE_SECONDS)
    async with slack:
        team = slack.workspace.add_team("Northfield")
        bind = f"127.0.0.1:{free_port()}"
        environment = {
            **first_settings(database_url, bind, postfix.port),
            "USHER_MAIL_FROM": "please.do.not.reply@usher.example.org",
            "USHER_SLACK_API_URL": slack.api_url,
            "USHER_SLACK_BOT_TOKEN": team.bot_token,
        }
        if with_socket:
            environment["USHER_SLACK_APP_TOKEN"] = slack.workspace.app.app_token
        else:
            environment["USHER_SLACK_SIGNING_SECRET"] = slack.workspace.app.signing_secret
            slack.courier.request_url = f"http://{bind}/slack/events"
        house = Installation(folder, environment, f"http://{bind}")
        house.usher("migrate")
        yield house, slack


async def tell(house: Installation, slack: SlackLookalike, postfix: Postfix) -> str:
    """Gives the text of the last scoreboard."""
    made = house.usher(
        "org", "create", "northfield", "--name", "Northfield College", "--owner-first-name", "Olive",
        "--owner-last-name", "Owner", "--owner-email", "olive@north.example.org",
    )  # fmt: skip
    (house.folder / "runs.csv").write_text(_catalogue())
    house.usher("catalogue", "import", "northfield", "runs.csv")
    async with aiohttp.ClientSession() as browser:
        await _press(browser, _link_in(made, house), "accept")
        olive, channel = _people(slack)
        await _connect(slack, postfix, house, olive, channel, re.findall(r"northfield-[a-z2-7]{16}", made)[0])
        await _invite(slack, olive, channel)
        await _press(browser, await _link_in_mail(postfix, "ann@example.org", house), "accept", _NAME)
        await _press(browser, await _link_in_mail(postfix, "bo@example.org", house), "decline")
        return await until(lambda: _scoreboard(slack, olive), "the scoreboard shows both answers")


# --- What people do ---------------------------------------------------------------------------------------

_NAME = {"first_name": "Ann", "last_name": "Lee"}


def _catalogue() -> str:
    """One open course whose run begins in two weeks."""
    today = system_clock().date()
    header = "course_code,course_title,kind,model,run_code,starts,ends,enrolment_closes,price"
    dates = ",".join(str(today + timedelta(days=days)) for days in (14, 60, 40))
    return f"{header}\nmaths,Maths for Everyone,open,upgraded,maths-next,{dates},24.50\n"


def _people(slack: SlackLookalike) -> tuple[User, Channel]:
    team = next(iter(slack.workspace.teams.values()))
    olive = slack.workspace.add_user(team, "Olive Owner", "olive@north.example.org")
    return olive, slack.workspace.add_channel(team, "learning-support", [olive])


async def _connect(
    slack: SlackLookalike, postfix: Postfix, house: Installation, olive: User, channel: Channel, code: str
) -> None:
    """The workspace by its set-up code, Olive by the code that is mailed to her."""
    assert (await slack.driver.command(olive, channel, "/usher", f"setup {code}")).ok
    assert (await slack.driver.command(olive, channel, "/usher", "link")).ok
    mail = await _mail_to(postfix, "olive@north.example.org", r"\d{4} \d{4}")
    digits = re.findall(r"\d{4} \d{4}", mail)[0]
    linked = await slack.driver.command(olive, channel, "/usher", f"link {digits}")
    assert "Northfield College" in str(linked.body), linked.body


async def _invite(slack: SlackLookalike, olive: User, channel: Channel) -> None:
    preview = await slack.driver.command(olive, channel, "/invite", 'maths-next ann@example.org, "Bo" <bo@example.org>')
    assert preview.message is not None, preview
    assert (await slack.driver.press(olive, preview.message, Action.CONFIRM)).ok


def _link_in(text: str, house: Installation) -> str:
    return str(re.findall(rf"{re.escape(house.base_url)}/[is]/[\w-]+", text)[0])


async def _link_in_mail(postfix: Postfix, address: str, house: Installation) -> str:
    return _link_in(await _mail_to(postfix, address, re.escape(house.base_url)), house)


async def _mail_to(postfix: Postfix, address: str, pattern: str) -> str:
    """The text of the mail to this address that says this."""

    def look() -> str | None:
        mails = [email.message_from_bytes(raw, policy=email.policy.default) for raw in postfix.delivered()]
        texts = [_text_of(mail) for mail in mails if address in str(mail["To"])]
        return next((text for text in texts if re.search(pattern, text)), None)

    return await until(look, f"a mail to {address} arrives")


def _text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


async def _press(browser: aiohttp.ClientSession, link: str, answer: str, form: Mapping[str, str] | None = None) -> None:
    async with browser.get(link) as page:
        assert page.status == 200
        assert f"/{answer}" in await page.text()
    async with browser.post(f"{link}/{answer}", data=form or {}) as answered:
        assert answered.status == 200, await answered.text()


def _scoreboard(slack: SlackLookalike, olive: User) -> str | None:
    team = next(iter(slack.workspace.teams.values()))
    channel = slack.workspace.direct_messages(team, olive.id)
    texts = [str(message.blocks) for message in slack.workspace.seen_by(olive.id, channel.id)]
    return next((re.sub(r"[*]", "", text) for text in texts if "1* accepted" in text and "1* declined" in text), None)


# --- The story --------------------------------------------------------------------------------------------


@pytest.mark.slow  # Its quick twins: the story by mail in a process, and the second workspace's story in Slack.
@pytest.mark.postfix
async def test_one_process_on_sqlite_tells_the_whole_story(tmp_path: Path, postfix_server: Postfix) -> None:
    database_url = f"sqlite:///{tmp_path}/usher.db"

    async with installed(tmp_path, database_url, postfix_server, with_socket=False) as (house, slack):
        with house.running("serve"):
            await house.ready()
            scoreboard = await tell(house, slack, postfix_server)

    assert "1 accepted" in scoreboard
    assert "1 declined" in scoreboard


@pytest.mark.slow
@pytest.mark.postfix
@pytest.mark.postgresql
async def test_three_processes_on_postgresql_tell_the_same_story_over_socket_mode(
    tmp_path: Path, postfix_server: Postfix, postgresql_server: PostgreSQL
) -> None:
    database_url = postgresql_server.url(postgresql_server.create_database())

    async with installed(tmp_path, database_url, postfix_server, with_socket=True) as (house, slack):
        with house.running(*PROCFILE):
            await house.ready()
            await until(lambda: slack.hub.is_connected or None, "the bot has dialled Slack")
            scoreboard = await tell(house, slack, postfix_server)

    assert "1 accepted" in scoreboard
    assert "1 declined" in scoreboard
