"""Buttons that need one use case and no more: its result is said beside the button, or in its place."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from msgspec import Struct
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.blocks import Message, draw
from bot.blocks.controls import Action
from bot.blocks.parts import parts_of
from bot.deps import Deps
from core.context import Actor, Context

Command = TypeVar("Command")
Answer = Callable[[AsyncRespond, Message], Awaitable[None]]
"""``answers.add`` or ``answers.replace``."""


def by_id(command: Callable[[int], Command]) -> Callable[[str], Command]:
    """Of a button whose value is an id."""
    return lambda value: command(int(value))


def by_parts(command: Callable[..., Command]) -> Callable[[str], Command]:
    """Of a button whose value has the command's fields, in their order."""
    return lambda value: command(*parts_of(value))


class Presses(Struct, frozen=True):
    """``command`` makes the use case's command of the button's value."""

    bolt: AsyncApp
    deps: Deps

    def reads(
        self,
        button: Action,
        usecase: Callable[[Context, Command], object],
        command: Callable[[str], Command],
        answer: Answer,
    ) -> None:
        self._listen(button, lambda staff, value: self.deps.read(usecase, command(value), staff), answer)

    def runs(
        self,
        button: Action,
        usecase: Callable[[Context, Command], object],
        command: Callable[[str], Command],
        answer: Answer,
    ) -> None:
        self._listen(button, lambda staff, value: self.deps.run(usecase, command(value), staff), answer)

    def _listen(self, button: Action, do: Callable[[Actor, str], Awaitable[object]], answer: Answer) -> None:
        async def pressed(
            ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
        ) -> None:
            staff = await self.deps.people.asker(context)
            await answer(respond, draw(await do(staff, action["value"])))
            await ack()

        # Bolt's log names a listener by its function.
        pressed.__name__ = button.name.lower()
        self.bolt.action(button.pattern)(pressed)
