"""Slack's side of a load test: signed slash commands over a fixed number of kept connections, each waiting its turn."""

import asyncio
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from usher.demo.slack.courier import Signing
from usher.demo.slack.payloads import Payloads
from usher.demo.slack.records import Channel, User
from usher.demo.slack.workspace import Workspaces

_SECONDS: Final = 30.0


class Answers(Struct):
    """Seconds each answered request took, and what was wrong with the others."""

    seconds: list[float] = []
    wrong: list[str] = []

    def percentile_ms(self, percent: float) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1000 if ordered else 0.0


class Typist:
    """One person in one channel who types as fast as the answers come."""

    def __init__(self, workspace: Workspaces, user: User, channel: Channel) -> None:
        self._signing = Signing(workspace.app.signing_secret)
        team = workspace.teams[channel.team_id]
        self._payload = Payloads(workspace).slash_command(
            user=user,
            channel=channel,
            command="/usher",
            text="",
            trigger=workspace.issue_trigger(team, user.id),
            response_url=workspace.issue_response_url(team, user.id, channel.id, None),
        )
        self._count = 0

    def request(self, text: str) -> bytes:
        """A whole HTTP request, signed now; each has a trigger of its own."""
        self._count += 1
        body = urlencode({**self._payload, "text": text, "trigger_id": f"1.2.{self._count:x}"}).encode()
        signed = self._signing.headers(body, time.time())
        head = [
            "POST /slack/events HTTP/1.1",
            "Host: 127.0.0.1",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in signed.items()),
        ]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def look(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


async def load(
    url: str,
    make: Callable[[], bytes],
    *,
    count: int,
    connections: int,
    expected: bytes,
    should_go_on: Callable[[], bool] = lambda: True,
    pause: float = 0.0,
) -> Answers:
    """``count`` requests in all, fewer when told to stop. An answer without ``expected`` in it is a wrong one."""
    answers = Answers()
    left = iter(range(count))

    async def lane() -> None:
        address = urlsplit(url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        try:
            for _ in left:
                if not should_go_on():
                    return
                await _ask(reader, writer, make(), expected, answers)
                await asyncio.sleep(pause)
        finally:
            writer.close()

    await asyncio.gather(*(lane() for _ in range(connections)))
    return answers


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, expected: bytes, answers: Answers
) -> None:
    began_at = time.perf_counter()
    async with asyncio.timeout(_SECONDS):
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(_length(head))
    answers.seconds.append(time.perf_counter() - began_at)
    if not head.startswith(b"HTTP/1.1 200") or expected not in body:
        answers.wrong.append(f"{head[:15].decode()} {body[:200].decode(errors='replace')}")


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
