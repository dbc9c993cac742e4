"""Answers go to the worker together: a job of its own for each would cost more than the answer (measured).

    answered --> nudge --> one job for all answers that are due --> a short pause --> ...

The rows are stored already. What is left of them when the process dies, the worker's sweeper finds.
"""

import asyncio
import contextlib
import logging
from datetime import timedelta
from typing import Final

from core.app import App
from core.context import System
from core.errors import Unavailable
from core.usecases.messages.recovering import SweepDue, sweep_due
from core.words import MessageKind

# The worker looks for jobs twice a second.
_PAUSE_SECONDS: Final = 0.4
_ANSWERS: Final = SweepDue(timedelta(0), (MessageKind.ANSWER,))

_log = logging.getLogger("usher.mail")


class Posting:
    """Made where the event loop runs."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._loop = asyncio.get_running_loop()
        self._nudged = asyncio.Event()
        self._stopping = asyncio.Event()

    def nudge(self) -> None:
        """From any thread: something was answered."""
        # A loop that has ended needs no answers posted.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._nudged.set)

    async def run(self) -> None:
        """Until ``stop``; what was nudged before is posted."""
        while not self._stopping.is_set() or self._nudged.is_set():
            await self._nudged.wait()
            self._nudged.clear()
            await self._post()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PAUSE_SECONDS):
                    await self._stopping.wait()

    def stop(self) -> None:
        self._stopping.set()
        self._nudged.set()

    async def _post(self) -> None:
        try:
            await asyncio.to_thread(self._app.run, sweep_due, _ANSWERS, System())
        except Unavailable:
            _log.warning("answers wait: the database is away")
        except Exception:
            _log.exception("answers wait")
