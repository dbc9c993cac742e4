"""A TCP proxy on loopback that breaks connections on cue, in a thread."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from types import TracebackType
from typing import Self

from tests.servers.processes import LOOPBACK, free_port

Look = Callable[[bytes], bytes]
"""Sees each piece, and gives what goes on instead. May block. Raises Cut."""


class Cut(Exception):
    """The connection is cut, after these octets of the piece."""

    def __init__(self, before: bytes = b"") -> None:
        super().__init__()
        self.before = before


def let_pass(piece: bytes) -> bytes:
    return piece


class Proxy:
    """``from_server`` and ``from_client`` may be changed at any time."""

    def __init__(self, port_behind: int) -> None:
        self.port = free_port()
        self.from_server: Look = let_pass
        self.from_client: Look = let_pass
        self.connections = 0
        self._behind = port_behind
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(16))
        self._thread = Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._open: dict[asyncio.StreamWriter, asyncio.StreamWriter] = {}
        self._mute: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def cut_all(self, last_words: bytes = b"") -> None:
        """``last_words``: what the clients hear before."""
        asyncio.run_coroutine_threadsafe(self._cut_all(last_words), self._loop).result(10)

    def silence_all(self) -> None:
        """The connections of now stay open, and nothing passes any more."""
        self._loop.call_soon_threadsafe(lambda: self._mute.update(self._open))

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._cut_all(b"")
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    async def _cut_all(self, last_words: bytes) -> None:
        for client, server in list(self._open.items()):
            if last_words:
                client.write(last_words)
                client.close()
            else:
                client.transport.abort()
            server.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self.connections += 1
        behind, server = await asyncio.open_connection(LOOPBACK, self._behind)
        self._open[client] = server
        pumps = (
            self._pump(reader, server, lambda piece: self.from_client(piece), client),
            self._pump(behind, client, lambda piece: self.from_server(piece), client),
        )
        tasks = [asyncio.ensure_future(pump) for pump in pumps]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            self._open.pop(client, None)
            self._mute.discard(client)
            client.close()
            server.transport.abort()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, look: Look, client: asyncio.StreamWriter
    ) -> None:
        try:
            while piece := await source.read(1 << 16):
                if client in self._mute:
                    continue
                sink.write(await asyncio.to_thread(look, piece))
                await sink.drain()
        except Cut as cut:
            sink.write(cut.before)
            # Politely, so that these octets arrive before the end.
            sink.close()
        except (ConnectionError, OSError):
            return
