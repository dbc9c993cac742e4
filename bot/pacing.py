"""A listener's calls keep to the worker's pace (``bot.pace``). A person waits for them, so they do not wait for long.

Only what Slack counts narrowly is paced. Forms are not: nobody opens a hundred of them a minute, and they cannot wait.
But while Slack wants to hear nothing of forms, none is opened.
"""

from collections.abc import Awaitable, Callable
from typing import ClassVar, Final

from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.authorize import place_of
from bot.deps import Deps
from bot.pace import FOR_ANSWERS, Method, held_lane, lanes_of, seconds_asked
from core.context import System
from core.errors import Unavailable
from core.usecases.messages.lanes import EnterLanes, HoldUpLane, LookInLane, enter_lanes, hold_up_lane, look_in_lane

_PATIENCE_SECONDS: Final = 1.0
_PACED: Final = {method.value: method for method in Method}


class SlackTooBusy(Unavailable):
    code: ClassVar[str] = "slack_too_busy"
    wording: ClassVar[str] = "Slack lets me say no more for the moment."
    advice: ClassVar[str] = "Please try again in a minute."

    def __init__(self, seconds: float = 0.0) -> None:
        """``seconds`` until it is worth asking again."""
        super().__init__()
        self.seconds = seconds


class Pacing:
    """For one request: who asks is whom the listener answers."""

    def __init__(self, deps: Deps, context: AsyncBoltContext) -> None:
        self._deps = deps
        self._place = place_of(context)
        self._user_id = context.user_id or ""

    async def call(self, name: str, make: Callable[[], Awaitable[AsyncSlackResponse]]) -> AsyncSlackResponse:
        """Raises SlackTooBusy, without a call where Slack has asked us to wait."""
        method = _PACED.get(name)
        if method is None:
            return await make()
        await (self._look(method) if method is Method.FORM else self._enter(method))
        try:
            return await make()
        except SlackApiError as error:
            seconds = seconds_asked(error)
            if not seconds:
                raise
            await self._deps.run(hold_up_lane, HoldUpLane(held_lane(self._place, method), seconds), System())
            raise SlackTooBusy(seconds) from error

    async def _look(self, method: Method) -> None:
        lane = held_lane(self._place, method)
        wait = (await self._deps.read(look_in_lane, LookInLane(lane), System())).wait
        if wait:
            raise SlackTooBusy(wait)

    async def _enter(self, method: Method) -> None:
        command = EnterLanes(lanes_of(self._place, method, self._user_id, more=FOR_ANSWERS))
        wait = (await self._deps.run(enter_lanes, command, System())).wait
        if 0 < wait <= _PATIENCE_SECONDS:
            await self._deps.pause(wait)
            wait = (await self._deps.run(enter_lanes, command, System())).wait
        if wait:
            raise SlackTooBusy(wait)
