"""What every listener is given."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar

from msgspec import Struct

from bot.authorize import Authorizer
from bot.background import Background
from bot.identity import Identities
from bot.once import Once
from bot.shared_channels import SharedChannels
from core.app import App
from core.context import Actor, Context

Command = TypeVar("Command")
Result = TypeVar("Result")

# Slack waits three seconds for an answer; what is left is for Slack's own calls and the way back.
DEADLINE: Final = timedelta(seconds=2)


class Deps(Struct, frozen=True):
    """``pause`` waits the given seconds; time is passed in."""

    app: App
    people: Identities
    authorizer: Authorizer
    background: Background
    once: Once
    channels: SharedChannels
    pause: Callable[[float], Awaitable[None]]

    async def read(self, usecase: Callable[[Context, Command], Result], command: Command, actor: Actor) -> Result:
        return await asyncio.to_thread(self.app.read, usecase, command, actor)

    async def run(
        self,
        usecase: Callable[[Context, Command], Result],
        command: Command,
        actor: Actor,
        *,
        key: str | None = None,
        deadline: timedelta = DEADLINE,
    ) -> Result:
        return await asyncio.to_thread(self.app.run, usecase, command, actor, key=key, deadline=deadline)
