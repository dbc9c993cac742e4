"""Socket Mode: the app dials in and gets its envelopes over a WebSocket instead of HTTP requests."""

import asyncio
from collections import deque
from typing import Any

from aiohttp import WSMsgType, web
from msgspec import Struct

from usher.demo.slack.errors import SlackError
from usher.demo.slack.inspection import JsonObject
from usher.demo.slack.records import SlackApp
from usher.demo.slack.workspace import Workspaces

MOST_SOCKETS = 10


class EnvelopeAck(Struct, frozen=True):
    """`payload` is None when the app acknowledged without saying anything."""

    envelope_id: str
    payload: JsonObject | None


class SocketHub:
    """All sockets of the app. Envelopes go to them in turn, each to one only."""

    def __init__(self, workspace: Workspaces) -> None:
        self._workspace = workspace
        self._tickets: set[str] = set()
        self._sockets: deque[web.WebSocketResponse] = deque()
        self._waiting: dict[str, asyncio.Future[EnvelopeAck]] = {}
        self._expected: list[asyncio.Future[None]] = []
        self._dead = 0
        self.acks: list[EnvelopeAck] = []

    @property
    def is_connected(self) -> bool:
        return bool(self._sockets)

    @property
    def app(self) -> SlackApp:
        return self._workspace.app

    def next_connection(self) -> asyncio.Future[None]:
        """Done when the app has dialled in once more from now on."""
        expected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._expected.append(expected)
        return expected

    def issue_url(self) -> str:
        """Good for one connection."""
        ticket = self._workspace.ids.next("ticket-")
        if self._dead:
            self._dead -= 1
        else:
            self._tickets.add(ticket)
        return f"{self._workspace.base_url.replace('http', 'ws', 1)}/link?ticket={ticket}"

    def let_addresses_die(self, count: int) -> None:
        """The next ones are refused when they are dialled, as if that had taken too long."""
        self._dead = count

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The WebSocket endpoint: hello, then envelopes out and acks in until either side leaves."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.json_response({"ok": False, "error": "invalid_ticket"}, status=403)
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if len(self._sockets) >= MOST_SOCKETS:
            await self._turn_away(socket)
            return socket
        self._welcome(socket)
        try:
            await self._talk(socket)
        finally:
            self._sockets.remove(socket)
        return socket

    async def deliver(self, kind: str, payload: JsonObject, extra: JsonObject, patience: float) -> EnvelopeAck:
        """Raises TimeoutError after `patience` real seconds without an ack."""
        envelope_id = self._workspace.ids.next("envelope-")
        waiting: asyncio.Future[EnvelopeAck] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = waiting
        envelope = {"envelope_id": envelope_id, "type": kind, "payload": payload, **extra}
        try:
            await self._next_socket().send_json(envelope)
            return await asyncio.wait_for(waiting, patience)
        finally:
            del self._waiting[envelope_id]

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Asks the app to dial again on every socket, as Slack does about once an hour."""
        for socket in list(self._sockets):
            await socket.send_json({"type": "disconnect", "reason": reason})

    async def close(self) -> None:
        for socket in list(self._sockets):
            await socket.close()

    def _welcome(self, socket: web.WebSocketResponse) -> None:
        self._sockets.append(socket)
        for expected in self._expected:
            if not expected.done():
                expected.set_result(None)
        self._expected.clear()

    def _next_socket(self) -> web.WebSocketResponse:
        if not self._sockets:
            raise SlackError("no_socket_connected")
        self._sockets.rotate(-1)
        return self._sockets[-1]

    async def _talk(self, socket: web.WebSocketResponse) -> None:
        await socket.send_json(
            {
                "type": "hello",
                "num_connections": len(self._sockets),
                "connection_info": {"app_id": self.app.app_id},
                "debug_info": {"host": "look-alike", "approximate_connection_time": 3600},
            }
        )
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self._take(message.json())

    def _take(self, message: dict[str, Any]) -> None:
        ack = EnvelopeAck(str(message.get("envelope_id")), message.get("payload"))
        self.acks.append(ack)
        waiting = self._waiting.get(ack.envelope_id)
        if waiting and not waiting.done():
            waiting.set_result(ack)

    async def _turn_away(self, socket: web.WebSocketResponse) -> None:
        await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
        await socket.close()
