"""Carries what Slack has to say to the app: a signed HTTP request, or an envelope on the app's socket."""

import asyncio
import hashlib
import hmac
import json
from enum import StrEnum
from typing import Final, TypeAlias
from urllib.parse import urlencode

import aiohttp
from msgspec import Struct

from usher.demo.slack.errors import AppNotReachable
from usher.demo.slack.inspection import JsonObject
from usher.demo.slack.socket_mode import SocketHub
from usher.demo.slack.workspace import Workspaces

ACK_SECONDS = 3
_KEPT_SECONDS: Final = 2.0


class Kind(StrEnum):
    COMMAND = "slash_commands"
    INTERACTION = "interactive"
    EVENT = "events_api"


class Signing(Struct, frozen=True):
    """How requests are signed; a test may use another secret, an old moment or a signature of its own."""

    secret: str
    seconds_old: int = 0
    signature: str | None = None

    def headers(self, body: bytes, now: float) -> dict[str, str]:
        moment = str(int(now) - self.seconds_old)
        base = b"v0:" + moment.encode() + b":" + body
        digest = hmac.new(self.secret.encode(), base, hashlib.sha256).hexdigest()
        signature = self.signature or f"v0={digest}"
        return {"X-Slack-Request-Timestamp": moment, "X-Slack-Signature": signature}


class Retry(Struct, frozen=True):
    number: int
    reason: str


Body: TypeAlias = JsonObject | str


class Reply(Struct, frozen=True):
    """What came back; `problem` is Slack's word for a failure: operation_timeout or dispatch_failed."""

    status: int
    body: Body
    elapsed: float
    problem: str | None = None
    wants_no_retry: bool = False


class Courier:
    """`patience` is in real seconds; whether an ack came within `limit` is judged by the workspace's clock."""

    def __init__(self, workspace: Workspaces, hub: SocketHub, patience: float, limit: float = ACK_SECONDS) -> None:
        self.workspace = workspace
        self.request_url: str | None = None
        self.signing = Signing(workspace.app.signing_secret)
        self._hub = hub
        self._patience = patience
        self._limit = limit
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def carry(self, kind: Kind, payload: JsonObject, retry: Retry | None = None) -> Reply:
        """An app that is connected by socket gets envelopes only, as at Slack. Raises AppNotReachable."""
        started = self.workspace.now()
        try:
            if self._hub.is_connected:
                reply = await self._by_socket(kind, payload, retry)
            else:
                reply = await self._by_http(kind, payload, retry)
        except TimeoutError:
            reply = Reply(0, "", 0, "operation_timeout")
        except aiohttp.ClientError:
            reply = Reply(0, "", 0, "dispatch_failed")
        return self._judged(reply, self.workspace.now() - started)

    async def _by_socket(self, kind: Kind, payload: JsonObject, retry: Retry | None) -> Reply:
        extra: JsonObject = {"accepts_response_payload": kind is not Kind.EVENT}
        if retry:
            extra |= {"retry_attempt": retry.number, "retry_reason": retry.reason}
        ack = await self._hub.deliver(kind, payload, extra, self._patience)
        return Reply(200, ack.payload or "", 0)

    async def _by_http(self, kind: Kind, payload: JsonObject, retry: Retry | None) -> Reply:
        if self.request_url is None:
            raise AppNotReachable
        body, content_type = _encoded(kind, payload)
        headers = {"Content-Type": content_type, **self.signing.headers(body, self.workspace.now())}
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry.number), "X-Slack-Retry-Reason": retry.reason}
        session = self._open_session()
        async with (
            asyncio.timeout(self._patience),
            session.post(self.request_url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            text = await response.text()
            wants_no_retry = response.headers.get("X-Slack-No-Retry") == "1"
            answer = _decoded(response.content_type, text)
            return Reply(response.status, answer, 0, wants_no_retry=wants_no_retry)

    def _judged(self, reply: Reply, elapsed: float) -> Reply:
        problem = reply.problem
        if problem is None and elapsed > self._limit:
            problem = "operation_timeout"
        if problem is None and not 200 <= reply.status < 300:
            problem = "dispatch_failed"
        return Reply(reply.status, reply.body, elapsed, problem, reply.wants_no_retry)

    def _open_session(self) -> aiohttp.ClientSession:
        """Opened inside the running loop, and kept: Slack reuses its connections too."""
        if self._session is None:
            # Let go of before a server does: else a request may meet a connection that is just being closed.
            connector = aiohttp.TCPConnector(keepalive_timeout=_KEPT_SECONDS)
            agent = {"User-Agent": "Slackbot 1.0 (look-alike)"}
            self._session = aiohttp.ClientSession(connector=connector, headers=agent)
        return self._session


def _encoded(kind: Kind, payload: JsonObject) -> tuple[bytes, str]:
    form = "application/x-www-form-urlencoded"
    if kind is Kind.COMMAND:
        return urlencode(payload).encode(), form
    if kind is Kind.INTERACTION:
        return urlencode({"payload": json.dumps(payload)}).encode(), form
    return json.dumps(payload).encode(), "application/json"


def _decoded(content_type: str, text: str) -> Body:
    """JSON that is broken, or no object, stays the text that it is: Slack would show it so."""
    if content_type != "application/json":
        return text
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return text
    return found if isinstance(found, dict) else text
