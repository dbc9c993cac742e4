"""uvicorn, told to leave the signals to us and to say when it listens."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn

# uvloop takes one call from a socket at each turn, and with much to do a turn takes long: of fifty who called at once
# the last waited for 2.6 seconds, while others were answered again and again. With several handles on the one socket,
# as many are taken.
_CALLS_A_TURN: Final = 8


class QuietServer(uvicorn.Server):
    """``listener`` may have taken calls already: they are answered now. It is closed at the end."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket) -> None:
        super().__init__(config)
        self._listener = listener
        self.is_listening = asyncio.Event()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        more = (self._listener.dup() for _ in range(_CALLS_A_TURN - 1))
        await super().serve([self._listener, *more])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The worker has to stop as well, so ``House.serve`` listens to the signals."""
        yield
