"""A spreadsheet dropped on the bot, and what a worker does with it: runs it, keeps its message true, sends the file."""

import asyncio
import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from msgspec import Struct
from openpyxl import Workbook, load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.deliverer import SlackDeliverer
from core.context import System
from core.importing import fulfil_in_background, run_in_background
from core.jobs import JobKind
from core.letters import Outcome
from core.model import OutboundMessage
from core.progressing import merge_in_background
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.words import Channel, MessageState
from tests.bot.conftest import World, words
from tests.core.usecases.acting import jobs_of
from usher.demo.slack.records import File, Message, User


def workbook(*rows: Mapping[str, Any]) -> bytes:
    """With the headings of all rows, in their order."""
    headings = list(dict.fromkeys(name for row in rows for name in row))
    book = Workbook()
    sheet: Any = book.active
    sheet.append(headings)
    for row in rows:
        sheet.append([row.get(name) for name in headings])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def cells_of(content: bytes) -> list[list[Any]]:
    sheet: Any = load_workbook(io.BytesIO(content)).worksheets[0]
    return [list(row) for row in sheet.iter_rows(values_only=True)]


_FILES = {
    JobKind.RUN_IMPORT: run_in_background,
    JobKind.RUN_REPORT: merge_in_background,
    JobKind.RUN_ORDER: fulfil_in_background,
}


class Importing(Struct, dict=True):
    world: World
    done: set[str] = set()

    def __post_init__(self) -> None:
        self.deliverer = SlackDeliverer(self.world.app.settings)

    async def drop(self, name: str, content: bytes, *, user: User | None = None, text: str = "") -> None:
        """Everything that follows has happened afterwards."""
        ack = await self.world.driver.upload_dm(user or self.world.olive, name, content, text)
        assert ack.ok, (ack.problem, ack.body)
        await self.work()

    async def work(self) -> None:
        """What is queued is run, and what is due then is said."""
        await self.world.background.finish()
        await self.deliver()
        for job in [job for job in jobs_of(self.world.app).jobs if job.kind in _FILES]:
            if job.key not in self.done:
                self.done.add(job.key)
                await asyncio.to_thread(_FILES[job.kind], self.world.app, job.ids[0])
        await self.deliver()

    async def deliver(self) -> list[Outcome]:
        self.world.clock.advance(seconds=timedelta(seconds=20).total_seconds())
        app = self.world.app
        loaded = self.deliverer.load(app, self.due())
        claim = TurnOver("test", claim_ids=tuple(loaded.items), unworthy_ids=loaded.unworthy_ids, lanes=loaded.lanes)
        claimed = app.run(turn_over, claim, System()).claimed_ids
        items = [loaded.items[message_id] for message_id in claimed]
        outcomes = await asyncio.to_thread(self.deliverer.send, items)
        app.run(turn_over, TurnOver("test", tuple(outcomes)), System())
        return outcomes

    def due(self) -> tuple[int, ...]:
        is_due = (
            OutboundMessage.state == MessageState.PENDING,
            OutboundMessage.channel == Channel.SLACK,
            OutboundMessage.not_before <= self.world.clock(),
        )
        with Session(self.world.app.engine, info={"scope": "every organisation"}) as session:
            query = select(OutboundMessage.id).where(*is_due).order_by(OutboundMessage.created_at, OutboundMessage.id)
            return tuple(session.scalars(query))

    # What somebody has before them

    def messages(self, user: User | None = None) -> list[Message]:
        return self.world.direct_messages(user or self.world.olive)

    def message(self, number: str, user: User | None = None) -> Message:
        """The one message of an import, I-0001 say."""
        found = [each for each in self.messages(user) if f"{number} · “" in words(each) and not each.only_for]
        assert len(found) == 1, [words(each) for each in self.messages(user)]
        return found[0]

    def files(self, user: User | None = None) -> list[File]:
        return [file for message in self.messages(user) for file in message.files]

    def newest(self, user: User | None = None) -> str:
        return words(self.messages(user)[-1])

    async def press(self, message: Message, action: str, value: str | None = None) -> None:
        ack = await self.world.driver.press(self.world.olive, message, action, value)
        assert ack.ok, (ack.problem, ack.body)
        await self.work()
