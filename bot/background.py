"""Work that goes on after the answer: a file that is fetched and counted for a preview.

Only what may be lost with the process belongs here; what was confirmed is in the database before its answer.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Background:
    def __init__(self) -> None:
        # The event loop keeps weak references only: a task that nobody holds may vanish half done.
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Waits for all of it."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
