"""A school to measure with: a database, a house in processes of its own, and the servers around it, all on loopback.

Nothing reaches the outside: mail goes to a sink, and Slack's API is the look-alike.
"""

import asyncio
import base64
import sqlite3
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

from msgspec import Struct
from sqlalchemy import func, select

from bench.processes import Program
from core import access
from core.app import App
from core.context import SlackVisitor, StaffActor, System
from core.database import EVERY_ROW, open_engine
from core.model import OutboundMessage
from core.settings import load_settings
from core.usecases.invitations.batches import (
    InviteLearners,
    LearnersInvited,
    PrepareInvitation,
    invite_learners,
    prepare_invitation,
)
from core.words import Channel, MessageState
from tests.servers.postgresql import PostgreSQL
from tests.servers.processes import free_port
from usher.demo.sample import Sample, make_sample
from usher.demo.slack.server import SlackLookalike
from usher.migrating import upgrade
from worker.engine import DbosJobs, migrate

# The machine's own randomness is not wanted here: these sign nothing that leaves it.
_LINK_KEY = base64.b64encode(b"link-key-for-benchmarks-of-32-bytes").decode()
_DATA_KEY = base64.b64encode(b"data-key-for-benchmarks-32-bytes").decode()


class World(Struct, frozen=True):
    folder: Path
    environment: dict[str, str]
    """For the house's processes."""
    app: App
    """A door of our own to the same database; its jobs reach the house's worker."""
    slack: SlackLookalike
    sample: Sample
    owner: StaffActor

    @property
    def url(self) -> str:
        return f"http://{self.environment['USHER_BIND']}"

    def start(self, *command: str) -> Program:
        """``usher serve``, ``web``, ``worker`` or ``mailbox watch``; returns at once."""
        arguments = ["-m", "usher", *command]
        return Program(arguments, folder=self.folder, name=command[0], environment=self.environment)

    def draft(self, addresses: str) -> int:
        command = PrepareInvitation(self.sample.run, addresses)
        return self.app.run(prepare_invitation, command, self.owner).draft_id

    def confirm(self, draft_id: int) -> LearnersInvited:
        return self.app.run(invite_learners, InviteLearners(draft_id), self.owner)

    def states(self) -> dict[str, int]:
        """How many e-mails are in each state; those about the sample itself are dropped ones."""
        query = (
            select(OutboundMessage.state, func.count())
            .where(OutboundMessage.channel == Channel.EMAIL)
            .group_by(OutboundMessage.state)
        )
        rows = self.app.read(lambda ctx, _: ctx.session.execute(query).all(), None, System())
        return {row[0].value: row[1] for row in rows}

    def sent(self) -> int:
        return self.states().get(MessageState.SENT, 0)


@contextmanager
def make_world(
    folder: Path, *, smtp_port: int, recall_seconds: int = 0, database_url: str = "", **settings: str
) -> Iterator[World]:
    """``settings`` by their names, as the environment has them. An empty URL: a SQLite file in the folder."""
    url = database_url or f"sqlite:///{folder}/usher.db"
    with _lookalike() as slack:
        environment = {
            "USHER_DATABASE_URL": url,
            "USHER_LINK_KEYS": _LINK_KEY,
            "USHER_DATA_KEY": _DATA_KEY,
            "USHER_BIND": f"127.0.0.1:{free_port()}",
            "USHER_MAIL_FROM": "please.do.not.reply@example.org",
            "USHER_SMTP_HOST": "127.0.0.1",
            "USHER_SMTP_PORT": str(smtp_port),
            "USHER_RECALL_WINDOW": str(recall_seconds),
            "USHER_SLACK_API_URL": slack.api_url,
            "USHER_SLACK_SIGNING_SECRET": slack.workspace.app.signing_secret,
            "USHER_EXECUTOR": "bench",
            **settings,
        }
        app = _open_app(environment)
        try:
            sample = make_sample(app, slack.workspace, datetime.now(UTC))
            environment["USHER_SLACK_BOT_TOKEN"] = sample.team.bot_token
            yield World(folder, environment, app, slack, sample, _owner(app, sample))
        finally:
            _close(app)


def _open_app(environment: dict[str, str]) -> App:
    settings = load_settings(environment, env_file=None)
    engine = open_engine(settings.database_url)
    # Looks of our own, past the app, see every row.
    engine.update_execution_options(usher_scope=EVERY_ROW)
    upgrade(engine)
    migrate(settings.database_url)
    return App(engine, settings, jobs=DbosJobs(settings.database_url))


def _close(app: App) -> None:
    assert isinstance(app.jobs, DbosJobs)
    app.jobs.close()
    app.engine.dispose()


def _owner(app: App, sample: Sample) -> StaffActor:
    visitor = SlackVisitor("", sample.team.id, sample.owner.id, sample.owner.email)
    found = app.read(lambda ctx, _: access.slack_staff(ctx, visitor), None, visitor)
    assert found is not None
    return found


@contextmanager
def _lookalike() -> Iterator[SlackLookalike]:
    """In a thread of its own, so that it answers whatever the caller waits for."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="slack", daemon=True)
    thread.start()
    slack = SlackLookalike(time.time, allowance=1000.0)
    asyncio.run_coroutine_threadsafe(slack.start(), loop).result(30)
    try:
        yield slack
    finally:
        asyncio.run_coroutine_threadsafe(slack.stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


@contextmanager
def new_folder() -> Iterator[Path]:
    """On the disk that the machine uses for temporary files, so that a commit costs what it costs there."""
    with tempfile.TemporaryDirectory(prefix="usher-bench-") as name:
        yield Path(name)


@contextmanager
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL of our own, durable as it comes."""
    with PostgreSQL() as server:
        yield server.url(server.create_database())


def addresses(count: int, tag: str) -> list[tuple[str, str]]:
    """(address, name), never two alike for different tags."""
    return [(f"learner{place}.{tag}@example.org", f"Learner {place}") for place in range(count)]


def as_typed(people: list[tuple[str, str]]) -> str:
    return ", ".join(f'"{name}" <{address}>' for address, name in people)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def commits_a_second(folder: Path, seconds: float = 0.5) -> float:
    """Bare durable commits of one row: what the disk allows just now. It changes tenfold within a minute."""
    with sqlite3.connect(folder / "commits.db", isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, at REAL)")
        started_at = time.monotonic()
        count = 0
        while time.monotonic() - started_at < seconds:
            connection.execute("INSERT INTO entry (at) VALUES (?)", (time.monotonic(),))
            count += 1
    connection.close()
    return count / seconds
