"""One story, from an empty database to an accepted invitation, told with the processes of a real installation.

Operator at the command line, staff in Slack (the look-alike), e-mail through a real Postfix, a learner's browser
reduced to its requests. Once as one process on SQLite with Slack over HTTP, once as the Procfile's three processes
on PostgreSQL with Socket Mode.
"""

import asyncio
import base64
import email
import email.policy
import math
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import TypeVar

import aiohttp
import pytest

from bot.blocks.controls import Action
from core.context import system_clock
from tests.servers.postfix import Postfix
from tests.servers.postgresql import PostgreSQL
from tests.servers.processes import free_port
from usher.demo.slack.records import Channel, User
from usher.demo.slack.server import SlackLookalike

ROOT = Path(__file__).parents[2]
PROCFILE = ("web", "bot", "worker")
_PATIENCE_SECONDS = 90


@dataclass
class Installation:
    """Its settings, and a way to type commands."""

    folder: Path
    environment: dict[str, str]
    base_url: str

    def usher(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "usher", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def running(self, *kinds: str) -> Iterator[None]:
        processes = [self._start(kind) for kind in kinds]
        try:
            yield
        finally:
            for process in processes:
                process.terminate()
            statuses = [process.wait(timeout=20) for process in processes]
        assert statuses == [0] * len(kinds), (self.folder / "log").read_text()[-3000:]

    def _start(self, kind: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            command = [sys.executable, "-m", "usher", kind]
            return subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )


@asynccontextmanager
async def installed(
    folder: Path, database_url: str, postfix: Postfix, *, with_socket: bool
) -> AsyncIterator[tuple[Installation, SlackLookalike]]:
    """A database with the tables, settings as an operator would write them, and a Slack to talk to."""
    # The mail host serves the whole run: an earlier story's code must not be taken for ours.
    postfix.wipe()
    slack = SlackLookalike(lambda: system_clock().timestamp(), allowance=math.inf)
    async with slack:
        team = slack.workspace.add_team("Northfield")
        bind = f"127.0.0.1:{free_port()}"
        key = base64.b64encode(os.urandom(32)).decode()
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "USHER_DATABASE_URL": database_url,
            "USHER_BIND": bind,
            "USHER_BASE_URL": f"http://{bind}",
            "USHER_LINK_KEYS": key,
            "USHER_DATA_KEY": key,
            "USHER_MAIL_FROM": "please.do.not.reply@usher.example.org",
            "USHER_SMTP_HOST": "127.0.0.1",
            "USHER_SMTP_PORT": str(postfix.port),
            "USHER_SLACK_API_URL": slack.api_url,
            "USHER_SLACK_BOT_TOKEN": team.bot_token,
            "USHER_RECALL_WINDOW": "1",
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
        await _connect(slack, postfix, house, olive, channel, re.findall(r"northfield-\d{8}", made)[0])
        await _invite(slack, olive, channel)
        await _press(browser, await _link_in_mail(postfix, "ann@example.org", house), "accept", _NAME)
        await _press(browser, await _link_in_mail(postfix, "bo@example.org", house), "decline")
        return await until(lambda: _scoreboard(slack, olive), "the scoreboard shows both answers")


# --- What people do ---------------------------------------------------------------------------------------

_NAME = {"first_name": "Ann", "last_name": "Lee"}
Found = TypeVar("Found")


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


async def _ready(house: Installation) -> None:
    async with aiohttp.ClientSession() as session:

        async def answers() -> bool:
            try:
                async with session.get(f"{house.base_url}/readyz") as answer:
                    return answer.status == 200
            except aiohttp.ClientError:
                return False

        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not await answers():  # noqa: ASYNC110 - there is no event across processes
                await asyncio.sleep(0.05)


async def until(look: Callable[[], Found | None], what: str) -> Found:
    """Other processes are at work: what they do is looked for, and a busy machine is slow."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while (found := look()) is None:  # noqa: ASYNC110 - there is no event across processes
                await asyncio.sleep(0.05)
            return found
    except TimeoutError:
        raise AssertionError(f"It did not happen that {what}") from None


# --- The story --------------------------------------------------------------------------------------------


@pytest.mark.postfix
async def test_one_process_on_sqlite_tells_the_whole_story(tmp_path: Path, postfix_server: Postfix) -> None:
    database_url = f"sqlite:///{tmp_path}/usher.db"

    async with installed(tmp_path, database_url, postfix_server, with_socket=False) as (house, slack):
        with house.running("serve"):
            await _ready(house)
            scoreboard = await tell(house, slack, postfix_server)

    assert "1 accepted" in scoreboard
    assert "1 declined" in scoreboard


@pytest.mark.postfix
@pytest.mark.postgresql
async def test_three_processes_on_postgresql_tell_the_same_story_over_socket_mode(
    tmp_path: Path, postfix_server: Postfix, postgresql_server: PostgreSQL
) -> None:
    database_url = postgresql_server.url(postgresql_server.create_database())

    async with installed(tmp_path, database_url, postfix_server, with_socket=True) as (house, slack):
        with house.running(*PROCFILE):
            await _ready(house)
            await until(lambda: slack.hub.is_connected or None, "the bot has dialled Slack")
            scoreboard = await tell(house, slack, postfix_server)

    assert "1 accepted" in scoreboard
    assert "1 declined" in scoreboard
