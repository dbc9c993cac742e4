"""An event that Slack tells twice is handled once.

Slack repeats an event when our answer was an error, was late, or was lost. So:

1. What an event changes is run under the event's id as idempotency key: core stores the key in the very transaction
   of the change. A repeat, on whatever machine, changes nothing and gets the same result. Noting the event before the
   change would lose it when the change fails; noting it afterwards would do it twice when we stop in between.
2. Within a process a repeat waits for the first telling and shares its end, so that its answer is posted once.
   Between processes the answer may be posted twice, which is harmless; a failed telling is forgotten and done again.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

_REMEMBERED: Final = 1000


class Once:
    def __init__(self) -> None:
        self._told: dict[str, asyncio.Task[None]] = {}

    async def do(self, event_id: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Raises what the work raises, to every teller."""
        task = self._told.get(event_id)
        if task is None:
            task = asyncio.create_task(work())
            self._remember(event_id, task)
        try:
            # A caller that hangs up must not end the work for the others.
            await asyncio.shield(task)
        except Exception:
            self._told.pop(event_id, None)
            raise

    def _remember(self, event_id: str, task: asyncio.Task[None]) -> None:
        self._told[event_id] = task
        while len(self._told) > _REMEMBERED:
            del self._told[next(iter(self._told))]
