"""A school with its workspace: the real bot behind its request URL, a Slack look-alike, one clock for all of them."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from msgspec import Struct
from msgspec.structs import replace
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.app import build_app
from bot.authorize import Authorizer
from bot.background import Background
from bot.blocks import Block
from bot.sealing import Seals
from core.app import App
from core.context import SlackVisitor
from core.model import Base, SlackUser
from core.rules.links import CodeKind
from core.usecases.staff.slack_identity import (
    AskForCode,
    BindWorkspace,
    ConfirmCode,
    ask_for_code,
    bind_workspace,
    confirm_code,
)
from tests.copies import SqliteCopies
from tests.factories import NOW, FixedClock, School, SeededTokens, make_school
from usher.demo.slack.acks import Ack
from usher.demo.slack.driver import Driver
from usher.demo.slack.inspection import JsonObject
from usher.demo.slack.records import Channel, Message, Team, User, View
from usher.demo.slack.server import SlackLookalike

RUN = "maths-2026-03"
_COUNTS = " UNION ALL ".join(
    f"SELECT '{name}', count(*) FROM {name}"
    for name in Base.metadata.tables
    if name not in ("audit_entry", "audit_subject", "speech_lane")
)


class World(Struct, dict=True):
    clock: FixedClock
    app: App
    school: School
    slack: SlackLookalike
    make_bolt: Callable[[], AsyncApp]
    background: Background
    team: Team
    olive: User
    """Owner, linked."""
    vera: User
    """Viewer, linked."""
    channel: Channel
    requests: list[dict[str, str]] = []

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """As another process, or this one a moment later: it remembers nothing."""
        self.bolt = self.make_bolt()

    @property
    def driver(self) -> Driver:
        return self.slack.driver

    def posted(self, *blocks: Block) -> Message:
        """In the channel, where everybody can press its buttons, as Usher would have sent it."""
        bot = self.slack.workspace.users[self.team.bot_user_id]
        sealed = Seals(self.app.links, self.clock).sealed(self.team.id, blocks)
        return self.slack.workspace.post(self.channel, bot, "…", blocks=sealed)

    def person(self, name: str, email: str) -> User:
        user = self.slack.workspace.add_user(self.team, name, email)
        self.channel.members.add(user.id)
        return user

    async def usher(self, text: str, user: User | None = None, command: str = "/usher") -> Ack:
        ack = await self.driver.command(user or self.olive, self.channel, command, text)
        assert ack.ok, (ack.problem, ack.body)
        return ack

    async def invited(self, addresses: str = "ada@example.org, bo@example.org", user: User | None = None) -> Message:
        """What stands where the preview stood, once it was confirmed."""
        preview = shown(await self.usher(f"invite {RUN} {addresses}", user))
        ack = await self.driver.press(user or self.olive, preview, "batches_confirm")
        assert ack.ok, ack.problem
        return preview

    def direct_messages(self, user: User) -> list[Message]:
        channel = self.slack.workspace.direct_messages(self.team, user.id)
        return [message for message in self.slack.workspace.seen_by(user.id, channel.id) if message.bot_id]

    def counts(self) -> dict[str, int]:
        """Rows by table, without the audit, which notes refusals as well, and without how much was said."""
        with self.app.engine.connect() as connection:
            return {str(name): int(count) for name, count in connection.exec_driver_sql(_COUNTS)}

    def code_of(self, user: User) -> str:
        return _code_of(self.app, user.id)

    def link(self, user: User) -> None:
        _link(self.app, _visitor(self.team, user))


def _visitor(team: Team, user: User) -> SlackVisitor:
    return SlackVisitor(team.enterprise_id or "", team.id, user.id, user.email)


def _link(app: App, visitor: SlackVisitor) -> None:
    app.run(ask_for_code, AskForCode(), visitor)
    app.run(confirm_code, ConfirmCode(_code_of(app, visitor.user_id)), visitor)


def _code_of(app: App, user_id: str) -> str:
    """What the e-mail to this person says."""
    with Session(app.engine, info={"scope": "every organisation"}) as session:
        row = session.scalars(select(SlackUser).where(SlackUser.user_id == user_id)).one()
        return app.links.code(CodeKind.SLACK_LINK, row.id, row.generation)


def shown(ack: Ack) -> Message:
    assert ack.message is not None
    return ack.message


def words(holder: Message | View | Ack) -> str:
    """Everything a person can read there."""
    holder = (holder.message or holder.view or View.__new__(View)) if isinstance(holder, Ack) else holder
    return "\n".join(_texts(holder.blocks))


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    if not isinstance(value, dict):
        return []
    own = [value["text"]] if isinstance(value.get("text"), str) else []
    return own + [text for item in value.values() for text in _texts(item)]


def action_ids(holder: Message | View) -> list[str]:
    return [element["action_id"] for element in _elements(holder.blocks)]


def _elements(blocks: list[JsonObject]) -> list[JsonObject]:
    found = []
    for block in blocks:
        candidates = [*block.get("elements", []), block.get("accessory"), block.get("element")]
        found += [element for element in candidates if element and "action_id" in element]
    return found


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def slack(clock: FixedClock) -> AsyncIterator[SlackLookalike]:
    async with SlackLookalike(lambda: clock().timestamp(), allowance=math.inf) as running:
        yield running


def _people(slack: SlackLookalike) -> tuple[Team, User, User]:
    """The same ids in every look-alike."""
    team = slack.workspace.add_team("Northfield College")
    olive = slack.workspace.add_user(team, "Olive Owner", "olive@north.example.org")
    return team, olive, slack.workspace.add_user(team, "Vera Example", "vera@northfield.example.org")


def bound_school(app: App) -> School:
    school = make_school(app)
    app.tokens = _other_tokens()
    team, *people = _people(SlackLookalike(lambda: NOW.timestamp()))
    app.run(bind_workspace, BindWorkspace(school.setup_code), _visitor(team, people[0]))
    for person in people:
        _link(app, _visitor(team, person))
    return school


def _other_tokens() -> SeededTokens:
    """Other ids than those that built the school."""
    return SeededTokens(8)


@pytest.fixture(scope="session")
def sqlite_bound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteCopies[School]]:
    copies = SqliteCopies(tmp_path_factory.mktemp("bound"), bound_school)
    yield copies
    copies.close()


@pytest.fixture
async def unbound(
    sqlite_school: SqliteCopies[School], clock: FixedClock, slack: SlackLookalike
) -> AsyncIterator[World]:
    """Nobody has set up the workspace yet."""
    async with open_world(sqlite_school, clock, slack) as world:
        world.app.tokens = _other_tokens()
        yield world


@pytest.fixture
async def world(sqlite_bound: SqliteCopies[School], clock: FixedClock, slack: SlackLookalike) -> AsyncIterator[World]:
    async with open_world(sqlite_bound, clock, slack) as world:
        yield world


@asynccontextmanager
async def open_world(copies: SqliteCopies[School], clock: FixedClock, slack: SlackLookalike) -> AsyncIterator[World]:
    copies.renew()
    team, olive, vera = _people(slack)
    app = copies.app(
        clock=clock,
        slack_signing_secret=slack.workspace.app.signing_secret,
        slack_app_token=slack.workspace.app.app_token,
        slack_bot_token=team.bot_token,
        slack_api_url=slack.api_url,
    )
    channel = slack.workspace.add_channel(team, "general", [olive, vera])
    background = Background()
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(base_url=slack.api_url, session=session)

        async def pause(seconds: float) -> None:
            clock.advance(seconds=seconds)
            await asyncio.sleep(0.02)

        def make_bolt() -> AsyncApp:
            return build_app(app.settings, app, client, Authorizer(app), background=background, pause=pause)

        school = replace(copies.filling, app=app)
        world = World(clock, app, school, slack, make_bolt, background, team, olive, vera, channel)
        runner = await _listen(world)
        yield world
        await background.finish()
        await runner.cleanup()


async def _listen(world: World) -> web.AppRunner:
    async def serve(request: web.Request) -> web.Response:
        world.requests.append(dict(request.headers))
        response = await world.bolt.async_dispatch(await to_bolt_request(request))
        return await to_aiohttp_response(response)

    application = web.Application()
    application.router.add_post("/slack/events", serve)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    world.slack.courier.request_url = f"http://{host}:{port}/slack/events"
    return runner
