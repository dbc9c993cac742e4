"""What Olive does and reads in Slack, in any house; and waiting for what others do."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from tests.bot.conftest import words
from usher.demo.sample import Sample
from usher.demo.slack.acks import Ack
from usher.demo.slack.records import Channel, Message, User, View
from usher.demo.slack.server import SlackLookalike

PATIENCE_SECONDS = 180
Found = TypeVar("Found")


class InSlack(Struct):
    slack: SlackLookalike
    sample: Sample

    @property
    def olive(self) -> User:
        return self.sample.owner

    async def write(self, text: str, *, user: User | None = None, channel: Channel | None = None) -> Message:
        """``/usher TEXT``, and what is answered."""
        ack = await self.slack.driver.command(user or self.olive, channel or self.sample.channel, "/usher", text)
        assert ack.message is not None, ack
        return ack.message

    async def write_until(self, text: str, wanted: str) -> Message:
        """Until the answer says so, for the worker needs a moment."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while wanted not in words(answer := await self.write(text)):  # noqa: ASYNC110 - as in `until`
                await asyncio.sleep(0.1)
            return answer

    async def press(self, shown: Message | View, action: str, value: str | None = None) -> Ack:
        ack = await self.slack.driver.press(self.olive, shown, action, value)
        assert ack.ok, ack
        return ack

    async def invite(self, run: str, addresses: str) -> Message:
        """What stands where the preview stood."""
        preview = await self.write(f"invite {run} {addresses}")
        await self.press(preview, "batches_confirm")
        return preview

    def newest(self) -> Message:
        """What Olive was told last in the channel."""
        return self.slack.workspace.seen_by(self.olive.id, self.sample.channel.id)[-1]

    def direct_messages(self) -> list[Message]:
        """What Olive was told directly, oldest first."""
        channel = self.slack.workspace.direct_messages(self.sample.team, self.olive.id)
        return [message for message in self.slack.workspace.seen_by(self.olive.id, channel.id) if message.bot_id]

    def told_directly(self, wanted: str) -> Message | None:
        return next((message for message in reversed(self.direct_messages()) if wanted in words(message)), None)

    def home_words(self) -> str:
        home = self.slack.workspace.views.home(self.sample.team, self.olive.id)
        return words(home) if home else ""


async def until(look: Callable[[], Found | None], what: str) -> Found:
    """Other threads and processes are at work: what they do is looked for, and a busy machine is slow."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (found := look()):  # noqa: ASYNC110 - there is no event across threads and processes
                await asyncio.sleep(0.02)
            return found
    except TimeoutError:
        raise AssertionError(f"It did not happen that {what}") from None
