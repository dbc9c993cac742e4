"""The server of pages and of Slack's requests: who calls is taken in turn."""

import asyncio
import socket

import uvicorn
import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send

from usher.server import QuietServer

_CALLERS = 8
_REQUEST = b"GET /%d HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


async def _serve(page: ASGIApp, listener: socket.socket, callers: list[socket.socket]) -> None:
    """Until each caller has both answers."""
    server = QuietServer(uvicorn.Config(page, log_config=None, lifespan="off"), listener)
    serving = asyncio.create_task(server.serve())
    for caller in callers:
        reader, writer = await asyncio.open_connection(sock=caller)
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
        writer.close()
    server.should_exit = True
    await serving


def test_of_those_who_call_at_once_nobody_is_answered_twice_before_all_are_answered() -> None:
    answered: list[str] = []

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        answered.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    listener = socket.create_server(("127.0.0.1", 0))
    callers = [socket.create_connection(listener.getsockname()) for _ in range(_CALLERS)]
    for number, caller in enumerate(callers):
        # The second request waits behind the first, as of somebody who asks again at once.
        caller.sendall(_REQUEST % number * 2)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(page, listener, callers))

    assert len(answered) == _CALLERS * 2
    assert set(answered[:_CALLERS]) == {f"/{number}" for number in range(_CALLERS)}
