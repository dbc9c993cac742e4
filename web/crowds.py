"""What many ask at the same moment, answered together.

Nobody is made to wait for company: the first is served at once, and those who come while that takes its time are the
next crowd.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from core.errors import Unavailable

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

_MOST: Final = 100
"""In one crowd. Everybody else's commits wait for its own."""
_Waiting = tuple[Asked, asyncio.Future[Answer | None]]


class Crowds(Generic[Asked, Answer]):
    """One crowd at a time for each ``about``; one event loop only.

    ``answer`` gives one answer for each that asked. Where it fails for several, nobody knows whose fault that was:
    then each gets None and asks alone, so that one who cannot be helped stands in nobody's way.
    """

    def __init__(self, answer: Callable[[str, Sequence[Asked]], Awaitable[Sequence[Answer | None]]]) -> None:
        self._answer = answer
        self._waiting: dict[str, list[_Waiting[Asked, Answer]]] = {}
        self._serving: set[asyncio.Task[None]] = set()

    async def ask(self, about: str, asked: Asked) -> Answer | None:
        """None: it was not answered with the others, and nothing was done. Raises what ``answer`` raises for one."""
        answered: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        if about in self._waiting:
            self._waiting[about].append((asked, answered))
        else:
            self._waiting[about] = [(asked, answered)]
            self._begin(about)
        return await answered

    def _begin(self, about: str) -> None:
        # The loop itself keeps no hold of its tasks.
        task = asyncio.ensure_future(self._serve(about))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, about: str) -> None:
        while crowd := self._waiting[about][:_MOST]:
            del self._waiting[about][:_MOST]
            await self._serve_crowd(about, crowd)
        del self._waiting[about]

    async def _serve_crowd(self, about: str, crowd: Sequence[_Waiting[Asked, Answer]]) -> None:
        """Never raises: what went wrong is told to those whom it concerns."""
        try:
            answers = await self._answer(about, [asked for asked, _ in crowd])
        except Exception as error:
            # With the database away nobody may know what was done, and asking again would help nobody.
            is_told = len(crowd) == 1 or isinstance(error, Unavailable)
            for _, answered in crowd:
                _tell(answered, error if is_told else None)
        else:
            for (_, answered), answer in zip(crowd, answers, strict=True):
                _tell(answered, answer)


def _tell(answered: asyncio.Future[Answer | None], answer: Answer | Exception | None) -> None:
    """Whoever has gone meanwhile is told nothing."""
    if answered.done():
        return
    if isinstance(answer, Exception):
        answered.set_exception(answer)
    else:
        answered.set_result(answer)
